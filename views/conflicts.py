"""The events that stand in the way of a command: what happened since to the task, project or workspace it is about."""

from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

import msgspec

from tasksys import codec
from tasksys.events import EventRecord
from views.ports import HistoryReader

SHOWN: Final = 50
"""Events shown at most as the reason of a conflict."""

SCANNED: Final = 2_000
"""Events of a workspace looked at for those of one project, or of the workspace itself: there is no index of them."""


class Since(NamedTuple):
    """What is asked for: of a task, else a project, else the workspace; after a position, else after a version."""

    task: str | None
    project: str | None
    version: int
    position: int


class _OfProject(msgspec.Struct):
    project: str | None = None


def project_of(event: EventRecord) -> str | None:
    """The project that an event is about; None for one about a task, or the workspace and its members."""
    return msgspec.json.decode(event.data, type=_OfProject).project if event.task is None else None


def conflicts(history: HistoryReader, workspace: str, since: Since) -> list[msgspec.Raw]:
    """The events since then, in order; of a task the oldest, of anything else the newest, if there are many."""
    if since.task is not None:
        if since.position:
            found = history.of_task(workspace, since.task, since.position)
        else:
            found = history.of_task_since(workspace, since.task, since.version)
        return [msgspec.Raw(stored.event) for _, stored in islice(found, SHOWN)]
    newest = [*islice(_newest(history, workspace, since), SHOWN)]
    return newest[::-1]


def _newest(history: HistoryReader, workspace: str, since: Since) -> Iterator[msgspec.Raw]:
    for position, stored in islice(history.newest(workspace), SCANNED):
        if position <= since.position:
            return
        event = codec.decode_event(stored.event)
        if event.task is not None or project_of(event) != since.project:
            continue
        if event.version is not None and event.version <= since.version:
            return
        yield msgspec.Raw(stored.event)
