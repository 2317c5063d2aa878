"""Query indexes are built in turns, kept up by commits, shared with the fold, and bounded."""

import asyncio
from collections.abc import Iterator

import pytest

from streams import indexes, keys, turns
from streams.agents.committed import Committed
from streams.indexes import Indexes
from streams.transport.database import DatabaseError
from streams.turns import Turns
from tasksys import codec
from tasksys.errors import NotOwned
from tasksys.query import Page, PageRequest, Query
from tasksys.rows import Row, Workspace
from tasksys.state import Key
from tests.support.nodes import MemoryRows
from tests.support.queries import NOW, project_row, task

TASKS = 50
LAST = "t49"

Entry = tuple[bytes, bytes]


@pytest.fixture(autouse=True)
def smallest_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every step is a slice."""
    monkeypatch.setattr(turns, "SLICE", -1.0)


def workspace(position: int, zone: str = "UTC") -> Workspace:
    """The workspace's row."""
    return Workspace("w", "Acme", zone, "2026-03-01T09:00:00.000Z", position=position)


class Table:
    """The rows of a workspace, with what readers are told when they change."""

    def __init__(self) -> None:
        self.rows = MemoryRows()
        self.cached: dict[Key, Row | None] = {}
        self.owned = True
        self.indexes = Indexes(lambda name: self.served(), Turns(), lambda name: self.cached)
        self.commit(workspace(1), project_row("p"), *(task(f"t{number:02}", "milk") for number in range(TASKS)))

    def served(self) -> MemoryRows:
        """The rows; NotOwned when they are another process's."""
        if not self.owned:
            raise NotOwned("not here")
        return self.rows

    def commit(self, *rows: Row) -> None:
        """Puts rows, and tells of them."""
        self.rows.apply({keys.row("w", row.kind, row.key): codec.encode_row(row) for row in rows})
        self.indexes.follow(Committed(0, [], {"w": {(row.kind, row.key): row for row in rows}}, {}))

    async def find(self, filter: str = "", name: str = "w") -> tuple[list[str], int]:
        """The ids that a query gives, and the position that they are of."""
        query = Query.parse(filter, "", "id")
        assert isinstance(query, Query)
        page, position = await self.indexes.run(name, PageRequest(query, NOW, None, 200, None, False))
        assert isinstance(page, Page)
        return [item.id for item in page.items], position

    def held(self, name: str = "w") -> object:
        """The index that is there, if any."""
        return self.indexes._held.get(name)


@pytest.fixture
def table() -> Table:
    """A workspace with some tasks."""
    return Table()


async def begun(table: Table) -> None:
    """Returns when somebody has begun to build the index, and not more than that."""
    async with asyncio.timeout(5):
        while table.held() is None:  # noqa: ASYNC110  (a round of the loop is what is waited for)
            await asyncio.sleep(0)


async def test_an_index_is_built_once(table: Table) -> None:
    """The first query builds it; it stays."""
    assert await table.find() == ([f"t{number:02}" for number in range(TASKS)], 1)
    first = table.held()
    assert await table.find("title = bread") == ([], 1)
    assert table.held() is first


async def test_commits_meanwhile_are_newer(table: Table) -> None:
    """What is put while the index is built is not overwritten by the older row, and is in the answer."""
    asking = asyncio.create_task(table.find("title = bread"))
    await begun(table)
    for position, number in enumerate((0, TASKS - 1), 2):
        table.commit(task(f"t{number:02}", "bread"), workspace(position))
    assert await asking == (["t00", f"t{TASKS - 1}"], 3)


async def test_many_queries_build_one_index(table: Table) -> None:
    """All of them help; each has the whole answer."""
    answers = await asyncio.gather(*(table.find() for _ in range(5)))
    assert [len(found) for found, _ in answers] == [TASKS] * 5


async def test_a_query_that_is_called_off_does_not_harm_the_others(table: Table) -> None:
    """They go on building; without any, what is half built is dropped, and lets go of the database."""
    first, second = asyncio.create_task(table.find()), asyncio.create_task(table.find())
    await begun(table)
    first.cancel()
    assert len((await second)[0]) == TASKS
    table.indexes.forget()
    third = asyncio.create_task(table.find())
    await begun(table)
    third.cancel()
    await asyncio.wait([third])
    assert table.held() is None


