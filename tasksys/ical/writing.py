"""Properties into the library's components, spelled exactly: it folds lines and quotes parameters.

What it makes of texts itself is not used: it takes a backslash before a capital N for a line break, and a UTC zone of
another name for UTC.
"""

from collections.abc import Mapping
from typing import Final

from icalendar import Component, Parameters, vText

from tasksys.ical.lines import escaped

SHORT: Final = 75
"""Octets of a line that needs no folding."""


class Verbatim(vText):
    """A value that stands in the file as it is."""

    def to_ical(self) -> bytes:
        """The value."""
        return self.encode("utf-8")


def written(component: Component) -> bytes:
    """The component as it stands in a file; the library looks at length for where to fold lines, also short ones."""
    lines = (line for line in component.content_lines(sorted=False) if line)
    spelled = (line.encode() if len(line) < SHORT and line.isascii() else line.to_ical() for line in lines)
    return b"".join(b"%b\r\n" % line for line in spelled)


def put(
    component: Component, name: str, value: str, parameters: Mapping[str, str] | None = None, raw: bool = False
) -> None:
    """Adds a property: a text, or with `raw` something that is spelled already."""
    made = Verbatim(value if raw else escaped(value))
    made.params = Parameters(parameters or {})
    component.add(name, made, encode=False)
