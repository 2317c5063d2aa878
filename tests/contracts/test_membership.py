"""Several workers on one Kafka: each knows who has what, tables are copied beside the folds, and takeovers are warm."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from faust.types import TP

from streams.app import fold_agent
from streams.assignment import plan
from streams.broker import Broker
from streams.measures import measures
from streams.node import Node
from streams.parts import AGENTS
from streams.reader import StateReader
from streams.topics import changelog
from streams.transport.assignor import STRANGER, NameTaken
from streams.transport.kafka.consumer import Consumer
from tasksys.commands import CreateTask, EditTask
from tasksys.errors import Elsewhere
from tasksys.ownership import KeptOut, Ownership, Setting
from tasksys.query import Page, PageRequest, Query
from tasksys.rows import Task
from tests.contracts.test_metrics import Watched
from tests.support.kafka_broker import KafkaBroker
from tests.support.nodes import SETTLE, accepted, check, founded, record, running, wipe, workspace_on
from tests.support.waiting import WAIT, until

pytestmark = pytest.mark.kafka

PARTITIONS = 6
QUICK: dict[str, Any] = {"session_timeout": 2.0, "partitions": PARTITIONS, "standbys": 1}

QUERY = Query.parse()
assert isinstance(QUERY, Query)
WANTED = PageRequest(QUERY, datetime(2126, 3, 8, tzinfo=UTC), limit=200)


@pytest.fixture
async def url(kafka: KafkaBroker) -> str:
    """The broker with no topic of ours on it."""
    url = f"kafka://{kafka.bootstrap}"
    await wipe(url)
    return url


def address(name: str) -> str:
    """The address that a worker of that name is known by."""
    return f"http://{name}:3001"


@asynccontextmanager
async def workers(url: str, directory: Path, *names: str, **settings: Any) -> AsyncIterator[list[Node]]:
    """So many workers, at rest."""
    async with AsyncExitStack() as stack:
        nodes = [
            await stack.enter_async_context(running(url, directory / name, url=address(name), **{**QUICK, **settings}))
            for name in names
        ]
        await settled(*nodes, copies=nodes[0].standbys)
        yield nodes


async def settled(*nodes: Node, copies: int = 1) -> None:
    """Waits until these are all the workers that there are, and each has what it should."""
    planned = plan([one.url for one in nodes], PARTITIONS, copies)

    def agreed(node: Node, name: str) -> bool:
        found = node.ownership(name)
        mine = [number for number, owner in planned.active.items() if owner == node.url]
        return (found.active, found.standby) == planned and node.served(name) == mine

    await until(
        lambda: all(not one.ready() and agreed(one, name) for one in nodes for name in one.agents), "all agree", 60
    )


async def test_all_know_who_has_what(url: str, tmp_path: Path) -> None:
    """In each agent's group, from the first assignment on, through a join and a leave."""
    async with workers(url, tmp_path, "a", "b") as [first, second]:
        for name in AGENTS:
            one, other = first.ownership(name), second.ownership(name)
            assert one == other
            assert one.members == (first.url, second.url)
            assert {one.owner(number) for number in range(PARTITIONS)} == {first.url, second.url}
        before = first.ownership().generation
        async with running(url, tmp_path / "c", url=address("c"), **QUICK) as third:
            await settled(first, second, third)
            assert first.ownership().generation == third.ownership().generation > before
        await settled(first, second)
        for number in range(PARTITIONS):
            owner = first if first.ownership().owner(number) == first.url else second
            await founded(owner, workspace_on(first, number))
        kept = first.keepers(0)
        assert kept[0] == first.ownership().owner(0)
        assert set(kept) == {first.url, second.url}
        for app in first.begun.values():
            app._consumer.lease.end()
        assert first.ownership() == Ownership()
        assert first.workers() == (first.url, second.url), "whom to ask how they are, when nobody knows who has what"
    assert first.ownership() == Ownership()
    assert first.workers() == ()
    assert first.url in first.keepers(0), "what its agent had heard before it stopped"


