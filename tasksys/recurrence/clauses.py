"""The clauses of a phrase: each function reads one from where the words stand, and tells whether there was one."""

from typing import Final

from tasksys.recurrence.cursor import ADDING, TIMES, Cursor, Misread
from tasksys.recurrence.draft import Draft, until_moment
from tasksys.recurrence.moments_in_words import read_date, read_month_and_day, read_time
from tasksys.recurrence.rule import ByDay, Frequency, Skip, Weekday
from tasksys.recurrence.vocabulary import MONTHS, UNITS, WORKING_DAYS

AFTER: Final = (
    "after completion", "after completing", "after it is done", "after it's done", "after i complete it", "after done",
    "after being done", "after finishing", "when it is done", "when it's done", "when done", "from completion",
)  # fmt: skip
OF_MONTH: Final = (
    "of the month", "of each month", "of every month", "of a month", "of month", "each month", "every month", "a month",
)  # fmt: skip
OF_YEAR: Final = ("of the year", "of each year", "of every year")
WORKING_DAY: Final = (
    "weekday", "weekdays", "workday", "workdays", "working day", "working days", "business day", "business days",
)  # fmt: skip
BACKWARD: Final = ("or the last day of shorter months", "or the last day", "or last day")
FORWARD: Final = ("or the day after shorter months", "or the day after")
END_OF_MONTH: Final = ("at the end of", "the end of", "end of")


def after(words: Cursor, draft: Draft) -> bool:
    """`after completion`: the interval counts from when it is done."""
    if not words.any_of(*AFTER):
        return False
    draft.after_completion = True
    return True


def skip(words: Cursor, draft: Draft) -> bool:
    """`or the last day of shorter months`: where a day goes that a month lacks."""
    if words.any_of(*BACKWARD):
        draft.skip = Skip.BACKWARD
    elif words.any_of(*FORWARD):
        draft.skip = Skip.FORWARD
    else:
        return False
    return True


def week_start(words: Cursor, draft: Draft) -> bool:
    """`weeks from Sunday`."""
    if not words.any_of("weeks from", "weeks starting on", "weeks starting", "weeks start on", "weeks begin on"):
        return False
    position = words.position
    draft.week_start = words.weekday()
    if draft.week_start is None:
        raise Misread(position, "give the weekday that weeks begin with, such as Sunday")
    return True


def end(words: Cursor, draft: Draft) -> bool:
    """`10 times`, `for 10 days`, `until 1 May 2026`, `until done 5 times`."""
    position = words.position
    if words.any_of("until done", "till done"):
        draft.stop_after = words.number()
        if draft.stop_after is None or not words.any_of("times", "time"):
            raise Misread(words.position, "say how often it is to be done, such as until done 5 times")
        return True
    if words.any_of("until", "till", "til", "through", "thru", "ending on", "ending", "ends on", "ends"):
        draft.end(position)
        day = read_date(words, draft.today)
        found = words.attempt(lambda: None if ":" not in words.word() else read_time(words))
        draft.until = until_moment(day, None if found is None else found[0], found is not None and words.take("utc"))
        return True
    return words.attempt(lambda: _number_of_times(words, draft) or None) is not None


def _number_of_times(words: Cursor, draft: Draft) -> bool:
    position = words.position
    lasting = words.any_of("for the next", "for")
    number = words.number()
    if number is None:
        return False
    if words.any_of(*TIMES):
        draft.end(position, count=number)
        return True
    unit = words.one(UNITS) if lasting else None
    if unit is None:
        return False
    draft.end(position)
    draft.lasts = (number, unit, position)
    return True


def start(words: Cursor, draft: Draft) -> bool:
    """`from 1 May`, `starting tomorrow`."""
    if not words.any_of("starting on", "starting from", "starting", "beginning on", "beginning", "from", "starts on"):
        return False
    draft.start = read_date(words, draft.today)
    return True


def excepted(words: Cursor, draft: Draft) -> bool:
    """`except sunday`, after "every day" or a list of weekdays."""
    position = words.position
    if not words.any_of("except on", "except", "excluding", "but not on", "but not"):
        return False
    without = set().union(*words.several(words.days))
    if not without or any(day.ordinal for day in draft.days) or draft.freq not in (Frequency.DAILY, Frequency.WEEKLY):
        raise Misread(position, "except goes with weekdays, such as every day except Sunday")
    kept = ({day.weekday for day in draft.days} or set(Weekday)) - without
    if not kept:
        raise Misread(position, "this leaves no day")
    draft.days = {ByDay(day) for day in kept}
    if draft.interval == 1:
        draft.freq = Frequency.WEEKLY
    return True


