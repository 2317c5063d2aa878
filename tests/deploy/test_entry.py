"""Several processes behind one entry: a real nginx with the configuration that is shipped, on a real Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple

import aiohttp
import pytest
import pytest_asyncio

from streams.partitioning import partition_of
from tests.support.kafka_broker import KafkaBroker
from tests.support.nginx.entry import Entry
from tests.support.nodes import wipe
from tests.support.ports import HOST
from tests.support.serving import Serving

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

EACH = 3
"""How many workspaces of each process a test is about."""
PATIENCE = 60.0


class Cluster(NamedTuple):
    """Two processes that share the partitions, and what is in front of them."""

    workers: tuple[Serving, Serving]
    entry: Entry


@pytest.fixture(scope="module")
def cluster(kafka: KafkaBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Both are ready and each has its half."""
    directory, broker = tmp_path_factory.mktemp("cluster"), f"kafka://{kafka.bootstrap}"
    asyncio.run(wipe(broker))
    options = ("--broker", broker, "--partitions", "4")
    first, second = (Serving(directory / name, *options) for name in ("first", "second"))
    with first, second, Entry(directory / "entry", [f"{HOST}:{one.port}" for one in (first, second)]) as entry:
        yield Cluster((first, second), entry)


@pytest_asyncio.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """Connections of one test."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE)) as session:
        yield session


async def asked(
    http: aiohttp.ClientSession, method: str, url: str, body: Any = None, key: str = ""
) -> tuple[int, dict[str, Any]]:
    """Status and body."""
    headers = {"Idempotency-Key": key} if key else {}
    async with http.request(method, url, json=body, headers=headers) as answer:
        return answer.status, await answer.json(content_type=None)


async def halves(cluster: Cluster, http: aiohttp.ClientSession) -> list[list[int]]:
    """Which partitions of commands each process has, once they have shared them out and all are ready."""
    while True:
        found = []
        for worker in cluster.workers:
            status, told = await asked(http, "GET", f"{worker.url}/admin/status")
            assert status == 200
            agents = told["agents"].values() if told["ready"] else ()
            found.append([[one["partition"] for one in agent["partitions"]] for agent in agents])
        if all(len(one) == 5 and one[0] and one[0] == one[1] == one[2] == one[3] == one[4] for one in found):
            return [one[0] for one in found]
        await asyncio.sleep(0.1)


async def spaces(cluster: Cluster, http: aiohttp.ClientSession) -> dict[str, Serving]:
    """New workspaces, made through the entry without ids or keys, and the one process that has each.

    Their ids are drawn by the server, so which process has one is chance: as many are made as it takes.
    """
    of: dict[str, Serving] = {}
    async with asyncio.timeout(PATIENCE):
        shared = await halves(cluster, http)
        assert sorted(shared[0] + shared[1]) == [0, 1, 2, 3]
        while any(list(of.values()).count(worker) < EACH for worker in cluster.workers):
            status, told = await asked(http, "POST", f"{cluster.entry.url}/api/v1/workspaces", {"name": "Space"})
            assert status == 201, told
            worker = cluster.workers[0 if partition_of(told["id"], 4) in shared[0] else 1]
            if list(of.values()).count(worker) < EACH:
                of[told["id"]] = worker
    return of


async def test_every_workspace_is_reached(cluster: Cluster, http: aiohttp.ClientSession) -> None:
    """Whichever process has it: reads and writes of all kinds, each done once, also without keys."""
    for space in await spaces(cluster, http):
        base = f"{cluster.entry.url}/api/v1/workspaces/{space}"
        tasks = [await asked(http, "POST", f"{base}/tasks", {"title": f"Task {number}"}) for number in range(4)]
        assert [status for status, _ in tasks] == [201] * 4
        task = tasks[0][1]["id"]
        assert (await asked(http, "PATCH", f"{base}/tasks/{task}", {"title": "Other"}))[1]["title"] == "Other"
        body = {"commands": [{"type": "CreateTask", "title": "Fifth"}, {"type": "CreateTask", "title": "Sixth"}]}
        status, told = await asked(http, "POST", f"{base}/commands", body)
        assert (status, [one["status"] for one in told["items"]]) == (200, ["accepted", "accepted"])
        status, told = await asked(http, "POST", f"{base}/commands", {"type": "CreateTask", "title": "7", "id": "own"})
        assert (status, told["id"]) == (200, "own"), "a command's own key goes before the entry's"
        for _ in range(2):  # whichever is asked first
            listed = (await asked(http, "GET", f"{base}/tasks"))[1]["items"]
            assert len(listed) == 7


async def test_feeds_go_through(cluster: Cluster, http: aiohttp.ClientSession) -> None:
    """WebSockets and Server-Sent Events of every workspace, message by message."""
    for space in await spaces(cluster, http):
        base = f"{cluster.entry.url}/api/v1/workspaces/{space}"
        async with http.ws_connect(f"{base}/feed", protocols=("tasksys.v1",)) as feed:
            await feed.send_json({"op": "subscribe", "after": 0})
            async with http.get(f"{base}/events/stream", params={"after": "0"}) as stream:
                assert stream.status == 200
                while b"caught-up" not in await stream.content.readline():
                    pass
                assert (await asked(http, "POST", f"{base}/tasks", {"title": "Seen"}))[0] == 201
                while b"TaskCreated" not in await stream.content.readline():
                    pass
            async with asyncio.timeout(PATIENCE):
                while "TaskCreated" not in (await feed.receive_str()):
                    pass


async def test_a_worker_that_is_killed(cluster: Cluster, http: aiohttp.ClientSession) -> None:
    """Its workspaces are the other's after some seconds; the other's go on meanwhile, and nothing is done twice."""
    of = await spaces(cluster, http)
    dead, alive = cluster.workers
    sent = dict.fromkeys(of, 0)

    async def sends(space: str) -> None:
        base = f"{cluster.entry.url}/api/v1/workspaces/{space}"
        for number in range(40):
            while True:  # as a client does that gives its commands keys
                status, _ = await asked(http, "POST", f"{base}/tasks", {"title": "T"}, key=f"{space}-{number}")
                if status not in (503, 409):
                    break
                await asyncio.sleep(0.2)
            assert status in (201, 202)
            sent[space] += 1
            if number == 10 and of[space] is dead and dead._process is not None:
                dead.kill()

    async with asyncio.timeout(120):
        await asyncio.gather(*(sends(space) for space in of))
    assert set(sent.values()) == {40}
    for space in of:
        found = await asked(http, "GET", f"{alive.url}/api/v1/workspaces/{space}/tasks?limit=100")
        assert len(found[1]["items"]) == 40
    dead.start()