async def test_rows_that_cannot_be_read_are_never_left_out(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """All who build the index hear of it: none takes the rows up to there for the whole, and nobody later does."""

    def breaks_off(prefix: bytes = b"", start: bytes | None = None, reverse: bool = False) -> Iterator[Entry]:
        for count, found in enumerate(MemoryRows.scan(table.rows, prefix, start, reverse)):
            if count == TASKS // 2:
                raise DatabaseError("a block cannot be read")
            yield found

    monkeypatch.setattr(table.rows, "scan", breaks_off)
    answers = await asyncio.gather(*(table.find() for _ in range(3)), return_exceptions=True)
    assert [type(one) for one in answers] == [DatabaseError] * 3
    with pytest.raises(DatabaseError):
        await table.find()
    monkeypatch.undo()
    assert len((await table.find())[0]) == TASKS


async def test_an_index_dropped_under_a_query_is_built_anew(table: Table) -> None:
    """As when the workspace's zone changes; the answer is of now."""
    asking = asyncio.create_task(table.find("title = bread"))
    await begun(table)
    table.commit(workspace(2, "Asia/Tokyo"))
    assert table.held() is None
    table.commit(task("t00", "bread"), workspace(3, "Asia/Tokyo"))
    assert await asking == (["t00"], 3)


async def test_a_place_is_looked_for_in_what_the_index_is_now(table: Table) -> None:
    """One that was dropped while it was built does not hear of commits any more."""
    asking = asyncio.create_task(table.indexes.gap("w", LAST, True, ""))
    await begun(table)
    table.commit(workspace(2, "Asia/Tokyo"))
    table.commit(task(f"{LAST}x", "behind it", order="n"), workspace(3, "Asia/Tokyo"))
    assert await asking == ("", "n")


async def test_a_partition_given_away_ends_the_query(table: Table) -> None:
    """Its rows are not ours to answer from."""
    asking = asyncio.create_task(table.find())
    await begun(table)
    table.owned = False
    table.indexes.forget()
    with pytest.raises(NotOwned):
        await asking


async def test_rows_are_the_folds_own_where_they_are_the_same(table: Table) -> None:
    """One that the fold has changed, but not committed, is not shown."""
    same, changed = task("t00", "milk"), task("t01", "bread")
    table.cached = {("t", "t00"): same, ("t", "t01"): changed}
    assert (await table.find("title = bread"))[0] == []
    index = table.indexes._held["w"].index
    first, second = index.entry("t00"), index.entry("t01")
    assert first is not None
    assert second is not None
    assert first.task is same
    assert second.task == task("t01", "milk")


async def test_indexes_are_bounded_by_their_bytes(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one queried longest ago goes first; one that grows by commits pushes others out as well."""
    await table.find()
    monkeypatch.setattr(indexes, "INDEXED_BYTES", int(table.indexes._held["w"].index.bytes * 1.5))
    await table.find(name="empty")
    assert table.held() is not None
    table.commit(*(task(f"u{number}", "milk") for number in range(TASKS)))
    assert table.held("w") is None
    assert table.held("empty") is not None
    await table.find()
    assert table.held("empty") is None  # the larger one stays, for it is in use
    table.commit(task("t00", "milk", description="long " * 100_000))
    assert table.held("w") is not None


async def test_an_index_in_use_stays(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is being built is not dropped for others: its query would begin anew, and again."""
    monkeypatch.setattr(indexes, "INDEXED_BYTES", 1)
    asking = asyncio.create_task(table.find())
    await begun(table)
    first = table.held()
    await table.find(name="empty")
    assert table.held() is first
    assert len((await asking)[0]) == TASKS


async def test_the_sum_of_bytes_stays_true(table: Table) -> None:
    """However indexes come and go: none is counted that is not there, or it would push others out for nothing."""
    for name in ("w", "empty"):
        await table.find(name=name)
    table.commit(task("t00", "milk", description="long " * 1000))
    assert table.indexes._size == sum(held.index.bytes for held in table.indexes._held.values()) > 0
    asking = asyncio.create_task(table.find())
    await begun(table)
    table.indexes.forget(lambda workspace: workspace == "w")
    await asking
    assert table.indexes._size == sum(held.index.bytes for held in table.indexes._held.values())
    table.indexes.forget()
    assert table.indexes._size == 0
