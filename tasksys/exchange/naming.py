"""Commands with ids that are made of what they say, and for whom: repeated, they are the same ones."""

import hashlib
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec
from msgspec import structs

from tasksys.commands import CreateFilter, CreateProject, CreateSeries, CreateTask
from tasksys.ical.destination import Destination
from tasksys.ical.uids import derived

WHOLE: Final = (CreateTask, CreateSeries, CreateProject, CreateFilter)
"""Commands that all others of a thing depend on."""


def named(target: Destination, uid: str, commands: Iterable[Any], note: Callable[[str], None]) -> tuple[Any, ...]:
    """The commands with their ids. What could not be sent is left out, which is noted.

    ValueError if all depends on it.
    """
    found = []
    for one in commands:
        try:
            encoded = msgspec.json.encode(one, order="sorted")
            msgspec.json.decode(encoded, type=type(one))
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            if isinstance(one, WHOLE):
                raise ValueError(str(error)) from error
            note(f"{type(one).__name__} was left out: {error}"[:500])
            continue
        digest = hashlib.sha256(encoded).hexdigest()
        found.append(structs.replace(one, id=derived(target.workspace, target.actor, uid, digest)))
    return tuple(found)
