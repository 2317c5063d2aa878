"""Past states are kept, and later ones go on from them."""

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest

from streams import pasts, turns
from streams.agents.audit import AuditFold
from streams.fold import Record
from streams.history import HistoryReader
from streams.pasts import Past, Pasts
from tasksys import codec, decider
from tasksys.audit import Remembered
from tasksys.commands import AddComment, CompleteTask, CreateTask, EditTask
from tasksys.query import Page, PageRequest, Query
from tasksys.rows import Comment, Row
from tasksys.state import Key, State
from tasksys.weight import weight
from tests.support.domain import World, founded
from tests.support.nodes import MemoryRows
from tests.support.queries import NOW


@pytest.fixture
def world() -> World:
    """A workspace in which much happened."""
    world = founded()
    for number in range(20):
        world.given(
            CreateTask(task=f"t{number}", title="Milk"), EditTask(task=f"t{number}", title="Oat milk"),
            AddComment(task=f"t{number}", comment="c", body="Now."), CompleteTask(task=f"t{number}"),
        )  # fmt: skip
    return world


class Counted(HistoryReader):
    """Counts the events that are read one after the other."""

    read = 0

    def stored(self, workspace: str, after: int = 0) -> Iterator[tuple[int, Remembered]]:
        """As it is, counted."""
        for found in super().stored(workspace, after):
            self.read += 1
            yield found


@pytest.fixture
def reader(world: World) -> Counted:
    """Its history."""
    rows = recorded(world, "acme")
    return Counted(lambda workspace: rows)


def recorded(world: World, workspace: str) -> MemoryRows:
    """The history of a workspace in which the same happened."""
    rows = MemoryRows()
    fold = AuditFold(rows, lambda reached: None)
    log = [Record(at, 0, workspace.encode(), codec.encode_event(event), ()) for at, event in enumerate(world.log)]
    rows.apply(fold.fold(log).rows)
    return rows


def folded(world: World, position: int) -> dict[Key, Row | None]:
    """The rows as of a position, folded from the beginning."""
    state = State()
    for event in world.log[:position]:
        decider.replay(event, "acme", state)
    return state.rows


def shown(world: World, state: State) -> dict[Key, Row | None]:
    """Every row of a state that the whole world has."""
    types = {type(row) for row in world.state.rows.values() if row is not None}
    found = {(kind.kind, name): state.get(kind, name) for kind in types for _, name in world.state.rows}
    return {key: row for key, row in found.items() if row is not None}


