"""Two real `tasksys serve` on a real Kafka: either answers for everything, also while one of them dies."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tests.support.kafka_broker import KafkaBroker
from tests.support.nodes import wipe
from tests.support.serving import Serving
from tests.support.waiting import until
from views.sending import WAIT

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

PATIENCE = 60.0
WORKSPACES = 6


@pytest.fixture(scope="module")
def workers(kafka: KafkaBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Serving, Serving]]:
    """Two workers, each with its data, that share four partitions."""
    directory, broker = tmp_path_factory.mktemp("cluster"), f"kafka://{kafka.bootstrap}"
    asyncio.run(wipe(broker))
    options = ("--broker", broker, "--partitions", "4")
    first, second = (Serving(directory / name, *options) for name in ("first", "second"))
    with first, second:
        yield first, second


@pytest_asyncio.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """Connections of one test."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE)) as session:
        yield session


async def asked(http: aiohttp.ClientSession, method: str, url: str, body: Any = None) -> tuple[int, Any]:
    """Status and body."""
    async with http.request(method, url, json=body) as answer:
        return answer.status, await answer.json(content_type=None)


async def had(http: aiohttp.ClientSession, worker: Serving) -> list[int]:
    """The partitions of commands that a worker has."""
    _, told = await asked(http, "GET", f"{worker.url}/admin/status")
    return [one["partition"] for one in told["agents"].get("commands", {"partitions": ()})["partitions"]]


async def shared(http: aiohttp.ClientSession, workers: tuple[Serving, ...]) -> None:
    """Returns when each has its half of the partitions."""

    async def halves() -> bool:
        return [len(await had(http, one)) for one in workers] == [2, 2]

    await until(halves, "each has two partitions of the four", PATIENCE)


async def spaces(http: aiohttp.ClientSession, workers: tuple[Serving, ...]) -> list[str]:
    """New workspaces, made by one worker and the other in turns, without ids or keys."""
    made = []
    for number in range(WORKSPACES):
        worker = workers[number % len(workers)]
        status, told = await asked(http, "POST", f"{worker.url}/api/v1/workspaces", {"name": f"Space {number}"})
        assert status == 201, told
        made.append(told["id"])
    return made


async def test_either_answers_for_everything(workers: tuple[Serving, Serving], http: aiohttp.ClientSession) -> None:
    """Reads, writes and feeds of every workspace, by each of the two."""
    await shared(http, workers)
    for space in await spaces(http, workers):
        for worker in workers:
            base = f"{worker.url}/api/v1/workspaces/{space}"
            status, task = await asked(http, "POST", f"{base}/tasks", {"title": "Milk"})
            assert status == 201, task
            for other in workers:
                url = f"{other.url}/api/v1/workspaces/{space}/tasks/{task['id']}"
                assert await asked(http, "GET", url) == (200, task)
            async with http.ws_connect(f"{base}/feed", protocols=("tasksys.v1",)) as feed:
                await feed.send_json({"op": "subscribe", "after": 0})
                async with asyncio.timeout(PATIENCE):
                    while task["id"] not in (await feed.receive_str()):
                        pass


async def test_either_answers_about_all(workers: tuple[Serving, Serving], http: aiohttp.ClientSession) -> None:
    """The caller's workspaces are all of them; status and lag are of both."""
    await shared(http, workers)
    made = await spaces(http, workers)
    for worker in workers:
        _, listed = await asked(http, "GET", f"{worker.url}/api/v1/workspaces")
        assert {one["id"] for one in listed["items"]} >= set(made)
        _, told = await asked(http, "GET", f"{worker.url}/admin/status")
        assert {one["url"] for one in told["workers"]} == {one.url for one in workers}
        _, lag = await asked(http, "GET", f"{worker.url}/admin/lag")
        commands = [one["partition"] for one in lag["items"] if one["agent"] == "commands"]
        assert commands == [0, 1, 2, 3]


async def test_either_replays_everything(workers: tuple[Serving, Serving], http: aiohttp.ClientSession) -> None:
    """What both compare comes as it comes, added up, and has one end, which counts the events of all partitions."""
    await shared(http, workers)
    await spaces(http, workers)
    ends = []
    for worker in workers:
        async with http.post(f"{worker.url}/admin/replay", json={"verify": True}) as answer:
            lines = [json.loads(line) for line in (await answer.text()).splitlines()]
        compared = {(one["agent"], one["partition"]): one["worker"] for one in lines if one["phase"] == "compare"}
        assert {partition for _, partition in compared} == {0, 1, 2, 3}
        assert {*compared.values()} == {one.url for one in workers}
        counted = [one for one in lines if one["phase"] == "compare"][-1]
        assert counted["done"] == counted["total"] == len(compared)
        ends.append(lines[-1])
    assert ends[0] == ends[1]
    assert (ends[0]["phase"], ends[0]["different"]) == ("done", 0)
    assert ends[0]["total"] >= 4 * WORKSPACES, "every workspace has an event at least, for each of the agents"


async def read(http: aiohttp.ClientSession, url: str, **headers: str) -> tuple[int, bool, str]:
    """Status, whether it may be old, and its position."""
    async with http.get(url, headers=headers) as answer:
        return answer.status, "Tasksys-Stale" in answer.headers, answer.headers.get("Tasksys-Position", "")


