"""Descriptions: true, plain, and read back as what they describe."""

from __future__ import annotations

import random
from datetime import date

import pytest
from hypothesis import given, settings

from tasksys.recurrence import (
    Kind,
    Recurrence,
    Repeat,
    Rule,
    after_completion,
    describe,
    describe_recurrence,
    parse_rule,
    read_anchor,
    read_phrase,
    recurrence,
    repeat_of,
    rule_for,
)
from tasksys.recurrence.repeat import with_time_apart
from tests.tasksys.recurrence.made import made, when
from tests.tasksys.recurrence.random_rules import random_rule
from tests.tasksys.recurrence.strategies import recurrences, rules

TODAY = date(2026, 11, 26)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("FREQ=DAILY", "every day"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;COUNT=10", "every 2nd Tuesday, 10 times"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "every weekday"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU,WE,TH,FR;WKST=SU", "every 2 weeks on weekdays, weeks from Sunday"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,-1;UNTIL=20270501", "every month on the 1st and last day, until 1 May 2027"),
        ("FREQ=MONTHLY;BYDAY=MO", "every month on every Monday"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=1", "every month on the last weekday, 1 time"),
        ("FREQ=MONTHLY;BYDAY=FR,2MO,-1MO,-2TU",
         "every month on every Friday, the 2nd and last Monday and the 2nd to last Tuesday"),
        ("FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR", "every month on the 13th if it is Friday"),
        ("FREQ=MONTHLY;BYMONTHDAY=31;SKIP=BACKWARD", "every month on the 31st, or the last day of shorter months"),
        ("FREQ=MONTHLY;BYMONTHDAY=31;SKIP=FORWARD", "every month on the 31st, or the day after shorter months"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "every year on 29 February"),
        ("FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=31;SKIP=BACKWARD",
         "every year in November on the 31st, or the last day of shorter months"),
        ("FREQ=YEARLY;BYMONTHDAY=15", "every year on the 15th of every month"),
        ("FREQ=YEARLY;BYDAY=20MO", "every year on the 20th Monday of the year"),
        ("FREQ=YEARLY;BYWEEKNO=20,-1;BYDAY=MO", "every year in the 20th and last week of the year on Monday"),
        ("FREQ=YEARLY;BYYEARDAY=1,100,-1", "every year on the 1st, 100th and last day of the year"),
        ("FREQ=DAILY;INTERVAL=3;BYDAY=MO,TU", "every 3 days only on Monday and Tuesday"),
        ("FREQ=DAILY;BYHOUR=9,17;BYMINUTE=30", "every day at 09:30 and 17:30"),
        ("FREQ=DAILY;BYHOUR=9;BYMINUTE=30;BYSECOND=15", "every day at 09:30:15"),
        ("FREQ=DAILY;BYHOUR=9,12;BYMINUTE=30;BYSECOND=15", "every day at 09:30:15 and 12:30:15"),
        ("FREQ=DAILY;BYHOUR=9,12;BYMINUTE=30;BYSECOND=15,30;BYSETPOS=1",
         "every day in hours 9 and 12 at minute 30 at seconds 15 and 30, only the 1st of these"),
        ("FREQ=HOURLY;BYHOUR=9,10,11,13;BYMINUTE=30", "every hour in hours 9 to 11 and 13 at minute 30"),
        ("FREQ=SECONDLY;INTERVAL=90", "every 90 seconds"),
        ("FREQ=DAILY;UNTIL=20270501T120000Z", "every day, until 1 May 2027 12:00 UTC"),
    ],
)  # fmt: skip
def test_a_rule_in_words(rule: str, text: str) -> None:
    """Plain words for what is common, and true ones for what is rare."""
    assert describe(with_time_apart(Repeat(parse_rule(rule)))) == text


@pytest.mark.parametrize(
    ("anchor", "rule", "text"),
    [
        ("2026-01-31", "FREQ=MONTHLY", "every month on the 31st"),
        ("2026-01-31T09:00 Europe/Berlin", "FREQ=YEARLY", "every year on 31 January at 09:00"),
        ("2026-01-31T09:00:30", "FREQ=WEEKLY", "every Saturday at 09:00:30"),
        ("2026-01-31T09:00", "FREQ=HOURLY;INTERVAL=4", "every 4 hours at minute 0"),
        ("2026-01-31T09:00", "FREQ=DAILY;BYHOUR=9,17", "every day at 09:00 and 17:00"),
        ("2026-01-31T09:00 Europe/Berlin", "FREQ=DAILY;UNTIL=20260501T215959Z", "every day at 09:00, until 1 May 2026"),
        (
            "2026-01-31T09:00 Europe/Berlin",
            "FREQ=DAILY;UNTIL=20260501T120000Z",
            "every day at 09:00, until 1 May 2026 14:00",
        ),
        ("2026-01-31T09:00", "FREQ=DAILY;UNTIL=20260501T235959", "every day at 09:00, until 1 May 2026"),
        ("2026-01-31", "FREQ=DAILY;UNTIL=20260501", "every day, until 1 May 2026"),
    ],
)
def test_a_recurrence_has_its_anchors_day_and_time(anchor: str, rule: str, text: str) -> None:
    """What the rule leaves to its anchor is said; UNTIL is said where the anchor is."""
    assert describe_recurrence(made(anchor, rule)) == text


