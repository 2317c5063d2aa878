"""From the fields of a request to a typed command; what is wrong with them is said in sentences, all of it at once."""

import re
from collections.abc import Iterator
from enum import StrEnum
from http import HTTPStatus
from itertools import islice
from typing import Any, Final, TypeVar

import msgspec
from msgspec import structs

from tasksys import limits
from tasksys.commands import (
    Command,
    CreateProject,
    CreateTask,
    EditProject,
    EditTask,
    EditWorkspace,
    MoveTask,
    SetChannel,
    Undo,
)
from tasksys.refusals import FieldError
from tasksys.values import ChannelKind, LinkType, Priority, Role, Status
from views.problems import Problem, invalid

C = TypeVar("C", bound=Command)

LOOKED_UP: Final[dict[type[Any], tuple[str, ...]]] = {
    Undo: ("events",), MoveTask: ("gap",), SetChannel: ("sealed", "marks"),
}  # fmt: skip
"""Commands that are decided by facts which the server looks up, and the fields for them."""

ERRORS: Final = 50
"""Wrong fields that one answer names at most."""

CHOICES: Final[dict[str, type[StrEnum]]] = {
    "role": Role, "status": Status, "priority": Priority, "link": LinkType, "kind": ChannelKind,
}  # fmt: skip
NUMBERS: Final = {
    "estimate_minutes": f"a whole number from 0 to {limits.ESTIMATE_MINUTES}",
    "reminder_hour": "a whole number from 0 to 23",
    "expected_version": "a whole number, 0 or more",
    "position": "a whole number, 1 or more",
}
WHEN: Final = 'an object such as {"date": "2026-03-08"} or {"local": "2026-03-08T09:00", "zone": "Europe/Berlin"}'
OBJECTS: Final = {"due": WHEN, "start": WHEN, "quiet_hours": 'an object such as {"from": "22:00", "to": "07:00"}'}
KINDS: Final = {
    "str": "a text", "array": "a list", "object": "an object", "bool": "true or false", "int": "a whole number",
}  # fmt: skip
PATTERNS: Final = (
    ("[0-9]{2}(T", "the time that the rule gave the occurrence, such as 2026-03-08 or 2026-03-08T09:00"),
    ("{1,64}$", "1 to 64 of the characters A-Z a-z 0-9 _ -"),
    ("{1,128}$", "a user's id: 1 to 128 of the characters A-Z a-z 0-9 . _ @ + : | -"),
    ("{0,255}", "a place in the order: 1 to 256 of the characters 0-9 A-Z a-z, of which the last is not 0"),
)
READ_ONLY: Final[dict[type[Any], dict[str, str]]] = {
    EditTask: {
        "checklist": "POST, PATCH or DELETE below the task's /checklist changes it",
        "links": "POST to the task's /links, or DELETE below it, changes them",
        "comments": "POST, PATCH or DELETE below the task's /comments changes them",
        "trashed": "DELETE of the task, and POST to its /restore, change it",
        "trashed_at": "DELETE of the task, and POST to its /restore, change it",
        "completed_at": "the status, or POST to the task's /complete, changes it",
        "version": "every change does; to insist on one, send If-Match",
    },
    EditProject: {
        "sections": "POST to the project's /sections, and PATCH or DELETE below it, change them",
        "trashed_at": "DELETE of the project, and POST to its /restore, change it",
        "version": "every change does; to insist on one, send If-Match",
    },
    EditWorkspace: {
        "members": "PUT and DELETE of /members/{user} below the workspace change it",
        "role": "PUT of /members/{user} below the workspace changes it",
        "version": "every change does; to insist on one, send If-Match",
    },
}
"""What an answer shows, but an edit does not take, and what changes it instead."""

AS_EDITED: Final[dict[type[Any], type[Any]]] = {CreateTask: EditTask, CreateProject: EditProject}

SET_BY_SERVER: Final = {
    "created_at",
    "updated_at",
    "created_by",
    "position",
    "workspace",
    "series",
    "original",
    "postponed",
    "edited_at",
    "author",
}