async def test_two_under_one_address(url: str, tmp_path: Path) -> None:
    """The newcomer says so, and claims to know nothing; the others go on."""
    async with workers(url, tmp_path, "a", "b") as [first, second]:
        async with running(url, tmp_path / "double", url=first.url, **QUICK) as double:
            await until(lambda: len([name for name in AGENTS if first.url in double.ready().get(name, "")]) == 5)
            assert "--advertise-url" in double.ready()["commands"]
            assert double.ownership() == Ownership()
            assert double.kept_out() == []
            for one in (first, second):
                assert [who for who, _ in one.kept_out()] == [KeptOut(first.url, Setting.ADDRESS)]
            await until(lambda: not first.ready() and not second.ready())
        await settled(first, second)


async def test_two_under_one_name(url: str, tmp_path: Path) -> None:
    """The newcomer ends, and names the other one, which goes on."""
    alone: dict[str, Any] = {**QUICK, "standbys": 0, "member": "m", "agents": ("commands", "audit")}
    async with running(url, tmp_path / "first", url=address("a"), **alone) as first:
        workspace = await founded(first)
        with pytest.raises(NameTaken, match=f"the worker at {first.url} .* --member"):
            async with running(url, tmp_path / "second", url=address("b"), **alone):
                pass
        await until(lambda: not first.ready(), "the first one is ready", SETTLE)
        await accepted(first, workspace, CreateTask(task="t", title="x"))
        assert first.ownership().members == (first.url,)


async def test_a_name_that_comes_back_at_another_address(url: str, tmp_path: Path) -> None:
    """The group takes it for what it was, until that one's session is over; then it has its partitions."""
    alone: dict[str, Any] = {**QUICK, "standbys": 0, "member": "m", "agents": ("commands", "audit")}
    async with running(url, tmp_path / "node", url=address("a"), **alone) as before:
        workspace = await founded(before)
    async with running(url, tmp_path / "node", url=address("b"), **alone) as after:
        await until(lambda: not after.ready(), "it is ready", SETTLE)
        assert after.ownership().members == (address("b"),)
        await accepted(after, workspace, CreateTask(task="t", title="x"))


async def test_a_worker_with_another_key(url: str, tmp_path: Path) -> None:
    """It says so, and has nothing that anybody would ask it for; the others go on, and it does when it is put right."""
    async with workers(url, tmp_path, "a", "b", prints=("ours",)) as [first, second]:
        async with running(url, tmp_path / "other", url=address("c"), prints=("theirs",), **QUICK) as other:
            await until(lambda: [one for one in other.ready().values() if "--secret-key" in one] == [STRANGER] * 5)
            assert not any(other.partitions_of(name) for name in AGENTS)
            assert other.kept_out() == []
            assert [who for who, _ in first.kept_out()] == [KeptOut(other.url, Setting.KEY)]
            await settled(first, second)
            assert first.ownership().members == (first.url, second.url)
        async with running(url, tmp_path / "other", url=address("c"), prints=("ours",), **QUICK) as other:
            await settled(first, second, other)


async def copied(*nodes: Node, names: tuple[str, ...] = AGENTS) -> None:
    """Waits until every copy is the same as what it is a copy of."""
    for name in names:
        for number, owner in nodes[0].ownership(name).active.items():
            [original] = [one for one in nodes if one.url == owner]
            for one in nodes:
                if one.url in one.ownership(name).standby[number]:
                    await until(lambda: same(original, one, name, number), f"{name}[{number}] is copied")  # noqa: B023


def same(owner: Node, other: Node, name: str, number: int) -> bool:
    """Whether the copy shows all that its owner has."""
    copy = other.standby_rows(name, number)
    return copy is not None and dict(copy.scan()) == dict(owner.rows(name, number).scan())


async def filled(node: Node, other: Node) -> list[str]:
    """A workspace on each partition with tasks, made by whoever owns it."""
    names = list[str]()
    for number in range(PARTITIONS):
        owner = node if number in node.served("commands") else other
        names.append(await founded(owner, workspace_on(node, number)))
        records = [record(names[-1], CreateTask(task=f"t{one}", title="x")) for one in range(100)]
        await owner.gateway.submit_all(records, WAIT)
    return names


