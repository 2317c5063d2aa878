"""Random rules, compared with another implementation: lib-recur, which knows RFC 7529 as well.

`TASKSYS_RRULE_EXAMPLES` sets how many (2000 by default). Whatever differs must be explained by one of `DIFFERENCES`,
and what those say about rules without SKIP is compared with a third one, python-dateutil.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from datetime import UTC, timedelta

import pytest
from dateutil.rrule import rrulestr
from msgspec import Struct

from tasksys.recurrence import Frequency, Kind, Page, Recurrence, Rule, Skip, Weekday, explicit, print_rule
from tests.support.rrule_oracle import Answer, Question, expand
from tests.tasksys.recurrence.random_rules import random_recurrences

EXAMPLES = int(os.environ.get("TASKSYS_RRULE_EXAMPLES", "2000"))
OCCURRENCES = 12
YEARS = timedelta(days=800)
FINER_THAN_DAILY = (Frequency.HOURLY, Frequency.MINUTELY)


class Difference(Struct, frozen=True):
    """Which rules may differ, who is right there, and by what."""

    name: str
    applies: Callable[[Rule], bool]
    right: str
    because: str


DIFFERENCES = [
    Difference(
        "BYMONTHDAY in a year without BYMONTH",
        lambda rule: rule.freq is Frequency.YEARLY and bool(rule.by_month_day) and not rule.by_month,
        "ours",
        "RFC 5545, 3.3.10, the table: BYMONTHDAY expands a year, so to each of its months. lib-recur takes the anchor's"
        " month alone, though it does not do so for BYDAY.",
    ),
    Difference(
        "days counted from the end of the year, as a limit",
        lambda rule: rule.freq in FINER_THAN_DAILY and any(day < 0 for day in rule.by_year_day),
        "ours",
        "RFC 5545, 3.3.10: -1 is the last day of the year. In leap years lib-recur is one day early.",
    ),
    Difference(
        "weeks over the end of the year",
        lambda rule: bool(rule.by_week_no) and (rule.interval > 1 or bool(rule.by_set_pos) or bool(rule.by_month)),
        "either",
        "The RFC does not say whether days of week 1 before 1 January, or of week 53 after 31 December, belong to the"
        " period of their calendar year or of their week's. Ours is python-dateutil's reading: the date's own year.",
    ),
    Difference(
        "week 53 beside SKIP",
        lambda rule: rule.skip is not Skip.OMIT and not {53, -53}.isdisjoint(rule.by_week_no),
        "ours",
        "RFC 7529, 4.1: SKIP moves days that a month lacks. lib-recur makes 31 December of a week that a year lacks.",
    ),
    Difference(
        "WKST beside SKIP",
        lambda rule: (
            rule.skip is not Skip.OMIT
            and rule.week_start is not Weekday.MO
            and (rule.freq is Frequency.WEEKLY or bool(rule.by_week_no))
        ),
        "ours",
        "RFC 7529, 4.1, changes nothing about weeks; with SKIP lib-recur forgets WKST.",
    ),
    Difference(
        "BYSETPOS in the anchor's year",
        lambda rule: rule.freq is Frequency.YEARLY and bool(rule.by_set_pos),
        "ours",
        "RFC 5545, 3.3.10: BYSETPOS picks from the whole set of an interval, also from what is before the anchor."
        " lib-recur does so for months; of the first year it leaves out what is before.",
    ),
    Difference(
        "BYDAY with SKIP=FORWARD, from the end of a month",
        lambda rule: rule.freq is Frequency.MONTHLY and rule.skip is Skip.FORWARD and not rule.by_month_day,
        "ours",
        "RFC 7529, 4.1: SKIP moves dates that BYMONTHDAY makes. lib-recur moves its own step: from the 31st to the next"
        " month where there is no 31st, and February is never asked.",
    ),
]

REFUSED = ("ClassCastException", "too many empty recurrence sets")
"""What lib-recur fails of: SKIP where BYMONTHDAY is a limit or missing, and rules with long pauses."""


class Case(Struct, frozen=True):
    """A recurrence with what either says of it."""

    series: Recurrence
    ours: Page
    theirs: Answer

    def same_locals(self) -> bool:
        """True if the local times are the same, as far as the search went."""
        ours = [one.local for one in self.ours.items]
        theirs = self.theirs.locals
        return ours == (theirs[: len(ours)] if self.ours.given_up else theirs)


def question(series: Recurrence) -> Question:
    """What the other implementation is asked."""
    pattern = "%Y%m%d" if series.anchor.kind is Kind.DATE else "%Y%m%dT%H%M%S"
    zone = "" if series.anchor.zone is None else series.anchor.zone.key
    return Question(print_rule(series.rule), series.anchor.local.strftime(pattern), zone, OCCURRENCES)


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """All recurrences, asked in one process."""
    found = random_recurrences(20261126, EXAMPLES)
    answers = expand([question(series) for series in found])
    return [Case(one, one.page(limit=OCCURRENCES), answer) for one, answer in zip(found, answers, strict=True)]


def test_every_difference_is_explained(cases: list[Case]) -> None:
    """The local times are the same but for the rules in the table; none is refused for other reasons."""
    unexplained = []
    refused = 0
    for case in cases:
        if case.theirs.error:
            refused += 1
            assert any(text in case.theirs.error for text in REFUSED), case.theirs.error
        elif not case.same_locals() and not any(one.applies(case.series.rule) for one in DIFFERENCES):
            unexplained.append((question(case.series), case.ours.items, case.theirs.locals))
    assert unexplained == []
    assert refused < len(cases) / 20


def test_differences_are_few(cases: list[Case]) -> None:
    """The table excuses what it names, not everything: most of what it applies to is the same all the same."""
    applies = [case for case in cases if any(one.applies(case.series.rule) for one in DIFFERENCES)]
    differs = [case for case in cases if not case.theirs.error and not case.same_locals()]
    assert len(differs) < len(cases) / 20
    assert len(applies) < len(cases) / 4


def test_instants_are_the_same_but_in_doubled_hours(cases: list[Case]) -> None:
    """Gaps are read alike. Of a time that happens twice lib-recur takes the second; RFC 5545, 3.3.5, says the first."""
    zoned = Counter[str]()
    for case in cases:
        zone = case.series.anchor.zone
        if zone is None or case.theirs.error or not case.same_locals():
            continue
        for ours, theirs in zip(case.ours.items, case.theirs.instants, strict=False):
            zoned[zone.key] += 1
            if ours.instant != theirs:
                second = ours.local.replace(tzinfo=zone, fold=1)
                assert second.utcoffset() != ours.local.replace(tzinfo=zone).utcoffset()
                assert theirs == second.astimezone(UTC)
    assert len(zoned) > 3
    assert min(zoned.values()) > EXAMPLES / 2


def test_a_third_implementation_agrees(cases: list[Case]) -> None:
    """python-dateutil, over some years from the anchor, also where lib-recur differs; it gets explicit rules.

    It has no SKIP, and would walk hourly rules hour by hour. It begins the set of the anchor's week at the anchor, so
    that BYSETPOS picks another day there: lib-recur and the RFC's "one interval" are on our side. It takes the length
    of a year for that of the year before, and so misses 1 January 2039, in week 52: `test_weeks` looks at weeks.
    """
    compared = 0
    for series in (case.series for case in cases):
        rule = series.rule
        wrong_there = (rule.freq is Frequency.WEEKLY and rule.by_set_pos) or rule.by_week_no
        if rule.skip is not Skip.OMIT or rule.freq in FINER_THAN_DAILY or wrong_there:
            continue
        text, begin = print_rule(explicit(rule, series.anchor.local)), series.anchor.local
        theirs = rrulestr(text, dtstart=begin).between(begin, begin + YEARS, inc=True)
        assert theirs == [one.local for one in series.occurrences(end=begin + YEARS + timedelta(seconds=1))], text
        compared += 1
    assert compared > EXAMPLES / 3


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda one: one.name)
def test_each_difference_is_there(cases: list[Case], difference: Difference) -> None:
    """A row of the table that explains nothing is out of date; the rarest needs as many rules as `make rules` takes."""
    explained = [
        case
        for case in cases
        if not case.theirs.error
        and not case.same_locals()
        and [one for one in DIFFERENCES if one.applies(case.series.rule)] == [difference]
    ]
    assert explained or EXAMPLES < 40_000
