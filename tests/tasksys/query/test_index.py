"""A workspace's tasks in memory, kept up row by row."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec import structs

from tasksys.query import FilterError, Index, Page, PageRequest, Query, entry
from tasksys.rows import Link, Project, Section, Task
from tasksys.values import LinkType, Status
from tests.support.queries import BERLIN, NOW, on, task

AT = "2026-03-01T09:00:00.000Z"


def index(*rows: Task | Project, zone: ZoneInfo = BERLIN) -> Index:
    """An index of those rows, put in that order."""
    made = Index(zone)
    for row in rows:
        if isinstance(row, Task):
            made.put(row)
        else:
            made.put_project(row)
    return made


def found(made: Index, filter: str = "", q: str = "", user: str | None = None, now: datetime = NOW) -> str:
    """The ids of the tasks that a query gives, in the order of ids."""
    query = Query.parse(filter, q, "id")
    assert isinstance(query, Query), query
    page = made.run(PageRequest(query, now, user))
    assert isinstance(page, Page)
    return "".join(item.id for item in page.items)


def project(identifier: str = "p", name: str = "Home", **fields: object) -> Project:
    """A project with a section s."""
    return structs.replace(Project(identifier, name, AT, sections=(Section("s", "To do", "V"),)), **fields)


def test_put_and_remove() -> None:
    """What is put is found, in its newest form; what is removed is not."""
    made = index(task("a", "Milk"), task("b", "Bread"), task("a", "Oat milk"))
    assert len(made) == 2
    assert found(made, "title ~ oat") == "a"
    assert made.entry("a") is not None
    made.remove("a")
    made.remove("a")
    assert (found(made), len(made), made.entry("a")) == ("b", 1, None)


def test_pages() -> None:
    """A page has a limit, a cursor and, if asked for, the count of all."""
    made = index(*(task(str(number)) for number in range(5)))
    query = Query.parse("", "", "-id")
    assert isinstance(query, Query)
    page = made.run(PageRequest(query, NOW, limit=3, count=True))
    assert isinstance(page, Page)
    assert ([item.id for item in page.items], page.total) == (["4", "3", "2"], 5)
    rest = made.run(PageRequest(query, NOW, limit=3, cursor=page.next_cursor))
    assert isinstance(rest, Page)
    assert ([item.id for item in rest.items], rest.next_cursor, rest.total) == (["1", "0"], None, None)


def test_a_cursor_of_another_query() -> None:
    """A cursor continues only the query it is from."""
    made = index(task("a"), task("b"))
    one, other = Query.parse("", "", "id"), Query.parse("status = open", "", "id")
    assert isinstance(one, Query)
    assert isinstance(other, Query)
    page = made.run(PageRequest(one, NOW, limit=1))
    assert isinstance(page, Page)
    assert isinstance(made.run(PageRequest(other, NOW, limit=1, cursor=page.next_cursor)), FilterError)


def test_who_asks_and_when() -> None:
    """The user and the moment come with each question."""
    made = index(task("a", assignees=("olga",), due=on("2026-03-09")))
    assert found(made, "assignee = me", user="olga") == "a"
    assert found(made, "assignee = me", user="edda") == ""
    assert found(made, "due = tomorrow") == "a"
    assert found(made, "due = today", now=datetime(2026, 3, 8, 23, 30, tzinfo=UTC)) == "a"


def test_search_is_kept_up() -> None:
    """The search text finds what was put before and after the first search."""
    made = index(task("a", "Milk"), task("b", "Bread"))
    assert found(made, q="milk") == "a"
    made.put(task("b", "Milk bread"))
    made.put(task("c", "Milk", status=Status.DONE))
    made.remove("a")
    assert found(made, q="milk") == "bc"
    assert found(made, "status = open", "milk") == "b"
    assert found(made, q="nothing") == ""


def test_the_trash_is_left_out() -> None:
    """What is trashed is found only by filters that mention it."""
    made = index(task("a", trashed_at=AT), task("b"))
    assert found(made) == found(made, "trashed = false") == found(made, q="milk") == "b"
    assert found(made, "trashed = true") == "a"
    assert found(made, "trashed = true or trashed = false") == "ab"


def test_subtasks_are_where_their_parent_is() -> None:
    """Project, section and trash are those of the tree's top, whatever order the rows come in."""
    made = index(task("c", parent="b"), task("b", parent="a"), project(), task("a", project="p", section="s"))
    assert found(made, "project = p and section = s") == "abc"
    assert (list(made.children("a")), list(made.children("c"))) == (["b"], [])
    assert set(made.in_project("p")) == {"a", "b", "c"}
    made.put(task("a", project="q"))
    assert found(made, "project = q and section is empty") == "abc"
    assert (list(made.in_project("p")), set(made.in_project("q"))) == ([], {"a", "b", "c"})
    made.put(task("a", project="q", trashed_at=AT))
    assert found(made, "trashed = true") == "abc"
    made.put(task("b"))
    assert found(made, "trashed = false") == "bc"
    assert found(made, "project is empty") == "bc"
    made.remove("b")
    assert found(made) == "c"


