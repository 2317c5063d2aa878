"""Real `tasksys serve` on a real Kafka that the first one keeps out: whoever asks that one is told which, and why."""

from __future__ import annotations

import asyncio
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.support.kafka_broker import KafkaBroker
from tests.support.nodes import wipe
from tests.support.serving import Serving
from tests.tasksys.cli.conftest import answer, invoke

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

PATIENCE = 60.0
T = TypeVar("T")
KEYS = "a" * 32, "b" * 32


@pytest.fixture(scope="module")
def first(kafka: KafkaBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """The worker that is there first, with two partitions of all agents."""
    broker = f"kafka://{kafka.bootstrap}"
    asyncio.run(wipe(broker))
    settings = {"TASKSYS_SECRET_KEY": KEYS[0]}
    with Serving(tmp_path_factory.mktemp("first"), "--broker", broker, "--partitions", "2", settings=settings) as found:
        yield found


def soon(look: Callable[[], T], wanted: Callable[[T], bool]) -> T:
    """What is seen as soon as it is wanted: the agents' groups rebalance one after the other."""
    give_up = time.monotonic() + PATIENCE
    while not wanted(found := look()):
        assert time.monotonic() < give_up, found
        time.sleep(0.1)
    return found


def told(asked: Serving, wanted: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
    """The workers that `tasksys status --json` names."""
    return soon(lambda: list(answer(invoke("status", "--json", "--server", asked.url))["workers"]), wanted)


def seen(asked: Serving, wanted: str) -> str:
    """What `tasksys status` shows."""
    return soon(lambda: " ".join(invoke("status", "--server", asked.url).stdout.split()), lambda found: wanted in found)


def alive(worker: Serving) -> bool:
    """Whether it answers, ready or not."""
    with suppress(OSError), urllib.request.urlopen(f"{worker.url}/health", timeout=2):
        return True
    return False


def settled(found: list[dict[str, Any]]) -> bool:
    """Whether somebody is kept out, and all others are ready: their groups have rebalanced."""
    return bool(kept(found)) and all(one["ready"] for one in found if "kept_out" not in one)


def kept(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Who is kept out, and by which setting."""
    return [(one["url"], one["kept_out"]) for one in found if "kept_out" in one]


def test_who_has_another_key_is_named(first: Serving, kafka: KafkaBroker, tmp_path: Path) -> None:
    """With the option that is to be put right, once; whoever does that is a worker like the others, or is gone."""
    broker = ("--broker", f"kafka://{kafka.bootstrap}")
    other = Serving(tmp_path, *broker, settings={"TASKSYS_SECRET_KEY": KEYS[1]})
    other.spawn()
    try:
        found = told(first, settled)
        assert kept(found) == [(other.url, "secret-key")]
        [one] = [one for one in found if one["url"] == other.url]
        assert (one["ready"], one["agents"]) == (False, {})
        assert "--secret-key" in one["missing"]["worker"]
        shown = seen(first, "1 of 2 workers ready")
        assert "kept out" in shown
        assert f"{other.url.removeprefix('http://')}: worker is not ready: its --secret-key" in shown
    finally:
        other.stop()
    assert told(first, lambda found: len(found) == 1)[0]["url"] == first.url


def test_who_has_anothers_address_is_named(first: Serving, kafka: KafkaBroker, tmp_path: Path) -> None:
    """Beside the one that has the address, and its partitions."""
    options = ("--broker", f"kafka://{kafka.bootstrap}", "--advertise-url", first.url)
    double = Serving(tmp_path, *options, settings={"TASKSYS_SECRET_KEY": KEYS[0]})
    double.spawn()
    try:
        found = told(first, settled)
        assert kept(found) == [(first.url, "advertise-url")]
        [owner] = [one for one in found if "kept_out" not in one]
        assert (owner["url"], owner["ready"], len(owner["agents"]["commands"]["partitions"])) == (first.url, True, 2)
        shown = seen(first, "1 of 2 workers ready")
        assert "--advertise-url" in shown
        soon(lambda: alive(double), bool)
        itself = told(double, lambda found: any("--advertise-url" in why for why in found[0]["missing"].values()))
        assert kept(itself) == [], "it cannot tell itself from the other one"
    finally:
        double.stop()
