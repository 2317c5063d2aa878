"""How things are known in calendars: the UID of a task or series, and the id of what a file brings.

A UID of this workspace's own gives back the id that it was made of. Any other stands for an id that is computed from
workspace and UID, so that a file that is imported again means the same tasks.
"""

import hashlib
import re
from typing import Final

from tasksys.values import Id, pattern_of

TASK: Final = "tasksys"
SERIES: Final = "series.tasksys"
OWN: Final = re.compile(r"([A-Za-z0-9_-]{1,64})@([A-Za-z0-9_-]{1,64})\.((?:series\.)?tasksys)", re.ASCII)
ID: Final = pattern_of(Id)


def uid(workspace: str, identifier: str, kind: str = TASK) -> str:
    """The UID of a task, or of a series."""
    return f"{identifier}@{workspace}.{kind}"


def own(workspace: str, text: str, kind: str = TASK) -> str | None:
    """The id that a UID of this workspace was made of; None for any other UID."""
    found = OWN.fullmatch(text)
    return found[1] if found and found[2] == workspace and found[3] == kind else None


def identifier(workspace: str, text: str, kind: str = TASK) -> str:
    """The id in this workspace of what has that UID."""
    return own(workspace, text, kind) or derived(workspace, kind, text)


def derived(*parts: str) -> str:
    """An id that is the same for the same parts."""
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
