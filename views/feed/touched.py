"""Which rows events have touched: for who resumes from a position and asks what has become of things since."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from tasksys import codec
from tasksys.events import OF_FILTERS
from tasksys.rows import Comment, Member, Project, Reminder, Row, SavedFilter, Series, Task, Workspace
from tasksys.state import Key, State

_data = msgspec.json.Decoder(dict[str, Any]).decode

MEMBERS: Final = ("MemberAdded", "MemberRoleChanged", "MemberRemoved")
"""Events of members; other events name users too."""


def touched(stored: Iterable[bytes]) -> Iterator[Key]:
    """The rows that events touched, some more than once. It may be more than were changed, never less."""
    for event in map(codec.decode_event, stored):
        if event.task is not None:
            yield Task.kind, event.task
        data = _data(event.data)
        match event.type:
            case "WorkspaceCreated":
                yield Member.kind, data["owner"]
            case name if name in MEMBERS:
                yield Member.kind, data["user"]
            case "LinkAdded" | "LinkRemoved":
                yield Task.kind, data["other"]
        if isinstance(comment := data.get("comment"), str):
            yield Comment.kind, f"{event.task}/{comment}"
        if isinstance(project := data.get("project"), str):
            yield Project.kind, project
        if isinstance(series := data.get("series"), str):
            yield Series.kind, series
        if event.type in OF_FILTERS:
            yield SavedFilter.kind, data["saved"]
        for occurs in (data.get("occurs"), data.get("before"), data.get("after")):  # of a task, in a series
            if isinstance(occurs, dict) and isinstance(series := occurs.get("series"), str):
                yield Series.kind, series
        for name in ("reminder", "into"):
            reminder = data.get(name)
            if isinstance(reminder, dict):
                yield Reminder.kind, reminder["id"]
            elif isinstance(reminder, str) and event.type.startswith(("Reminder", "Delivery")):
                yield Reminder.kind, reminder


KINDS: Final[dict[str, type[Row]]] = {
    kind.kind: kind for kind in (Comment, Member, Project, Reminder, SavedFilter, Series, Task, Workspace)
}


def now(keys: Iterable[Key], state: State) -> dict[Key, Row | None]:
    """What those rows are now; with a task, the series that it is of, which its own events change too."""
    found: dict[Key, Row | None] = {}
    for kind, name in keys:
        row = found[kind, name] = state.get(KINDS[kind], name)
        if isinstance(row, Task) and row.series is not None:
            found[Series.kind, row.series] = state.series(row.series)
    return found
