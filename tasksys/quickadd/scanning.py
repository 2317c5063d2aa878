"""From a line to the phrases in it that count: each is read, and kept where nothing speaks for the title."""

import re
from collections.abc import Container, Iterator
from typing import Final

from msgspec import structs

from tasksys.quickadd.days import Here
from tasksys.quickadd.markers import Names, read_mark, read_unmarked
from tasksys.quickadd.moments import read_begin, read_moment, read_stretch
from tasksys.quickadd.readings import ONCE, At, Kind, Moment, Reading
from tasksys.quickadd.reminding import read_reminder
from tasksys.quickadd.repeating import read_again
from tasksys.quickadd.words import (
    COUPLING,
    FOLLOWING,
    GOES_ON,
    LIMITING,
    REACHING,
    Line,
    is_quoted,
    line_of,
    without_backslash,
)
from tasksys.recurrence.vocabulary import MONTHS, WEEKDAYS

DOUBTFUL: Final = re.compile(r"\b\d{1,4}/\d{1,2}\b")
"""What is a date to some people, although it is not read here."""

NUMBER: Final = re.compile(r"\d", re.ASCII)
DATED: Final = WEEKDAYS.keys() | MONTHS.keys() | {"today", "tomorrow", "noon", "next"}
"""Words with which a date may begin."""

LONGEST: Final = 4
"""Words before a backslash in which a phrase may begin that goes on behind it."""


def phrases(line: Line, here: Here, names: Names, without: Container[Kind] = ()) -> list[Reading]:
    """The phrases that are understood, in order; none of a kind of `without` is looked for."""
    return _coupled(line, _last_ones(_settled(line, list(_candidates(line, here, names, without)))))


def _candidates(line: Line, here: Here, names: Names, without: Container[Kind]) -> Iterator[Reading]:
    """What could be a phrase, whatever stands around it."""
    place = 0
    while place < len(line.words):
        found = _at(line, place, here, names, without)
        if found is not None:
            yield found
        place = place + 1 if found is None else found.end


def _at(line: Line, place: int, here: Here, names: Names, without: Container[Kind]) -> Reading | None:
    """What begins at that place."""
    found = (
        read_mark(line, place, names)
        or read_reminder(line, place, here)
        or read_again(line, place, here)
        or read_stretch(line, place, here)
        or read_begin(line, place, here)
        or read_moment(line, place, here)
        or read_unmarked(line, place)
    )
    return None if found is None or found.kind in without else found


def _settled(line: Line, candidates: list[Reading]) -> list[Reading]:
    """Those that describe nothing behind them: at the end, before another phrase, or before what begins anew."""
    kept: list[Reading] = []
    for one in reversed(candidates):
        if one.certain or _ends(line, one, kept[-1].first if kept else len(line.words)) or _begins(line, one):
            kept.append(one)
    return kept[::-1]


def _ends(line: Line, one: Reading, following: int) -> bool:
    last = line.words[one.end - 1]
    after = line.text[last.end : last.whole]
    if one.end == following:
        return "?" not in after
    if after:
        listed = after == "," and line.at(one.end) in DATED  # "monday, wednesday and friday" is one thing
        return not listed and ":" not in after and "?" not in after
    behind = line.raw(one.end).lower()
    joining = REACHING | LIMITING if one.kind is Kind.RECURRENCE else REACHING
    reaching = behind in joining and (NUMBER.match(line.raw(one.end + 1)) or line.at(one.end + 1) in DATED)
    return not after and not reaching and (behind in FOLLOWING or behind.startswith("("))


def _begins(line: Line, one: Reading) -> bool:
    """True for a phrase that begins the text, before a word of the title: "tomorrow call Anna", "Monday: call Anna"."""
    if one.first > 0 or one.end == len(line.words):
        return False
    last = line.words[one.end - 1]
    if line.text[last.end : last.whole] in (":", ","):
        return True
    behind, names_it = line.raw(one.end), NUMBER.search(line.text[: last.end]) is None
    if not one.opens or line.text[last.end : last.whole] or behind in GOES_ON:
        return False
    return behind[:1].islower() or (behind[:1].isupper() and not names_it)


def _last_ones(found: list[Reading]) -> list[Reading]:
    """Of the kinds of which there is one, the last phrase; of days and of times of day, too."""
    kept: list[Reading] = []
    taken: set[str] = set()
    for one in reversed(found):
        slots = _slots(one)
        if taken.isdisjoint(slots):
            taken |= slots
            kept.append(one)
    return kept[::-1]


def _coupled(line: Line, found: list[Reading]) -> list[Reading]:
    """The same, each with the "and" between it and the next one of its kind, as in `@anna and @ben`."""
    coupled = list[Reading]()
    for place, one in enumerate(found):
        following = found[place + 1] if place + 1 < len(found) else None
        joins = following is not None and following.first == one.end + 1 and following.kind is one.kind
        with_and = joins and one.kind not in ONCE and line.joined(one.end) and line.raw(one.end).lower() in COUPLING
        coupled.append(structs.replace(one, end=one.end + 1) if with_and else one)
    return coupled


def _slots(one: Reading) -> set[str]:
    """What a phrase takes, so that no other can have it. A day and a time of day apart are one moment together."""
    if one.kind not in ONCE:
        return {"remind at"} if isinstance(one.meant, At) and one.meant.moment.day is None else set()
    if not isinstance(one.meant, Moment):
        return {one.kind, "day", "time"} if one.kind is Kind.DUE else {one.kind}
    return ({"day"} if one.meant.day else set()) | ({"time"} if one.meant.at else set())


def needless(line: Line, here: Here, names: Names, without: Container[Kind]) -> list[tuple[int, int]]:
    """Where quotes and backslashes only protect a text from being read: from where to where they are left out.

    Quotes around the whole text are such ones, and those around what could be a phrase or looks like a date.
    """
    found: list[tuple[int, int]] = []
    for place, word in enumerate(line.words):
        if is_quoted(word):
            inside = line.text[word.start + 1 : word.end - 1]
            alone = len(line.words) == 1 and word.end == word.whole
            inner = line_of(inside)
            doubtful = DOUBTFUL.search(inside) is not None or any(_candidates(inner, here, names, without))
            if inside.strip() and (alone or doubtful):
                found.append((word.start, word.end))
        elif len(word.raw) > 1 and word.raw.startswith("\\") and _protects(line, place, here, names, without):
            found.append((word.start, word.start + 1))
    return found


def _protects(line: Line, place: int, here: Here, names: Names, without: Container[Kind]) -> bool:
    """True if a phrase would be read without the backslash with which the word begins, or quotes would begin."""
    plain = without_backslash(line.words[place], place == 0)
    other = line.with_word(place, plain)
    for first in range(max(0, place - LONGEST), place + 1):
        found = _at(other, first, here, names, without)
        if found is not None and found.end > place:
            return True
    return False
