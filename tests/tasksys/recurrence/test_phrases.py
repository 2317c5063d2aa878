"""Phrases that people type, and what each must mean."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasksys.recurrence import NotUnderstood, Repeat, describe, print_rule, read_phrase
from tasksys.recurrence.phrases import HOW_OFTEN

TODAY = date(2026, 11, 26)

RULES = [
    ("every day", "FREQ=DAILY"),
    ("daily", "FREQ=DAILY"),
    ("everyday", "FREQ=DAILY"),
    ("Every Single Day", "FREQ=DAILY"),
    ("every other day", "FREQ=DAILY;INTERVAL=2"),
    ("every second day", "FREQ=DAILY;INTERVAL=2"),
    ("every 3 days", "FREQ=DAILY;INTERVAL=3"),
    ("every three days", "FREQ=DAILY;INTERVAL=3"),
    ("every 3rd day", "FREQ=DAILY;INTERVAL=3"),
    ("once a day", "FREQ=DAILY"),
    ("daily for 10 days", "FREQ=DAILY;COUNT=10"),
    ("every 3 days for 10 days", "FREQ=DAILY;COUNT=4;INTERVAL=3"),
    ("every 2 days for 10 days", "FREQ=DAILY;COUNT=5;INTERVAL=2"),
    ("every day except sunday", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA"),
    ("every 2 days except on weekends", "FREQ=DAILY;INTERVAL=2;BYDAY=MO,TU,WE,TH,FR"),
    ("every week", "FREQ=WEEKLY"),
    ("once a week", "FREQ=WEEKLY"),
    ("weekly on tue & thu", "FREQ=WEEKLY;BYDAY=TU,TH"),
    ("every other week", "FREQ=WEEKLY;INTERVAL=2"),
    ("fortnightly", "FREQ=WEEKLY;INTERVAL=2"),
    ("every fortnight on thursday", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH"),
    ("biweekly on friday", "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR"),
    ("every monday", "FREQ=WEEKLY;BYDAY=MO"),
    ("mondays", "FREQ=WEEKLY;BYDAY=MO"),
    ("on Mondays and Thursdays", "FREQ=WEEKLY;BYDAY=MO,TH"),
    ("every mon, wed and fri", "FREQ=WEEKLY;BYDAY=MO,WE,FR"),
    ("mon/wed/fri", "FREQ=WEEKLY;BYDAY=MO,WE,FR"),
    ("mon-fri", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
    ("friday to monday", "FREQ=WEEKLY;BYDAY=MO,FR,SA,SU"),
    ("weekdays", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
    ("every weekday", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
    ("every weekday except friday", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH"),
    ("every workday until 2027-02-01", "FREQ=WEEKLY;UNTIL=20270201;BYDAY=MO,TU,WE,TH,FR"),
    ("every weekend", "FREQ=WEEKLY;BYDAY=SA,SU"),
    ("every weekend day", "FREQ=WEEKLY;BYDAY=SA,SU"),
    ("every other monday", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"),
    ("every 2nd Tuesday, 10 times", "FREQ=WEEKLY;COUNT=10;INTERVAL=2;BYDAY=TU"),
    ("every second tuesday", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU"),
    ("every other tuesday and friday", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,FR"),
    ("every 2 weeks on monday and wednesday", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE"),
    ("every 2 weeks on monday and wednesday, weeks from sunday", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;WKST=SU"),
    ("every mon and wed for 6 weeks", "FREQ=WEEKLY;COUNT=12;BYDAY=MO,WE"),
    ("every month", "FREQ=MONTHLY"),
    ("every 6 months", "FREQ=MONTHLY;INTERVAL=6"),
    ("every quarter", "FREQ=MONTHLY;INTERVAL=3"),
    ("quarterly on the 1st", "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=1"),
    ("every 2 quarters", "FREQ=MONTHLY;INTERVAL=6"),
    ("every 15th", "FREQ=MONTHLY;BYMONTHDAY=15"),
    ("monthly on the 15th", "FREQ=MONTHLY;BYMONTHDAY=15"),
    ("on day 15 of the month", "FREQ=MONTHLY;BYMONTHDAY=15"),
    ("1st and 15th", "FREQ=MONTHLY;BYMONTHDAY=1,15"),
    ("every 1st and 15th of the month", "FREQ=MONTHLY;BYMONTHDAY=1,15"),
    ("every month on the 31st", "FREQ=MONTHLY;BYMONTHDAY=31"),
    ("every month on the 31st or the last day", "RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=31;SKIP=BACKWARD"),
    ("every month on the 31st or the day after", "RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=31;SKIP=FORWARD"),
    ("last day of the month", "FREQ=MONTHLY;BYMONTHDAY=-1"),
    ("end of the month", "FREQ=MONTHLY;BYMONTHDAY=-1"),
    ("every month at the end of the month", "FREQ=MONTHLY;BYMONTHDAY=-1"),
    ("every penultimate day of the month", "FREQ=MONTHLY;BYMONTHDAY=-2"),
    ("the 2nd to last day of each month", "FREQ=MONTHLY;BYMONTHDAY=-2"),
    ("last friday of the month", "FREQ=MONTHLY;BYDAY=-1FR"),
    ("every last friday", "FREQ=MONTHLY;BYDAY=-1FR"),
    ("every first monday", "FREQ=MONTHLY;BYDAY=1MO"),
    ("every 2nd tuesday of the month", "FREQ=MONTHLY;BYDAY=2TU"),
    ("every second tuesday each month", "FREQ=MONTHLY;BYDAY=2TU"),
    ("every 1st and 3rd monday", "FREQ=MONTHLY;BYDAY=1MO,3MO"),
    ("the 1st Monday and the last Friday of every month", "FREQ=MONTHLY;BYDAY=1MO,-1FR"),
    ("last weekday of the month", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"),
    ("every first business day of the month", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1"),
    ("every month on the 13th if it is a friday", "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13"),
    ("every year", "FREQ=YEARLY"),
    ("every jan 1", "FREQ=YEARLY;BYMONTHDAY=1;BYMONTH=1"),
    ("every 1 january", "FREQ=YEARLY;BYMONTHDAY=1;BYMONTH=1"),
    ("every 15th of january", "FREQ=YEARLY;BYMONTHDAY=15;BYMONTH=1"),
    ("annually on march 3rd", "FREQ=YEARLY;BYMONTHDAY=3;BYMONTH=3"),
    ("yearly on 3 march", "FREQ=YEARLY;BYMONTHDAY=3;BYMONTH=3"),
    ("every 29 february", "FREQ=YEARLY;BYMONTHDAY=29;BYMONTH=2"),
    ("every march 3 and september 3", "FREQ=YEARLY;BYMONTHDAY=3;BYMONTH=3,9"),
    ("every january", "FREQ=YEARLY;BYMONTH=1"),
    ("every january and july on the 1st", "FREQ=YEARLY;BYMONTHDAY=1;BYMONTH=1,7"),
    ("last day of february", "FREQ=YEARLY;BYMONTHDAY=-1;BYMONTH=2"),
    ("4th thursday of november", "FREQ=YEARLY;BYDAY=4TH;BYMONTH=11"),
    ("every 2nd tuesday of november", "FREQ=YEARLY;BYDAY=2TU;BYMONTH=11"),
    ("every 100th day of the year", "FREQ=YEARLY;BYYEARDAY=100"),
    ("20th monday of the year", "FREQ=YEARLY;BYDAY=20MO"),
    ("every year in week 20 on monday", "FREQ=YEARLY;BYDAY=MO;BYWEEKNO=20"),
    ("every 4 years in november on the 1st tuesday", "FREQ=YEARLY;INTERVAL=4;BYDAY=1TU;BYMONTH=11"),
    ("every hour", "FREQ=HOURLY"),
    ("hourly in hours 9 to 17 on weekdays", "FREQ=HOURLY;BYHOUR=9,10,11,12,13,14,15,16,17;BYDAY=MO,TU,WE,TH,FR"),
    ("every 30 minutes", "FREQ=MINUTELY;INTERVAL=30"),
    ("every half hour", "FREQ=MINUTELY;INTERVAL=30"),
    ("every 90 mins", "FREQ=MINUTELY;INTERVAL=90"),
    ("every day at 9am and 5pm", "FREQ=DAILY;BYMINUTE=0;BYHOUR=9,17"),
    ("every day at 9:00 and 10:00, 26 times", "FREQ=DAILY;COUNT=26;BYMINUTE=0;BYHOUR=9,10"),
    ("every day at 9, 13 and 17", "FREQ=DAILY;BYMINUTE=0;BYHOUR=9,13,17"),
    ("every day at 9:00, 9:30, 17:00 and 17:30", "FREQ=DAILY;BYMINUTE=0,30;BYHOUR=9,17"),
    ("every day, only the last of these, at 8:00", "FREQ=DAILY;BYMINUTE=0;BYHOUR=8;BYSETPOS=-1"),
]


@pytest.mark.parametrize(("phrase", "rule"), RULES)
def test_a_phrase_is_a_rule(phrase: str, rule: str) -> None:
    """What people type has one meaning, and its description means the same."""
    found = read_phrase(phrase, TODAY)
    assert isinstance(found, Repeat), found
    assert print_rule(found.rule) == rule
    assert found == Repeat(found.rule)
    assert read_phrase(describe(found), TODAY) == found


@pytest.mark.parametrize(
    ("phrase", "rule", "beside"),
    [
        ("every weekday at 9am until 1 May", "FREQ=WEEKLY;UNTIL=20270501;BYDAY=MO,TU,WE,TH,FR", {"at": time(9)}),
        ("tuesdays at 6:30 pm", "FREQ=WEEKLY;BYDAY=TU", {"at": time(18, 30)}),
        ("every day 9 a.m", None, {}),
        ("every day at noon", "FREQ=DAILY", {"at": time(12)}),
        ("every day at 9 and 9am", "FREQ=DAILY", {"at": time(9)}),
        ("every day @ midnight", "FREQ=DAILY", {"at": time(0)}),
        ("every day at 12am", "FREQ=DAILY", {"at": time(0)}),
        ("every day at 17:30:15", "FREQ=DAILY", {"at": time(17, 30, 15)}),
        ("at 8, every day", None, {}),
        ("every! 3 days", "FREQ=DAILY;INTERVAL=3", {"after_completion": True}),
        ("3 days after completion", "FREQ=DAILY;INTERVAL=3", {"after_completion": True}),
        ("a week after it's done", "FREQ=WEEKLY", {"after_completion": True}),
        ("every 4 weeks on sunday after completion", "FREQ=WEEKLY;INTERVAL=4;BYDAY=SU", {"after_completion": True}),
        ("every! 2 days, 5 times", "FREQ=DAILY;INTERVAL=2", {"after_completion": True, "stop_after": 5}),
        ("every 10 days until done 5 times", "FREQ=DAILY;INTERVAL=10", {"stop_after": 5}),
        ("every friday starting 4 December", "FREQ=WEEKLY;BYDAY=FR", {"start": date(2026, 12, 4)}),
        ("every day from tomorrow for 3 days", "FREQ=DAILY;COUNT=3", {"start": date(2026, 11, 27)}),
        ("every day starting today", "FREQ=DAILY", {"start": TODAY}),
        ("every day from 29 feb", "FREQ=DAILY", {"start": date(2028, 2, 29)}),
        ("every day until May 1, 2027", "FREQ=DAILY;UNTIL=20270501", {}),
        ("every day until may 1st", "FREQ=DAILY;UNTIL=20270501", {}),
        ("every day until 26 november", "FREQ=DAILY;UNTIL=20261126", {}),
        ("every day until 2027-05-01 14:00 at 9:00", "FREQ=DAILY;UNTIL=20270501T140000", {"at": time(9)}),
        ("every day until 1 May 2027 12:00 UTC", "FREQ=DAILY;UNTIL=20270501T120000Z", {}),
    ],
)
def test_a_phrase_says_more_than_a_rule(phrase: str, rule: str | None, beside: dict[str, object]) -> None:
    """A time, a start, an end, after completion; a phrase that says nothing of how often at first is no phrase."""
    found = read_phrase(phrase, TODAY)
    if rule is None:
        assert isinstance(found, NotUnderstood)
        return
    assert isinstance(found, Repeat), found
    assert print_rule(found.rule) == rule
    assert found == Repeat(found.rule, **beside)  # type: ignore[arg-type]
    assert read_phrase(describe(found), TODAY) == found


@pytest.mark.parametrize(
    ("phrase", "position", "hint"),
    [
        ("", 0, "say how often"),
        ("every", 5, "say how often"),
        ("tomorrow", 0, "say how often"),
        ("buy milk", 0, "say how often"),
        ("at 9am", 6, "say how often"),
        ("twice a week", 0, "say when, such as every Monday and Thursday"),
        ("3 times a day", 0, "or every day at 9:00 and 17:00"),
        ("thrice per month", 0, "say when"),
        ("every morning", 6, "say at which time, such as every day at 9am"),
        ("every 3-4 days", 6, "say how often"),
        ("every 1.5 hours", 6, "say how often"),
        ("every 0 days", 6, "give 1 or more"),
        ("every 9999999 days", 18, "INTERVAL must be 1 to 1000000"),
        ("every day 20000 times", 21, "COUNT must be 1 to 10000; for more give UNTIL, or no end"),
        ("every second", 12, "at most one occurrence a minute"),
        ("every leap year", 6, "say how often"),
        ("every day until further notice", 16, "give a date such as 1 May 2026"),
        ("every day until 31 february", 16, "there is no such date"),
        ("every day until 2026-13-01", 16, "there is no such date"),
        ("every friday starting next week", 22, "give a date such as"),
        ("every 30 february", 6, "there is no such date"),
        ("every monday at 25:00", 16, "give a time such as 9am, 9:30pm or 17:00"),
        ("every monday at 13pm", 16, "an hour before am or pm is 1 to 12"),
        ("every monday at lunch", 16, "give a time such as"),
        ("every day at 9:30 and 17:00", 10, "give times with the same minutes"),
        ("every day at 9:00 every day at 17:00", 18, "this is not understood"),
        ("every day at 9am on weekdays at 5pm", 29, "give all times of day together"),
        ("every march 3 and june 4", 6, "these dates do not make one rule"),
        ("last to last day of the month", 5, "this is not understood"),
        ("every 0th", 6, "say how often"),
        ("every 32nd", 6, "give numbers up to 31 here"),
        ("every day until 1 May 5 times", 22, "give one end: a number of times, or a date"),
        ("every week for 10 days", 11, "say how many times, or until when; days do not tell here"),
        ("every 2 weeks on mon and tue for 6 weeks", 29, "weeks do not tell here"),
        ("every month except monday", 12, "except goes with weekdays"),
        ("every monday except monday", 13, "this leaves no day"),
        ("every day until done often", 21, "until done 5 times"),
        ("every month on the 20th week", 28, "weeks are counted in a year"),
        ("every day in hours", 18, "give numbers here"),
        ("every year in week 0", 19, "give numbers here"),
        ("every 2 weeks, weeks from winter", 26, "give the weekday"),
        ("at the end of the year", 0, "only a month's end is known here"),
        ("every week on the 1st", 21, "BYMONTHDAY does not go with FREQ=WEEKLY"),
        ("every day and", 10, "this is not understood"),
        ("every day, maybe", 11, "this is not understood"),
        ("every day " + "x" * 500, 500, "at most 500 characters"),
    ],
)
def test_what_is_not_understood_is_named(phrase: str, position: int, hint: str) -> None:
    """With its place and what would be right there."""
    found = read_phrase(phrase, TODAY)
    assert isinstance(found, NotUnderstood), found
    assert (found.position, found.text) == (position, phrase[position:])
    assert hint in found.hint


WORDS = (
    "every each other 2nd 3 days week monday last friday of the month at 9am until 1 may 10 times ! , and -1 0 é 99999"
)


@given(phrase=st.text(max_size=60) | st.lists(st.sampled_from(WORDS.split()), max_size=9).map(" ".join))
@settings(max_examples=300, deadline=None)
def test_no_phrase_is_too_strange(phrase: str) -> None:
    """Any text is read, or named as not understood; nothing raises, and what is read is described and read back."""
    found = read_phrase(phrase, TODAY)
    if isinstance(found, Repeat):
        assert read_phrase(describe(found), TODAY) == found
    else:
        assert phrase[found.position :] == found.text
        assert found.hint


def test_the_hint_is_a_phrase() -> None:
    """What the hint offers is understood."""
    for phrase in HOW_OFTEN.removeprefix("say how often, such as ").replace(" or ", ", ").split(", "):
        assert isinstance(read_phrase(phrase, TODAY), Repeat)


def test_time_may_be_over() -> None:
    """On the last day of all there is no next one; that is not an error either."""
    last = date(9999, 12, 31)
    assert isinstance(read_phrase("every day until 1 may", last), NotUnderstood)
    assert isinstance(read_phrase("every day from tomorrow", last), Repeat)


def test_dates_know_the_calendar() -> None:
    """A date without a year is the next one, today included, also beyond a century without leap year."""
    found = read_phrase("every day until 29 feb", date(2096, 3, 1))
    assert isinstance(found, Repeat)
    assert found.rule.until is not None
    assert found.rule.until.at == datetime(2104, 2, 29)
