"""Questions about everything: what several workers have, put together, or a refusal that says to ask again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
import pytest_asyncio

from tasksys.errors import NotOwned
from tasksys.ownership import Ownership
from tests.support.http import Json, Site, new_space, running
from tests.support.waiting import until
from tests.support.workers import Worker, raw_worker, worker
from tests.views.forwarding.test_breaks import head
from views.forwarding import gathering
from views.forwarding.gathering import first

pytestmark = pytest.mark.asyncio(loop_scope="module")

HALF: Final = ((0, 1), (2, 3))


@asynccontextmanager
async def halves(site: Site, wait: float = 20.0) -> AsyncIterator[tuple[Worker, Worker]]:
    """Two workers, each of which has two of the four partitions, as both believe."""
    async with worker(site.node, "", wait=wait) as one, worker(site.node, "", wait=wait) as two:
        known = {number: each.url for each, half in zip((one, two), HALF, strict=True) for number in half}
        for each in (one, two):
            each.believing._known = Ownership(1, known)
        yield one, two


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Worker, Worker]]:
    """Two workers of one system."""
    async with running(tmp_path_factory.mktemp("halves")) as site, halves(site) as both:
        yield both


async def test_workspaces_of_all(both: tuple[Worker, Worker]) -> None:
    """Whoever is asked names all that the caller is a member of, once and in order, and nobody else's."""
    mine: list[str] = []
    theirs: list[str] = []
    for number in range(12):
        space = await new_space(both[number % 2].client(f"mia{number % 3}"))
        (mine if number % 3 == 0 else theirs).append(space.id)
    while {both[0].believing.partition(one) in HALF[0] for one in mine} != {True, False}:
        mine.append((await new_space(both[0].client("mia0"))).id)
    answers = [await one.client("mia0").get("/api/v1/workspaces") for one in both]
    for one in answers:
        assert [found["id"] for found in one.ok["items"]] == sorted(mine)
    assert answers[0].raw == answers[1].raw
    assert "Tasksys-Partitions" not in answers[0].headers


async def test_pages_of_all(both: tuple[Worker, Worker]) -> None:
    """They are of both, in one order, whoever is asked for which; each is asked for a page, not for all."""
    mine = [(await new_space(both[0].client("pat"))).id for _ in range(7)]
    while {both[0].believing.partition(one) in HALF[0] for one in mine} != {True, False}:
        mine.append((await new_space(both[0].client("pat"))).id)
    for limit in (1, 2, len(mine) - 1, len(mine), 200):
        seen: list[str] = []
        more: dict[str, str] = {}
        for number in range(len(mine)):
            page = (await both[number % 2].client("pat").get("/api/v1/workspaces", limit=limit, **more)).ok
            seen += [one["id"] for one in page["items"]]
            assert len(page["items"]) == min(limit, len(mine) - number * limit)
            if page["next_cursor"] is None:
                break
            more = {"cursor": page["next_cursor"]}
        assert seen == sorted(mine)
        assert page["next_cursor"] is None


async def test_status_of_all(both: tuple[Worker, Worker]) -> None:
    """The one that was asked as ever, and each of them by its address; lag of every partition, once."""
    told = (await both[0].client().get("/admin/status")).ok
    assert told["url"] == both[0].url
    assert [one["url"] for one in told["workers"]] == sorted([both[0].url, both[1].url])
    assert all(one["ready"] and one["agents"]["commands"] for one in told["workers"])
    items = (await both[1].client().get("/admin/lag")).ok["items"]
    assert len({(one["agent"], one["partition"]) for one in items}) == len(items) == 20


async def test_dead_letters_of_all(both: tuple[Worker, Worker]) -> None:
    """There are none, and that is of all."""
    assert (await both[0].client().get("/admin/dead-letters")).ok == {"items": [], "next_cursor": None}


def place(letter: str) -> tuple[int, int]:
    """Partition and offset of a letter's id."""
    partition, _, offset = letter.partition("-")
    return int(partition), int(offset)


