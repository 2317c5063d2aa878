"""Where a file is imported to: the workspace as it is, and who imports."""

from msgspec import Struct

from tasksys.rows import Project
from tasksys.state import State


class Destination(Struct, frozen=True):
    """`at` is the instant of the import, `projects` are those that are not in the trash.

    `project` is where everything is to go, if anywhere.
    """

    workspace: str
    actor: str
    state: State
    at: str
    projects: tuple[Project, ...] = ()
    project: str | None = None
