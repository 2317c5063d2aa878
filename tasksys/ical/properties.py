"""What each property of a VTODO says, and how it is read; what is wrong with one is said by a ValueError."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tasksys import checks, durations, limits
from tasksys.ical.lines import Property
from tasksys.ical.todo import READ_STATUSES, STATUSES, Alarm, Named, Remark, priority_of
from tasksys.ical.todos import (
    X_ASSIGNEE,
    X_AUTHOR,
    X_CHECKLIST,
    X_DONE,
    X_ESTIMATE,
    X_FIELDS,
    X_ID,
    X_LINK,
    X_ORDER,
    X_PROJECT,
    X_REMINDER,
    X_SECTION,
    X_START,
    X_STATUS,
    X_TYPE,
    X_UID,
    Kept,
)
from tasksys.ical.uids import ID, derived
from tasksys.rows import ChecklistItem
from tasksys.values import LinkType, Order, Status, User, When

if TYPE_CHECKING:
    from tasksys.ical.reading import Reader

SILENT: Final = frozenset(
    {"UID", "DTSTAMP", "CREATED", "LAST-MODIFIED", "SEQUENCE", "CLASS", "TRANSP", "PERCENT-COMPLETE", "COMPLETED"}
    | {"ORGANIZER", "RECURRENCE-ID", "RRULE", "RDATE", "EXDATE", "DURATION", "REQUEST-STATUS", "COLOR"}
)
"""What is read elsewhere, or says nothing of the task itself."""

NAMED: Final = {"URL": "URL", "LOCATION": "Location", "CONTACT": "Contact", "ATTACH": "Attachment", "GEO": "Place"}
"""What we have no field for, and put at the end of the description."""


def _when(reader: "Reader", found: Property) -> When:
    return reader.when(found)


def _title(reader: "Reader", found: Property) -> None:
    text = " ".join(checks.NOT_IN_LINE.sub(" ", found.text).split(" ")).strip()
    if len(text) > limits.TITLE_CHARACTERS:
        reader.note(found.line, f"SUMMARY was cut to {limits.TITLE_CHARACTERS} characters")
        text = text[: limits.TITLE_CHARACTERS].strip()
    if text:
        reader.fields["title"] = text


def _labels(reader: "Reader", found: Property) -> None:
    for text in found.texts:
        label = checks.NOT_IN_LINE.sub(" ", text).strip()
        if label and label not in reader.fields.get("labels", ()):
            if len(label) > limits.LABEL_CHARACTERS or len(reader.fields.get("labels", ())) >= limits.LABELS_PER_TASK:
                raise ValueError(
                    f"a task has at most {limits.LABELS_PER_TASK} labels of {limits.LABEL_CHARACTERS} characters"
                )
            reader.add("labels", [label])


def _status(reader: "Reader", found: Property) -> None:
    word = found.value.strip().upper()
    if word not in READ_STATUSES:
        raise ValueError(f"{word[:32]!r} is none of {', '.join(READ_STATUSES)}")
    if reader.fields.get("status") not in PASSED:
        reader.fields["status"] = READ_STATUSES[word]


def _passed(reader: "Reader", found: Property) -> None:
    """What was skipped or missed, unless another program has set it to something else since."""
    status, word = Status(found.text), reader.component.first("STATUS")
    if status in PASSED and word is not None and word.value.strip().upper() == STATUSES[status]:
        reader.fields["status"] = status


PASSED: Final = (Status.SKIPPED, Status.MISSED)


def _number(text: str, most: int) -> int:
    if not text.strip().isascii() or not text.strip().isdigit() or len(text.strip()) > 9:
        raise ValueError(f"{text[:32]!r} is no number")
    return min(int(text), most)


def _estimate(reader: "Reader", found: Property) -> None:
    days, seconds = durations.parse(found.value.strip())
    minutes = days * 24 * 60 + seconds // 60
    if not 0 <= minutes <= limits.ESTIMATE_MINUTES:
        raise ValueError("an estimate is 0 minutes to 10 years")
    reader.fields["estimate_minutes"] = minutes


def _attendee(reader: "Reader", found: Property) -> None:
    scheme, _, address = found.value.strip().partition(":")
    if scheme.lower() != "mailto":
        raise ValueError("only a mailto: address can be a member here")
    reader.add("assignees", [msgspec.convert(address, User)])


def _related(reader: "Reader", found: Property) -> None:
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


def _item(reader: "Reader", found: Property) -> None:
    number = len(reader.fields.get("checklist", ()))
    if number >= limits.CHECKLIST_ITEMS:
        raise ValueError(f"a checklist has at most {limits.CHECKLIST_ITEMS} items")
    given = found.parameter(X_ID)
    name = given if ID.fullmatch(given) else derived(str(number), found.text)
    done = found.parameter(X_DONE).upper() == "TRUE"
    reader.add("checklist", [ChecklistItem(name, found.text, done)])


def _remark(reader: "Reader", found: Property) -> None:
    if found.text.strip():
        given = found.parameter(X_ID)
        name = given if ID.fullmatch(given) else derived(found.text)
        reader.add("remarks", [Remark(found.line, name, found.text, found.parameter(X_AUTHOR))])


def _kept(reader: "Reader", found: Property) -> None:
    one = msgspec.json.decode(found.text, type=Kept)
    reader.add("alarms", [Alarm(found.line, one.id, one.trigger, one.repeat, one.user, channels=one.channels)])


def _named(name: str) -> Callable[["Reader", Property], None]:
    def read(reader: "Reader", found: Property) -> None:
        text = checks.NOT_IN_LINE.sub(" ", found.text).strip()[: limits.NAME_CHARACTERS]
        if text:
            reader.fields[name] = Named(found.parameter(X_ID), text)

    return read


def _set(name: str, read: Callable[["Reader", Property], Any]) -> Callable[["Reader", Property], None]:
    def put(reader: "Reader", found: Property) -> None:
        reader.fields[name] = read(reader, found)

    return put


READ: Final[dict[str, Callable[["Reader", Property], None]]] = {
    "SUMMARY": _title,
    "DESCRIPTION": _set("description", lambda _, found: found.text),
    "CATEGORIES": _labels,
    "STATUS": _status,
    X_STATUS: _passed,
    X_FIELDS: _set("own", lambda _, found: tuple(found.value.split(",")[:10])),
    X_UID: _set("alias", lambda _, found: found.text),
    "PRIORITY": _set("priority", lambda _, found: priority_of(_number(found.value, 9))),
    "DUE": _set("due", _when),
    "DTSTART": _set("start", _when),
    X_START: _set("start", _when),
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