def dates(words: Cursor, draft: Draft) -> bool:
    """`on 1 January`, `on March 3 and September 3`."""
    position = words.position
    found = words.attempt(lambda: _dates(words) or None)
    if found is None:
        return False
    months, days = {month for month, _ in found}, {day for _, day in found}
    if len(set(found)) != len(months) * len(days):
        raise Misread(position, "these dates do not make one rule; make one for each")
    draft.add(position, "by_month", months)
    draft.add(position, "by_month_day", days)
    return True


def _dates(words: Cursor) -> list[tuple[int, int]]:
    words.any_of("only on", "on")
    return words.several(lambda: read_month_and_day(words))


def weekdays(words: Cursor, draft: Draft) -> bool:
    """`on Monday`, `on the 2nd Tuesday and the last Friday`, `if it is Friday`."""
    found = words.attempt(lambda: _weekdays(words) or None)
    if found is None:
        return False
    draft.days |= set().union(*found)
    _scope(words, draft)
    return True


def _weekdays(words: Cursor) -> list[set[ByDay]]:
    words.take("only")
    if words.any_of("if it is", "if it's", "if on", "if"):
        words.take("a")
    else:
        words.take("on")
        words.any_of("every", "each", "a")
    return words.several(words.counted_days)


def ordinals(words: Cursor, draft: Draft) -> bool:
    """`on the 1st and 15th`, `on the last day of the year`, `the last weekday`, `only the 1st of these`."""
    position = words.position
    if words.any_of(*END_OF_MONTH):
        words.any_of("the", "each", "every")
        if not words.take("month"):
            raise Misread(position, "only a month's end is known here")
        draft.add(position, "by_month_day", {-1})
        return True
    found = words.attempt(lambda: _ordinals(words) or None)
    if found is None:
        return False
    _counted(words, draft, position, found)
    return True


def _ordinals(words: Cursor) -> list[int]:
    words.take("only")
    words.any_of("on", "in")
    return words.several(words.ordinal, ADDING)


def _counted(words: Cursor, draft: Draft, position: int, numbers: list[int]) -> None:
    """What the ordinals count."""
    if words.take("of", "these"):
        draft.add(position, "by_set_pos", numbers)
    elif words.any_of("week", "weeks"):
        if not words.any_of(*OF_YEAR):
            raise Misread(words.position, "weeks are counted in a year: the 20th week of the year")
        draft.add(position, "by_week_no", numbers)
    elif words.any_of(*WORKING_DAY):
        draft.days |= {ByDay(day) for day in WORKING_DAYS}
        draft.add(position, "by_set_pos", numbers)
        _scope(words, draft)
    else:
        words.any_of("day", "days")
        yearly = words.any_of(*OF_YEAR)
        draft.add(position, "by_year_day" if yearly else "by_month_day", numbers)
        if not yearly:
            _scope(words, draft)


def _scope(words: Cursor, draft: Draft) -> None:
    """`of the year` or `of the month` behind what was counted."""
    draft.yearly |= words.any_of(*OF_YEAR)
    words.any_of(*OF_MONTH)


def months(words: Cursor, draft: Draft) -> bool:
    """`in January and July`, `of May`."""
    position = words.position
    found = words.attempt(lambda: _months(words) or None)
    if found is None:
        return False
    draft.add(position, "by_month", found)
    return True


def _months(words: Cursor) -> list[int]:
    words.take("only")
    words.any_of("in", "of", "during", "every", "each")
    return words.several(lambda: words.one(MONTHS))


NUMBERED: Final = (
    ("by_hour", ("in hours", "in hour")),
    ("by_minute", ("at minutes", "at minute", "on minute")),
    ("by_second", ("at seconds", "at second")),
    ("by_week_no", ("in weeks", "in week")),
    ("by_month_day", ("on days", "on day", "day", "days")),
)
"""Parts that are told by bare numbers, and the words before them."""


def numbered(words: Cursor, draft: Draft) -> bool:
    """`in hours 9 to 17`, `at minute 30`, `in week 20`, `on day 15`."""
    for part, before in NUMBERED:
        if words.any_of(*before):
            position = words.position
            found = words.numbers()
            if not found or (part not in ("by_hour", "by_minute", "by_second") and 0 in found):
                raise Misread(position, "give numbers here")
            draft.add(position, part, found)
            _scope(words, draft)
            return True
    return False


def times(words: Cursor, draft: Draft) -> bool:
    """`at 9am and 5pm`, `at 17:30`, `at noon`, `9am`."""
    position = words.position
    said_at = words.any_of("at", "@")
    found = words.several(lambda: read_time(words, bare=said_at))
    if found and draft.times:
        raise Misread(position, "give all times of day together, such as at 9:00 and 17:00")
    if said_at and not found:
        raise Misread(words.position, "give a time such as 9am, 9:30pm or 17:00")
    draft.times += found
    draft.times_position = position
    return bool(found)


CLAUSES: Final = (
    after, skip, week_start, end, start, excepted, dates, weekdays, ordinals, numbered, months, times,
)  # fmt: skip
"""In the order in which they are tried."""