async def test_every_position_is_what_a_fold_from_the_beginning_gives(
    world: World, reader: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is kept, on the way too, and in whatever order they are asked for."""
    monkeypatch.setattr(pasts, "CHECKPOINT", 5)
    monkeypatch.setattr(turns, "SLICE", -1.0)
    end = len(world.log)
    for position in (*range(0, end, 7), *range(end, 0, -5), 3, 3):
        assert shown(world, await reader.state_at("acme", position)) == folded(world, position)


async def test_a_later_state_goes_on_from_an_earlier_one(world: World, reader: Counted) -> None:
    """And the same one is not folded twice."""
    await reader.state_at("acme", 50)
    reader.read = 0
    await reader.state_at("acme", 53)
    assert reader.read <= 4
    await reader.state_at("acme", 53)
    assert reader.read <= 4


async def test_states_on_the_way_are_kept(world: World, reader: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    """An earlier moment than the first one asked for does not begin at the beginning."""
    monkeypatch.setattr(pasts, "CHECKPOINT", 10)
    await reader.state_at("acme", 75)
    assert sorted(at for _, at in reader._pasts._kept) == [10, 20, 40, 75]
    assert shown(world, await reader.state_at("acme", 20)) == folded(world, 20)
    reader.read = 0
    await reader.state_at("acme", 45)
    assert reader.read <= 6


async def test_past_states_are_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """By bytes, long texts and indexes included, and by number; one that alone is too large is not kept."""
    kept = Pasts(10_000)
    small, large = Past({}), Past({("c", "x"): Comment("x", "t", "olga", "long " * 10_000, "")})
    for past in (small, large):
        for _ in past.weighed():
            pass
    kept.keep("w", 1, small)
    assert kept.nearest("w", 5) == (1, small)
    kept.keep("w", 2, large)
    assert kept.nearest("w", 5)[0] == 0
    monkeypatch.setattr(pasts, "KEPT", 2)
    for position in (1, 2, 3):
        kept.keep("w", position, Past({}))
    assert (kept.nearest("w", 1)[0], kept.nearest("w", 5)[0]) == (0, 3)
    assert kept.nearest("other", 5)[0] == 0
    kept.nearest("w", 2)
    kept.keep("w", 4, Past({}))
    assert (kept.nearest("w", 3)[0], kept.nearest("w", 4)[0]) == (2, 4)  # the one asked for longest ago has gone


async def test_queries_of_the_past(world: World, reader: Counted) -> None:
    """The index of a past state is made once, and weighs; with the texts, once somebody has searched."""
    for text in ("", "mil"):
        query = Query.parse("title = milk", text, "id")
        assert isinstance(query, Query)
        page = await reader.query_at("acme", len(world.log) - 3, PageRequest(query, NOW))
        assert isinstance(page, Page)
        assert [item.id for item in page.items] == ["t19"]
    ((_, past),) = reader._pasts._kept.items()
    assert past.index is not None
    assert past.bytes == past.index.bytes + sum(map(weight, past.rows.values()))
    reader._pasts._bound = past.bytes
    query = Query.parse("", "oat", "id")
    assert isinstance(query, Query)
    await reader.query_at("acme", 5, PageRequest(query, NOW))
    assert sum(one.bytes for one in reader._pasts._kept.values()) <= reader._pasts._bound
    reader.forget()
    assert not reader._pasts._kept


async def test_a_past_that_is_forgotten_while_it_is_folded(reader: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was read from rows that were put right meanwhile: no later read goes on from it."""
    monkeypatch.setattr(turns, "SLICE", -1.0)
    reading = asyncio.create_task(reader.state_at("acme", 60))
    async with asyncio.timeout(5):
        while reader.read < 5:  # noqa: ASYNC110  (a round of the loop is what is waited for)
            await asyncio.sleep(0)
    reader.forget()
    await reading
    assert not reader._pasts._kept


async def test_reads_of_the_same_past_share_a_fold(reader: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those close by, in whatever order they come: what is asked for is kept on the way."""
    monkeypatch.setattr(turns, "SLICE", -1.0)
    await asyncio.gather(*(reader.state_at("acme", position) for position in (60, 60, 57, 31, 60, 44)))
    assert reader.read <= 61
    assert not reader._asked


async def test_a_workspaces_folds_hold_up_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many pasts of one workspace are asked for, that of another takes turns with one fold at a time."""
    monkeypatch.setattr(turns, "SLICE", -1.0)
    monkeypatch.setattr(pasts, "KEPT", 0)
    rows, read = {"big": recorded(world, "big"), "small": recorded(world, "small")}, Counter[str]()

    class Watched(HistoryReader):
        def stored(self, workspace: str, after: int = 0) -> Iterator[tuple[int, Remembered]]:
            for found in super().stored(workspace, after):
                read[workspace] += 1
                yield found

    reader, query = Watched(rows.__getitem__), Query.parse("", "milk", "title")
    assert isinstance(query, Query)
    end = len(world.log)
    big = [asyncio.create_task(reader.query_at("big", end - number, PageRequest(query, NOW))) for number in range(25)]
    for _ in range(5):
        await asyncio.sleep(0)
    before = read["big"]
    assert before
    page = await reader.query_at("small", 10, PageRequest(query, NOW))
    assert isinstance(page, Page)
    assert page.items
    assert read["big"] - before <= 2 * end
    assert not any(one.done() for one in big[3:])
    await asyncio.gather(*big)