@pytest.mark.parametrize("sizes", [(3, 3), (1, 3), (3, 1)])
async def test_pages_of_letters(sizes: tuple[int, int]) -> None:
    """No letter is passed over where one worker has more than its page, which may be short, and none comes twice."""
    letters: list[list[Json]] = [
        [{"id": f"{partition}-{offset}"} for partition in half for offset in range(5)] for half in ((0, 3), (1, 2))
    ]
    seen: list[str] = []
    after = (-1, -1)
    while True:
        parts = []
        for each, size in zip(letters, sizes, strict=True):
            left = [one for one in each if place(one["id"]) > after]
            parts.append({"items": left[:size], "next_cursor": left[size - 1]["id"] if len(left) > size else None})
        page = first(parts, 3, lambda one: place(one["id"]), itemgetter("id"))
        assert 0 < len(page["items"]) <= 3
        seen += [one["id"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        after = place(page["next_cursor"])
    assert seen == [f"{partition}-{offset}" for partition in range(4) for offset in range(5)]


async def test_one_that_is_away(tmp_path: Path) -> None:
    """No half answer: 503 in the end; but the status says who it is."""

    async def dies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)

    async with running(tmp_path) as site, raw_worker(dies) as dead, worker(site.node, "", wait=0.5) as one:
        one.believing._known = Ownership(1, {0: one.url, 1: dead})
        answer = await one.client().get("/api/v1/workspaces")
        assert answer.problem(503, "not-ready")
        assert answer.headers["Retry-After"]
        assert (await one.client().get("/admin/lag")).status == 503
        workers = (await one.client().get("/admin/status")).ok["workers"]
        (told,) = [each for each in workers if each["url"] == dead]
        assert (told["ready"], told["agents"]) == (False, {})
        assert told["missing"]["worker"]
        one.believing._known = Ownership()
        again = (await one.client().get("/admin/status")).ok["workers"]
        assert [each["url"] for each in again] == [each["url"] for each in workers], "as when brokers are away"


async def test_one_that_believes_otherwise(tmp_path: Path) -> None:
    """Parts that are not of everything are not put together: it is asked again until they are."""
    async with running(tmp_path) as site, halves(site) as (one, two):
        space = await new_space(one.client())
        two.believing._known = Ownership(1, {2: two.url, 0: one.url})
        asked = asyncio.create_task(one.client().get("/api/v1/workspaces"))
        await asyncio.wait([asked], timeout=0.3)
        assert not asked.done()
        two.believing._known = Ownership(2, {0: one.url, 1: one.url, 2: two.url, 3: two.url})
        assert [each["id"] for each in (await asked).ok["items"]] == [space.id]


def part(partitions: str, *workspaces: str) -> bytes:
    """What another worker answers, of those partitions."""
    body = json.dumps({"items": [{"id": one} for one in workspaces], "next_cursor": None}).encode()
    told = b"HTTP/1.1 200 OK\r\nTasksys-Partitions: %s\r\nContent-Length: %d\r\n\r\n%s"
    return told % (partitions.encode(), len(body), body)


class Others:
    """A worker that has partition 1, and one that is away, which had 2; what each was asked."""

    def __init__(self) -> None:
        self.there: list[str] = []
        self.away: list[str] = []
        self.back = asyncio.Event()

    async def answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """As the one that is there."""
        while True:
            self.there.append((await head(reader))[""])
            writer.write(part("1,2" if self.back.is_set() else "1", "b"))

    async def breaks_off(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """As the one that is away, until it is back."""
        self.away.append((await head(reader))[""])
        if self.back.is_set():
            writer.write(part("2", "c"))


@asynccontextmanager
async def one_away(site: Site) -> AsyncIterator[tuple[Worker, Others, dict[int, str]]]:
    """A worker, two others, and who has what."""
    others = Others()
    async with (
        raw_worker(others.answers) as there,
        raw_worker(others.breaks_off) as away,
        worker(site.node, "") as one,
    ):
        has = {0: one.url, 1: there, 2: away}
        one.believing._known = Ownership(1, has)
        yield one, others, has


LISTED: Final = "/api/v1/workspaces"


async def test_who_waits_asks_the_one_that_is_away(tmp_path: Path) -> None:
    """However many wait for however long: the others are asked once by each before it is back, and once then."""
    async with running(tmp_path) as site, one_away(site) as (one, others, _):
        waiting = [asyncio.create_task(one.client(f"u{number}").get(LISTED, limit=7)) for number in range(5)]
        await until(lambda: len(others.away) >= 4 * len(waiting))
        assert len(others.there) == len(waiting)
        others.back.set()
        for each in waiting:
            assert [found["id"] for found in (await each).ok["items"]] == ["b", "c"]
        assert len(others.there) <= 2 * len(waiting)
        assert {*others.there, *others.away} == {f"GET {LISTED}?limit=7 HTTP/1.1"}


async def test_who_has_it_now_is_noticed_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When another worker is known to have the part, nobody waits for the time at which they would have asked again."""
    monkeypatch.setattr(gathering, "ROUNDS", (1_000.0,))
    async with running(tmp_path) as site, one_away(site) as (one, others, has):
        waiting = asyncio.create_task(one.client().get(LISTED))
        await until(lambda: len(one.forwarder.waiting) == 1)
        before = len(others.away)
        others.back.set()
        one.believing._known = Ownership(2, {**has, 2: has[1]})
        async with asyncio.timeout(5):
            assert [found["id"] for found in (await waiting).ok["items"]] == ["b"]
        assert len(others.away) == before
        assert len(one.forwarder.waiting) == 0


class Recovering:
    """A state of which nothing can be had for a while; how often it was asked for."""

    def __init__(self, state: Any) -> None:
        self.state, self.ready, self.asked = state, False, 0

    async def workspaces(self, *given: Any) -> Any:
        """Those of the state, once it is there."""
        self.asked += 1
        if not self.ready:
            raise NotOwned("it is being recovered")
        return await self.state.workspaces(*given)


async def test_ones_own_part_is_looked_at_often(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That asks nobody, and after a rebalance it is one's own that is mostly waited for."""
    monkeypatch.setattr(gathering, "ROUNDS", (1_000.0,))
    async with running(tmp_path) as site, worker(site.node, "") as one:
        made = await new_space(one.client("u"))
        state = Recovering(site.node.state)
        monkeypatch.setattr(one.believing, "state", state, raising=False)
        waiting = asyncio.create_task(one.client("u").get(LISTED))
        await until(lambda: state.asked > 2)
        state.ready = True
        async with asyncio.timeout(5):
            assert [found["id"] for found in (await waiting).ok["items"]] == [made.id]


async def test_nobody_knows_who_has_what(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is asked, and the first assignment is noticed."""
    monkeypatch.setattr(gathering, "ROUNDS", (1_000.0,))
    async with running(tmp_path) as site, one_away(site) as (one, others, has):
        one.believing._known = Ownership()
        waiting = asyncio.create_task(one.client().get(LISTED))
        await until(lambda: len(one.forwarder.waiting) == 1)
        assert not others.there
        one.believing._known = Ownership(1, {0: has[0], 1: has[1]})
        async with asyncio.timeout(5):
            assert [found["id"] for found in (await waiting).ok["items"]] == ["b"]


async def test_a_stop_is_not_held_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for another worker's part is answered when this one stops."""
    monkeypatch.setattr(gathering, "ROUNDS", (1_000.0,))
    async with running(tmp_path) as site, one_away(site) as (one, _, _):
        waiting = asyncio.create_task(one.client().get(LISTED))
        await until(lambda: len(one.forwarder.waiting) == 1)
        async with asyncio.timeout(5):
            await one.server.stop()
            (await waiting).problem(503, "not-ready")


NDJSON: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nConnection: close\r\n\r\n"
DONE: Final = b'{"phase":"done","done":1,"total":1,"different":%d,"repaired":0,"differences":[]}\n'


async def test_a_replay_that_another_worker_refuses(tmp_path: Path) -> None:
    """It is refused before anything is told, and nothing goes on here."""
    told = b'{"code": "busy", "detail": "A replay runs already; wait for its end."}'

    async def refuses(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(b"HTTP/1.1 429 Busy\r\nContent-Length: %d\r\n\r\n%s" % (len(told), told))

    async with running(tmp_path) as site, raw_worker(refuses) as busy, worker(site.node, "") as one:
        one.believing._known = Ownership(1, {0: one.url, 1: busy})
        assert "runs already" in (await one.client().post("/admin/replay", {})).problem(429, "busy")["detail"]
        one.believing._known = Ownership(2, dict.fromkeys(range(4), one.url))
        assert (await one.client().post("/admin/replay", {})).status == 200, "the first one has ended"


async def test_a_replay_that_breaks_off(tmp_path: Path) -> None:
    """Half of a replay has no end; nor has one of which some partitions were looked at by nobody."""
    partly = b'{"phase":"compare","agent":"commands","partition":%d,"done":1,"total":1}\n'
    answers = {"dies": NDJSON + partly % 9 + b'{"phase"', "forgets": NDJSON + partly % 1 + DONE % 0}
    whole = {"whole": NDJSON + partly % 9 + DONE % 2}

    async with running(tmp_path) as site, worker(site.node, "") as one:
        for name, sent in (answers | whole).items():

            async def says(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytes = sent) -> None:
                await head(reader)
                writer.write(sent)

            async with raw_worker(says) as other:
                one.believing._known = Ownership(1, {**dict.fromkeys(range(4), one.url), 9: other})
                async with one.session.post("/admin/replay", json={}, headers={"Tasksys-Actor": "olga"}) as answer:
                    lines: list[Json] = []
                    try:
                        async for line in answer.content:
                            lines.append(json.loads(line))
                    except aiohttp.ClientError:
                        pass
            if name in whole:
                assert (lines[-1]["phase"], lines[-1]["different"]) == ("done", 2)
            else:
                assert lines
                assert lines[-1]["phase"] != "done", name
