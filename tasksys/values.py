"""Small values shared by commands, events and rows.

A due or start value is one of three kinds and keeps its kind: a date, a zoned local time, or a floating local time.
Only the wall time is stored; an instant is computed last, where it is needed.
"""

import re
from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo, reset_tzpath

import tzdata
from msgspec import Meta, Struct, field

from tasksys import limits

# The pinned tzdata package wins on every machine. Python would first look into the machine's own files, and wherever
# PYTHONTZPATH says: after an upgrade of the system, or elsewhere, the same log would mean other instants.
reset_tzpath(())

ZONES: Final[str] = tzdata.IANA_VERSION
"""The release of the zone database that instants are computed by, such as 2026a."""

# Python's `$` also matches before a last line break, hence the lookahead.
Id = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$(?!\n)", description="A ULID, a UUID, or any 1 to 64 of A-Z a-z 0-9 _ -")
]
User = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9._@+:|-]{1,128}$(?!\n)", description="Who: a member's id, as the token names it")
]
Actor = Annotated[
    str, Meta(pattern=r"^(\*clock|[A-Za-z0-9._@+:|-]{1,128})$(?!\n)", description="A user, or the system's own clock")
]
Order = Annotated[
    str,
    Meta(
        pattern=r"^[0-9A-Za-z]{0,255}[1-9A-Za-z]$(?!\n)",
        description="A place in the manual order; compare as ASCII text",
    ),
]
Instant = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$(?!\n)",
        description="RFC 3339, UTC, milliseconds: 2026-03-08T09:00:00.000Z",
    ),
]


def pattern_of(kind: Any) -> re.Pattern[str]:
    """What a text of one of these types must match, for where it is not decoded as one."""
    return re.compile(kind.__metadata__[0].pattern)


def bounded(characters: int, description: str) -> Any:
    """Documents a length that `decide` enforces, so that every way in gives the same refusal."""
    return Meta(description=description, extra_json_schema={"maxLength": characters})


Title = Annotated[str, bounded(limits.TITLE_CHARACTERS, "One line")]
Name = Annotated[str, bounded(limits.NAME_CHARACTERS, "One line")]
Markdown = Annotated[str, Meta(description="Markdown, at most 64 KiB of UTF-8")]
Labels = Annotated[tuple[str, ...], Meta(description="At most 100, each at most 100 characters")]
Users = Annotated[tuple[User, ...], Meta(description="At most 100 members' ids")]
Minutes = Annotated[int, Meta(ge=0, le=limits.ESTIMATE_MINUTES)]
Zone = Annotated[str, Meta(description="An IANA name such as Europe/Berlin")]
Hour = Annotated[int, Meta(ge=0, le=23)]
Duration = Annotated[str, Meta(description="ISO 8601, such as PT30M, P1D or P1W")]

CATCH_UP: Final = "P7D"
"""How late reminders still fire after an outage, unless a workspace says otherwise."""
CatchUp = Annotated[str, Meta(description="ISO 8601, from PT1M to P366D: reminders that are later expire instead")]


class Role(StrEnum):
    """What a member may do, from most to least; each role may do all that the next one may."""

    OWNER = "owner"
    ADMIN = "admin"
    EDITOR = "editor"
    COMMENTER = "commenter"
    VIEWER = "viewer"

    def may(self, needed: "Role") -> bool:
        """True if this role is at least the needed one."""
        return ROLE_RANK[self] >= ROLE_RANK[needed]


ROLE_RANK: Final = {Role.OWNER: 4, Role.ADMIN: 3, Role.EDITOR: 2, Role.COMMENTER: 1, Role.VIEWER: 0}


class Status(StrEnum):
    """Where a task stands. Only an occurrence of a series is ever skipped, or missed."""

    OPEN = "open"
    IN_PROGRESS = "in-progress"
    DONE = "done"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    MISSED = "missed"


CLOSED: Final = (Status.DONE, Status.CANCELLED, Status.SKIPPED, Status.MISSED)


class Priority(StrEnum):
    """How pressing a task is."""

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    URGENT = "urgent"


class LinkType(StrEnum):
    """How one task relates to another. Each end of a link holds its own side."""

    BLOCKS = "blocks"
    BLOCKED_BY = "blocked-by"
    RELATES = "relates"
    DUPLICATES = "duplicates"
    DUPLICATED_BY = "duplicated-by"


OPPOSITE: Final = {
    LinkType.BLOCKS: LinkType.BLOCKED_BY,
    LinkType.BLOCKED_BY: LinkType.BLOCKS,
    LinkType.RELATES: LinkType.RELATES,
    LinkType.DUPLICATES: LinkType.DUPLICATED_BY,
    LinkType.DUPLICATED_BY: LinkType.DUPLICATES,
}


