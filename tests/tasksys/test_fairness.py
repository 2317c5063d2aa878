"""Heavy work takes turns by name."""

import asyncio
from contextlib import ExitStack

import pytest

from tasksys.fairness import Queues, Shares


class Bench:
    """Pieces of work that stand still until they are let go on."""

    def __init__(self, width: int, each: int = 1) -> None:
        self.queues = Queues(width, each)
        self.begun: list[str] = []
        self.pieces: dict[str, asyncio.Task[None]] = {}
        self._ends: dict[str, asyncio.Event] = {}

    async def ask(self, *pieces: str) -> None:
        """Asks for pieces; their first letter is the name."""
        for piece in pieces:
            self._ends[piece] = asyncio.Event()
            self.pieces[piece] = asyncio.create_task(self._work(piece))
        await rounds()

    async def end(self, piece: str) -> None:
        """Lets a piece end."""
        self._ends[piece].set()
        await rounds()

    async def call_off(self, piece: str) -> None:
        """Whoever asked for the piece has gone."""
        self.pieces[piece].cancel()
        with pytest.raises(asyncio.CancelledError):
            await self.pieces[piece]

    async def _work(self, piece: str) -> None:
        async with self.queues.of(piece[0]):
            self.begun.append(piece)
            await self._ends[piece].wait()


async def rounds() -> None:
    """Lets everything that can go on do so."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_one_piece_of_a_name_at_once() -> None:
    """The others of that name wait, and those of another one do not."""
    bench = Bench(2)
    await bench.ask("a1", "a2", "a3", "b1")
    assert bench.begun == ["a1", "b1"]
    await bench.end("b1")
    assert bench.begun == ["a1", "b1"]
    await bench.end("a1")
    assert bench.begun == ["a1", "b1", "a2"]


async def test_names_in_turn() -> None:
    """Whoever comes last waits for one piece of each other name, however many are asked for."""
    bench = Bench(1)
    await bench.ask("a1", "a2", "a3", "b1", "b2", "c1")
    for piece in ("a1", "a2", "b1", "c1", "a3", "b2"):
        assert bench.begun[-1] == piece, bench.begun
        await bench.end(piece)
    await asyncio.gather(*bench.pieces.values())
    assert not bench.queues._waiting
    assert not bench.queues._busy


async def test_some_pieces_of_a_name_at_once() -> None:
    """However many of one name wait, others find places."""
    bench = Bench(4, each=2)
    await bench.ask("a1", "a2", "a3", "a4", "b1", "c1", "d1")
    assert bench.begun == ["a1", "a2", "b1", "c1"]
    await bench.end("a1")
    assert bench.begun[4:] == ["a3"], "the name that waits longest"
    await bench.end("b1")
    assert bench.begun[5:] == ["d1"]
    await bench.end("c1")
    assert bench.begun[6:] == []
    await bench.end("a2")
    assert bench.begun[6:] == ["a4"]


async def test_pieces_that_are_called_off() -> None:
    """While they wait, while they work, and between being let in and going: their places are free again."""
    bench = Bench(1)
    await bench.ask("a1", "a2", "b1", "c1")
    await bench.call_off("b1")
    assert list(bench.queues._waiting) == ["a", "c"]
    await bench.call_off("a1")
    await rounds()
    assert bench.begun == ["a1", "a2"]
    bench._ends["a2"].set()
    await asyncio.sleep(0)
    assert bench.queues._busy == {"c": 1}
    await bench.call_off("c1")
    await bench.ask("d1")
    assert bench.begun == ["a1", "a2", "d1"]
    assert bench.queues._busy == {"d": 1}


def test_nobody_has_more_places_than_are_left() -> None:
    """One has half of them, two a third each; there is one for whoever comes next, and all are given back."""
    shares = Shares(12)
    with ExitStack() as held:

        def get(name: str, wanted: int) -> int:
            return sum(held.enter_context(shares.held(name)) for _ in range(wanted))

        assert get("ann", 12) == 6
        assert get("ben", 12) == 3
        assert get("cleo", 2) == 2
        assert get("dora", 1) == 1
        assert get("emil", 1) == 0, "all are taken"
        assert len(shares) == 12
    assert len(shares) == 0
    with ExitStack() as held:
        assert get("ben", 12) == 6


def test_a_place_is_given_back_by_who_fails() -> None:
    """And the name is forgotten with its last one."""
    shares = Shares(2)

    def fails() -> None:
        with shares.held("ann") as has:
            assert has
            raise ValueError("it")

    with pytest.raises(ValueError, match="it"):
        fails()
    assert not shares._held


def test_a_place_that_is_wanted_again() -> None:
    """Whoever had one is not turned away by those who came since, who find the fewer."""
    shares = Shares(4)
    with shares.held("ann"):
        pass
    with ExitStack() as others:
        assert [others.enter_context(shares.held("ben")) for _ in range(3)] == [True, True, False]
        assert others.enter_context(shares.held("cleo"))
        assert others.enter_context(shares.held("dora"))
        with shares.held("ann") as new:
            assert not new
        with shares.held("ann", again=True) as had:
            assert had
            assert len(shares) == 5
        with shares.held("emil") as new:
            assert not new
    assert len(shares) == 0
