"""Kafka goes away under load and comes back: nothing is pretended, and no hand is needed afterwards.

Reads go on for as long as nobody else can have the partitions.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from streams.app import fold_agent
from streams.appender import Appender, open_appender
from streams.broker import Broker
from streams.node import Node
from streams.parts import AGENTS
from tasksys.commands import CreateTask
from tasksys.errors import BrokerUnavailable, Busy, LogUnreadable, NotOwned, RecordTooLarge, StillPending
from tasksys.outcomes import Decided, Outcome, OutcomeStatus
from tasksys.rows import Task
from tests.support.domain import OWNER
from tests.support.http import Space, serving
from tests.support.kafka_broker import KafkaBroker
from tests.support.nodes import SETTLE, accepted, check, founded, record, running, tell, wipe
from tests.support.waiting import until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]

CLIENTS = 5
PATIENCE = 1.0
"""Seconds that the clients wait for an outcome before they ask again."""

STOP = 30.0
"""Seconds within which a node must stop without its broker; where its own bounds are a second it takes about three."""


@pytest.fixture
async def broker(kafka: KafkaBroker) -> AsyncIterator[KafkaBroker]:
    """The broker with no topic of ours on it; it answers again afterwards, whatever the test has done."""
    await wipe(f"kafka://{kafka.bootstrap}")
    yield kafka
    if not await asyncio.to_thread(kafka._answers):
        await asyncio.to_thread(kafka.kill)
        await asyncio.to_thread(kafka.start)


class Load:
    """Clients that send one command after the other, each until it is answered, and remember the answers."""

    def __init__(self, node: Node, workspace: str) -> None:
        self.node = node
        self.workspace = workspace
        self.acks: dict[str, Outcome] = {}
        self.refusals: Counter[str] = Counter()
        self._going = True
        self._clients = [asyncio.create_task(self._client(number)) for number in range(CLIENTS)]

    async def _client(self, client: int) -> None:
        number = 0
        while self._going:
            number += 1
            identifier = f"{client}-{number}"
            command = record(self.workspace, CreateTask(id=identifier, task=identifier, title="x"))
            while (outcome := await self._try(command)) is None:
                pass
            self.acks[identifier] = outcome

    async def _try(self, command: object) -> Outcome | None:
        """The outcome, if there is one now."""
        try:
            decided = await self.node.gateway.submit(command, PATIENCE)  # type: ignore[arg-type]
        except (BrokerUnavailable, StillPending, Busy) as error:
            self.refusals[type(error).__name__] += 1
            await asyncio.sleep(0.02)  # as a client would
            return None
        if decided is None:
            self.refusals["pending"] += 1
        return decided.outcome if decided else None

    async def grows(self, by: int) -> None:
        """Waits until so many more commands were answered."""
        goal = len(self.acks) + by
        await until(lambda: len(self.acks) >= goal, f"{goal} answers; {self.refusals}", SETTLE)

    async def stop(self) -> None:
        """Lets each client finish its command."""
        self._going = False
        async with asyncio.timeout(SETTLE):
            await asyncio.gather(*self._clients)


async def frozen(broker: KafkaBroker) -> None:
    broker.freeze()


async def stopped(broker: KafkaBroker) -> None:
    await asyncio.to_thread(broker.stop)


async def killed(broker: KafkaBroker) -> None:
    await asyncio.to_thread(broker.kill)


async def back(broker: KafkaBroker) -> None:
    """Starts or thaws it."""
    if broker._process is None:
        await asyncio.to_thread(broker.start)
    else:
        broker.thaw()


@pytest.mark.parametrize("goes", [stopped, killed, frozen])
async def test_the_broker_goes_and_comes_back(
    broker: KafkaBroker, tmp_path: Path, goes: Callable[[KafkaBroker], Awaitable[None]]
) -> None:
    """Submits fail while it is away, reads after a session; afterwards all that was answered is in the log, once."""
    async with running(f"kafka://{broker.bootstrap}", tmp_path / "node", session_timeout=2.0, partitions=2) as node:
        workspace = await founded(node)
        load = Load(node, workspace)
        await load.grows(50)
        await goes(broker)
        before = len(load.acks)
        refused = load.refusals["BrokerUnavailable"]
        await until(lambda: load.refusals["BrokerUnavailable"] >= refused + 2 * CLIENTS, str(load.refusals))
        assert len(load.acks) <= before + 2 * CLIENTS  # what was under way
        await until(lambda: not fold_agent(node.apps["commands"]).leased, "others might have the partitions")
        with pytest.raises(NotOwned, match="not heard of"):
            node.state.position(workspace)
        with pytest.raises(NotOwned, match="not heard of"):
            node.state.dead_letters().__next__()
        assert "not heard of" in node.ready()["commands"]
        assert node.served("commands") == []
        told = await node.status()
        assert "does not answer: look whether it runs" in told["missing"]["broker"]
        assert list(told["agents"]) == list(AGENTS)
        assert set(node.apps) == set(AGENTS)
        await back(broker)
        await load.grows(50)
        await load.stop()
        tell(f"{goes.__name__}: {len(load.acks)} answers, {dict(load.refusals)}")
        await until(lambda: not node.ready(), bound=SETTLE)
        assert node.state.position(workspace) == len(list(node.state.all(workspace, Task))) + 2
        truth = await check(node, restarts=True)
        commands = Counter(event.command for event in truth.events[workspace])
        for identifier, outcome in load.acks.items():
            assert truth.outcomes[workspace, OWNER, identifier] == outcome
            assert outcome.status is OutcomeStatus.ACCEPTED
            assert commands[identifier] == 1


async def test_a_node_stops_in_good_time_without_its_broker(
    broker: KafkaBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With commands and a batch under way; and what they became is found out at the next start."""
    monkeypatch.setattr("streams.transport.folding.BATCH_SECONDS", 1.0)
    monkeypatch.setattr("streams.appender.CLOSE_SECONDS", 1.0)
    url = f"kafka://{broker.bootstrap}"
    async with running(url, tmp_path / "node", session_timeout=2.0, partitions=2) as node:
        workspace = await founded(node)
        load = Load(node, workspace)
        await load.grows(20)
        await killed(broker)
        await until(lambda: load.refusals["BrokerUnavailable"] > 0)
        loop = asyncio.get_running_loop()
        began = loop.time()
        load._going = False
        for client in load._clients:
            client.cancel()
        async with asyncio.timeout(STOP):
            await node.stop()
        tell(f"stopped in {loop.time() - began:.1f} s")
    await back(broker)
    async with running(url, tmp_path / "node", session_timeout=2.0) as node:
        truth = await check(node)
        assert set(load.acks) <= {identifier for _, _, identifier in truth.outcomes}
        await accepted(node, workspace, CreateTask(task="after", title="x"))