def test_projects() -> None:
    """A task is trashed with its project; a removed section holds nothing; both come back."""
    made = index(project(), task("a", project="p", section="s"), task("b", parent="a"), task("c", project="q"))
    made.put_project(project(trashed_at=AT))
    assert (found(made), found(made, "trashed = true")) == ("c", "ab")
    made.put_project(project(sections=(Section("s", "To do", "V", removed=True),)))
    assert (found(made), found(made, "section = s"), found(made, "project = p")) == ("abc", "", "ab")
    made.put_project(project())
    assert found(made, "section = s") == "ab"
    made.put(task("a", project="p", section="unknown"))
    assert found(made, "section = unknown") == "ab"


def test_names_of_projects_and_sections() -> None:
    """A project or section is found by its name, without case, as it is now."""
    made = index(project(), task("a", project="p", section="s"), project("q", "home"), task("b", project="q"))
    assert found(made, "project = HOME") == "ab"
    assert found(made, "section in ('to DO')") == "a"
    made.put_project(project(name="House"))
    assert (found(made, "project = home"), found(made, "project = house")) == ("b", "a")


def linked(identifier: str, kind: LinkType, other: str) -> Task:
    """A task with one link."""
    return task(identifier, links=(Link(kind, other), Link(LinkType.RELATES, "x")))


@pytest.mark.parametrize("first", ["a", "b"])
def test_blocked_by_open_tasks_only(first: str) -> None:
    """A task is blocked while one that blocks it is open and not in the trash."""
    blocked, blocker = linked("a", LinkType.BLOCKED_BY, "b"), linked("b", LinkType.BLOCKS, "a")
    made = index(*sorted((blocked, blocker), key=lambda row: row.id != first), project())
    assert found(made, "blocked = true") == "a"
    made.put(structs.replace(blocker, status=Status.IN_PROGRESS))
    assert found(made, "blocked = true") == "a"
    made.put(structs.replace(blocker, status=Status.DONE))
    assert found(made, "blocked = true") == ""
    made.put(structs.replace(blocker, project="p"))
    assert found(made, "blocked = true") == "a"
    made.put_project(project(trashed_at=AT))
    assert found(made, "blocked = true") == ""
    made.put_project(project())
    assert found(made, "blocked = true") == "a"
    made.remove("b")
    assert found(made, "blocked = true") == ""
    assert found(made, "link = blocked-by") == "a"