async def all_read(
    http: aiohttp.ClientSession, urls: list[str], wanted: list[tuple[int, bool, str]], **headers: str
) -> None:
    """Returns when these are the answers, in any order. All are asked at once: each may wait for an owner."""

    async def told() -> bool:
        return sorted(await asyncio.gather(*(read(http, url, **headers) for url in urls))) == wanted

    await until(told, f"all answer with one of {set(wanted)}", PATIENCE)


async def test_copies_are_read_by_who_asks(workers: tuple[Serving, Serving], http: aiohttp.ClientSession) -> None:
    """One of the two answers from its copy, and says of which position."""
    await shared(http, workers)
    (space, *_) = await spaces(http, workers)
    urls = [f"{one.url}/api/v1/workspaces/{space}" for one in workers]
    await all_read(http, urls, [(200, False, "2"), (200, True, "2")], **{"Tasksys-Read": "standby"})


async def test_any_of_three_answers_while_the_brokers_are_away(
    workers: tuple[Serving, Serving], http: aiohttp.ClientSession, kafka: KafkaBroker, tmp_path: Path
) -> None:
    """From its copy, or another one's, for of each partition one of them has none; and no longer than that."""
    await shared(http, workers)
    made = await spaces(http, workers)
    with Serving(tmp_path, "--broker", f"kafka://{kafka.bootstrap}", "--partitions", "4") as third:
        urls = [f"{one.url}/api/v1/workspaces/{space}" for one in (*workers, third) for space in made]
        await all_read(http, urls, [(200, False, "2")] * len(urls))
        copied = [(200, False, "2")] * (len(urls) - len(made)) + [(200, True, "2")] * len(made)
        await all_read(http, urls, copied, **{"Tasksys-Read": "standby"})  # each copy is there, and complete
        kafka.freeze()
        try:
            await all_read(http, urls, [(200, True, "2")] * len(urls))
            assert (await asked(http, "POST", f"{urls[0]}/tasks", {"title": "Lost"}))[0] == 503
        finally:
            kafka.thaw()
        await all_read(http, urls, [(200, False, "2")] * len(urls))


async def test_a_worker_is_killed_under_writes(workers: tuple[Serving, Serving], http: aiohttp.ClientSession) -> None:
    """Clients of the other one, which give no keys and repeat nothing, hear of it by nothing but the time: each write
    is answered, and done once."""
    await shared(http, workers)
    made = await spaces(http, workers)
    dead, alive = workers
    written: Counter[str] = Counter()
    closed: list[int | None] = []

    async def writes(space: str) -> None:
        for number in range(40):
            url = f"{alive.url}/api/v1/workspaces/{space}/tasks"
            status, told = await asked(http, "POST", url, {"title": f"{number}"})
            assert status == 201, told
            written[space] += 1
            if number == 10 and dead._process is not None:
                dead.kill()

    async def follows(space: str) -> None:
        url = f"{alive.url}/api/v1/workspaces/{space}/feed"
        async with http.ws_connect(url, protocols=("tasksys.v1",)) as feed:
            await feed.send_json({"op": "subscribe", "after": 0})
            async for _ in feed:
                pass
            closed.append(feed.close_code)

    following = [asyncio.create_task(follows(space)) for space in made]
    async with asyncio.timeout(120):
        await asyncio.gather(*(writes(space) for space in made))
    for space in made:
        _, told = await asked(http, "GET", f"{alive.url}/api/v1/workspaces/{space}/tasks?limit=100")
        assert sorted(int(one["title"]) for one in told["items"]) == list(range(40))
    assert closed
    assert set(closed) == {4409}, "who followed one of the dead worker's was told to connect again"
    for task in following:
        task.cancel()
    await asyncio.gather(*following, return_exceptions=True)
    dead.start()


async def test_a_worker_joins_under_writes(
    workers: tuple[Serving, Serving], http: aiohttp.ClientSession, kafka: KafkaBroker, tmp_path: Path
) -> None:
    """Each write is answered with what became of it, and waits no longer than the partitions move, which takes 3
    seconds: none is left with the worker that took it and cannot know."""
    await shared(http, workers)
    made, joined = await spaces(http, workers), asyncio.Event()
    longest: list[float] = []

    async def writes(worker: Serving, space: str) -> int:
        url, number = f"{worker.url}/api/v1/workspaces/{space}", 0
        while not joined.is_set():
            began = perf_counter()
            status, told = await asked(http, "POST", f"{url}/tasks", {"title": f"{number}"})
            assert status == 201, told
            longest.append(perf_counter() - began)
            number += 1
        return number

    third = Serving(tmp_path, "--broker", f"kafka://{kafka.bootstrap}", "--partitions", "4")
    writing = [asyncio.gather(*(writes(worker, space) for worker in workers)) for space in made]
    try:
        await asyncio.to_thread(third.start)
        assert await had(http, third)
        joined.set()
        async with asyncio.timeout(PATIENCE):
            written = [sum(numbers) for numbers in await asyncio.gather(*writing)]
        for space, number in zip(made, written, strict=True):
            _, told = await asked(http, "GET", f"{third.url}/api/v1/workspaces/{space}")
            assert told["position"] == 2 + number, "each was done once"
    finally:
        third.kill()
    assert max(longest) < WAIT - 1, "some waited for an outcome that was told elsewhere"
