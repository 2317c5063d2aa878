"""How much memory rows take, about: what bounds of caches are counted in. Texts are what rows differ by most."""

from sys import getsizeof
from typing import Final

from tasksys.rows import Comment, Project, Row, Task

TASK_BYTES: Final = 700
"""A task with nothing that is long, and its place in a dict; measured with tasks like people's."""

NAME_BYTES: Final = 60
"""A label, or an assignee."""

OTHER_BYTES: Final = 500
PART_BYTES: Final = 200
"""An item of a checklist, a link, or a section."""


def weight(row: Row | None) -> int:
    """Bytes of a row, or of the knowledge that there is none."""
    match row:
        case Task():
            parts, named = len(row.checklist) + len(row.links), len(row.labels) + len(row.assignees)
            return TASK_BYTES + getsizeof(row.description) + PART_BYTES * parts + NAME_BYTES * named
        case Project():
            return OTHER_BYTES + getsizeof(row.description) + PART_BYTES * len(row.sections)
        case Comment():
            return OTHER_BYTES + getsizeof(row.body)
        case _:
            return OTHER_BYTES
