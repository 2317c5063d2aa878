"""Full text, against a scan of all tasks."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tasksys.query.search import Term, document, parse_search
from tasksys.query.text import STALE, TextIndex
from tasksys.rows import Task
from tests.support.queries import WORDS, names, task, texts

ROWS = st.builds(task, st.sampled_from([f"t{number}" for number in range(8)]), texts, labels=names, description=texts)
PARTS = st.sampled_from([*WORDS, "mi", "ca", "b", "e", "bread cafe", "milk e-mail", "nothing"])
SEARCHES = st.lists(st.tuples(st.sampled_from(["", "-"]), st.sampled_from(["", '"']), PARTS), max_size=3).map(
    lambda parts: " ".join(f"{minus}{quote}{part}{quote}" for minus, quote, part in parts)
)


def terms_of(text: str) -> tuple[Term, ...]:
    """A search that is within bounds."""
    terms = parse_search(text)
    assert isinstance(terms, tuple)
    return terms


def scanned(rows: dict[str, Task], terms: tuple[Term, ...]) -> set[str] | None:
    """The ids of the tasks that hold, by looking at each."""
    if not terms:
        return None
    return {
        row.id
        for row in rows.values()
        if all(any(holds(term, line) for line in document(row).split("\n")) is not term.excluded for term in terms)
    }


def holds(term: Term, line: str) -> bool:
    """True if the words stand in the line, word by word."""
    found = line.split()
    size = len(term.words)
    places = [found[start : start + size] for start in range(len(found) - size + 1)]
    *leading, last = term.words
    return any(
        place[:-1] == leading and (place[-1] == last if term.whole else place[-1].startswith(last)) for place in places
    )


class Upkeep(RuleBasedStateMachine):
    """An index that is changed and searched in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.index = TextIndex()
        self.rows: dict[str, Task] = {}

    @rule(row=ROWS)
    def put(self, row: Task) -> None:
        """A task is added, replaced, or put again as it is."""
        self.index.put(row)
        self.rows[row.id] = row

    @rule(row=ROWS)
    def remove(self, row: Task) -> None:
        """A task is removed, or was not there."""
        self.index.remove(row.id)
        self.rows.pop(row.id, None)

    @rule(text=SEARCHES)
    def search(self, text: str) -> None:
        """The index finds what a scan finds."""
        assert len(self.index) == len(self.rows)
        assert self.index.search(terms_of(text)) == scanned(self.rows, terms_of(text))


TestUpkeep = Upkeep.TestCase
TestUpkeep.settings = settings(deadline=None, max_examples=60)


@settings(deadline=None)
@given(st.lists(ROWS, max_size=8), SEARCHES)
def test_an_index_built_at_once(rows: list[Task], text: str) -> None:
    """It finds what one that was kept up finds."""
    assert TextIndex(rows).search(terms_of(text)) == scanned({row.id: row for row in rows}, terms_of(text))


@pytest.mark.parametrize(
    ("text", "found"),
    [("", None), ("mil", {"a", "b"}), ("mil -oat", {"a"}), ("-oat", {"a"}), ('"oat milk"', {"b"}), ("oat-mi", {"b"})],
)
def test_search(text: str, found: set[str] | None) -> None:
    """None restricts nothing, which is not the same as finding nothing."""
    index = TextIndex([task("a", "Milk"), task("b", "Oat milk")])
    assert index.search(terms_of(text)) == found


def test_searching_changes_nothing() -> None:
    """What a search gave may be changed, and the index does not notice."""
    index = TextIndex([task("a", "Milk"), task("b", "Oat milk")])
    for text in ('"milk"', "milk", "-bread"):
        found = index.search(terms_of(text))
        assert found is not None
        found.clear()
        assert index.search(terms_of(text)) == {"a", "b"}


def test_words_no_longer_used_are_forgotten() -> None:
    """Renaming a task again and again does not make the index grow."""
    index = TextIndex()
    for number in range(3 * STALE):
        index.put(task("a", f"word{number}"))
        index.search(terms_of("word"))
    assert index.search(terms_of("word")) == {"a"}
    assert sum(map(len, index._sorted)) <= STALE + 2
    assert len(index._postings) == 1
