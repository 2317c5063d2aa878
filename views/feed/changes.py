"""What rows look like in messages: whole shapes, for everybody, or for the one user whom they belong to."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from tasksys import codec
from tasksys.rows import Comment, Firing, Member, Project, Reminder, Row, SavedFilter, Series, Task, Workspace
from tasksys.state import Key, State
from tasksys.values import Role
from views import series_shapes, shapes
from views.feed.protocol import Part, listed

STATE_BYTES: Final = 256 * 1024
"""About how large a message of state becomes; what is more goes in further ones."""

GONE: Final = {
    Member.kind: "member", Project.kind: "project", Task.kind: "task", Comment.kind: "comment",
    Reminder.kind: "reminder", Series.kind: "series", SavedFilter.kind: "filter",
}  # fmt: skip
"""How rows that are gone are called."""


class Changes(NamedTuple):
    """What a batch changed, as parts of messages. `own` are by user; the workspace's shape tells the caller's role.

    `private` are users with what they see of something, which to others is not there any more, if it ever was.
    """

    shared: list[Part]
    own: dict[str, list[Part]]
    private: list[tuple[str, Part, Part]]
    workspace: Workspace | None

    @property
    def owners(self) -> set[str]:
        """The users who are told something that others are not."""
        return {*self.own, *(user for user, _, _ in self.private)}

    def parts(self, user: str, role: Role) -> Iterator[Part]:
        """What one user is told."""
        if self.workspace is not None:
            yield "workspace", codec.encode_json(shapes.workspace(self.workspace, role))
        yield from self.shared
        yield from self.own.get(user, ())
        for owner, shown, gone in self.private:
            yield shown if owner == user else gone


def changes(name: str, changed: Mapping[Key, Row | None], state: State, workspace: Workspace | None) -> Changes:
    """The parts of what rows are now; `workspace` is its own row, where more than its position changed."""
    found = Changes([], {}, [], workspace)
    reminders = dict[str, Reminder]()
    for (kind, key), row in changed.items():
        match row:
            case None if kind in GONE:
                found.shared.append(_gone(kind, key))
            case Reminder():
                reminders[row.id] = row
            case Firing():  # it is shown with its reminder, if that is still there
                if row.reminder not in reminders and (reminder := state.reminder(row.reminder)):
                    reminders[reminder.id] = reminder
            case Member():
                found.shared.append(("members", codec.encode_json(shapes.member(row))))
            case Project():
                found.shared.append(("projects", codec.encode_json(shapes.project(row, name))))
            case Task():
                found.shared.append(("tasks", codec.encode_json(shapes.task(row, name, state))))
            case SavedFilter():
                part = ("filters", codec.encode_json(shapes.saved_filter(row, name)))
                if row.shared:
                    found.shared.append(part)
                else:
                    found.private.append((row.user, part, _gone(kind, key)))
            case Comment():
                found.shared.append(("comments", codec.encode_json(shapes.comment(row))))
            case Series():
                found.shared.append(("series", codec.encode_json(series_shapes.series(row, name, state))))
    for row in reminders.values():
        part = ("reminders", codec.encode_json(shapes.reminder(row, state)))
        found.own.setdefault(row.user, []).append(part)
    return found


def _gone(kind: str, key: str) -> Part:
    of, _, identifier = key.rpartition("/")
    return "removed", codec.encode_json({"kind": GONE[kind], "id": identifier} | ({"task": of} if of else {}))


def messages(parts: Iterable[Part], before: int, position: int) -> list[bytes]:
    """The messages that say what rows are as of a position, at least one.

    Where there are several, only the last has that position, the others the one before: who has lost some of them goes
    on from before all of them.
    """
    pages, size = [list[Part]()], 0
    for part in parts:
        if size >= STATE_BYTES:
            pages.append([])
            size = 0
        pages[-1].append(part)
        size += len(part[1])
    last = len(pages) - 1
    return [
        listed(b'{"op":"state","position":%d' % (position if number == last else before), page)
        for number, page in enumerate(pages)
    ]
