"""VTODOs of a file as to-dos: every property that means something to us, and notes on what was left out and why."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import UNSET, structs

from tasksys import checks, durations, limits
from tasksys.ical import alarms, bounds, repeats
from tasksys.ical.lines import Component, Property
from tasksys.ical.properties import NAMED, READ, SILENT
from tasksys.ical.times import UnknownZone, Zones, moment, when
from tasksys.ical.todo import Alarm, Todo
from tasksys.ical.todos import X_DESCRIPTION, X_OCCURRENCE, X_ORIGINAL, X_SERIES
from tasksys.series.spans import later
from tasksys.values import DATE, UTC, Of, Status, When, require_when, zone_or

KINDS: Final = ("VTODO", X_SERIES)
"""The components that are to-dos: the standard's, and series of ours that other programs are not told of."""


def todo(component: Component, known: Zones) -> Todo:
    """The to-do of a VTODO. ValueError that says why there is none."""
    reader = Reader(component, known)
    return reader.todo()


def _original(text: str) -> When | None:
    """The time by which a series of ours knows an occurrence."""
    value = When(date=text) if DATE.fullmatch(text) else When(local=text)
    try:
        require_when(value)
    except ValueError:
        return None
    return value


class Reader:
    """Reads one VTODO, property by property."""

    def __init__(self, component: Component, known: Zones) -> None:
        self.component, self.known = component, known
        self.fields: dict[str, Any] = {}
        self.notes: list[str] = list(component.broken)
        self.more: list[str] = []

    def todo(self) -> Todo:
        """What it says."""
        uid = self.component.first("UID")
        if uid is None or not uid.text.strip():
            raise ValueError("it has no UID, by which it would be known when it is imported again")
        for found in self.component.properties:
            self.property(found)
        self.rest()
        name = uid.text.strip()
        if len(name) > bounds.HEAD_CHARACTERS:
            raise ValueError(f"its UID has more than {bounds.HEAD_CHARACTERS:,} characters")
        told = Todo(line=self.component.line, uid=name, notes=self.noted(), **self.fields)
        series = self.component.first(X_OCCURRENCE)
        original = None if series is None else _original(series.parameter(X_ORIGINAL))
        if series is None or original is None:
            return told
        return structs.replace(told, uid=series.text, alias=name, original=original)

    def noted(self) -> tuple[str, ...]:
        """The first notes, and how many more there are."""
        left = len(self.notes) - bounds.NOTES
        return (*self.notes[: bounds.NOTES], *([f"and {left} more like these"] if left > 0 else []))

    def note(self, line: int, text: str) -> None:
        """Says what was left out."""
        self.notes.append(f"line {line}: {text}")

    def property(self, found: Property) -> None:
        """Reads one; what is wrong with it is noted, and it is left out."""
        try:
            read = READ.get(found.name)
            if read is not None:
                read(self, found)
            elif found.name in NAMED:
                self.more.append(f"{NAMED[found.name]}: {found.text.strip()}"[: limits.DESCRIPTION_BYTES // 8])
            elif found.name not in SILENT and not found.name.startswith("X-"):
                self.note(found.line, f"{found.name[:64]} has no counterpart here and was left out")
        except (ValueError, RecursionError, msgspec.DecodeError) as error:
            self.note(found.line, f"{found.name[:64]} was left out: {error}"[:500])

    def rest(self) -> None:
        """What several properties say together."""
        self._description()
        self._closed()
        self._times()
        self.fields["repeating"], self.fields["original"] = repeats.read(self)
        self.fields["modified"] = self._modified()
        self._alarms()

    def when(self, found: Property) -> When:
        """A due or start value; of a zone that nobody knows, its wall time without a zone, which is noted."""
        try:
            return when(found, self.known)
        except UnknownZone as error:
            self.note(found.line, f"{error}; {found.name} keeps its wall time, without a zone")
            return error.floating

    def add(self, name: str, values: Iterable[Any]) -> None:
        """Adds to a field that is a list. ValueError if that has as many as are read."""
        there = self.fields.get(name, ())
        if len(there) >= bounds.VALUES:
            raise ValueError(f"at most {bounds.VALUES} of these are read")
        self.fields[name] = (*there, *values)

    def _description(self) -> None:
        text = self.fields.get("description", UNSET)
        exactly = self.component.first(X_DESCRIPTION)
        if exactly is not None and text is not UNSET:
            try:
                told = msgspec.json.decode(exactly.text, type=str)
            except (msgspec.DecodeError, RecursionError):
                told = ""
            if told.replace("\r\n", "\n").replace("\r", "\n") == text:  # else it was changed by who does not know ours
                text = told
        if self.more:
            text = "\n".join([*([text, ""] if text else []), *self.more])
        if text is UNSET:
            return
        allowed = checks.NOT_IN_TEXT.sub("", text)
        shown = allowed.encode("utf-8", "replace")[: limits.DESCRIPTION_BYTES].decode("utf-8", "ignore")
        if shown != text:
            self.note(self.component.line, "characters that a description cannot have, or that are too many, are gone")
        self.fields["description"] = shown

    def _closed(self) -> None:
        """Without a STATUS, what is completed is done (RFC 5545, 3.8.2.1)."""
        if "status" in self.fields:
            return
        percent = self.component.first("PERCENT-COMPLETE")
        share = percent.value.strip() if percent else ""
        if self.component.first("COMPLETED") is not None or share == "100":
            self.fields["status"] = Status.DONE
        elif share.isdigit() and share.strip("0"):
            self.fields["status"] = Status.IN_PROGRESS

    def _times(self) -> None:
        """A to-do of a DURATION is due so long after its DTSTART (3.8.2.5)."""
        lasts, start = self.component.first("DURATION"), self.fields.get("start")
        if lasts is None or "due" in self.fields or not isinstance(start, When):
            return
        try:
            self.fields["due"] = later(start, durations.parse(lasts.value.strip()), zone_or(start.zone, UTC))
        except ValueError as error:
            self.note(lasts.line, f"DURATION was left out: {error}")

    def _modified(self) -> str | None:
        """LAST-MODIFIED, in UTC also where a program leaves the Z out. Not DTSTAMP: many set that when they export."""
        found = self.component.first("LAST-MODIFIED")
        try:
            return moment(found, lenient=True) if found is not None else None
        except ValueError as error:
            self.note(found.line if found else 0, f"LAST-MODIFIED was left out: {error}")
            return None

    def _alarms(self) -> None:
        read: list[Alarm] = []
        for number, one in enumerate(self.component.within("VALARM")):
            try:
                read.append(self._to_what_there_is(alarms.read(one, number)))
            except ValueError as error:
                self.note(one.line, f"the alarm was left out: {error}")
        if read:
            self.add("alarms", read)

    def _to_what_there_is(self, alarm: Alarm) -> Alarm:
        """Programs write alarms to the start of to-dos that have a due value only; to that they are, then."""
        has_start, has_due = (isinstance(self.fields.get(name), When) for name in ("start", "due"))
        repeating = self.fields.get("repeating")
        alike = repeating is not None and not repeating.lead  # then each is due at its DTSTART
        if alarm.trigger.at is None and alarm.trigger.of is Of.START and (alike or (has_due and not has_start)):
            return structs.replace(alarm, trigger=structs.replace(alarm.trigger, of=Of.DUE))
        return alarm
