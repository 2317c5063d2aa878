"""A to-do as a calendar file says it: what it says of each of our fields, UNSET where it says nothing."""

from typing import Final

from msgspec import UNSET, Struct, UnsetType

from tasksys.rows import ChecklistItem
from tasksys.series.shapes import Missed
from tasksys.values import LinkType, Priority, Repeat, Status, Trigger, When

STATUSES: Final = {
    Status.OPEN: "NEEDS-ACTION",
    Status.IN_PROGRESS: "IN-PROCESS",
    Status.DONE: "COMPLETED",
    Status.CANCELLED: "CANCELLED",
    Status.SKIPPED: "CANCELLED",
    Status.MISSED: "CANCELLED",
}
"""What was skipped or missed says so in a property of ours, too."""
READ_STATUSES: Final = {word: status for status, word in reversed(STATUSES.items())}

PRIORITIES: Final = {Priority.NONE: 0, Priority.URGENT: 1, Priority.HIGH: 2, Priority.MEDIUM: 5, Priority.LOW: 9}


def priority_of(number: int) -> Priority:
    """Our priority for a number of RFC 5545 (3.8.1.9), where 1 is the highest, 5 is medium, and 0 is none."""
    steps = ((0, Priority.NONE), (1, Priority.URGENT), (4, Priority.HIGH), (5, Priority.MEDIUM), (9, Priority.LOW))
    return next((priority for most, priority in steps if number <= most), Priority.NONE)


class Named(Struct, frozen=True):
    """A project or section: its id where the file was written, and its name."""

    id: str
    name: str


class Alarm(Struct, frozen=True):
    """A reminder as a file says it. `over`: it was acknowledged. `user` is blank for whoever imports it."""

    line: int
    id: str
    trigger: Trigger
    repeat: Repeat | None = None
    user: str = ""
    over: bool = False
    channels: tuple[str, ...] = ()


class Remark(Struct, frozen=True):
    """A comment as a file says it."""

    line: int
    id: str
    body: str
    author: str = ""


class Repeating(Struct, frozen=True, omit_defaults=True):
    """What makes a to-do come again: what a series is, as far as a calendar says it.

    `rdate`, `exdate` and `skipped` are local times of the anchor's kind, as `When` spells them. What follows
    `start_before` is ours alone; other programs say nothing of it. `gone` are times of which nothing is left to show.
    `lead` is how many seconds after a file's own DTSTART the anchor is, by the wall clock.
    """

    rule: str
    anchor: When
    rdate: tuple[str, ...] = ()
    exdate: tuple[str, ...] = ()
    start_before: str | None = None
    missed: Missed = Missed.NEXT
    after_completion: bool = False
    stop_after: int | None = None
    ahead: str | None = None
    paused: bool = False
    skipped: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    lead: int = 0


class Todo(Struct, frozen=True, kw_only=True):
    """A VTODO. `original` is its RECURRENCE-ID, which makes it one occurrence of the repeating to-do of its UID.

    `alias` is the UID that an occurrence of ours has as a task, `own` are the fields in which one to come is different.
    Parents, children and links are UIDs. `notes` say what could not be taken as it stands there, and where.
    """

    line: int
    uid: str
    original: When | None = None
    alias: str | None = None
    own: tuple[str, ...] | None = None
    modified: str | None = None
    title: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    status: Status | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    labels: tuple[str, ...] | UnsetType = UNSET
    assignees: tuple[str, ...] | UnsetType = UNSET
    start: When | None | UnsetType = UNSET
    due: When | None | UnsetType = UNSET
    estimate_minutes: int | None | UnsetType = UNSET
    order: str | UnsetType = UNSET
    project: Named | None = None
    section: Named | None = None
    parent: str | None = None
    children: tuple[str, ...] = ()
    links: tuple[tuple[LinkType, str], ...] = ()
    checklist: tuple[ChecklistItem, ...] = ()
    remarks: tuple[Remark, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    repeating: Repeating | None = None
    notes: tuple[str, ...] = ()
