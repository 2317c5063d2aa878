"""A workspace as it is at one position, in pages that no client has to take at once."""

from collections.abc import AsyncIterator
from typing import Final

from tasksys import codec, filters
from tasksys.rows import Member, Project, Reminder, SavedFilter, Series, Task
from tasksys.values import ReminderState, Role
from views import series_shapes, shapes
from views.export import inherited
from views.feed.protocol import Part, listed
from views.ports import System

PAGE_BYTES: Final = 128 * 1024
"""About how large a page becomes."""

LISTS: Final = ("members", "projects", "tasks", "series", "reminders", "filters")
SHOWN: Final = (ReminderState.PENDING, ReminderState.SNOOZED, ReminderState.FIRED)


class Snapshot:
    """One. It begins to be of its position when it is made, for the database is looked at as it is then."""

    def __init__(self, system: System, name: str, user: str, role: Role) -> None:
        reader = system.state
        self._name, self._user, self._over = name, user, reader.over
        self._state = reader.state(name)
        assert self._state.workspace is not None
        self.position = self._state.workspace.position
        self._workspace = codec.encode_json(shapes.workspace(self._state.workspace, role))
        # Every iterator sees the moment at which it is made: all are made here, before anything is awaited.
        self._projects, self._members = reader.all(name, Project), reader.all(name, Member)
        self._tasks, self._first, self._again = (reader.all(name, Task) for _ in range(3))
        self._filters = reader.all(name, SavedFilter)
        self._series, self._reminders = reader.all(name, Series), reader.all(name, Reminder)

    async def pages(self) -> AsyncIterator[bytes]:
        """The messages; the last one says that there are no more."""
        page: list[Part] = [("workspace", self._workspace)]
        size = 0
        async for part in self._parts():
            if size >= PAGE_BYTES:
                yield self._message(page, more=True)
                page, size = [], 0
            page.append(part)
            size += len(part[1])
        yield self._message(page, more=False)

    def _message(self, page: list[Part], more: bool) -> bytes:
        missing = set(LISTS) - {name for name, _ in page}
        empty = b"".join(b',"%b":[]' % name.encode() for name in sorted(missing))
        tail = b',"more":%b}' % (b"true" if more else b"false")
        return listed(b'{"op":"snapshot","position":%d' % self.position, page, empty + tail)

    async def _parts(self) -> AsyncIterator[Part]:
        over, name, state = self._over, self._name, self._state
        projects = [row async for row in over(self._projects)]
        then = await inherited(over, projects, self._first, self._again)
        for project in projects:
            yield "projects", codec.encode_json(shapes.project(project, name))
        async for member in over(self._members):
            yield "members", codec.encode_json(shapes.member(member))
        async for task in over(self._tasks):
            yield "tasks", codec.encode_json(shapes.task(task, name, then))
        async for series in over(self._series):
            yield "series", codec.encode_json(series_shapes.series(series, name, state))
        async for saved in over(self._filters):
            if filters.visible(saved, self._user):
                yield "filters", codec.encode_json(shapes.saved_filter(saved, name))
        async for reminder in over(self._reminders):
            if reminder.user == self._user and reminder.state in SHOWN:
                yield "reminders", codec.encode_json(shapes.reminder(reminder, state))