class Upkeep(RuleBasedStateMachine):
    """Rows put and removed in any order leave the same index as putting the last ones into a new one."""

    ids = st.sampled_from("abcde")

    @initialize()
    def begin(self) -> None:
        """Nothing is there."""
        self.index = Index(BERLIN)
        self.rows: dict[str, Task] = {}
        self.projects: dict[str, Project] = {}

    @rule(
        identifier=ids,
        above=st.one_of(st.none(), ids),
        links=st.lists(st.tuples(st.sampled_from([LinkType.BLOCKS, LinkType.BLOCKED_BY]), ids), max_size=2),
        status=st.sampled_from([Status.OPEN, Status.DONE]),
        trashed=st.booleans(),
        home=st.sampled_from([None, "p", "q"]),
        order=st.sampled_from(["V", "a", "b"]),
    )
    def put(
        self,
        identifier: str,
        above: str | None,
        links: list[tuple[LinkType, str]],
        status: Status,
        trashed: bool,
        home: str | None,
        order: str,
    ) -> None:
        """A task below one with a smaller id, or in a project; both sides of its links are put."""
        parent = above if above is not None and above < identifier else None
        opposite = {LinkType.BLOCKS: LinkType.BLOCKED_BY, LinkType.BLOCKED_BY: LinkType.BLOCKS}
        row = task(
            identifier,
            parent=parent,
            status=status,
            project=None if parent else home,
            section=None if parent or not home else "s",
            order=order,
            trashed_at=AT if trashed else None,
            links=tuple(
                Link(kind, other) for kind, other in dict(zip(links, links, strict=True)) if other != identifier
            ),
        )
        changed = {identifier: row}
        for other in self.rows.values():
            if other.id != identifier:
                kept = [link for link in other.links if link.task != identifier]
                kept += [Link(opposite[link.type], identifier) for link in row.links if link.task == other.id]
                changed[other.id] = structs.replace(other, links=tuple(kept))
        for item in changed.values():
            self.rows[item.id] = item
            self.index.put(item)

    @rule(identifier=ids)
    def remove(self, identifier: str) -> None:
        """A task goes for good."""
        self.rows.pop(identifier, None)
        self.index.remove(identifier)

    @rule(identifier=st.sampled_from("pq"), trashed=st.booleans(), removed=st.booleans())
    def put_project(self, identifier: str, trashed: bool, removed: bool) -> None:
        """A project comes, goes to the trash or loses its section."""
        row = project(identifier, trashed_at=AT if trashed else None, sections=(Section("s", "To do", "V", removed),))
        self.projects[identifier] = row
        self.index.put_project(row)

    @invariant()
    def same_as_new(self) -> None:
        """Every entry is what its row and those above it make of it."""
        for row in self.rows.values():
            item = self.index.entry(row.id)
            assert item is not None
            assert (item.project, item.section, item.trashed) == self.place(row)
            own = entry(row, BERLIN)
            assert (item.id, item.status, item.order) == (own.id, own.status, own.order)
            blockers = [link.task for link in row.links if link.type is LinkType.BLOCKED_BY]
            assert item.blocked is any(
                self.rows[blocker].status is Status.OPEN and not self.place(self.rows[blocker])[2]
                for blocker in blockers
                if blocker in self.rows
            )
            below = {other.id for other in self.rows.values() if other.parent == row.id}
            assert set(self.index.children(row.id)) == below
            for behind, without in ((True, ""), (False, ""), (True, "c"), (False, "c")):
                assert self.index.gap(row.id, behind, without) == (row.order, self.next_to(row, behind, without))
        for identifier in "pq":
            inside = {row.id for row in self.rows.values() if self.place(row)[0] == identifier}
            assert set(self.index.in_project(identifier)) == inside

    def next_to(self, row: Task, behind: bool, without: str) -> str:
        """The order of the next task of the same list, by the book."""
        listed = [
            (other.order, other.id)
            for other in self.rows.values()
            if (other.parent, other.project) == (row.parent, row.project) and other.id != without
        ]
        beyond = sorted(one for one in listed if (one > (row.order, row.id) if behind else one < (row.order, row.id)))
        return beyond[0 if behind else -1][0] if beyond else ""

    def place(self, row: Task) -> tuple[str | None, str | None, bool]:
        """Project, section and trash, by the book."""
        trashed = row.trashed_at is not None
        if row.parent is not None and row.parent in self.rows:
            above = self.place(self.rows[row.parent])
            return above[0], above[1], above[2] or trashed
        home = self.projects.get(row.project or "")
        if home is None:
            return row.project, row.section, trashed
        return row.project, None if home.sections[0].removed else row.section, trashed or home.trashed_at is not None


TestUpkeep = Upkeep.TestCase
TestUpkeep.settings = settings(deadline=None, max_examples=60)


def test_the_gap_beside_a_task() -> None:
    """Between it and the next one of its own list, behind or in front; the task that will move does not count."""
    made = index(
        *(task(name, order=name) for name in "ace"),
        *(task(name, order=name, parent="a") for name in "bd"),
        project("p"),
        task("f", order="c", project="p"),
    )
    assert made.gap("a", behind=True, without="x") == ("a", "c")
    assert made.gap("a", behind=True, without="c") == ("a", "e")
    assert made.gap("c", behind=False, without="x") == ("c", "a")
    assert made.gap("a", behind=False, without="x") == ("a", "")
    assert made.gap("e", behind=True, without="x") == ("e", "")
    assert made.gap("b", behind=True, without="x") == ("b", "d")
    assert made.gap("f", behind=False, without="x") == ("c", "")
    assert made.gap("nowhere", behind=True, without="x") is None
