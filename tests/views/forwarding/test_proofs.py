"""Who can prove that a request comes from another worker, and for how long."""

from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st

from views.forwarding.proofs import WINDOW, Hop, Proofs

FIRST, SECOND = "first key of thirty-two characters", "second key of thirty-two characters"
TARGET = "/api/v1/workspaces/a/tasks?filter=%20"
HOP = Hop("192.0.2.7", 12.5)


def test_what_is_proved_is_read() -> None:
    """By every worker with the key, also while it is changed; the other one's proofs are none."""
    proof = Proofs(FIRST).prove("GET", TARGET, HOP)
    assert Proofs(FIRST).read("GET", TARGET, proof) == HOP
    one, two = FIRST.replace(" ", "-"), SECOND.replace(" ", "-")
    assert Proofs(f"{two} {one}").read("GET", TARGET, Proofs(one).prove("GET", TARGET, HOP)) == HOP
    assert Proofs(two).read("GET", TARGET, Proofs(one).prove("GET", TARGET, HOP)) is None
    assert Proofs(FIRST).read("GET", TARGET, Proofs(FIRST).prove("GET", TARGET, Hop("", 1))) == Hop("", 1.0)


def test_a_proof_is_of_one_request() -> None:
    """Another method or address is not proved by it."""
    proofs = Proofs(FIRST)
    proof = proofs.prove("GET", TARGET, HOP)
    assert proofs.read("POST", TARGET, proof) is None
    assert proofs.read("GET", TARGET + "1", proof) is None


def test_a_proof_ends() -> None:
    """After the window, and before it, for clocks run apart both ways."""
    proof = Proofs(FIRST, lambda: 1_000_000.0).prove("GET", TARGET, HOP)
    for late, holds in ((WINDOW - 1, True), (WINDOW + 1, False), (1 - WINDOW, True), (-1 - WINDOW, False)):
        later = Proofs(FIRST, lambda late=late: 1_000_000.0 + late)  # type: ignore[misc]
        assert (later.read("GET", TARGET, proof) is not None) is holds


def test_no_two_proofs_are_the_same() -> None:
    """Each has a number of its own."""
    proofs = Proofs(FIRST, lambda: 1.0)
    assert proofs.prove("GET", TARGET, HOP) != proofs.prove("GET", TARGET, HOP)


@given(st.data())
def test_a_changed_proof_is_none(data: st.DataObject) -> None:
    """Whatever character is changed."""
    proofs = Proofs(FIRST)
    proof = proofs.prove("GET", TARGET, HOP)
    at = data.draw(st.integers(0, len(proof) - 1))
    other = data.draw(
        st.sampled_from(string.ascii_letters + string.digits + " -.é\udc80").filter(lambda one: one != proof[at])
    )
    assert proofs.read("GET", TARGET, proof[:at] + other + proof[at + 1 :]) is None


@given(st.text())
def test_other_texts_are_no_proofs(text: str) -> None:
    """Nothing breaks on what anybody may send."""
    assert Proofs(FIRST).read("GET", TARGET, text) is None


def test_it_does_not_show_its_key() -> None:
    """Not in a traceback or a log."""
    assert FIRST not in repr(Proofs(FIRST))
