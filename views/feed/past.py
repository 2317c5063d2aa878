"""What was before a client came: the events from its position on, from the history."""

from collections.abc import Iterator
from typing import Final

from tasksys.errors import NotOwned
from views.ports import System

PAGE_BYTES: Final = 64 * 1024
PAGE_EVENTS: Final = 256

Stored = tuple[int, bytes]
"""A position, and its event as it stands in the log."""


async def reached(system: System, name: str, position: int, bound: float) -> bool:
    """Waits until the history has a position, which follows the state by some tenths of a second."""
    if system.history.position(name) >= position:
        return True
    return await system.history_positions.reach(name, position, bound) or system.history.position(name) >= position


def pages(system: System, name: str, after: int, upto: int) -> Iterator[list[Stored]]:
    """The events after one position up to another, which the history has.

    Each page is read by itself: who reads slowly holds nothing of the database. Raises NotOwned.
    """
    while after < upto:
        page, size = list[Stored](), 0
        for position, found in system.history.stored(name, after):
            if position > upto:
                break
            page.append((position, found.event))
            size += len(found.event)
            if size >= PAGE_BYTES or len(page) == PAGE_EVENTS:
                break
        if not page or page[-1][0] != after + len(page):
            raise NotOwned(f"the history has not all events after {after}")
        after = page[-1][0]
        yield page
