"""The simulation: seeds in which nothing may be found, the same life twice, and planted bugs that must be found."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import pytest

from streams import keys
from streams.applied import APPLIED
from streams.parts import AGENTS
from tests.simulation.planted import PLANTED
from tests.simulation.simulation import Life, simulate
from tests.support.nodes import tell
from tests.support.truth import Truth

FIXED: Final = 40
FRESH_SECONDS: Final = 12.0
"""How long each run looks at seeds that nobody has seen before, in seconds of a processor."""

WITHIN: Final = 400
"""A planted bug must be found in so many seeds."""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What workers complain of in their logs is of no interest here."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(before)


def fine(life: Life) -> None:
    """Nothing may be wrong with it."""
    shown = "\n".join(life.violations[:10])
    assert not life.violations, f"python -m tests.simulation {life.seed} --trace\n{shown}"


def test_nothing_is_found_in_seeds_that_are_always_the_same() -> None:
    """And they have all of what the system does in them."""
    lives = [simulate(seed) for seed in range(FIXED)]
    for life in lives:
        fine(life)
    for count in ("writes", "reads", "events", "feed", "fired"):
        assert sum(life.counts[count] for life in lives) > FIXED / 2, count
    assert sum((life.faults for life in lives), start=lives[0].faults).total() > FIXED


@pytest.mark.timeout(600)
def test_nothing_is_found_in_fresh_seeds() -> None:
    """Each run looks where none has looked before."""
    first, began, lived = int.from_bytes(os.urandom(4)), time.process_time(), 0
    tell(f"simulated from seed {first} on")
    while time.process_time() - began < FRESH_SECONDS:
        fine(simulate(first + lived))
        lived += 1
    tell(f"{lived} lives in {time.process_time() - began:.1f} s")


def test_a_row_that_is_missing_from_any_table_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or one that is there too much: the judge of the tables looks at each of them."""
    seen: list[tuple[Any, ...]] = []
    compare = Truth.compare

    def watched(self: Truth, *given: Any) -> None:
        seen.append(given)
        compare(self, *given)

    monkeypatch.setattr(Truth, "compare", watched)
    for seed in range(FIXED):
        fine(simulate(seed))
    aside = (keys.OUTCOME, keys.DEAD_LETTER, keys.IMPORT, APPLIED)
    for number, name in enumerate(AGENTS, 1):
        given = list(next(given for given in seen if given[number].keys() - {APPLIED}))
        rows = given[number]
        last = max(key for key in rows if not key.startswith(aside))
        for spoilt in ({**rows, last + b"x": rows[last]}, {key: row for key, row in rows.items() if key != last}):
            given[number] = spoilt
            assert _complains(given), name


def _complains(given: list[Any]) -> bool:
    try:
        Truth().compare(*given)
    except AssertionError:
        return True
    return False


def trace(seed: int) -> str:
    """All that happened, and all that was found out about it."""
    steps: list[str] = []
    life = simulate(seed, tell=steps.append)
    return "\n".join([*steps, msgspec.json.encode(life.history).decode(), *life.violations])


@pytest.mark.parametrize("seed", [3, 4])
def test_a_seed_is_the_same_life_every_time(seed: int) -> None:
    """In one process and in another, whatever order its sets of texts have."""
    code = (
        f"import logging; logging.disable(50); from tests.simulation.test_simulation import trace; print(trace({seed}))"
    )
    before = trace(seed)
    assert trace(seed) == before
    for order in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": order}, capture_output=True, text=True,
            check=True,
        )  # fmt: skip
        assert run.stdout.rstrip("\n") == before


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_is_found(name: str) -> None:
    """A bug in the system, or in what it may rely on."""
    plant = PLANTED[name]
    with plant.bug():
        lives = (simulate(seed, plant.plan) for seed in range(WITHIN))
        found = next((life.seed for life in lives if any(plant.shows in one for one in life.violations)), None)
    assert found is not None, f"no {plant.shows!r} was found in {WITHIN} seeds"
    tell(f"{name}: found by seed {found}")