def test_exceptions_are_told() -> None:
    """RDATE and EXDATE are no part of a phrase, but a description without them would not be true."""
    series = made("2026-01-01", "FREQ=DAILY", rdate=["2026-02-01", "2026-02-02"], exdate=["2026-01-02"])
    assert describe_recurrence(series) == "every day, and 2 times besides, except 1 time"


@pytest.mark.parametrize(
    ("rule", "stop_after", "text"),
    [
        ("FREQ=DAILY;INTERVAL=3", None, "every 3 days after completion at 09:00"),
        ("FREQ=WEEKLY;INTERVAL=4;BYDAY=TH", 5, "every 4th Thursday after completion at 09:00, until done 5 times"),
        ("FREQ=YEARLY;BYMONTH=1,7", None, "every year in January and July on the 1st after completion at 09:00"),
    ],
)
def test_rules_from_completion_say_so(rule: str, stop_after: int | None, text: str) -> None:
    """The anchor's day is said only where the rule takes it from there."""
    assert describe_recurrence(after_completion(when("2026-01-01T09:00"), rule, stop_after)) == text
    dated = after_completion(when("2026-01-01"), rule, stop_after)
    assert describe_recurrence(dated) == text.replace(" at 09:00", "")


@given(rule=rules())
@settings(max_examples=60, deadline=None)
def test_a_description_is_read_back(rule: Rule) -> None:
    """For every rule: the phrase grammar covers all that is described."""
    repeat = with_time_apart(Repeat(rule))
    assert read_phrase(describe(repeat), TODAY) == repeat


def test_many_descriptions_are_read_back() -> None:
    """The same for a few thousand random rules, which are cheaper to make."""
    dice = random.Random(1)
    read = 0
    while read < 2000:
        try:
            rule = parse_rule(random_rule(dice))
        except ValueError:
            continue
        repeat = with_time_apart(Repeat(rule))
        assert read_phrase(describe(repeat), TODAY) == repeat
        read += 1


@given(series=recurrences())
@settings(max_examples=100, deadline=None)
def test_a_description_makes_the_same_recurrence(series: Recurrence) -> None:
    """Read back and joined with its anchor, a description has the same occurrences."""
    repeat = read_phrase(describe_recurrence(series), TODAY)
    assert isinstance(repeat, Repeat)
    assert repeat == repeat_of(series)
    anchor = series.anchor.when(series.anchor.local)
    again = recurrence(anchor, rule_for(repeat.rule, read_anchor(anchor)))
    assert again.page(limit=10) == series.page(limit=10)


@pytest.mark.parametrize(
    ("anchor", "until", "expected"),
    [
        ("2026-01-01", "20260501", "FREQ=DAILY;UNTIL=20260501"),
        ("2026-01-01", "20260501T120000", "FREQ=DAILY;UNTIL=20260501"),
        ("2026-01-01T09:00", "20260501", "FREQ=DAILY;UNTIL=20260501T235959"),
        ("2026-01-01T09:00", "20260501T120000", "FREQ=DAILY;UNTIL=20260501T120000"),
        ("2026-01-01T09:00 Europe/Berlin", "20260501", "FREQ=DAILY;UNTIL=20260501T215959Z"),
        ("2026-01-01T09:00 Europe/Berlin", "20260501T120000", "FREQ=DAILY;UNTIL=20260501T100000Z"),
        ("2026-01-01T09:00 Europe/Berlin", "20260501T120000Z", "FREQ=DAILY;UNTIL=20260501T120000Z"),
    ],
)
def test_until_becomes_of_the_anchors_kind(anchor: str, until: str, expected: str) -> None:
    """A date people say means until its end, where they are."""
    rule = rule_for(parse_rule(f"FREQ=DAILY;UNTIL={until}"), read_anchor(when(anchor)))
    assert rule == parse_rule(expected)
    assert rule.until is not None
    assert rule.until.kind is not Kind.ZONED or "Berlin" in anchor
    endless = parse_rule("FREQ=DAILY")
    assert rule_for(endless, read_anchor(when(anchor))) is endless
