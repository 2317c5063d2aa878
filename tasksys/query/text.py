"""Full text over a workspace's tasks: an inverted index, kept up one task at a time."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

from tasksys.query.search import Term, document
from tasksys.rows import Task

STALE: Final = 1024
"""So many words more than twice those in use are kept before the sorted list is made anew."""


class TextIndex:
    """Words to tasks. Holds on to the tasks' rows, and per task at most `bounds.WORDS_PER_TASK` words.

    Words are found by their beginning in a sorted list; those added since the last search are sorted in by the next
    one.
    """

    __slots__ = ("_added", "_postings", "_sorted", "_tasks")

    def __init__(self, tasks: Iterable[Task] = ()) -> None:
        self._tasks: dict[str, Task] = {}
        self._postings: dict[str, set[str]] = {}
        self._sorted: list[str] = []
        self._added: list[str] = []
        for task in tasks:
            self.put(task)

    def __len__(self) -> int:
        return len(self._tasks)

    def put(self, task: Task) -> None:
        """Adds the task, or replaces the one of its id."""
        before = self._tasks.get(task.id)
        self._tasks[task.id] = task
        if before is None:
            self._add(task.id, _distinct(task))
        elif (before.title, before.labels, before.description) != (task.title, task.labels, task.description):
            had, has = _distinct(before), _distinct(task)
            self._drop(task.id, had - has)
            self._add(task.id, has - had)

    def remove(self, identifier: str) -> None:
        """Removes the task, if it is there."""
        task = self._tasks.pop(identifier, None)
        if task is not None:
            self._drop(identifier, _distinct(task))

    def search(self, terms: Sequence[Term]) -> set[str] | None:
        """The ids of the tasks in which every term holds; None if there are no terms, which restricts nothing."""
        if not terms:
            return None
        self._sort()
        found: set[str] | None = None
        for term in terms:
            if not term.excluded:
                found = self._having(term) if found is None else found & self._having(term)
        if found is None:
            found = set(self._tasks)
        for term in terms:
            if term.excluded:
                found = found - self._having(term)
        return found

    def _having(self, term: Term) -> set[str]:
        *leading, last = term.words
        found = set(self._postings.get(last, ())) if term.whole else self._beginning(last)
        if not leading:
            return found
        for word in leading:
            found = found & self._postings.get(word, set())
        return {identifier for identifier in found if term.stands_in(document(self._tasks[identifier]))}

    def _beginning(self, prefix: str) -> set[str]:
        """The tasks that have a word with that beginning."""
        size = len(prefix)
        start = bisect_left(self._sorted, prefix)
        end = bisect_right(self._sorted, prefix, lo=start, key=lambda word: word[:size])
        return set().union(*(self._postings.get(word, ()) for word in self._sorted[start:end]))

    def _add(self, identifier: str, words: set[str]) -> None:
        for word in words:
            tasks = self._postings.get(word)
            if tasks is None:
                self._postings[word] = {identifier}
                self._added.append(word)
            else:
                tasks.add(identifier)

    def _drop(self, identifier: str, words: set[str]) -> None:
        """Empty postings go at once; their words stay in the sorted list until it is made anew."""
        for word in words:
            tasks = self._postings[word]
            tasks.discard(identifier)
            if not tasks:
                del self._postings[word]

    def _sort(self) -> None:
        if len(self._sorted) + len(self._added) > 2 * len(self._postings) + STALE:
            self._sorted = sorted(self._postings)
        elif self._added:
            self._sorted += self._added
            self._sorted.sort()  # two runs, one sorted already: close to linear
        self._added.clear()


def _distinct(task: Task) -> set[str]:
    return set(document(task).split())
