"""What is to be done with one component of a file."""

from typing import Any, Final, Literal

from msgspec import Struct

Kind = Literal["task", "series", "project", "filter", "file"]
Action = Literal["create", "update", "skip"]
CREATE: Final = "create"
UPDATE: Final = "update"
SKIP: Final = "skip"

UNTITLED: Final = "Untitled"
"""The title of what is made of a component that has none."""


class Step(Struct, frozen=True, kw_only=True):
    """What becomes of one component, or of one thing of a file. `commands` are done in their order.

    `later` are done after those of all other steps.
    """

    line: int
    uid: str = ""
    title: str = ""
    action: Action = SKIP
    reason: str = ""
    task: str = ""
    series: str = ""
    commands: tuple[Any, ...] = ()
    later: tuple[Any, ...] = ()
    kind: Kind = "task"
    notes: tuple[str, ...] = ()
