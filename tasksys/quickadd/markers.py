"""What is marked: `#project`, `%label`, `@member`, `!high`, `~30m`; and `p1`, `for 2h`."""

import re
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from tasksys import limits
from tasksys.query.folding import caseless
from tasksys.quickadd.clock import compact_minutes
from tasksys.quickadd.readings import Assignee, Estimate, Kind, Label, Place, Reading
from tasksys.quickadd.words import BEFORE, MARKED, Line
from tasksys.values import Priority

NUMBERED: Final = {"p1": Priority.URGENT, "p2": Priority.HIGH, "p3": Priority.MEDIUM, "p4": Priority.LOW}
PRIORITIES: Final = {
    f"!{name}": one
    for name, one in ({one.value: one for one in Priority if one is not Priority.NONE} | NUMBERED).items()
}
USER: Final = re.compile(r"[A-Za-z][A-Za-z0-9._@+:|-]{0,127}", re.ASCII)
BARE_NAME: Final = re.compile(r"[^\W\d_][\w&'’.+-]*|\d+[^\W\d_][\w&'’.+-]*")
"""A name that needs no quotes; `#123` is the number of something."""
PARTS: Final = re.compile(r'("(?:[^"\\]|\\.)+"|[^"/]+)(?:/("(?:[^"\\]|\\.)+"|[^"/]+))?', re.DOTALL)
IN_QUOTES: Final = re.compile(r'"(?:[^"\\]|\\.)+"', re.DOTALL)
ESCAPED: Final = re.compile(r'\\(["\\])')
SHORTEST_LABEL: Final = 2
"""Characters of a name behind %: in `%s` and `%d` that is not what it means."""


class Named(Struct, frozen=True):
    """Something with an id and a name; of a project also its sections."""

    id: str
    name: str
    sections: tuple["Named", ...] = ()


class Names(Struct, frozen=True):
    """What there is to be named. None: it is not known, and any name will do; then a #name is a label."""

    projects: tuple[Named, ...] | None = None
    members: tuple[str, ...] | None = None
    me: str | None = None


def read_mark(line: Line, place: int, names: Names) -> Reading | None:
    """What the word there says by its first character."""
    raw = line.raw(place)
    kind, meant = _marked(raw, names)
    return None if meant is None else Reading(kind, place, place + 1, meant, certain=True)


def _marked(raw: str, names: Names) -> tuple[Kind, Priority | Place | Label | Assignee | Estimate | None]:
    match raw[:1]:
        case "!":
            return Kind.PRIORITY, PRIORITIES.get(raw.lower())
        case "#":
            place = _place(raw, names)
            return (Kind.PROJECT if isinstance(place, Place) else Kind.LABEL), place
        case "%":
            name = _whole(raw)
            return Kind.LABEL, None if name is None or len(name) < SHORTEST_LABEL else _label(name)
        case "@":
            return Kind.ASSIGNEE, _member(raw[1:], names)
        case "~":
            return Kind.ESTIMATE, _estimate(raw[1:].lower())
        case _:
            return Kind.LABEL, None


def _whole(raw: str) -> str | None:
    """The name behind the mark, without its quotes; None if it is none."""
    body = raw[1:]
    if IN_QUOTES.fullmatch(body):
        return unquoted(body)
    if '"' in body or not all(BARE_NAME.fullmatch(part) for part in body.split("/", 1)):
        return None
    return body


def unquoted(text: str) -> str:
    """What stands in straight quotes, as it is meant; other text as it is."""
    return ESCAPED.sub(r"\1", text[1:-1]) if text.startswith('"') and text.endswith('"') and len(text) > 1 else text


def _place(raw: str, names: Names) -> Place | Label | None:
    """The project of that name, or its section; else a label. What could be several projects is none of them."""
    if MARKED.fullmatch(raw) is None:
        return None
    whole, parts = _whole(raw), PARTS.fullmatch(raw[1:])
    if whole is not None:
        found = _named(whole, names.projects or ())
        if found:
            return Place(found[0].id, None, f"project {found[0].name}") if len(found) == 1 else None
    if parts is not None and parts[2] is not None:
        project, section = unquoted(parts[1]), unquoted(parts[2])
        found = _named(project, names.projects or ())
        inner = _named(section, found[0].sections) if len(found) == 1 else ()
        if len(inner) == 1:
            said = f"project {found[0].name}, section {inner[0].name}"
            return Place(found[0].id, inner[0].id, said)
        if found:
            return None
    return None if whole is None else _label(whole, names.projects is not None)


def _named(name: str, things: Iterable[Named]) -> tuple[Named, ...]:
    wanted = caseless(name)
    return tuple(one for one in things if caseless(one.name) == wanted)


def _label(name: str, no_project: bool = False) -> Label | None:
    return Label(name, no_project) if name.strip() and len(name) <= limits.LABEL_CHARACTERS else None


def _member(name: str, names: Names) -> Assignee | None:
    """The member of that id, in any case, or the one whose address begins so: `@anna` is anna@example.com."""
    if not USER.fullmatch(name):
        return None
    if name.lower() == "me" and names.me is not None:
        return Assignee(names.me)
    if names.members is None:
        return None if name.lower() == "me" else Assignee(name)
    lower = name.lower()
    found = (
        [one for one in names.members if one == name]
        or [one for one in names.members if one.lower() == lower]
        or [one for one in names.members if one.lower().partition("@")[0] == lower]
    )
    return Assignee(found[0]) if len(found) == 1 else None


def _estimate(text: str) -> Estimate | None:
    minutes = compact_minutes(text)
    return None if minutes is None or minutes > limits.ESTIMATE_MINUTES else Estimate(minutes)


def read_unmarked(line: Line, place: int) -> Reading | None:
    """`p1` to `p4`, and `for 2h`; "for 2 hours" may be what is to be done, and stays."""
    word, before = line.at(place), line.before(place)
    if word in NUMBERED and line.raw(place) == word and before not in BEFORE:
        return Reading(Kind.PRIORITY, place, place + 1, NUMBERED[word])
    if word == "for" and (estimate := _estimate(line.then(place + 1))) is not None:
        return Reading(Kind.ESTIMATE, place, place + 2, estimate)
    return None
