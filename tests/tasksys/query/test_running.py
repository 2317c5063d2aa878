"""Queries that are run in steps, while the index goes on changing between them."""

from collections.abc import Generator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tasksys.query import Index, Page, PageRequest, Query, index
from tasksys.query import running as running_steps
from tasksys.query import text as full_text
from tasksys.query.folding import FoldedTexts, fold
from tasksys.query.running import finished
from tasksys.rows import Link, Task
from tasksys.values import LinkType, Status
from tests.support.queries import BERLIN, NOW, project_row, task

TASKS = [f"t{number}" for number in range(9)]
LINKS = {
    name: (Link(LinkType.BLOCKED_BY, "t0"),) if name != "t0" else tuple(Link(LinkType.BLOCKS, one) for one in TASKS[1:])
    for name in TASKS
}
ROWS = st.builds(
    task,
    st.sampled_from(TASKS),
    st.sampled_from(["milk", "oat milk", "bread"]),
    description=st.sampled_from(["", "Été", "fresh bread", "oat milk " * 40]),
    parent=st.sampled_from([None, *TASKS[:1]]),
    project=st.sampled_from([None, "p"]),
    status=st.sampled_from([Status.OPEN, Status.DONE]),
).map(lambda row: structs.replace(row, links=LINKS[row.id]))
QUERIES = st.sampled_from(
    [("", ""), ("description ~ ete", ""), ("text ~ bread", "mil"), ("", '"oat milk"'), ("", "-bread"),
     ("project = p", "mi"), ("title = milk", ""), ("blocked = true", "")]
)  # fmt: skip


def query(filter: str = "", q: str = "") -> Query:
    """A query that is right."""
    parsed = Query.parse(filter, q, "id")
    assert isinstance(parsed, Query)
    return parsed


def ended(steps: Generator[None, None, object]) -> Page:
    """The page at the end of the steps."""
    page = finished(steps)
    assert isinstance(page, Page)
    return page


def rebuilt(made: Index) -> Index:
    """The same tasks and projects in a new index."""
    again = Index(BERLIN)
    for project in made._projects.values():
        again.put_project(project)
    for item in made._entries.values():
        again.put(item.task)
    return again


