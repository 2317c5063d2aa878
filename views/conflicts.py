"""The events that stand in the way of a command: what happened since to what it is about."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, NamedTuple

import msgspec

from tasksys import codec
from tasksys.events import EventRecord
from views.ports import HistoryReader
from views.room import Room

SHOWN: Final = 50
"""Events shown at most as the reason of a conflict."""

BYTES: Final = 256 * 1024
"""Bytes of the events that one answer shows at most as the reason of conflicts; an edit of a text has up to 786 kB."""

SCANNED: Final = 2_000
"""Events of a workspace looked at for those of one project or series, or of itself: there is no index of them."""

SCANNED_BYTES: Final = 4 * 1024 * 1024
"""Bytes of them: 2,000 edits of long texts held everything else up for a second, for each command of a batch."""


class Since(NamedTuple):
    """What is asked for: of a task, else another thing, else the workspace; after a position, else a version."""

    task: str | None
    other: str | None
    version: int
    position: int


class _About(msgspec.Struct):
    project: str | None = None
    series: str | None = None
    saved: str | None = None


def about(event: EventRecord) -> str | None:
    """The project, series or filter that an event is about; None for a task, or the workspace and its members."""
    if event.task is not None:
        return None
    found = msgspec.json.decode(event.data, type=_About)
    return found.project or found.series or found.saved


def conflicts(history: HistoryReader, workspace: str, since: Since, room: Room) -> dict[str, Any]:
    """A problem's members: the events since then, in order, and how many of them are left out for want of room.

    Of a task the oldest are shown, of anything else the newest, if there are many.
    """
    if since.task is not None:
        if since.position:
            found = history.of_task(workspace, since.task, since.position)
        else:
            found = history.of_task_since(workspace, since.task, since.version)
        shown, left_out = room.fitting(stored.event for _, stored in islice(found, SHOWN))
    else:
        newest, left_out = room.fitting(islice(_newest(history, workspace, since), SHOWN))
        shown = newest[::-1]
    return {"conflicts": shown, "conflicts_left_out": left_out} if left_out else {"conflicts": shown}


def _newest(history: HistoryReader, workspace: str, since: Since) -> Iterator[bytes]:
    scanned = 0
    for position, stored in islice(history.newest(workspace), SCANNED):
        scanned += len(stored.event)
        if position <= since.position or scanned > SCANNED_BYTES:
            return
        event = codec.decode_event(stored.event)
        if event.task is not None or about(event) != since.other:
            continue
        if event.version is not None and event.version <= since.version:
            return
        yield stored.event
