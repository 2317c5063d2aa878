"""Lines of a calendar file to components, and the bounds of both (RFC 5545, 3.1).

The library reads names and parameters; values stay as they are, for how they are escaped depends on their type. Its own
parser of whole calendars is not used: it computes with whatever time zones a file defines and keeps them for the whole
process, and knows no line numbers. What cannot be read spoils its own component, never the file.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from icalendar.parser import Contentline

from tasksys.ical import bounds

BREAK: Final = re.compile(r"\r?\n|\r")
HEAD: Final = re.compile(r'(?:[^":]|"[^"]*")*:')
ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
COMMA: Final = re.compile(r"(?:[^\\,]|\\.)*", re.DOTALL)


class NotACalendar(ValueError):
    """The file as a whole cannot be taken; the message says why, and where."""


@dataclass(frozen=True, slots=True)
class Property:
    """A line: its number in the file, its name in capitals, its parameters, and its value as it stands there."""

    line: int
    name: str
    parameters: dict[str, str]
    value: str

    @property
    def text(self) -> str:
        """The value as text."""
        return unescaped(self.value)

    @property
    def texts(self) -> tuple[str, ...]:
        """The value as a list of texts."""
        return tuple(unescaped(part) for part in split(self.value))

    def parameter(self, name: str, default: str = "") -> str:
        """A parameter's value, the first if there are several."""
        return self.parameters.get(name, default)


@dataclass(slots=True)
class Component:
    """A component: the number of its first line, its name in capitals, and what is in it.

    `broken` says of lines that could not be read where they are and why.
    """

    line: int
    name: str
    properties: list[Property] = field(default_factory=list)
    components: list["Component"] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def all(self, name: str) -> Iterator[Property]:
        """The properties of that name."""
        return (one for one in self.properties if one.name == name)

    def first(self, name: str) -> Property | None:
        """The first property of that name."""
        return next(self.all(name), None)

    def within(self, name: str) -> Iterator["Component"]:
        """The components of that name directly in it."""
        return (one for one in self.components if one.name == name)


def unescaped(value: str) -> str:
    """A text as it was before it was escaped (3.3.11)."""
    return ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value) if "\\" in value else value


def escaped(text: str) -> str:
    """A text as it stands in a file."""
    for plain, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\\n"), ("\n", "\\n"), ("\r", "\\n")):
        text = text.replace(plain, written)
    return text


def split(value: str) -> list[str]:
    """The parts of a list of texts, still escaped."""
    parts, place = [], 0
    while True:
        found = COMMA.match(value, place)
        end = found.end() if found else place
        parts.append(value[place:end])
        if end >= len(value):
            return parts
        place = end + 1


def text_of(raw: bytes) -> str:
    """The file's text. NotACalendar if it is too large or not in UTF-8."""
    if len(raw) > bounds.FILE_BYTES:
        raise NotACalendar(f"the file has more than {bounds.FILE_BYTES:,} bytes; import it in parts")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise NotACalendar(f"line {line} is not in UTF-8; save the file in that encoding") from error


def calendars(text: str) -> Iterator[Component | None]:
    """The calendars of a file, each once it is complete; None in between, after every line, so that others have turns.

    NotACalendar if components are not closed, lie too deep or are too many, or if there is no calendar at all.
    """
    stack: list[Component] = []
    components = found = 0
    for number, line in _lines(text):
        yield None
        name, _, kind = line.partition(":")
        word = name.strip().upper()
        if word == "BEGIN":
            components += 1
            stack.append(Component(number, kind.strip().upper()[:64]))
            _bounded(stack, components)
        elif word == "END":
            if not stack or stack[-1].name != kind.strip().upper()[:64]:
                raise NotACalendar(f"line {number} ends {kind.strip()[:64]!r}, which is not what began last")
            done = stack.pop()
            if stack:
                stack[-1].components.append(done)
            elif done.name == "VCALENDAR":
                found += 1
                yield done
        elif stack:
            _read(stack[-1], number, line)
        else:
            raise NotACalendar(f"line {number} is in no calendar; a file begins with BEGIN:VCALENDAR")
    if stack:
        raise NotACalendar(f"the {stack[-1].name} of line {stack[-1].line} does not end; the file was cut off")
    if not found:
        raise NotACalendar("there is no BEGIN:VCALENDAR in it; is it an iCalendar file?")


def _bounded(stack: list[Component], components: int) -> None:
    if len(stack) > bounds.DEPTH:
        raise NotACalendar(f"line {stack[-1].line}: components lie more than {bounds.DEPTH} deep in each other")
    if components > bounds.COMPONENTS:
        raise NotACalendar(f"there are more than {bounds.COMPONENTS:,} components; import the file in parts")
    if len(stack) == 1 and stack[0].name != "VCALENDAR":
        raise NotACalendar(f"line {stack[0].line} begins {stack[0].name!r}; a file begins with BEGIN:VCALENDAR")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, unfolded, each with its number."""
    number, place, lines = 1, 0, 0
    while place < len(text):
        start, begun, folds = place, number, []
        while True:
            found = BREAK.search(text, place)
            end = found.start() if found else len(text)
            folds.append(text[start:end])
            number, place = number + 1, found.end() if found else len(text)
            lines += 1
            if lines > bounds.LINES:
                raise NotACalendar(f"there are more than {bounds.LINES:,} lines; import the file in parts")
            if place >= len(text) or text[place] not in " \t":
                break
            place += 1
            start = place
        line = "".join(folds)
        if line.strip():
            yield begun, line


def _read(component: Component, number: int, line: str) -> None:
    """Adds the line to the component's properties, or says why it cannot be read."""
    if len(component.properties) + len(component.broken) >= bounds.PROPERTIES:
        raise NotACalendar(f"the {component.name} of line {component.line} has more than {bounds.PROPERTIES:,} lines")
    head = HEAD.match(line, 0, bounds.HEAD_CHARACTERS)
    if head is None:
        component.broken.append(f"line {number} has no name that ends in a colon, or too long a one")
        return
    value = line[head.end() :]
    if len(value) > bounds.VALUE_CHARACTERS:
        component.broken.append(f"line {number} has more than {bounds.VALUE_CHARACTERS:,} characters")
        return
    try:
        name, found, _ = Contentline(f"{line[: head.end()]}x").raw_parts()  # type: ignore[no-untyped-call]
    except (ValueError, AssertionError):
        component.broken.append(f"line {number} has a name or parameters that cannot be read")
        return
    parameters = {str(key).upper(): one if isinstance(one, str) else str(one[0]) for key, one in found.items()}
    component.properties.append(Property(number, str(name).upper(), parameters, value))