class ReminderState(StrEnum):
    """Where a reminder stands. A pending one waits for its time, or for its task to have one."""

    PENDING = "pending"
    FIRED = "fired"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class DeliveryState(StrEnum):
    """What became of one firing on one channel: it waits, failed (and may be tried again), came, was seen, or is over.

    `expired` was tried for a day in vain; `withdrawn` had not come when its task or reminder made it pointless.
    """

    SCHEDULED = "scheduled"
    FAILED = "failed"
    DELIVERED = "delivered"
    ACKNOWLEDGED = "acknowledged"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class ChannelKind(StrEnum):
    """How a channel of a user's reaches them. The feed is everybody's, and no such channel."""

    WEBHOOK = "webhook"
    EMAIL = "email"
    APPRISE = "apprise"


FEED: Final = "feed"
"""The channel that everybody has: the workspace's events."""


class Of(StrEnum):
    """Which of its task's values a relative reminder goes by."""

    DUE = "due"
    START = "start"


class Trigger(Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """When a reminder fires: `{"at"}`, an instant; or `{"before", "of"}`, a duration before the task's due or start.

    A negative duration is after it. Whether it is one of the two `reminders` says when it is decided.
    """

    at: str | None = None
    before: str | None = None
    of: Of = Of.DUE


class Repeat(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Fires again `times` times, `every` (a duration) after the last, until it is acknowledged."""

    every: str
    times: Annotated[int, Meta(ge=1, le=limits.REMINDER_REPEATS)]


class QuietHours(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """From when to when, each day, only the feed is used: wall times such as 22:00 and 07:00, in the user's zone."""

    start: str = field(name="from")
    end: str = field(name="to")


class When(Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """A start or due value: `{"date"}`, `{"local", "zone"}` or, floating, `{"local"}`.

    Whether it is one of these, and its zone is known, `require_when` says when it is decided; a fact is never refused
    for it later, when a release of the zones has dropped a name.
    """

    date: str | None = None
    local: str | None = None
    zone: str | None = None

    @property
    def text(self) -> str:
        """The date, or the wall time without its zone, as it is spelled; empty if it is neither."""
        return self.date or self.local or ""


def require_when(when: When) -> None:
    """ValueError that says what to give if the value is no date, no wall time, or names an unknown zone."""
    if (when.date is None) == (when.local is None):
        raise ValueError('give either "date" or "local" (with or without "zone")')
    if when.date is not None:
        if when.zone is not None:
            raise ValueError('"zone" goes with "local"; a date has no zone')
        if not DATE.fullmatch(when.date) or not _is_iso(date.fromisoformat, when.date):
            raise ValueError(f'"date" is a calendar date such as 2026-03-08, not {when.date[:64]!r}')
    if when.local is not None and (not LOCAL.fullmatch(when.local) or not _is_iso(datetime.fromisoformat, when.local)):
        raise ValueError(f'"local" is a wall time without offset such as 2026-03-08T09:00, not {when.local[:64]!r}')
    if when.zone is not None:
        require_zone(when.zone)


def _is_iso(read: Callable[[str], date], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
LOCAL: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?", re.ASCII)
NOT_ZONE: Final = r"(?!localtime$|posixrules$|Factory$|posix/|right/)"
"""What a machine keeps beside the zones: its own setting, and copies, some of which count leap seconds."""
ZONE: Final = re.compile(NOT_ZONE + r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*", re.ASCII)


def require_zone(name: str) -> ZoneInfo:
    """The zone of that IANA name; ValueError that says how such a name looks if there is none."""
    try:
        if ZONE.fullmatch(name) and len(name) <= limits.ID_CHARACTERS:
            return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        pass
    raise ValueError(f"unknown time zone {name[:64]!r}; give an IANA name such as Europe/Berlin")


def zone_or(name: str | None, fallback: ZoneInfo) -> ZoneInfo:
    """The zone of a name in stored data, or the fallback where there is no such name (any more)."""
    try:
        return fallback if name is None else require_zone(name)
    except ValueError:
        return fallback


def require_instant(text: str) -> str:
    """An RFC 3339 instant with its offset, as the system stores it; ValueError that says what to give."""
    try:
        if RFC3339.fullmatch(text):
            return instant(datetime.fromisoformat(text.upper()))
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"give an instant with its offset such as 2026-03-08T09:00:00Z, not {text[:64]!r}")


RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def instant(moment: datetime) -> str:
    """An aware datetime as the one spelling of instants that the system stores: UTC, milliseconds, Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


UTC: Final = ZoneInfo("UTC")

CLOCK: Final = "*clock"
"""The actor of what falls due by itself: no id that a user can have."""
