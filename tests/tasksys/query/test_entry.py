"""What one task looks like to a query."""

import math
from datetime import UTC, datetime

from tasksys.query import entry
from tasksys.rows import ChecklistItem, Link
from tasksys.values import LinkType, Priority, Status
from tests.support.queries import BERLIN, local, on, task


def test_a_full_task() -> None:
    """Everything is there to be compared, and the task itself too."""
    row = task(
        title="Ördög",
        status=Status.DONE,
        priority=Priority.URGENT,
        labels=("Home", "HOME", "Été"),
        due=on("2026-03-08"),
        start=local("2026-03-08T09:00"),
        estimate_minutes=30,
        project="p",
        section="s",
        order="V",
        checklist=(ChecklistItem("1", "One", True), ChecklistItem("2", "Two"), ChecklistItem("3", "Three")),
        links=(Link(LinkType.BLOCKED_BY, "b"), Link(LinkType.BLOCKED_BY, "c")),
        updated_at="2026-03-02T09:00:00.000Z",
        completed_at="2026-03-03T09:00:00.000Z",
        trashed_at="2026-03-04T09:00:00.000Z",
        position=7,
    )
    found = entry(row, BERLIN)
    assert found.task is row
    assert (found.id, found.title, found.order, found.position) == ("a", "ordog", "V", 7)
    assert (found.status, found.priority, found.estimate) == (2, 4, 30)
    assert found.labels == {"home", "été"}
    assert found.links == {"blocked-by"}
    assert (found.items, found.unchecked) == (3, 2)
    assert (found.project, found.section, found.trashed, found.blocked) == ("p", "s", True, True)
    assert found.due_first == datetime(2026, 3, 7, 23, tzinfo=UTC).timestamp()
    assert found.due_last < datetime(2026, 3, 8, 23, tzinfo=UTC).timestamp()
    assert found.start_first == found.start_last == datetime(2026, 3, 8, 8, tzinfo=UTC).timestamp()
    assert found.completed - found.updated == found.updated - found.created == 24 * 3600


def test_a_bare_task() -> None:
    """What a task lacks is not a number, and not trashed or blocked."""
    found = entry(task(), BERLIN)
    missing = (found.due_first, found.due_last, found.start_first, found.start_last, found.updated, found.completed)
    assert all(map(math.isnan, (*missing, found.estimate)))
    assert not found.trashed
    assert not found.blocked


def test_equal_sets_are_shared() -> None:
    """Entries with the same labels hold one set of them."""
    assert entry(task(labels=("x", "y")), BERLIN).labels is entry(task(labels=("x", "y")), BERLIN).labels