@pytest.mark.parametrize("copies", [1, 0])
async def test_takeovers_read_little(url: str, tmp_path: Path, copies: int) -> None:
    """Whose standby takes over has the rows already; without one all of them are read. Nothing is missing after it."""
    async with workers(url, tmp_path, "stays", standbys=copies) as [stays]:
        async with running(url, tmp_path / "goes", url=address("goes"), **{**QUICK, "standbys": copies}) as goes:
            await settled(stays, goes, copies=copies)
            names = await filled(stays, goes)
            if copies:
                await copied(stays, goes)
            theirs = goes.served("commands")
            before = measures("commands").read
        await settled(stays)
        read = measures("commands").read - before
        for name in names:
            assert sum(1 for _ in stays.state.all(name, Task)) == 100
            await accepted(stays, name, CreateTask(task="more", title="x"))
        await check(stays)
        assert len(theirs) == PARTITIONS // 2
        assert read < 10 if copies else read > 100 * len(theirs), read


async def listed(reader: StateReader, name: str) -> tuple[list[Task], int]:
    """What a query finds, and the position that it shows."""
    page, position = await reader.query(name, WANTED)
    assert isinstance(page, Page)
    return [item.task for item in page.items], position


async def test_copies_lack_nothing_that_came_with_what_is_fetched_again(url: str, tmp_path: Path) -> None:
    """After a rebalance some partitions are unsure and others are not; one fetch may bring records of both."""
    async with workers(url, tmp_path, "a", "b", agents=("commands",)) as [first, second]:
        number, *others = first.served("commands")
        name = await founded(first, workspace_on(first, number))
        await copied(first, second, names=("commands",))
        second.begun["commands"].consumer.unsure |= {TP(changelog("commands").name, other) for other in others}
        for task in ("lost", "kept"):
            await accepted(first, name, CreateTask(task=task, title="x"))
        await copied(first, second, names=("commands",))


async def test_standbys_copy_and_never_write(url: str, tmp_path: Path) -> None:
    """Only owners have writers; a copy moves in its owner's steps, says its position, and answers queries."""
    names = ("commands", "audit")
    async with workers(url, tmp_path, "a", "b", agents=names) as [first, second]:
        name = workspace_on(first, first.served("commands")[0])
        await founded(first, name)
        founding, seen = first.state.position(name), list[int]()

        def shows() -> int:
            """The copy's position; as many tasks are in it as were made up to there."""
            copy = second.standby(name)
            position = copy.position(name) if copy is not None else 0
            if copy is not None and position:
                assert sum(1 for _ in copy.all(name, Task)) == position - founding
                seen.append(position)
            return position

        for round_ in range(20):
            records = [record(name, CreateTask(task=f"t{round_}-{one}", title="x")) for one in range(20)]
            sent = asyncio.ensure_future(first.gateway.submit_all(records, WAIT))
            while not sent.done():
                await asyncio.wait({sent}, timeout=0.01)
                shows()
        await until(lambda: shows() == founding + 400, "all of it is copied")
        assert seen == sorted(seen)
        await copied(first, second, names=names)
        for title in ("changed", "again"):
            await accepted(first, name, EditTask(task="t0-0", title=title))
            await copied(first, second, names=names)
            copy = second.standby(name)
            assert copy is not None
            assert await listed(copy, name) == await listed(first.state, name)
            task = copy.state(name).task("t0-0")
            assert task is not None
            assert task.title == title
        with pytest.raises(Elsewhere):
            second.state.position(name)
        for agent in names:
            assert not set(first.served(agent)) & set(second.served(agent))
            for node in (first, second):
                assert len(node.served(agent)) == PARTITIONS // 2
                assert sorted(node.apps[agent].transport._writers) == node.served(agent)


async def test_status_tells_of_copies_and_recovery(url: str, tmp_path: Path) -> None:
    """Who has copies of a worker's partitions, the copies that it has itself, and that nothing is left to read."""
    async with workers(url, tmp_path, "a", "b") as both:
        for number in range(8):
            await founded(
                next(one for one in both if one.partition(f"w-{number}") in one.served("commands")), f"w-{number}"
            )
        for node, other in zip(both, reversed(both), strict=True):
            told = (await node.status())["agents"]
            for name in AGENTS:
                theirs = [one["partition"] for one in (await other.status())["agents"][name]["partitions"]]
                assert [one["partition"] for one in told[name]["copies"]] == theirs
                assert all(one["standbys"] == [other.url] for one in told[name]["partitions"])
                assert all(one["recovering"] == 0 for one in told[name]["partitions"])
                assert told[name]["generation"] == node.ownership(name).generation
        await until(lambda: not any(left for node in both for left in node.apps["commands"].consumer.copies().values()))


