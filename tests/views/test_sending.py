"""Payloads and what tells them apart."""

from msgspec import structs

from tasksys.commands import CreateTask
from tasksys.values import When
from views.sending import digest

COMMAND = CreateTask(
    id="k1",
    task="t1",
    title="Buy milk",
    labels=("home", "urgent"),
    due=When(local="2026-03-08T09:00", zone="Europe/Berlin"),
)


def test_a_digest_is_the_same_in_every_release() -> None:
    """It stands in outcomes that a newer release reads."""
    assert digest(COMMAND) == "9c21f110d28aa126ef0e541b258e3b48"


def test_a_digest_is_of_the_payload_alone() -> None:
    """Another key is the same payload; another field is not."""
    assert digest(structs.replace(COMMAND, id="k2")) == digest(COMMAND)
    assert digest(structs.replace(COMMAND, title="Buy bread")) != digest(COMMAND)