@settings(deadline=None, max_examples=300)
@given(st.lists(ROWS, max_size=9), QUERIES, st.data())
def test_the_answer_is_that_of_the_end(rows: list[Task], asked: tuple[str, str], data: st.DataObject) -> None:
    """Whatever is put and removed between the steps, also by other queries: as if it were asked at the end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index, "KEPT_UNREAD", 0)
        check_the_end(rows, asked, data, patch)


def check_the_end(rows: list[Task], asked: tuple[str, str], data: st.DataObject, patch: pytest.MonkeyPatch) -> None:
    """Runs the query with changes in between, and compares."""
    made = Index(BERLIN)
    made.put_project(project_row("p"))
    for row in rows:
        made.put(row)
    if data.draw(st.booleans()):
        patch.setattr(running_steps, "STEP", 1)
        patch.setattr(running_steps, "TEXT_STEP", 1)
    running, others = (
        made.steps(PageRequest(query(*asked), NOW, count=True)),
        [made.steps(PageRequest(query(q="milk"), NOW))],
    )
    while True:
        try:
            next(running)
        except StopIteration as end:
            page = end.value
            break
        match data.draw(st.integers(0, 6)):
            case 0:
                made.put(data.draw(ROWS))
            case 1:
                made.remove(data.draw(st.sampled_from(TASKS)))
            case 2:
                made.put_project(
                    project_row("p", trashed_at=data.draw(st.sampled_from([None, "2026-03-01T09:00:00Z"])))
                )
            case 3:
                next(others[0], None)
            case _:
                pass
    expected = rebuilt(made).run(PageRequest(query(*asked), NOW, count=True))
    assert isinstance(expected, Page)
    assert [item.id for item in page.items] == [item.id for item in expected.items]
    assert page.total == expected.total


def test_what_another_task_changes_counts() -> None:
    """A blocker that is done meanwhile: the task that it blocked was not touched itself."""
    made = Index(BERLIN)
    for name in ("t0", "t1"):
        made.put(task(name, "milk", links=LINKS[name]))
    steps = made.steps(PageRequest(query("blocked = true"), NOW))
    next(steps)
    made.put(task("t0", "milk", links=LINKS["t0"], status=Status.DONE))
    assert ended(steps).items == ()


def test_a_query_that_is_called_off_leaves_nothing_behind() -> None:
    """Nobody tells it any more what changes."""
    made = Index(BERLIN)
    made.put(task("a", "milk"))
    steps = made.steps(PageRequest(query(), NOW))
    next(steps)
    assert len(made._watching) == 1
    steps.close()
    assert made._watching == []


def test_a_step_is_small() -> None:
    """One long text at a time is folded, and so many tasks at a time are looked at."""
    made = Index(BERLIN)
    for number in range(1000):
        made.put(task(f"t{number}", "milk", description="Été" if number % 10 else "Été " * 5000))
    assert len(list(made.steps(PageRequest(query("description ~ ete"), NOW)))) >= 100
    assert len(list(made.steps(PageRequest(query(q="milk"), NOW)))) >= 1000  # the first search reads every text
    assert 3 <= len(list(made.steps(PageRequest(query("title = milk"), NOW)))) <= 10


def test_texts_are_folded_when_they_are_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    """A change costs the fold nothing; what changed too often is read anew as a whole."""
    monkeypatch.setattr(index, "KEPT_UNREAD", 2)
    made = Index(BERLIN)
    for name in TASKS:
        made.put(task(name, "milk"))
    assert len(ended(made.steps(PageRequest(query(q="milk"), NOW))).items) == len(TASKS)
    for name in TASKS[:2]:
        made.put(task(name, "bread"))
    assert sorted(made._unread) == TASKS[:2]
    assert [item.id for item in ended(made.steps(PageRequest(query(q="bread"), NOW))).items] == TASKS[:2]
    for name in TASKS:
        made.put(task(name, "bread"))
    assert made._text is None
    assert len(ended(made.steps(PageRequest(query(q="bread"), NOW))).items) == len(TASKS)


def test_an_index_weighs_what_is_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long texts count, with the words that are indexed of them, and what is replaced or removed does not any more."""
    monkeypatch.setattr(full_text, "SHORT", 3)
    made = Index(BERLIN)
    made.put(task("a", "milk"))
    small = made.bytes
    made.put(task("a", "milk", description="one two three four five " * 1000))
    long = made.bytes
    assert long > small + 20_000
    ended(made.steps(PageRequest(query(q="milk"), NOW)))
    assert made.bytes == long + 6 * full_text.POSTING_BYTES
    made.put(task("a", "milk"))
    ended(made.steps(PageRequest(query(q="milk"), NOW)))
    assert made.bytes == small + full_text.POSTING_BYTES
    made.remove("a")
    ended(made.steps(PageRequest(query(q="milk"), NOW)))
    assert made.bytes == 0


def test_long_texts_beyond_the_bound_are_found_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are read by each search instead of being indexed."""
    monkeypatch.setattr(full_text, "SHORT", 3)
    monkeypatch.setattr(full_text, "LONG_POSTINGS", 12)
    made = Index(BERLIN)
    for name in TASKS:
        made.put(task(name, "milk", description=f"one two three four {name}"))
    assert len(ended(made.steps(PageRequest(query(q="one"), NOW))).items) == len(TASKS)
    assert made._text is not None
    assert len(made._text._unlisted) == len(TASKS) - 2
    for q in ('"three four"', "thr -bread", "-bread"):
        assert len(ended(made.steps(PageRequest(query(q=q), NOW))).items) == len(TASKS)
    assert [item.id for item in ended(made.steps(PageRequest(query(q="t5 milk"), NOW))).items] == ["t5"]
    assert ended(made.steps(PageRequest(query(q="-milk"), NOW))).items == ()


def test_folded_texts_are_kept_within_a_bound() -> None:
    """A walk over more than fits finds some of them again, and never keeps more than that."""
    kept, texts = FoldedTexts(20_000), [f"É{number} " * 300 for number in range(20)]
    for _ in range(5):
        for one in texts:
            assert kept(one) == fold(one)
            assert kept._size <= 20_000
    before = kept._missed
    for one in texts:
        kept(one)
    assert 0 < kept._missed - before < len(texts)
    others = [f"Ü{number} " * 300 for number in range(4)]
    for _ in range(20):
        for one in others:
            kept(one)
    assert any(one in kept._texts for one in others)  # what is asked for now comes in


def test_the_last_text_is_not_folded_twice() -> None:
    """The conditions of a filter ask for one description after the other, kept or not."""
    kept = FoldedTexts(0)
    for _ in range(20):
        kept("É" * 300)
    assert kept._missed == 1