def read(command: type[C], fields: dict[str, Any]) -> C:
    """The typed command of those fields; a problem that points to each field that is wrong."""
    try:
        found: C = msgspec.convert({**fields, "type": command.__name__}, command)
    except (msgspec.ValidationError, RecursionError) as error:
        errors = tuple(islice(_errors(command, fields), ERRORS))
        if not errors:
            raise wrong_field(str(error)) from error
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", errors[0].detail, errors) from error
    for looked_up in LOOKED_UP.get(command, ()):
        if looked_up in fields:
            raise invalid(f"/{looked_up}", "The server looks this up; leave it out.")
    return found


def _errors(command: type[C], fields: dict[str, Any]) -> Iterator[FieldError]:
    """What is wrong, field by field."""
    known = {field.name: field for field in structs.fields(command)}
    for name, value in fields.items():
        if name == "type":
            continue
        if name not in known:
            yield FieldError(f"/{_escaped(name)}", _unknown(name, command))
            continue
        try:
            msgspec.convert(value, known[name].type)
        except msgspec.ValidationError as error:
            yield wrong_field(str(error), f"/{_escaped(name)}").errors[0]
        except RecursionError:
            yield FieldError(f"/{_escaped(name)}", "This is nested too deeply; give a value of this field.")
    for name, field in known.items():
        if field.required and name not in fields:
            yield FieldError(f"/{name}", f"This is required: {name}.")


def wrong_field(message: str, prefix: str = "") -> Problem:
    """A decoder's message as a problem with a JSON pointer."""
    detail, _, path = message.partition(" - at `")
    unknown = re.search(r"unknown field `(.*)`", detail, re.DOTALL)
    missing = re.search(r"missing required field `(.*)`", detail)
    pointer = prefix + re.sub(r"\[(\d+|\.\.\.)\]", r"/\1", path.rstrip("`").removeprefix("$")).replace(".", "/")
    if unknown:
        pointer, detail = f"{pointer}/{_escaped(unknown[1])}", _unknown(unknown[1], None)
    elif missing:
        pointer, detail = f"{pointer}/{missing[1]}", f"This is required: {missing[1]}."
    else:
        detail = _sentence(detail, pointer)
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", detail, (FieldError(pointer, detail),))


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _unknown(name: str, command: type[Any] | None) -> str:
    elsewhere = READ_ONLY.get(AS_EDITED.get(command, command), {}).get(name) if command else None
    if elsewhere is not None:
        return f"{name!r} is read-only here: {elsewhere}; leave it out."
    if command and name in SET_BY_SERVER:
        return f"{name!r} is read-only, for the server sets it; leave it out."
    return f"There is no field {name[:64]!r} here; check its name, or leave it out."


def _sentence(message: str, pointer: str) -> str:
    """What to give instead, for a decoder's message about a value."""
    name = next((part for part in reversed(pointer.split("/")) if part and not part.isdigit()), "")
    if message.endswith("got `null`"):
        return "This cannot be null, for it is never empty; give a value, or leave it out."
    or_null = " or null" if "null`" in message.partition(", got")[0] else ""
    whole = not pointer.endswith(tuple("0123456789."))
    if whole and name in CHOICES:
        return f"Give one of {', '.join(CHOICES[name])}{or_null}."
    if "matching regex" in message:
        return next((f"Give {words}." for part, words in PATTERNS if part in message), "This does not look as it must.")
    wanted = re.match(r"Expected `(\w+)", message)
    if wanted is None:
        return f"{message}; /api/docs says what to give here."
    kind = wanted[1]
    if kind == "int" and name in NUMBERS:
        return f"Give {NUMBERS[name]}{or_null}."
    if kind == "int" and (bound := re.search(r"([<>])= (-?\d+)$", message)):
        return f"Give a whole number, {bound[2]} or {'more' if bound[1] == '>' else 'less'}{or_null}."
    said = OBJECTS.get(name) if kind == "object" else None
    return f"Give {said or KINDS.get(kind, 'what /api/docs says here')}{or_null}."
