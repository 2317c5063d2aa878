"""From phrases to fields: days and times that stand apart become one moment, rules get their first date."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import assert_never

from tasksys.query.folding import caseless
from tasksys.quickadd.clock import EVENING, in_part
from tasksys.quickadd.days import Here
from tasksys.quickadd.readings import (
    Again,
    Assignee,
    At,
    Before,
    Begin,
    Estimate,
    Label,
    Moment,
    Place,
    Reading,
    Stretch,
)
from tasksys.quickadd.reminding import spelled
from tasksys.quickadd.repeating import Repeating, anchored
from tasksys.quickadd.saying import said_length, said_minutes, said_when
from tasksys.recurrence.vocabulary import said_list
from tasksys.values import Of, Priority, Trigger, When, instant


class Gathered:
    """The fields of a task, and the phrases that gave them, each with its meaning in words."""

    def __init__(self) -> None:
        self.said: list[tuple[Reading, str]] = []
        self.due: When | None = None
        self.start: When | None = None
        self.start_before: str | None = None
        self.priority = Priority.NONE
        self.labels: list[str] = []
        self.assignees: list[str] = []
        self.place: Place | None = None
        self.estimate: int | None = None
        self.reminders: list[Trigger] = []
        self.repeating: Repeating | None = None


def gather(readings: Sequence[Reading], here: Here) -> Gathered:
    """What the phrases come to; one that does not go with the others is left out of what was understood."""
    found = Gathered()
    _when(found, [one.meant for one in readings], here)
    for one in readings:
        meaning = _meaning(found, one, here)
        if meaning is not None:
            found.said.append((one, meaning))
    return found


def _when(found: Gathered, meant: Iterable[object], here: Here) -> None:
    """Due value, start and rule: they depend on each other."""
    moment, begin, stretch, again = Moment(), None, None, None
    for one in meant:
        match one:
            case Moment():
                moment = _together(moment, one)
            case Begin():
                begin = one.moment
            case Stretch():
                stretch = one
            case Again():
                again = one.repeat
    if stretch is not None:
        moment = stretch.last
    if again is not None:
        day = moment.day or (None if begin is None else begin.day)
        found.repeating = anchored(again, day, moment.at or (None if begin is None else begin.at), here)
    if found.repeating is not None:
        found.due = found.repeating.anchor
        if stretch is not None and stretch.first.day is not None and stretch.last.day is not None:
            found.start_before = f"P{(stretch.last.day - stretch.first.day).days}D"
        return
    found.due = _value(moment, here)
    begins = stretch.first if stretch is not None else begin
    found.start = None if begins is None else _value(begins, here)


def _together(one: Moment, other: Moment) -> Moment:
    """A day and a time that were named apart."""
    evening = one.evening or other.evening
    at = one.at or other.at
    apart = one.at is None or one.day is None
    return Moment(
        one.day or other.day,
        in_part(at, EVENING) if at is not None and apart and evening else at,
        evening,
        one.weekday or other.weekday,
    )


def _value(moment: Moment, here: Here) -> When | None:
    """The value of a moment. A time alone is the next one, and so is a weekday's time."""
    day = moment.day
    if moment.at is None:
        return None if day is None else When(date=day.isoformat())
    past = datetime.combine(here.today, moment.at) < here.local
    if day is None:
        day = here.today + timedelta(days=1 if past else 0)
    elif moment.weekday and day == here.today and past:
        day += timedelta(days=7)
    return _zoned(day, moment.at, here)


def _zoned(day: date, at: time, here: Here) -> When:
    return When(local=datetime.combine(day, at).isoformat(timespec="minutes"), zone=here.zone.key)


def _meaning(found: Gathered, one: Reading, here: Here) -> str | None:
    """What a phrase says, in words, after its field is filled; None if it cannot be."""
    match one.meant:
        case Moment() as moment:
            return _due_in_words(found, moment)
        case Stretch():
            return _stretch_in_words(found)
        case Begin():
            return f"first {_said(found.due)}" if found.repeating else f"from {_said(found.start)}"
        case Again():
            made = found.repeating
            return None if made is None else f"{made.said}, first {said_when(made.anchor)}"
        case Before(lengths, of):
            found.reminders += [Trigger(before=spelled(length), of=of) for length in lengths]
            said = said_list([said_length(length) for length in lengths])
            return f"reminder {said} before it {'is due' if of is Of.DUE else 'starts'}"
        case At(moment):
            return _reminder_at(found, moment, here)
        case Priority() as priority:
            found.priority = priority
            return f"priority {priority.value}"
        case Place() as place:
            found.place = place
            return place.said
        case Label(name, no_project):
            _add(found.labels, name)
            return f"label {name}{', as no project has that name' if no_project else ''}"
        case Assignee(user):
            _add(found.assignees, user)
            return f"for {user}"
        case Estimate(minutes):
            found.estimate = minutes
            return f"takes {said_minutes(minutes)}"
        case _:
            assert_never(one.meant)


def _due_in_words(found: Gathered, moment: Moment) -> str | None:
    """A time that a rule does not take, because it has its own, is left in the title."""
    if found.repeating is None:
        return f"due {_said(found.due)}"
    anchor = found.repeating.anchor.local or ""
    if moment.at is not None and not anchor.endswith(f"T{moment.at:%H:%M}"):
        return None
    return f"first {_said(found.due)}"


def _stretch_in_words(found: Gathered) -> str:
    if found.repeating is not None:
        return f"first {_said(found.due)}, begun {found.start_before} before"
    return f"from {_said(found.start)}, due {_said(found.due)}"


def _said(when: When | None) -> str:
    assert when is not None
    return said_when(when)


def _add(names: list[str], name: str) -> None:
    if caseless(name) not in map(caseless, names):
        names.append(name)


def _reminder_at(found: Gathered, moment: Moment, here: Here) -> str | None:
    """A reminder at a time: on the day that it is due, if no day is named; before each occurrence of a rule."""
    assert moment.at is not None
    if found.repeating is not None:
        return _reminder_of_each(found, moment)
    due = found.due
    if moment.day is None and due is not None:
        day = date.fromisoformat((due.text)[:10])
        at = _zoned(day, moment.at, here)
    else:
        value = _value(moment, here)
        assert value is not None
        at = value
    assert at.local is not None
    found.reminders.append(Trigger(at=instant(datetime.fromisoformat(at.local).replace(tzinfo=here.zone))))
    return f"reminder {said_when(at)}"


def _reminder_of_each(found: Gathered, moment: Moment) -> str | None:
    """None where the occurrences have no time, or that of the reminder is not before it on the same day."""
    anchor = found.due.local if found.due is not None else None
    if moment.day is not None or anchor is None or moment.at is None:
        return None
    local = datetime.fromisoformat(anchor)
    minutes = int((local - datetime.combine(local.date(), moment.at)).total_seconds()) // 60
    if minutes <= 0:
        return None
    found.reminders.append(Trigger(before=f"PT{minutes}M"))
    return f"reminder {said_minutes(minutes)} before it is due"
