"""The values of a series that its commands, events and rows share.

An occurrence is known by its original time: the local time that the rule gave it, as a `When` of the anchor's kind
spells it ("2026-03-08" or "2026-03-08T09:00"). Moving the occurrence does not change that.
"""

from enum import StrEnum
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from tasksys.values import (
    Duration,
    Id,
    Labels,
    Markdown,
    Minutes,
    Of,
    Priority,
    Repeat,
    Title,
    Users,
    When,
)

Original = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?)?$(?!\n)",
        description="The time that the rule gave an occurrence: 2026-03-08, or 2026-03-08T09:00",
    ),
]
"""What an occurrence is known by within its series."""


class Missed(StrEnum):
    """What becomes of occurrences that were not done when the next one comes.

    `next`: one is open at most, the others are recorded as missed. `all`: each stays open. `one-at-a-time`: the next
    one appears when this one is done with, however late.
    """

    NEXT = "next"
    ALL = "all"
    ONE_AT_A_TIME = "one-at-a-time"


class SeriesState(StrEnum):
    """Whether a series goes on. A paused one misses nothing; an ended one is kept for its history."""

    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"


class Scope(StrEnum):
    """Which occurrences a change of a series is about."""

    THIS = "this"
    THIS_AND_FOLLOWING = "this-and-following"
    ALL = "all"


class Before(Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """So long before an occurrence is due, or starts."""

    before: Duration
    of: Of = Of.DUE


class OfEach(Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """A reminder that every occurrence gets; for who made the series, unless it names a user."""

    trigger: Before
    repeat: Repeat | None = None
    user: str | None = None


class Template(Struct, frozen=True, gc=False, omit_defaults=True):
    """What each occurrence is made of. It starts `start_before` before it is due, where that is given."""

    title: str
    description: str = ""
    priority: Priority = Priority.NONE
    labels: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    estimate_minutes: int | None = None
    project: str | None = None
    section: str | None = None
    parent: str | None = None
    checklist: tuple[str, ...] = ()
    start_before: str | None = None
    reminders: tuple[OfEach, ...] = ()


class TemplateFields(Struct, frozen=True, gc=False, omit_defaults=True):
    """The mentioned fields of a template."""

    title: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    labels: tuple[str, ...] | UnsetType = UNSET
    assignees: tuple[str, ...] | UnsetType = UNSET
    estimate_minutes: int | None | UnsetType = UNSET
    project: str | None | UnsetType = UNSET
    section: str | None | UnsetType = UNSET
    parent: str | None | UnsetType = UNSET
    checklist: tuple[str, ...] | UnsetType = UNSET
    start_before: str | None | UnsetType = UNSET
    reminders: tuple[OfEach, ...] | UnsetType = UNSET


OF_ONE = ("title", "description", "priority", "labels", "assignees", "estimate_minutes")
"""The fields of a template that one occurrence may have of its own before it is a task."""


class Override(Struct, frozen=True, gc=False, omit_defaults=True):
    """What is different about one occurrence, by its original time, before it is a task."""

    original: str
    skipped: bool = False
    due: When | None = None
    fields: TemplateFields = TemplateFields()


class Occurs(Struct, frozen=True, gc=False):
    """The occurrence that a task is."""

    series: str
    original: str


Titles = Annotated[tuple[Title, ...], Meta(description="At most 200 lines")]
Reminders = Annotated[tuple[OfEach, ...], Meta(description="At most 50")]


class GivenTemplate(Template, frozen=True, forbid_unknown_fields=True):
    """What each occurrence is made of. It starts `start_before` before it is due, where that is given."""

    title: Title
    description: Markdown = ""
    labels: Labels = ()
    assignees: Users = ()
    estimate_minutes: Minutes | None = None
    project: Id | None = None
    section: Id | None = None
    parent: Id | None = None
    checklist: Titles = ()
    start_before: Duration | None = None
    reminders: Reminders = ()

    @property
    def plain(self) -> Template:
        """As events and rows have it, which are never refused for a field that a later release knows."""
        return Template(**{name: getattr(self, name) for name in Template.__struct_fields__})


class GivenFields(TemplateFields, frozen=True, forbid_unknown_fields=True):
    """The fields of what each occurrence is made of that change."""

    title: Title | UnsetType = UNSET
    description: Markdown | UnsetType = UNSET
    labels: Labels | UnsetType = UNSET
    assignees: Users | UnsetType = UNSET
    estimate_minutes: Minutes | None | UnsetType = UNSET
    project: Id | None | UnsetType = UNSET
    section: Id | None | UnsetType = UNSET
    parent: Id | None | UnsetType = UNSET
    checklist: Titles | UnsetType = UNSET
    start_before: Duration | None | UnsetType = UNSET
    reminders: Reminders | UnsetType = UNSET

    @property
    def plain(self) -> TemplateFields:
        """As events and rows have it."""
        return TemplateFields(**{name: getattr(self, name) for name in TemplateFields.__struct_fields__})
