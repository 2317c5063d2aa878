"""A calendar of tasks: its head, the time zones that its values are in, and a component for each task."""

from collections.abc import Iterator
from enum import StrEnum
from itertools import takewhile
from typing import Final

from icalendar import Calendar, Component

from tasksys.ical import bounds, times
from tasksys.ical.events import event
from tasksys.ical.series import WholeSeries, components, next_ones
from tasksys.ical.todos import Whole, todo
from tasksys.ical.writing import put, written
from tasksys.rows import Workspace
from tasksys.state import State
from tasksys.values import When

PRODUCT: Final = "-//tasksys//tasksys//EN"
END: Final = b"END:VCALENDAR\r\n"
X_LEFT_OUT: Final = "X-TASKSYS-LEFT-OUT"
"""How many tasks are not in it."""


class View(StrEnum):
    """What tasks are shown as."""

    TODOS = "todos"
    EVENTS = "events"


class Feed:
    """A calendar that grows task by task, up to `bounds.FEED_BYTES`, as one user sees it."""

    def __init__(self, workspace: Workspace, user: str, view: View, left_out: int = 0) -> None:
        self._workspace, self._user, self._view, self._left_out = workspace, user, view, left_out
        self._parts: list[bytes] = []
        self._size = 0
        self._full = False
        self._values: list[When] = []

    def add(self, whole: Whole) -> None:
        """Adds the task, or counts it as left out where there is no room."""
        make = todo if self._view is View.TODOS else event
        made = make(whole, self._workspace.id, self._user)
        if made is not None:
            self._add(made, [whole.task.start, whole.task.due])

    def add_series(self, whole: WholeSeries, state: State) -> Iterator[None]:
        """Adds the series with what is different of its occurrences; or its next ones, where they are events.

        Lazily, so that others have turns between any two. After something had no room, none is made.
        """
        if self._full:
            self._left_out += 1
            return
        if self._view is View.TODOS:
            times = [one.due for one in whole.series.overrides]
            for one in components(whole, self._workspace.id, self._user):
                self._add(one, [whole.series.anchor, *times])
                yield
            return
        coming = next_ones(whole.series, [gone.original for gone in whole.gone], state)
        for one_of_them in takewhile(lambda _: not self._full, coming):
            self.add(one_of_them)
            yield

    def _add(self, made: Component, values: list[When | None]) -> None:
        part = written(made)
        if self._size + len(part) > bounds.FEED_BYTES:
            self._left_out, self._full = self._left_out + 1, True
            return
        self._parts.append(part)
        self._size += len(part)
        self._values += [one for one in values if one is not None]

    def whole(self) -> bytes:
        """The calendar."""
        zones = (times.timezone(name, *years) for name, years in sorted(times.spans(self._values).items()))
        return b"".join((_head(self._workspace, self._left_out), *zones, *self._parts, END))


def _head(workspace: Workspace, left_out: int) -> bytes:
    """The beginning. NAME and REFRESH-INTERVAL are of RFC 7986; what begins with X- is what programs read."""
    made = Calendar()
    for key, value in (("VERSION", "2.0"), ("PRODID", PRODUCT), ("CALSCALE", "GREGORIAN")):
        put(made, key, value, raw=True)
    for key, value in (
        ("NAME", workspace.name),
        ("X-WR-CALNAME", workspace.name),
        ("X-WR-TIMEZONE", workspace.time_zone),
    ):
        put(made, key, value)
    put(made, "REFRESH-INTERVAL", "PT15M", {"VALUE": "DURATION"}, raw=True)
    put(made, "X-PUBLISHED-TTL", "PT15M", raw=True)
    if left_out:
        put(made, X_LEFT_OUT, str(left_out), raw=True)
    return written(made).removesuffix(END)
