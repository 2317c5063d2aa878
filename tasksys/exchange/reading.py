"""What cells mean: dates as people and programs write them, statuses, priorities, lists."""

import re
from datetime import datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from tasksys import checks, limits
from tasksys.exchange.errors import quoted
from tasksys.ical.destination import Destination
from tasksys.quickadd import parse, protect
from tasksys.quickadd.readings import Kind
from tasksys.quickadd.repeating import Repeating
from tasksys.values import LOCAL, UTC, Priority, Status, When, instant, require_when, require_zone, zone_or

STATUSES: Final = {one.value: one for one in Status} | {
    "": Status.OPEN, "todo": Status.OPEN, "to do": Status.OPEN, "to-do": Status.OPEN, "new": Status.OPEN,
    "no": Status.OPEN, "false": Status.OPEN, "0": Status.OPEN, "not started": Status.OPEN, "pending": Status.OPEN,
    "backlog": Status.OPEN, "waiting": Status.OPEN, "needs-action": Status.OPEN, "incomplete": Status.OPEN,
    "doing": Status.IN_PROGRESS, "in progress": Status.IN_PROGRESS, "in_progress": Status.IN_PROGRESS,
    "started": Status.IN_PROGRESS, "active": Status.IN_PROGRESS, "wip": Status.IN_PROGRESS,
    "complete": Status.DONE, "completed": Status.DONE, "finished": Status.DONE, "closed": Status.DONE,
    "resolved": Status.DONE, "yes": Status.DONE, "true": Status.DONE, "x": Status.DONE, "1": Status.DONE,
    "✓": Status.DONE, "✔": Status.DONE,
    "canceled": Status.CANCELLED, "dropped": Status.CANCELLED, "won't do": Status.CANCELLED,
    "wontfix": Status.CANCELLED,
}  # fmt: skip

PRIORITIES: Final = {one.value: one for one in Priority} | {
    "": Priority.NONE, "no": Priority.NONE, "p4": Priority.NONE, "lowest": Priority.LOW, "minor": Priority.LOW,
    "normal": Priority.MEDIUM, "p3": Priority.MEDIUM, "mid": Priority.MEDIUM, "major": Priority.HIGH,
    "p2": Priority.HIGH, "important": Priority.HIGH, "p1": Priority.URGENT, "highest": Priority.URGENT,
    "critical": Priority.URGENT, "blocker": Priority.URGENT,
}  # fmt: skip
"""Numbers mean different things in different programs, and are not read."""

ITEM: Final = re.compile(r"\s*(?:[-*]\s+)?(?:\[([ xX✓✔]?)\]\s*)?(.*)", re.DOTALL)
GERMAN: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:,?\s+(\d{1,2}):(\d{2}))?", re.ASCII)
OFFSET: Final = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(:\d\d)?(\.\d{1,9})?\s?([Zz]|[+-]\d\d:?\d\d)", re.ASCII)
NOT_DATES: Final = frozenset(Kind) - {Kind.DUE, Kind.RECURRENCE}


class Here(NamedTuple):
    """When and where a file is read: an instant with offset, and the zone in which days and times are meant."""

    now: datetime
    zone: ZoneInfo

    @classmethod
    def of(cls, target: Destination) -> "Here":
        """That of an import, in the workspace's zone."""
        workspace = target.state.workspace
        zone = zone_or(workspace.time_zone if workspace else None, UTC)
        return cls(datetime.fromisoformat(target.at), zone)

    def within(self, zone: str) -> "Here":
        """The same in a zone that the file names. ValueError for one that there is not."""
        return self._replace(zone=require_zone(zone.strip())) if zone.strip() else self


def status(text: str) -> Status:
    """A status. ValueError for a word that is none."""
    try:
        return STATUSES[text.strip().casefold()]
    except KeyError:
        raise ValueError(f"{quoted(text)} is no status") from None


def priority(text: str) -> Priority:
    """A priority. ValueError for a word that is none."""
    try:
        return PRIORITIES[text.strip().casefold()]
    except KeyError:
        raise ValueError(f"{quoted(text)} is no priority") from None


def moment(text: str, here: Here, zone: str = "") -> When:
    """A start or due value. ValueError for what is none, or could be several.

    Dates stand for themselves, and wall times are of the zone that a cell beside them names, or float without one. An
    instant is told as the wall time of `here`. Anything else is read as quick add reads it.
    """
    text = text.strip()
    spelled = f"{text[:10]}T{text[11:]}" if text[10:11] == " " else text
    if found := OFFSET.fullmatch(text):
        day, at, seconds, _, offset = found.groups()
        told = datetime.fromisoformat(f"{day}T{at}{seconds or ':00'}{offset.upper()}")
        return _wall(told.astimezone(here.zone), here.zone)
    if len(text) == 10 and text[4] == "-":
        value = When(date=text)
    elif LOCAL.fullmatch(spelled):
        value = When(local=spelled, zone=zone.strip() or None)
    elif found := GERMAN.fullmatch(text):
        day, month, year, hour, minute = found.groups()
        value = When(date=f"{year}-{month:0>2}-{day:0>2}")
        if hour is not None:
            value = When(local=f"{value.date}T{hour:0>2}:{minute}", zone=zone.strip() or None)
    else:
        due, repeating = said(text, here.within(zone))
        if due is None or repeating is not None:
            raise ValueError(f"{quoted(text)} is no date that is understood")
        return due
    require_when(value)
    return value


def _wall(told: datetime, zone: ZoneInfo) -> When:
    return When(local=told.replace(tzinfo=None).isoformat(timespec="minutes"), zone=zone.key)


def said(text: str, here: Here) -> tuple[When | None, Repeating | None]:
    """What a text says of days and times, all of it; two Nones if any word of it is not understood."""
    words = " ".join(text.split())
    found = parse(f"{protect('x')} {words}", here.now, here.zone, without=NOT_DATES)
    return (found.due, found.repeating) if found.title.strip('"') == "x" else (None, None)


def several(text: str, lines_only: bool = False) -> tuple[str, ...]:
    """The values of a cell that has several: each on a line of its own, or between commas or semicolons."""
    parts = text.split("\n") if lines_only or "\n" in text else re.split("[,;]", text)
    return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))


def label(text: str) -> str:
    """A label as it can be: one line, of a length that can be."""
    return checks.NOT_IN_LINE.sub(" ", text).strip()[: limits.LABEL_CHARACTERS].strip()


def item(text: str) -> tuple[str, bool]:
    """A line of a checklist, such as `[x] Flour`: its title, and whether it is done."""
    found = ITEM.fullmatch(text)
    assert found is not None
    return found[2].strip(), bool((found[1] or "").strip())


def minutes(text: str) -> int:
    """An estimate: a number of minutes, or 2h, 1h30, 1:30. ValueError for what is none."""
    found = re.fullmatch(r"(?:(\d{1,5})\s*(?:h|:)\s*)?(?:(\d{1,7})\s*(?:m|min|minutes)?)?", text.strip(), re.ASCII)
    if found is None or not any(found.groups()):
        raise ValueError(f"{quoted(text)} is no number of minutes")
    return int(found[1] or 0) * 60 + int(found[2] or 0)


def passed(at: str | None, target: Destination) -> bool:
    """Whether an instant as it is stored is over."""
    return at is not None and at <= instant(datetime.fromisoformat(target.at))
