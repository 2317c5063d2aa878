"""The year's demonstration proves what it says in a short form, and its accounts would notice if it were not so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

import pytest
from msgspec import structs

from tasksys import codec
from tasksys.events import Event, EventRecord, ReminderFired, SeriesAdvanced, TaskCompleted, TaskCreated, TaskMissed
from tasksys.recurrence import read_anchor, recurrence
from tasksys.values import When, instant
from tests.year import dates
from tests.year.__main__ import demonstrate
from tests.year.accounting import accounts
from tests.year.bells import before
from tests.year.folding import Log
from tests.year.plans import BERLIN, START, plans
from tests.year.telling import Told

Change = Callable[[list[EventRecord]], Sequence[EventRecord]]


@pytest.fixture(scope="module")
def weeks() -> Told:
    """Some weeks on the embedded log."""
    return demonstrate("embedded", days=35, seed=1)


def test_weeks_are_accounted_for(weeks: Told) -> None:
    """With outages, one of which is longer than reminders are made up for, and a kill in a start."""
    assert weeks.violations == []
    assert sum(line.expected for line in weeks.lines) > 200
    assert sum(line.late for line in weeks.lines) > 10
    assert sum(line.expired for line in weeks.lines) > 0
    assert max(one.up - one.down for one in weeks.ledger.outages) > timedelta(days=7)
    assert min(sum(getattr(line, name) for line in weeks.lines) for name in ("done", "skipped", "missed", "open")) > 0


@pytest.mark.kafka
def test_weeks_on_kafka_are_accounted_for() -> None:
    """The same, and the occurrences of one seed come to the same on either log.

    Not so reminders: after an outage, whether one fires late or its occurrence is missed first, two timers decide.
    """
    told, other = (demonstrate(transport, days=18, seed=3) for transport in ("kafka", "embedded"))
    assert told.violations == other.violations == []
    assert [line.occurrences for line in told.lines] == [line.occurrences for line in other.lines]


def first(records: Sequence[EventRecord], kind: type[Event]) -> int:
    """Where the first event of a kind stands."""
    return next(at for at, one in enumerate(records) if one.type == kind.__name__)


def without(kind: type[Event]) -> Change:
    """The log without the first event of a kind."""
    return lambda records: [one for at, one in enumerate(records) if at != first(records, kind)]


def twice(kind: type[Event]) -> Change:
    """The log with the first event of a kind twice."""
    return lambda records: [*records[: first(records, kind) + 1], *records[first(records, kind) :]]


def later(kind: type[Event]) -> Change:
    """The log with the first event of a kind a minute later."""

    def change(records: list[EventRecord]) -> Sequence[EventRecord]:
        at = first(records, kind)
        moved = instant(datetime.fromisoformat(records[at].at) + timedelta(minutes=1))
        return [*records[:at], structs.replace(records[at], at=moved), *records[at + 1 :]]

    return change


def shifted(records: list[EventRecord]) -> Sequence[EventRecord]:
    """The log with the first task of a series an hour later than its series."""
    at = next(at for at, one in enumerate(records) if one.type == TaskCreated.__name__ and b"T09:30" in bytes(one.data))
    data = type(records[at].data)(bytes(records[at].data).replace(b'"local":"2127-10-14T09', b'"local":"2127-10-14T10'))
    return [*records[:at], structs.replace(records[at], data=data), *records[at + 1 :]]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (without(ReminderFired), "not fired"),
        (twice(ReminderFired), "not set for it"),
        (later(ReminderFired), "late by"),
        (without(TaskCompleted), "people say"),
        (without(TaskMissed), "are open, not"),
        (twice(TaskCreated), "recorded twice"),
        (later(TaskMissed), "was missed at"),
        (shifted, "was due"),
    ],
)
def test_faults_are_found(weeks: Told, change: Change, told: str) -> None:
    """A loss, a double, a delay, and a wrong hour, each in one event of the log."""
    events = dict(weeks.records)
    home = "office"
    events[home] = list(change(list(events[home])))
    found = accounts(weeks.ledger, {name: Log(records) for name, records in events.items()}, weeks.end)
    assert any(told in violation for line in found for violation in line.violations)


def test_a_gap_in_passing_is_found(weeks: Told) -> None:
    """An occurrence that an outage took is recorded as missed; without that it is nowhere."""
    events = dict(weeks.records)
    events["office"] = [
        one
        for one in events["office"]
        if one.type != SeriesAdvanced.__name__ or not getattr(codec.event(one), "missed", ())
    ]
    found = accounts(weeks.ledger, {name: Log(records) for name, records in events.items()}, weeks.end)
    assert any("is nowhere" in violation for line in found for violation in line.violations)
    assert sum(line.unaccounted for line in found) > 3


def test_days_and_rules_are_the_same() -> None:
    """What is asked day by day is what the rules give, over years."""
    until = START.date() + timedelta(days=2000)
    for plan in plans(365):
        if plan.after_days:
            continue
        rdate, exdate = (tuple(map(plan.original, days)) for days in (plan.extra, plan.without))
        made = recurrence(plan.due(plan.begins), plan.rule, rdate, exdate)
        anchor = read_anchor(plan.due(plan.begins))
        found = [one.local.date() for one in made.occurrences(end=anchor.read(plan.original(until)))]
        assert found == [day for day in plan.dates(until) if day < until], plan.name


@pytest.mark.parametrize(
    ("when", "duration", "told"),
    [
        (When(local="2128-03-28T02:30", zone=BERLIN), "PT0M", "2128-03-28T01:30"),
        (When(local="2127-10-26T02:30", zone=BERLIN), "PT0M", "2127-10-26T00:30"),
        (When(local="2128-03-28T09:00", zone=BERLIN), "P1D", "2128-03-27T08:00"),
        (When(local="2128-03-28T09:00", zone=BERLIN), "PT24H", "2128-03-27T07:00"),
        (When(date="2128-03-29"), "P1D", "2128-03-27T23:00"),
        (When(date="2128-03-29"), "-PT30M", "2128-03-28T22:30"),
    ],
)
def test_instants_by_hand(when: When, duration: str, told: str) -> None:
    """In the gap, twice in autumn, and over the change: days by the calendar, hours by the clock."""
    assert before(when, duration, BERLIN).isoformat()[:16] == told


def test_days_by_hand() -> None:
    """The last of a month, and the last of its weekdays."""
    assert [dates.last_of_month(date(2128, 2, day)) for day in (28, 29)] == [False, True]
    assert [day for day in range(1, 31) if dates.last_weekday_of_month(date(2127, 11, day))] == [28]
