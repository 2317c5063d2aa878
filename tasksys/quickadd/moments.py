"""When something is due or begins, as people say it: a day, a time, both in either order, or from one to another."""

from datetime import time
from typing import Final

from msgspec import Struct, structs

from tasksys.quickadd.clock import EVENING, in_part, read_part, read_time
from tasksys.quickadd.days import Day, Here, read_day
from tasksys.quickadd.readings import Begin, Kind, Moment, Reading, Stretch
from tasksys.quickadd.words import BEFORE, BEING, DASHES, JOINING, PROPER, Line
from tasksys.recurrence.vocabulary import WEEKDAYS

DUE: Final = ("due on", "due by", "due at", "due")
ON: Final = ("on", "by")
PREPOSITIONS: Final = frozenset({*ON, "at", "@", "in"})
STARTING: Final = ("starting on", "starting at", "starting", "beginning on", "beginning")
UNTIL: Final = ("until", "till", "to")


class Said(Struct, frozen=True):
    """A moment, the place behind it, and whether it is one without any company and may begin a text."""

    moment: Moment
    end: int
    sure: bool
    opens: bool


def read_moment(line: Line, place: int, here: Here) -> Reading | None:
    """A due value that begins there: `tomorrow 9am`, `9am tomorrow`, `on monday`, `due friday`, `at 9`."""
    start = line.begins(place, *DUE) or place
    due = start > place
    if due and not line.joined(start):
        return None
    said = read_said(line, start, here)
    if said is None:
        return None
    bound = JOINING if line.at(start) in PREPOSITIONS else JOINING | BEFORE
    if line.before(place) in BEING if due else line.before(place) in bound or not said.sure:
        return None
    day = said.moment.day
    if day is not None and WEEKDAYS.get(line.before(place), day.weekday()) != day.weekday():
        return None  # it is not on the weekday before it
    if line.before(place) == "tonight" or (line.at(place) == "tonight" and line.before(place).isdecimal()):
        return None  # a time that is none of tonight stays with it
    if line.before(place) in DASHES and (line.raw(place - 2)[:1].isdigit() or line.at(place - 2) in PROPER):
        return None
    return Reading(Kind.DUE, place, said.end, said.moment, certain=due, opens=due or said.opens)


def read_said(line: Line, place: int, here: Here) -> Said | None:
    """A day with or without a time, or a time with or without a day, from that place on."""
    return _day_first(line, place, here) or _time_first(line, place, here)


def _day_first(line: Line, place: int, here: Here) -> Said | None:
    start = line.begins(place, *ON) or place
    preposition = start > place
    found = read_day(line, start, here) if start == place or line.joined(start) else None
    if found is None:
        return None
    day, end = found
    timed = None if day.at is not None else time_behind(line, end)
    if timed is None:
        trailing = preposition and not day.sure  # `on sat` needs an end behind it, which `opens` and `sure` ask for
        return Said(_moment(day, day.at), end, day.sure or trailing, (day.opens or preposition) and day.sure)
    at, first, behind = timed
    return _of_day(day, at, first, behind)


def _of_day(day: Day, at: time, first: int, end: int) -> Said | None:
    """The time on that day; None for a time that is none of tonight, such as 1 or 12."""
    meant = in_part(at, first or (EVENING if day.evening else 0))
    return None if day.evening and meant.hour < EVENING + 12 else Said(_moment(day, meant), end, True, True)


def time_behind(line: Line, end: int) -> tuple[time, int, int] | None:
    """The time of day behind a day, after a part of the day, a comma or "at": time, `PARTS` hour, place behind."""
    first, behind = read_part(line, end)
    comma = end < len(line.words) and line.text[line.words[end - 1].end : line.words[end - 1].whole] == ","
    if not (line.joined(behind) or (comma and behind == end)):
        return None
    at = line.begins(behind, "at", "@") or behind
    if at > behind and not line.joined(at):
        return None
    found = read_time(line, at, said=at > behind, beside=True)
    if found is None:
        return None
    late, after = read_part(line, found[1])
    return found[0], first or late, after


def _time_first(line: Line, place: int, here: Here) -> Said | None:
    start = line.begins(place, "at", "@", "by") or place
    if start > place and not line.joined(start):
        return None
    said = line.at(place) in ("at", "@") and start > place
    beside = read_time(line, start, said=said, beside=True)
    if beside is None:
        return None
    first, end = read_part(line, beside[1])
    behind = line.begins(end, *ON) or end
    joined = line.joined(end) and (behind == end or line.joined(behind))
    found = read_day(line, behind, here) if joined else None
    if found is not None and found[0].at is None:
        day, behind = found
        return _of_day(day, beside[0], first, behind)
    alone = read_time(line, start, said=said)
    if alone is None:
        return None
    return Said(Moment(at=in_part(alone[0], first)), end, True, said)


def _moment(day: Day, at: time | None) -> Moment:
    return Moment(day.date, at, day.evening, day.weekday)


def read_stretch(line: Line, place: int, here: Here) -> Reading | None:
    """`from tomorrow until friday`: it begins on the first and is due on the last."""
    if line.at(place) != "from" or not line.joined(place + 1):
        return None
    first = read_said(line, place + 1, here)
    until = None if first is None or not line.joined(first.end) else line.begins(first.end, *UNTIL)
    last = None if until is None or not line.joined(until) else read_said(line, until, here)
    if first is None or last is None or first.moment.day is None or last.moment.day is None:
        return None
    ends = last.moment
    if ends.weekday and last.moment.day < first.moment.day:
        later = -(-(first.moment.day - last.moment.day).days // 7) * 7
        ends = structs.replace(ends, day=first.moment.day.fromordinal(last.moment.day.toordinal() + later))
    if ends.day is None or ends.day < first.moment.day:
        return None
    return Reading(Kind.DUE, place, last.end, Stretch(first.moment, ends), opens=True)


def read_begin(line: Line, place: int, here: Here) -> Reading | None:
    """`starting monday`: when it can be begun."""
    start = line.begins(place, *STARTING)
    said = None if start is None or not line.joined(start) else read_said(line, start, here)
    if said is None or said.moment.day is None:
        return None
    return Reading(Kind.START, place, said.end, Begin(said.moment), opens=True)
