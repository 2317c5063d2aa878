"""Full text over a workspace's tasks: an inverted index, kept up one task at a time."""

from bisect import bisect_left, bisect_right
from collections.abc import Generator, Iterable, Sequence
from typing import Final

from tasksys.query.search import Term, document, holds
from tasksys.rows import Task

STALE: Final = 1024
"""So many words more than twice those in use are kept before the sorted lists are made anew."""

SHORT: Final = 64
"""A text of so many different words is always indexed."""

LONG_POSTINGS: Final = 1_000_000
"""Words of longer texts that are indexed, some 50 bytes each; the texts beyond are read by each search."""

POSTING_BYTES: Final = 50
"""A reference in a set, and its share of the word."""

Steps = Generator[None, None, set[str] | None]


class TextIndex:
    """Words to tasks. Holds on to the tasks' rows, and per task at most `bounds.WORDS_PER_TASK` words.

    Words are found by their beginning in a few sorted lists, each at least twice as long as the next; those added since
    the last search make a new list in the next one.
    """

    __slots__ = ("_added", "_long", "_postings", "_size", "_sorted", "_tasks", "_unlisted")

    def __init__(self, tasks: Iterable[Task] = ()) -> None:
        self._tasks: dict[str, Task] = {}
        self._postings: dict[str, set[str]] = {}
        self._sorted: list[list[str]] = []
        self._added: list[str] = []
        self._unlisted: dict[str, Task] = {}
        self._size = self._long = 0
        for task in tasks:
            self.put(task)

    def __len__(self) -> int:
        return len(self._tasks)

    @property
    def bytes(self) -> int:
        """About how much memory it takes, without the rows."""
        return self._size * POSTING_BYTES

    def put(self, task: Task) -> None:
        """Adds the task, or replaces the one of its id."""
        before = self._tasks.get(task.id)
        if before is not None:
            if (before.title, before.labels, before.description) == (task.title, task.labels, task.description):
                self._tasks[task.id] = task
                return
            self.remove(task.id)
        self._tasks[task.id] = task
        words = _distinct(task)
        if len(words) > SHORT:
            if self._long + len(words) > LONG_POSTINGS:
                self._unlisted[task.id] = task
                return
            self._long += len(words)
        self._size += len(words)
        for word in words:
            tasks = self._postings.get(word)
            if tasks is None:
                self._postings[word] = {task.id}
                self._added.append(word)
            else:
                tasks.add(task.id)

    def remove(self, identifier: str) -> None:
        """Removes the task, if it is there.

        Empty postings go at once; their words stay in the sorted lists until these are made anew.
        """
        task = self._tasks.pop(identifier, None)
        if task is None or self._unlisted.pop(identifier, None) is not None:
            return
        words = _distinct(task)
        self._size -= len(words)
        if len(words) > SHORT:
            self._long -= len(words)
        for word in words:
            tasks = self._postings[word]
            tasks.discard(identifier)
            if not tasks:
                del self._postings[word]

    def search(self, terms: Sequence[Term]) -> set[str] | None:
        """The ids of the tasks in which every term holds; None if there are no terms, which restricts nothing."""
        steps = self.steps(terms)
        try:
            while True:
                next(steps)
        except StopIteration as end:
            found: set[str] | None = end.value
            return found

    def steps(self, terms: Sequence[Term]) -> Steps:
        """The same, in steps of some milliseconds at most. A task that is put meanwhile may be found or not."""
        if not terms:
            return None
        yield from self._sort()
        found: set[str] | None = None
        for term in terms:
            if not term.excluded:
                having = yield from self._having(term)
                found = having if found is None else found & having
        if found is None:
            found = self._tasks.keys() - self._unlisted.keys()
        for term in terms:
            if term.excluded:
                found = found - (yield from self._having(term))
        for identifier, task in list(self._unlisted.items()):
            if holds(terms, document(task)):
                found.add(identifier)
            yield
        return found

    def _having(self, term: Term) -> Generator[None, None, set[str]]:
        *leading, last = term.words
        found = set(self._postings.get(last, ())) if term.whole else (yield from self._beginning(last))
        if not leading:
            return found
        for word in leading:
            found = found & self._postings.get(word, set())
        standing = set()
        for identifier in found:
            task = self._tasks.get(identifier)
            if task is not None and term.stands_in(document(task)):
                standing.add(identifier)
            yield
        return standing

    def _beginning(self, prefix: str) -> Generator[None, None, set[str]]:
        """The tasks that have a word with that beginning."""
        size = len(prefix)
        found: set[str] = set()
        for words in list(self._sorted):
            start = bisect_left(words, prefix)
            end = bisect_right(words, prefix, lo=start, key=lambda word: word[:size])
            for word in words[start:end]:
                found.update(self._postings.get(word, ()))
                yield
        return found

    def _sort(self) -> Generator[None, None, None]:
        """Makes a list of what was added, and keeps the lists few. A list is never changed, only replaced."""
        if self._added:
            self._sorted.append(sorted(self._added))
            self._added = []
        while len(self._sorted) > 1 and len(self._sorted[-2]) < 2 * len(self._sorted[-1]):
            self._sorted[-2:] = [self._merged(self._sorted[-2:])]
            yield
        if sum(map(len, self._sorted)) > 2 * len(self._postings) + STALE:
            self._sorted = [self._merged(self._sorted)]

    def _merged(self, lists: list[list[str]]) -> list[str]:
        """One list of those words of several that are in use: runs in order, which Python's sort merges."""
        words = list(dict.fromkeys(sorted(word for words in lists for word in words)))
        return [word for word in words if word in self._postings]


def _distinct(task: Task) -> set[str]:
    return set(document(task).split())
