"""Which column of a spreadsheet means what: by its name, or as the one who imports says."""

from collections.abc import Mapping, Sequence
from typing import Final

from tasksys.exchange.errors import Unreadable, quoted

OURS: Final = ("id", "title", "start_zone", "due_zone", "project_name", "section_name", "trashed")
"""Columns that only an export of ours has all of."""

FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "title": ("task", "task name", "name", "summary", "subject", "to do", "todo"),
    "description": ("notes", "note", "details", "body", "comment", "comments"),
    "status": ("state", "done", "completed", "complete", "is completed"),
    "priority": ("urgency", "importance"),
    "start": ("start date", "starts", "begin", "from"),
    "start_zone": (),
    "due": ("due date", "deadline", "date", "due on", "due at", "end date", "to be done by"),
    "due_zone": ("time zone", "timezone", "zone"),
    "estimate_minutes": ("estimate", "minutes", "duration"),
    "labels": ("label", "tags", "tag", "categories", "category", "contexts", "context"),
    "assignees": ("assignee", "assigned to", "owner", "responsible"),
    "project": ("list", "project id"),
    "project_name": ("project name", "list name"),
    "section": ("column", "section id", "group"),
    "section_name": ("section name",),
    "parent": ("parent task", "parent id"),
    "checklist": ("subtasks", "steps"),
    "id": ("task id", "key"),
    "links": (), "order": (), "trashed": (),
}  # fmt: skip
"""The fields that a column may be, and other names of such columns."""

GIVEN_OUT: Final = ("created_by", "created_at", "updated_at", "completed_at", "version")
"""Columns of our export that nobody sets."""


class Columns:
    """Where the fields are in a row. `ours` if the spreadsheet is an export of ours."""

    def __init__(self, names: Sequence[str], mapping: Mapping[str, str] | None = None) -> None:
        """Raises Unreadable if there is no title, or the mapping names what there is not."""
        plain = [_plain(name) for name in names]
        self.ours = not mapping and set(OURS) <= set(names)
        self.at: dict[str, int] = {}
        for field, column in (mapping or {}).items():
            if field not in FIELDS:
                raise Unreadable(f"there is no field {quoted(field)}; map one of {', '.join(FIELDS)}")
            if _plain(column) not in plain:
                raise Unreadable(f"there is no column {quoted(column)}; there are {', '.join(map(quoted, names[:30]))}")
            self.at[field] = plain.index(_plain(column))
        taken = set(self.at.values())
        for field, others in FIELDS.items():
            for name in (_plain(field), *others):
                if field not in self.at and name in plain and plain.index(name) not in taken:
                    self.at[field] = plain.index(name)
                    taken.add(self.at[field])
        if "title" not in self.at:
            raise Unreadable(
                "no column is named title; name one so in the first row, or say which with mapping, such as "
                '{"title": "Task name"}'
            )
        known = taken if not self.ours else taken | {at for at, name in enumerate(names) if name in GIVEN_OUT}
        self.left_out = tuple(name for at, name in enumerate(names) if at not in known and name)
        """The names of columns that are not taken over."""

    def cell(self, cells: Sequence[str], field: str) -> str:
        """The text of a field in a row; empty if it has none."""
        at = self.at.get(field)
        return cells[at] if at is not None and at < len(cells) else ""


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").casefold().split())