@pytest.mark.parametrize("goes", [killed, frozen])
async def test_reads_that_need_the_log_say_that_it_is_away(
    broker: KafkaBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, goes: Callable[[KafkaBroker], Awaitable[None]]
) -> None:
    """503 with when to try again, soon, and no connection is left open; everything is answered when it is back."""
    monkeypatch.setattr("streams.eventlog.ANSWER_SECONDS", 2.0)
    url = f"kafka://{broker.bootstrap}"
    # A session that outlasts the test: reads of tables go on.
    async with running(url, tmp_path / "node", session_timeout=30.0, partitions=2) as node, serving(node) as site:
        name = await founded(node)
        space = Space(site.session, {"Tasksys-Actor": OWNER}, f"/api/v1/workspaces/{name}", name)
        await until(lambda: node.history.position(name) == node.state.position(name))
        await goes(broker)
        began = asyncio.get_running_loop().time()
        for path in ("/audit/verify", "/commands/never-sent"):
            answer = await space.get(path)
            assert "Idempotency-Key" not in answer.problem(503, "log-unavailable")["detail"]
            assert answer.headers["Retry-After"]
        replayed = await site.client().post("/admin/replay", {"verify": True})
        replayed.problem(503, "log-unavailable")
        with pytest.raises(LogUnreadable, match="try again"):
            await node.remembered(name)
        assert asyncio.get_running_loop().time() - began < 20
        await back(broker)
        await until(lambda: not node.ready(), bound=SETTLE)
        await accepted(node, name, CreateTask(task="after", title="x"))
        for path, status in (("/audit/verify", 200), ("/commands/never-sent", 404)):  # a rebalance may come late
            await until(lambda path=path, status=status: answers(space, path, status))


async def answers(space: Space, path: str, status: int) -> bool:
    """Whether a read is answered with that status now."""
    return (await space.get(path)).status == status


async def test_a_node_does_not_start_without_its_broker(broker: KafkaBroker, tmp_path: Path) -> None:
    """It says so at once, and starts once the broker is there."""
    await stopped(broker)
    node = Node(Broker.parse(f"kafka://{broker.bootstrap}"), tmp_path / "node", session_timeout=2.0)
    with pytest.raises(BrokerUnavailable, match="is it running"):
        await node.start()
    await back(broker)
    await node.start()
    await founded(node)
    await node.stop()


async def test_a_node_does_not_start_when_its_broker_goes_meanwhile(
    broker: KafkaBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same is said where the topics were there and the agents find nobody any more."""

    async def opens(place: Broker) -> Appender:
        appender = await open_appender(place)
        await asyncio.to_thread(broker.kill)
        return appender

    monkeypatch.setattr("streams.node.open_appender", opens)
    starting = Node(Broker.parse(f"kafka://{broker.bootstrap}"), tmp_path, partitions=1, agents=("commands",))
    async with asyncio.timeout(STOP):
        with pytest.raises(BrokerUnavailable, match=rf"^Kafka at {broker.bootstrap} does not answer \(.*is it running"):
            await starting.start()


async def test_an_append_after_a_refused_record_works(
    broker: KafkaBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """aiokafka counts a record that the broker refused, and every later one would be out of order."""
    monkeypatch.setattr("streams.appender.BATCH_OVERHEAD", -100_000)  # so that the broker refuses, not aiokafka
    async with running(f"kafka://{broker.bootstrap}", tmp_path / "node", session_timeout=2.0) as node:
        workspace = await founded(node)
        with pytest.raises(RecordTooLarge, match="send less"):
            await node.gateway.append(record(workspace, CreateTask(task="big", title="x", description="x" * 1_048_500)))
        decided = await node.gateway.submit(record(workspace, CreateTask(task="small", title="x")), 20)
        assert isinstance(decided, Decided)
