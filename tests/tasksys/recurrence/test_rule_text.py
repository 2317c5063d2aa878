"""Rules as text: what is read, what is refused and how, and the canonical spelling."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given, settings

from tasksys.recurrence import ByDay, Frequency, Kind, Rule, Skip, Until, Weekday, bounds, parse_rule, print_rule
from tests.tasksys.recurrence.strategies import rules


def test_every_part_is_read() -> None:
    """Each part has its place in the rule; lists are sorted, those counted from the end last."""
    text = (
        "RSCALE=GREGORIAN;FREQ=YEARLY;INTERVAL=2;COUNT=9;WKST=SU;BYSECOND=30;BYMINUTE=30,0;BYHOUR=17,9;BYDAY=-1FR,2MO,TU;"
        "BYMONTHDAY=-1,15,1;BYYEARDAY=366,-1,1;BYMONTH=12,1;BYSETPOS=-1,1;SKIP=BACKWARD"
    )
    assert parse_rule(text) == Rule(
        Frequency.YEARLY,
        interval=2,
        count=9,
        by_second=(30,),
        by_minute=(0, 30),
        by_hour=(9, 17),
        by_day=(ByDay(Weekday.TU), ByDay(Weekday.MO, 2), ByDay(Weekday.FR, -1)),
        by_month_day=(1, 15, -1),
        by_year_day=(1, 366, -1),
        by_month=(1, 12),
        by_set_pos=(1, -1),
        week_start=Weekday.SU,
        skip=Skip.BACKWARD,
    )
    assert parse_rule("FREQ=YEARLY;BYWEEKNO=20,-1").by_week_no == (20, -1)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("freq=daily", "FREQ=DAILY"),
        ("INTERVAL=1;FREQ=DAILY;WKST=MO;SKIP=OMIT;RSCALE=GREGORIAN", "FREQ=DAILY"),
        ("COUNT=3;FREQ=WEEKLY;BYDAY=SU,MO,MO", "FREQ=WEEKLY;COUNT=3;BYDAY=MO,SU"),
        ("FREQ=MONTHLY;SKIP=BACKWARD;COUNT=4", "RSCALE=GREGORIAN;FREQ=MONTHLY;COUNT=4;SKIP=BACKWARD"),
        ("FREQ=MONTHLY;BYDAY=+2MO;BYMONTHDAY=+1,-01", "FREQ=MONTHLY;BYDAY=2MO;BYMONTHDAY=1,-1"),
        ("FREQ=DAILY;UNTIL=20260501T220000z", "FREQ=DAILY;UNTIL=20260501T220000Z"),
        ("FREQ=DAILY;BYSECOND=60", "FREQ=DAILY;BYSECOND=59"),
    ],
)
def test_one_rule_has_one_text(text: str, canonical: str) -> None:
    """Case, order, defaults, repetitions and signs do not matter; a leap second is the one before (3.3.12)."""
    assert print_rule(parse_rule(text)) == canonical


@given(rule=rules())
@settings(max_examples=60, deadline=None)
def test_what_is_printed_is_read_back(rule: Rule) -> None:
    """Printing and parsing are inverse."""
    assert parse_rule(print_rule(rule)) == rule


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("20260501", Until(datetime(2026, 5, 1), Kind.DATE)),
        ("20260501T220030", Until(datetime(2026, 5, 1, 22, 0, 30), Kind.FLOATING)),
        ("20260501T220030Z", Until(datetime(2026, 5, 1, 22, 0, 30), Kind.ZONED)),
    ],
)
def test_until_has_three_kinds(text: str, until: Until) -> None:
    """A date, a local time, a time in UTC."""
    assert parse_rule(f"FREQ=DAILY;UNTIL={text}").until == until


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"rule, character 1: '' is no part; give NAME=value"),
        ("RRULE:FREQ=DAILY", r'leave out "RRULE:"'),
        ("INTERVAL=2", "FREQ is missing; give one, such as FREQ=DAILY"),
        ("FREQ=DAILY;", "rule, character 12: '' is no part"),
        ("FREQ=DAILY;FREQ=DAILY", "FREQ, character 12: given twice"),
        ("FREQ=DAILY;COLOR=RED", "rule, character 12: 'COLOR' is no part"),
        ("FREQ=SOMETIMES", "FREQ, character 1: 'SOMETIMES' is unknown; give YEARLY, MONTHLY"),
        ("FREQ=DAILY; COUNT=1", "rule, character 12: ' COUNT' is no part"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL, character 12: '0' is no number here; give 1 to 1000000"),
        ("FREQ=DAILY;INTERVAL=1000001", "give 1 to 1000000"),
        ("FREQ=DAILY;INTERVAL=+1", "is no number here"),
        ("FREQ=DAILY;COUNT=10001", "COUNT, character 12: '10001' is no number here; give 1 to 10000"),
        ("FREQ=DAILY;COUNT=١", "is no number here"),
        ("FREQ=DAILY;BYMONTH=13", "BYMONTH, character 12: '13' is no number here; give 1 to 12"),
        ("FREQ=DAILY;BYMONTH=-1", "is no number here"),
        ("FREQ=DAILY;BYMONTHDAY=0", "give 1 to 31, or -31 to -1 counted from the end"),
        ("FREQ=DAILY;BYMONTHDAY=1,,2", "'' is no number here"),
        ("FREQ=DAILY;BYHOUR=24", "give 0 to 23"),
        ("FREQ=DAILY;BYDAY=MON", "BYDAY, character 12: 'MON' is no weekday; give MO, TU"),
        ("FREQ=MONTHLY;BYDAY=0MO", "is no weekday"),
        ("FREQ=YEARLY;BYDAY=54MO", "is no weekday"),
        ("FREQ=DAILY;UNTIL=2026-05-01", "UNTIL, character 12: '2026-05-01' is no time; give 20260501"),
        ("FREQ=DAILY;UNTIL=20260230", "is no time"),
        ("FREQ=DAILY;UNTIL=10000101", "the year must be 1600 to 9998"),
        ("RSCALE=CHINESE;FREQ=YEARLY", "RSCALE, character 1: 'CHINESE' is unknown; give GREGORIAN"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20260501", "COUNT and UNTIL exclude each other; leave one out"),
        ("FREQ=WEEKLY;BYDAY=2MO", "BYDAY may count weekdays .* not with FREQ=WEEKLY"),
        ("FREQ=YEARLY;BYDAY=2MO;BYWEEKNO=20", "together with BYWEEKNO"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY does not go with FREQ=WEEKLY"),
        ("FREQ=MONTHLY;BYYEARDAY=1", "BYYEARDAY does not go with FREQ=MONTHLY; use FREQ=YEARLY"),
        ("FREQ=MONTHLY;BYWEEKNO=1", "BYWEEKNO goes with FREQ=YEARLY only"),
        ("FREQ=DAILY;BYSETPOS=1", "BYSETPOS picks from what other BY parts yield"),
        ("FREQ=SECONDLY", "FREQ=SECONDLY needs INTERVAL=60 or more, or one BYSECOND"),
        ("FREQ=SECONDLY;INTERVAL=59", "at most one occurrence a minute"),
        ("FREQ=SECONDLY;BYSECOND=0,30", "BYSECOND may list one second only"),
        ("FREQ=MINUTELY;BYSECOND=0,30", "BYSECOND may list one second only"),
        ("FREQ=DAILY;BYSECOND=0,1;BYSETPOS=1,-1", "BYSECOND may list one second only"),
        (f"FREQ=DAILY;BYMONTHDAY={'1,' * 366}1", "367 values; give at most 366"),
        ("X" * (bounds.TEXT_CHARACTERS + 1), "a rule has at most 4096 characters"),
    ],
)
def test_a_wrong_rule_is_refused_with_what_to_do(text: str, message: str) -> None:
    """The message names the part and the place, and what would be right."""
    with pytest.raises(ValueError, match=message):
        parse_rule(text)


def test_more_times_than_minutes_are_refused() -> None:
    """Also where BYSETPOS would pick one of them: the times of a day are a list that has a bound."""
    hours, minutes = ",".join(map(str, range(24))), ",".join(map(str, range(60)))
    with pytest.raises(ValueError, match="make 2880 times a day; at most 1440"):
        parse_rule(f"FREQ=DAILY;BYHOUR={hours};BYMINUTE={minutes};BYSECOND=0,1;BYSETPOS=1")


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=SECONDLY;INTERVAL=60",
        "FREQ=SECONDLY;INTERVAL=1;BYSECOND=0",
        "FREQ=SECONDLY;INTERVAL=90;BYSECOND=0,30",
        "FREQ=MINUTELY;BYSECOND=0,30;BYSETPOS=-1",
        "FREQ=YEARLY;BYYEARDAY=100;BYMONTHDAY=10",
        "FREQ=HOURLY;BYYEARDAY=100",
    ],
)
def test_once_a_minute_is_allowed(text: str) -> None:
    """What looks too often but is not, and parts that go together."""
    assert print_rule(parse_rule(text)).startswith("FREQ=")
