"""The demonstration proves what it says, and would notice if it were not so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.demo import demonstrate, faults
from tests.support.insistent import Ledger
from tests.support.story import Person


@pytest.mark.parametrize("transport", ["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def test_nothing_is_lost_or_doubled_over_a_kill(transport: str) -> None:
    """Every command is answered, and stands in the log once."""
    told = demonstrate(transport, commands=600)
    assert told.violations == []
    assert len(told.ledger.answered) == 600
    assert told.events >= 600
    assert told.ledger.retried > 0
    assert told.ledger.replayed > 0
    assert told.kills == 1


def test_a_story_is_the_same_each_time() -> None:
    """With a key of its own for every step."""
    steps = list(Person("Choir", 1, seed=1).steps(300))
    assert steps == list(Person("Choir", 1, seed=1).steps(300))
    assert steps != list(Person("Choir", 1, seed=2).steps(300))
    assert len({step.key for step in steps}) == 300
    assert {step.method for step in steps} == {"POST", "PATCH", "DELETE"}


def event(position: int, command: str, origin: str = "") -> dict[str, Any]:
    """An event of ben's."""
    return {"position": position, "id": f"{origin or f'0-{position}'}-0", "actor": "ben", "command": command}


@pytest.mark.parametrize(
    ("events", "answered", "told"),
    [
        ([event(1, "a"), event(2, "b")], "ab", []),
        ([event(1, "a", "0-1"), event(2, "a", "0-1")], "a", []),
        ([event(1, "a"), event(3, "b")], "ab", ["gaps"]),
        ([event(1, "a")], "ab", ["answered, but 0 times"]),
        ([event(1, "a"), event(2, "a")], "a", ["answered, but 2 times"]),
        ([event(1, "b"), event(2, "b")], "", ["2 times"]),
        ([event(1, "z")], "", ["nobody sent this"]),
    ],
)
def test_faults_are_found(events: list[dict[str, Any]], answered: str, told: list[str]) -> None:
    """A gap, a loss, a double, an invention."""
    ledger = Ledger(sent={("w", "ben", key) for key in "ab"}, answered={("w", "ben", key) for key in answered})
    found = list(faults("w", events, ledger))
    assert len(found) == len(told)
    assert all(part in fault for part, fault in zip(told, found, strict=True))
