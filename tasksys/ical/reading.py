"""VTODOs of a file as to-dos: every property that means something to us, and notes on what was left out and why."""

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec
from msgspec import UNSET, structs

from tasksys import checks, durations, limits
from tasksys.ical import alarms, bounds, repeats
from tasksys.ical.lines import Component, Property
from tasksys.ical.times import UnknownZone, Zones, moment, when
from tasksys.ical.todo import STATUSES, Alarm, Named, Remark, Todo, priority_of
from tasksys.ical.todos import (
    X_ASSIGNEE,
    X_AUTHOR,
    X_CHECKLIST,
    X_DESCRIPTION,
    X_DONE,
    X_ESTIMATE,
    X_ID,
    X_LINK,
    X_ORDER,
    X_PROJECT,
    X_REMINDER,
    X_SECTION,
    X_START,
    X_TYPE,
    Kept,
)
from tasksys.ical.uids import ID, derived
from tasksys.rows import ChecklistItem
from tasksys.values import LinkType, Of, Order, Status, User, When

SILENT: Final = frozenset(
    {"UID", "DTSTAMP", "CREATED", "LAST-MODIFIED", "SEQUENCE", "CLASS", "TRANSP", "PERCENT-COMPLETE", "COMPLETED"}
    | {"ORGANIZER", "RECURRENCE-ID", "RRULE", "RDATE", "EXDATE", "DURATION", "REQUEST-STATUS", "COLOR"}
)
"""What is read elsewhere, or says nothing of the task itself."""

NAMED: Final = {"URL": "URL", "LOCATION": "Location", "CONTACT": "Contact", "ATTACH": "Attachment", "GEO": "Place"}
"""What we have no field for, and put at the end of the description."""

STATUS: Final = {word: status for status, word in STATUSES.items()}


def todo(component: Component, known: Zones) -> Todo:
    """The to-do of a VTODO. ValueError that says why there is none."""
    reader = Reader(component, known)
    return reader.todo()


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
        return Todo(line=self.component.line, uid=name, notes=self.noted(), **self.fields)

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
        except (ValueError, msgspec.DecodeError) as error:
            self.note(found.line, f"{found.name[:64]} was left out: {error}")

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
            except msgspec.DecodeError:
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
            self.fields["due"] = repeats.later(start, durations.parse(lasts.value.strip()))
        except (ValueError, OverflowError) as error:
            self.note(lasts.line, f"DURATION was left out: {error}")

    def _modified(self) -> str | None:
        """LAST-MODIFIED. Not DTSTAMP instead, which many programs set to when they wrote the file."""
        found = self.component.first("LAST-MODIFIED")
        try:
            return moment(found) if found is not None else None
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
        if alarm.trigger.at is None and alarm.trigger.of is Of.START and has_due and not has_start:
            return structs.replace(alarm, trigger=structs.replace(alarm.trigger, of=Of.DUE))
        return alarm


def _title(reader: Reader, found: Property) -> None:
    text = " ".join(checks.NOT_IN_LINE.sub(" ", found.text).split(" ")).strip()
    if len(text) > limits.TITLE_CHARACTERS:
        reader.note(found.line, f"SUMMARY was cut to {limits.TITLE_CHARACTERS} characters")
        text = text[: limits.TITLE_CHARACTERS].strip()
    if text:
        reader.fields["title"] = text


def _labels(reader: Reader, found: Property) -> None:
    for text in found.texts:
        label = checks.NOT_IN_LINE.sub(" ", text).strip()
        if label and label not in reader.fields.get("labels", ()):
            if len(label) > limits.LABEL_CHARACTERS or len(reader.fields.get("labels", ())) >= limits.LABELS_PER_TASK:
                raise ValueError(
                    f"a task has at most {limits.LABELS_PER_TASK} labels of {limits.LABEL_CHARACTERS} characters"
                )
            reader.add("labels", [label])


def _status(reader: Reader, found: Property) -> None:
    word = found.value.strip().upper()
    if word not in STATUS:
        raise ValueError(f"{word[:32]!r} is none of {', '.join(STATUS)}")
    reader.fields["status"] = STATUS[word]


