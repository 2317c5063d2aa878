"""Running a query in steps, each of some milliseconds at most, while the index goes on changing.

The answer is that of the index as it is at the end: what changed since the start is looked at again.
"""

from collections.abc import Callable, Generator, Iterable
from itertools import islice
from typing import Final, TypeVar

from tasksys.query.entry import Entry
from tasksys.query.generate import Predicate

T = TypeVar("T")

STEP: Final = 256
"""Entries tested in one step: about 0.1 ms."""

TEXT_STEP: Final = 16 * 1024
"""Characters that one step looks into at most, before the last of its texts; each entry counts as 64 more."""

ROUNDS: Final = 3
"""How often what changed meanwhile is looked at in steps; then what is left is looked at in one."""


def passing(
    entries: Iterable[Entry], predicate: Predicate, reads_texts: bool
) -> Generator[None, None, dict[str, Entry]]:
    """Those that the predicate holds for, by id."""
    found: dict[str, Entry] = {}
    if reads_texts:
        size = 0
        for item in entries:
            if predicate(item):
                found[item.id] = item
            size += len(item.task.description) + TEXT_STEP // STEP
            if size > TEXT_STEP:
                size = 0
                yield
        return found
    rest = iter(entries)
    while chunk := list(islice(rest, STEP)):
        found.update({item.id: item for item in chunk if predicate(item)})
        yield
    return found


def rechecked(
    found: dict[str, Entry],
    changed: dict[str, None],
    entry: Callable[[str], Entry | None],
    holds: Predicate,
) -> Generator[None, None, None]:
    """Looks again at what changed, until nothing has: then `found` is what holds now."""
    for _ in range(ROUNDS):
        for identifier in _taken(changed):
            _look(found, identifier, entry, holds)
            yield
    while changed:
        for identifier in _taken(changed):
            _look(found, identifier, entry, holds)


def _taken(changed: dict[str, None]) -> list[str]:
    taken = list(changed)
    changed.clear()
    return taken


def _look(found: dict[str, Entry], identifier: str, entry: Callable[[str], Entry | None], holds: Predicate) -> None:
    item = entry(identifier)
    if item is not None and holds(item):
        found[identifier] = item
    else:
        found.pop(identifier, None)


def finished(steps: Generator[None, None, T]) -> T:
    """The result of steps that are all done at once."""
    try:
        while True:
            next(steps)
    except StopIteration as end:
        result: T = end.value
        return result
