"""Properties into the library's components, spelled exactly: it folds lines and quotes parameters.

What it makes of texts itself is not used: it takes a backslash before a capital N for a line break, and a UTC zone of
another name for UTC.
"""

from collections.abc import Mapping

from icalendar import Component, Parameters, vText

from tasksys.ical.lines import escaped


class Verbatim(vText):
    """A value that stands in the file as it is."""

    def to_ical(self) -> bytes:
        """The value."""
        return self.encode("utf-8")


def put(
    component: Component, name: str, value: str, parameters: Mapping[str, str] | None = None, raw: bool = False
) -> None:
    """Adds a property: a text, or with `raw` something that is spelled already."""
    made = Verbatim(value if raw else escaped(value))
    made.params = Parameters(parameters or {})
    component.add(name, made, encode=False)