def _number(text: str, most: int) -> int:
    if not text.strip().isascii() or not text.strip().isdigit() or len(text.strip()) > 9:
        raise ValueError(f"{text[:32]!r} is no number")
    return min(int(text), most)


def _estimate(reader: Reader, found: Property) -> None:
    days, seconds = durations.parse(found.value.strip())
    minutes = days * 24 * 60 + seconds // 60
    if not 0 <= minutes <= limits.ESTIMATE_MINUTES:
        raise ValueError("an estimate is 0 minutes to 10 years")
    reader.fields["estimate_minutes"] = minutes


def _attendee(reader: Reader, found: Property) -> None:
    scheme, _, address = found.value.strip().partition(":")
    if scheme.lower() != "mailto":
        raise ValueError("only a mailto: address can be a member here")
    reader.add("assignees", [msgspec.convert(address, User)])


def _related(reader: Reader, found: Property) -> None:
    kind, other = found.parameter("RELTYPE", "PARENT").upper(), found.text.strip()
    if kind == "PARENT":
        reader.fields.setdefault("parent", other)
    elif kind == "CHILD":
        reader.add("children", [other])
    elif kind == "DEPENDS-ON":
        reader.add("links", [(LinkType.BLOCKED_BY, other)])
    elif kind == "SIBLING":
        reader.add("links", [(LinkType.RELATES, other)])
    else:
        raise ValueError(f"{kind[:32]!r} is a relation that has no counterpart here")


def _item(reader: Reader, found: Property) -> None:
    number = len(reader.fields.get("checklist", ()))
    if number >= limits.CHECKLIST_ITEMS:
        raise ValueError(f"a checklist has at most {limits.CHECKLIST_ITEMS} items")
    given = found.parameter(X_ID)
    name = given if ID.fullmatch(given) else derived(str(number), found.text)
    done = found.parameter(X_DONE).upper() == "TRUE"
    reader.add("checklist", [ChecklistItem(name, found.text, done)])


def _remark(reader: Reader, found: Property) -> None:
    if found.text.strip():
        given = found.parameter(X_ID)
        name = given if ID.fullmatch(given) else derived(found.text)
        reader.add("remarks", [Remark(found.line, name, found.text, found.parameter(X_AUTHOR))])


def _kept(reader: Reader, found: Property) -> None:
    one = msgspec.json.decode(found.text, type=Kept)
    reader.add("alarms", [Alarm(found.line, one.id, one.trigger, one.repeat, one.user)])


def _named(name: str) -> Callable[[Reader, Property], None]:
    def read(reader: Reader, found: Property) -> None:
        text = checks.NOT_IN_LINE.sub(" ", found.text).strip()[: limits.NAME_CHARACTERS]
        if text:
            reader.fields[name] = Named(found.parameter(X_ID), text)

    return read


def _set(name: str, read: Callable[[Reader, Property], Any]) -> Callable[[Reader, Property], None]:
    def put(reader: Reader, found: Property) -> None:
        reader.fields[name] = read(reader, found)

    return put


READ: Final[dict[str, Callable[[Reader, Property], None]]] = {
    "SUMMARY": _title,
    "DESCRIPTION": _set("description", lambda _, found: found.text),
    "CATEGORIES": _labels,
    "STATUS": _status,
    "PRIORITY": _set("priority", lambda _, found: priority_of(_number(found.value, 9))),
    "DUE": _set("due", Reader.when),
    "DTSTART": _set("start", Reader.when),
    X_START: _set("start", Reader.when),
    X_ESTIMATE: _estimate,
    "ESTIMATED-DURATION": _estimate,
    X_ORDER: _set("order", lambda _, found: msgspec.convert(found.text, Order)),
    X_ASSIGNEE: lambda reader, found: reader.add("assignees", [msgspec.convert(found.text, User)]),
    "ATTENDEE": _attendee,
    "RELATED-TO": _related,
    X_LINK: lambda reader, found: reader.add("links", [(LinkType(found.parameter(X_TYPE)), found.text)]),
    X_CHECKLIST: _item,
    "COMMENT": _remark,
    X_REMINDER: _kept,
    X_PROJECT: _named("project"),
    X_SECTION: _named("section"),
}
