"""A series against a model of its policy that is a plain loop over the days of a year; and how long a year takes."""

import time
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from tasksys.commands import CompleteTask
from tasksys.series.shapes import Missed
from tasksys.values import When, instant
from tests.support.clockwork import run
from tests.tasksys.series.calendar import SERIES, Calendar, became, daily, identifier, moment, settled, workspace

FIRST: Final = datetime(2026, 1, 1)
DAYS: Final = 365
HOUR: Final = timedelta(hours=1)


class Model:
    """What becomes of the days on which something is due at a local hour: one at most is open, of the latest day.

    Done, the next one is open at once. It knows instants and days, and nothing of rules.
    """

    def __init__(self, days: list[datetime], zone: str) -> None:
        self.days = days
        self.at = [_instant(day, ZoneInfo(zone)) for day in days]
        self.became: dict[int, str] = {0: "open"}
        self.open = 0

    def advance(self, now: datetime) -> None:
        """Time has passed, whether anybody looked or not."""
        while self.at[self.open + 1] <= now:
            self.became[self.open] = "missed"
            self.open += 1
            self.became[self.open] = "open"

    def complete(self, now: datetime) -> None:
        """What is open is done."""
        self.became[self.open] = "done"
        self.open += 1
        self.became[self.open] = "open"
        self.advance(now)


def _instant(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a local time; of one that is not there, as the offset before has it; the first of two."""
    found = local.replace(tzinfo=zone).astimezone(UTC)
    before = (local - timedelta(days=1)).replace(tzinfo=zone).utcoffset()
    assert before is not None
    there = found.astimezone(zone).replace(tzinfo=None) == local
    return found if there else local.replace(tzinfo=UTC) - before


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe"])
@pytest.mark.parametrize(
    ("rule", "every", "weekdays"),
    [
        ("FREQ=DAILY", 1, range(7)),
        ("FREQ=DAILY;INTERVAL=3", 3, range(7)),
        ("FREQ=WEEKLY;BYDAY=TH,SU", 1, (3, 6)),
        ("FREQ=WEEKLY", 7, range(7)),
    ],
)
def test_a_year(zone: str, rule: str, every: int, weekdays: range | tuple[int, ...]) -> None:
    """With completions and outages at random, in zones whose clocks change at the hour at which it is due."""
    chance = Random(f"{zone} {rule}")
    hour = timedelta(hours=2, minutes=15 if zone == "Australia/Lord_Howe" else 30)
    days = [FIRST + timedelta(days=day) + hour for day in range(0, DAYS + 400, every)]
    days = [day for day in days if day.weekday() in weekdays]
    model = Model(days, zone)
    begin = model.at[0] - 2 * HOUR
    world = workspace(begin.isoformat()[:16], zone)
    world.given(daily(rule=rule, anchor=When(local=days[0].isoformat(timespec="minutes"), zone=zone)))
    now = begin
    while now < begin + timedelta(days=DAYS):
        now += chance.choice([HOUR, 9 * HOUR, 24 * HOUR, 24 * HOUR, 31 * HOUR, timedelta(days=12)])
        run(world, instant(now), late=chance.random() < 0.3)
        model.advance(now)
        assert seen(world) == expected(model)
        if chance.random() < 0.4:
            (name,) = world.series(SERIES).open_tasks
            world.given(CompleteTask(task=name))
            model.complete(now + timedelta(seconds=1))
            assert seen(world) == expected(model)
    settled(world)
    assert {"done", "open"} <= set(expected(model).values())


def seen(world: Calendar) -> dict[str, str]:
    """What became of each occurrence; missed is missed, whether it ever was a task or not."""
    return {original: word.strip("()") for original, word in became(world).items()}


def expected(model: Model) -> dict[str, str]:
    """The same as the model has it."""
    return {model.days[day].isoformat(timespec="minutes"): word for day, word in model.became.items()}


@pytest.mark.parametrize("missed", [Missed.NEXT, Missed.ALL])
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("rule", ["FREQ=DAILY", "FREQ=DAILY;COUNT=3000"])
def test_a_year_takes_no_time(missed: Missed, late: bool, rule: str) -> None:
    """Well under a second; one that began years ago is no slower."""
    world = workspace().given(
        daily(rule=rule, anchor=When(local="2020-03-02T09:00", zone="Europe/Berlin"), missed=missed)
    )
    begun = time.process_time()
    run(world, moment("2027-03-02T12:00"), late)
    assert time.process_time() - begun < 2
    assert len(became(world)) > DAYS


def test_ids_do_not_depend_on_the_way() -> None:
    """On time or late, an occurrence's task is the same one."""
    for late in (False, True):
        world = workspace().given(daily())
        run(world, moment("2026-03-09T12:00"), late)
        assert world.series(SERIES).open_tasks == (identifier("2026-03-09T09:00"),)
