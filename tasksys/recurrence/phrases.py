"""Phrases about recurrence as people type them, and as `describing` writes them, read into a repeat.

A phrase is how often ("every 2 weeks", "daily", or nothing where days follow, as in "weekdays"), then clauses in any
order: days, months, times of day, "after completion", an end. Nothing is guessed: what is not understood is named.
"""

from datetime import date
from typing import Final

from msgspec import Struct

from tasksys.recurrence import bounds
from tasksys.recurrence.clauses import CLAUSES, dates, months, ordinals, weekdays
from tasksys.recurrence.cursor import SEPARATORS, Cursor, Misread
from tasksys.recurrence.draft import Draft
from tasksys.recurrence.repeat import Repeat
from tasksys.recurrence.rule import ByDay, Frequency
from tasksys.recurrence.vocabulary import ADVERBS, SPANS, UNITS

HOW_OFTEN: Final = "say how often, such as every 3 days, every other Monday or every month on the 15th"
WHICH: Final = "say when, such as every Monday and Thursday, or every day at 9:00 and 17:00"
PARTS_OF_DAY: Final = frozenset({"morning", "afternoon", "evening", "night", "lunchtime"})


class NotUnderstood(Struct, frozen=True):
    """Why a phrase was not read: from `position` (characters from 0) on is `text`; `hint` says what would be right."""

    position: int
    text: str
    hint: str


def read_phrase(phrase: str, today: date) -> Repeat | NotUnderstood:
    """What a phrase says. `today` is for dates without a year. Never raises."""
    if len(phrase) > bounds.PHRASE_CHARACTERS:
        hint = f"a phrase has at most {bounds.PHRASE_CHARACTERS} characters"
        return NotUnderstood(bounds.PHRASE_CHARACTERS, phrase[bounds.PHRASE_CHARACTERS :], hint)
    words, draft = Cursor(phrase), Draft(today)
    try:
        _how_often(words, draft)
        while words.word():
            if not any(clause(words, draft) for clause in CLAUSES):
                _pass_separator(words)
        return draft.repeat(words.position)
    except Misread as error:
        return NotUnderstood(error.position, phrase[error.position :], error.hint)


def _pass_separator(words: Cursor) -> None:
    """Between clauses there may be a comma or an "and"; anything else is not understood."""
    if words.word() not in SEPARATORS or not words.word(1):
        raise Misread(words.position, "this is not understood" if words.place else HOW_OFTEN)
    words.place += 1


def _how_often(words: Cursor, draft: Draft) -> None:
    """The beginning. Where it says nothing of how often, the clauses will."""
    period = words.one(ADVERBS)
    if period is None:
        _refuse_rates(words)
        once = words.take("once")
        if words.any_of("every", "each") or (once and words.any_of("a", "an", "per")):
            draft.after_completion = words.take("!")
            _every(words, draft)
            return
        period = words.attempt(lambda: _until_after(words))
    if period is not None:
        draft.every(*period)


def _refuse_rates(words: Cursor) -> None:
    """`twice a week` says how many, not when."""
    position, place = words.position, words.place
    number = 2 if words.take("twice") else 3 if words.take("thrice") else words.number()
    words.any_of("times", "time", "x")
    if number is not None and words.any_of("a", "an", "per", "each", "every") and words.one(UNITS) is not None:
        raise Misread(position, WHICH)
    words.place = place


def _every(words: Cursor, draft: Draft) -> None:
    """What stands behind `every`."""
    position = words.position
    if words.word() in PARTS_OF_DAY:
        raise Misread(position, "say at which time, such as every day at 9am")
    if dates(words, draft) or months(words, draft):
        draft.freq = Frequency.YEARLY
        return
    if (period := words.attempt(lambda: _counted_unit(words))) is not None:
        draft.every(*period)
    elif (counted := words.attempt(lambda: _counted_weekdays(words))) is not None:
        draft.every(Frequency.WEEKLY, counted[0])
        draft.days = counted[1]
    elif weekdays(words, draft):
        draft.freq = None if any(day.ordinal for day in draft.days) else Frequency.WEEKLY
    elif (period := words.attempt(lambda: _unit(words, 1))) is not None:
        draft.every(*period)
    elif not ordinals(words, draft):
        raise Misread(words.position, HOW_OFTEN)


def _counted_unit(words: Cursor) -> tuple[Frequency, int] | None:
    """`3 days`, `other day`, `2nd week`, `half hour`; not `1st day`, nor `last day`, which are days of a month."""
    if words.any_of("half an hour", "half hour"):
        return Frequency.MINUTELY, 30
    number = _other(words)
    position = words.position
    if number is None:
        number = words.number()
    period = None if number is None else _unit(words, number)
    if number == 0:
        raise Misread(position, "give 1 or more")
    return period


def _other(words: Cursor) -> int | None:
    """`other` is 2, `3rd` is 3."""
    number = 2 if words.take("other") else words.attempt(words.ordinal)
    return number if number is not None and number > 1 else None


def _unit(words: Cursor, number: int) -> tuple[Frequency, int] | None:
    words.take("single")
    unit = words.one(UNITS)
    if unit is not None:
        return None if words.word() == "of" else (unit, number)
    span = words.one(SPANS)
    return None if span is None else (span[0], span[1] * number)


def _counted_weekdays(words: Cursor) -> tuple[int, set[ByDay]] | None:
    """`other Monday`, `2nd Tuesday`; not `2nd Tuesday of the month`."""
    number = _other(words)
    days = words.several(words.weekday) if number is not None else []
    monthly = words.word() == "of" or words.word(1) == "month"
    return None if number is None or not days or monthly else (number, {ByDay(day) for day in days})


def _until_after(words: Cursor) -> tuple[Frequency, int] | None:
    """`3 days after completion`, without `every`."""
    number = words.number()
    period = None if number is None else _unit(words, number)
    return period if words.word() in ("after", "from", "when") else None
