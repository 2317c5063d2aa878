"""What a phrase of a quick add can say: each reader gives one of these, with the words that it takes."""

from datetime import date, time
from enum import StrEnum
from typing import Final

from msgspec import Struct

from tasksys.quickadd.clock import Length
from tasksys.recurrence.repeat import Repeat
from tasksys.values import Of, Priority


class Kind(StrEnum):
    """What a span that was understood is about: the field of a task that it fills."""

    DUE = "due"
    START = "start"
    PRIORITY = "priority"
    LABEL = "label"
    PROJECT = "project"
    ASSIGNEE = "assignee"
    ESTIMATE = "estimate"
    REMINDER = "reminder"
    RECURRENCE = "recurrence"


ONCE: Final = frozenset({Kind.DUE, Kind.START, Kind.PRIORITY, Kind.PROJECT, Kind.ESTIMATE, Kind.RECURRENCE})
"""Of what there is one, the last phrase in a text counts, and those before it stay in the title."""


class Moment(Struct, frozen=True):
    """A day, a time of day, or both. `weekday` says that the day is any such one, `evening` that 8 means 20:00."""

    day: date | None = None
    at: time | None = None
    evening: bool = False
    weekday: bool = False


class Stretch(Struct, frozen=True):
    """From one day or time to another."""

    first: Moment
    last: Moment


class Begin(Struct, frozen=True):
    """When it can be begun."""

    moment: Moment


class Place(Struct, frozen=True):
    """A project, and perhaps a section of it: ids, and the names that people know."""

    project: str
    section: str | None
    said: str


class Label(Struct, frozen=True):
    """A label. `no_project`: it could have been a project's name, and there is no such project."""

    name: str
    no_project: bool = False


class Assignee(Struct, frozen=True):
    """Who is to do it."""

    user: str


class Estimate(Struct, frozen=True):
    """How long it takes."""

    minutes: int


class Before(Struct, frozen=True):
    """Reminders so long before it is due or can be begun."""

    lengths: tuple[Length, ...]
    of: Of


class At(Struct, frozen=True):
    """A reminder at a time, of the day that it is due on unless one is named."""

    moment: Moment


class Again(Struct, frozen=True):
    """It comes again and again."""

    repeat: Repeat


Meant = Moment | Stretch | Begin | Priority | Place | Label | Assignee | Estimate | Before | At | Again


class Reading(Struct, frozen=True):
    """What the words from `first` up to `end`, which is not one of them, mean.

    `certain`: whatever stands around it. Otherwise it counts only where it does not describe what comes behind it.
    `opens`: it may also begin the text.
    """

    kind: Kind
    first: int
    end: int
    meant: Meant
    certain: bool = False
    opens: bool = False
