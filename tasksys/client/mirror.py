"""A workspace as one has been told that it is: what `Live.changes` gives, put together."""

from collections.abc import Callable
from typing import Final

from tasksys.client.messages import Json, Snapshot, State

KEYS: Final[dict[str, str]] = {
    "members": "user", "projects": "id", "tasks": "id", "comments": "id", "series": "id", "reminders": "id",
    "filters": "id",
}  # fmt: skip
"""The lists of messages, and the field by which their items are told apart."""

LISTS: Final = {
    "member": "members", "project": "projects", "task": "tasks", "comment": "comments", "series": "series",
    "reminder": "reminders", "filter": "filters",
}  # fmt: skip


def key_of(name: str, item: Json) -> str:
    """By what an item of a list is known: its id (a member's user); for a comment its task, a slash and its id."""
    key: str = item[KEYS[name]]
    return f"{item['task']}/{key}" if name == "comments" else key


class Mirror:
    """Resources as the HTTP API shows them, by `key_of`. `comments` are those told since."""

    def __init__(self) -> None:
        self.position = 0
        self.workspace: Json = {}
        self.members: dict[str, Json] = {}
        self.projects: dict[str, Json] = {}
        self.tasks: dict[str, Json] = {}
        self.comments: dict[str, Json] = {}
        self.series: dict[str, Json] = {}
        self.reminders: dict[str, Json] = {}
        self.filters: dict[str, Json] = {}

    def apply(self, message: Snapshot | State) -> None:
        """Takes over what a message says."""
        if isinstance(message, Snapshot):
            for name in KEYS:
                getattr(self, name).clear()
        if message.workspace is not None:
            self.workspace = message.workspace
        for name in KEYS:
            getattr(self, name).update({key_of(name, one): one for one in getattr(message, name, ())})
        for removed in message.removed if isinstance(message, State) else ():
            name = removed.id if removed.task is None else f"{removed.task}/{removed.id}"
            if removed.kind in LISTS:
                getattr(self, LISTS[removed.kind]).pop(name, None)
        self.position = message.position

    def task(self, name: str) -> Json | None:
        """The task as HTTP shows it: what it inherits follows its parents and its project, of which alone one is told
        when only they change."""
        task = self.tasks.get(name)
        if task is None:
            return None
        chain = [task, *self._parents(task)]
        top = chain[-1]
        home = self.projects.get(top["project"] or "")
        named = {one["id"] for one in home["sections"]} if home else set[str]()
        trashed = any(one["trashed_at"] for one in chain) or bool(home and home["trashed_at"])
        section = top["section"] if top["section"] in named else None
        return {**task, "project": top["project"], "section": section, "trashed": trashed}

    def _parents(self, task: Json) -> list[Json]:
        found = list[Json]()
        lookup: Callable[[str], Json | None] = self.tasks.get
        while task["parent"] is not None and (parent := lookup(task["parent"])) is not None:
            found.append(parent)
            task = parent
        return found