async def test_what_is_told_while_a_worker_joins(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The group's assignment is ahead of the tables; and what is not recovered yet was folded all the same."""
    settings: dict[str, Any] = {**QUICK, "standbys": 0, "partitions": 1, "agents": ("commands",)}
    async with running(url, tmp_path / "a", **settings) as node:
        await node.gateway.submit_all([record("w", CreateTask(title=str(number))) for number in range(100)], WAIT)
        app: Any = node.apps["commands"]
        app.tables.recovery.standby_tps.add(TP(changelog("commands").name, 1))  # which this consumer has not any more
        [copy] = (await node.status())["agents"]["commands"]["copies"]
        assert (copy["partition"], copy["recovering"] > 0, copy["readable"]) == (1, True, False)
        app.tables.recovery.standby_tps.clear()
        await until(lambda: fold_agent(app).position(0) >= 100)
        await app.consumer.commit()
    recover, recovering, go = Consumer.recover, asyncio.Event(), asyncio.Event()

    async def held(consumer: Consumer, records: dict[TP, Any]) -> None:
        recovering.set()
        await go.wait()
        await recover(consumer, records)

    monkeypatch.setattr(Consumer, "recover", held)
    other = Node(Broker.parse(url), tmp_path / "b", **settings)
    starting = asyncio.create_task(other.start())
    try:
        await until(lambda: other.begun.get("commands") and other.begun["commands"]._consumer, "it begins", 60)
        assert (await other.status())["agents"]["commands"]["partitions"] == []  # its thread has not
        async with asyncio.timeout(60):
            await recovering.wait()
        [told] = (await other.status())["agents"]["commands"]["partitions"]
        assert told["end"] >= told["position"] >= 100  # asked for: nothing of it was fetched yet
        assert (told["lag"], told["at_least"]) == (told["end"] - told["position"], False)
        assert told["recovering"] > 100
        found = Watched(other)
        assert found.now().sum("tasksys_recovery_remaining_records", agent="commands") == told["recovering"]
        found.collector.close()
        assert other.ready() == {"commands": "starting"}
    finally:
        go.set()
        await starting
        await other.stop()


async def test_only_its_thread_hangs_up(url: str, tmp_path: Path) -> None:
    """Faust closes a consumer when partitions are assigned to an app that stops, out of the wrong thread.

    Nothing comes of that: what is under way goes on, the group is left when the thread ends, so that others have the
    partitions at once, and no connection is left open.
    """
    settings: dict[str, Any] = {**QUICK, "standbys": 0, "session_timeout": 30.0, "agents": ("commands",)}
    async with running(url, tmp_path / "a", **settings) as node:
        node.apps["commands"]._on_rebalance_when_stopped()
        await founded(node, "w")
    async with asyncio.timeout(15), running(url, tmp_path / "b", **settings) as other:
        assert other.state.position("w") > 0


async def test_a_named_worker_comes_back_to_what_it_had(url: str, tmp_path: Path) -> None:
    """Within its session: nobody takes over, and nothing is assigned anew; an unnamed one that stops leaves at once."""
    settings: dict[str, Any] = {**QUICK, "session_timeout": 20.0, "agents": ("commands", "audit")}

    def named(name: str) -> Any:
        return running(url, tmp_path / name, url=address(name), member=name, **settings)

    async with named("stays") as stays:
        async with named("restarts") as restarts:
            await settled(stays, restarts)
            before, theirs = stays.ownership(), restarts.served("commands")
            name = await founded(restarts, workspace_on(restarts, theirs[0]))
        async with named("restarts") as restarts:
            await until(lambda: restarts.served("commands") == theirs and not restarts.ready(), "it is back", 60)
            await accepted(restarts, name, CreateTask(task="t", title="x"))
            assert stays.ownership() == restarts.ownership() == before
