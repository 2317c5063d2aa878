"""Tables and topics that lost something while Kafka and workers were at work: healed where that can be, else said."""

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import PolicyViolationError
from rocksdict import WriteBatch

from streams import admin
from streams.app import fold_agent
from streams.broker import Broker
from streams.node import Node
from streams.parts import AGENTS
from streams.topics import COMMANDS, EVENTS, changelog, table
from streams.transport import room
from streams.transport.database import DatabaseLocked
from streams.transport.kafka import healing, transaction
from streams.transport.kafka.cluster import Cluster
from streams.transport.kafka.driver import OFFSETS
from streams.transport.kafka.standing import FORGETS_SECONDS, Held
from streams.transport.kafka.transactional import Transactional
from tasksys import codec
from tasksys.commands import CreateTask, EditTask
from tasksys.errors import NotOwned
from tasksys.limits import DESCRIPTION_BYTES
from tests.chaos.disks import garble_in_place
from tests.support import nodes
from tests.support.domain import OWNER
from tests.support.holding import holding
from tests.support.kafka_broker import KafkaBroker
from tests.support.nodes import (
    SETTLE,
    accepted,
    append,
    caught_up,
    check,
    founded,
    ready,
    record,
    running,
    there,
    wipe,
    workspace_on,
)
from tests.support.scraping import Since
from tests.support.small_disks import small_disk
from tests.support.waiting import until

pytestmark = pytest.mark.kafka

QUICK: dict[str, Any] = {"session_timeout": 2.0, "partitions": 1, "agents": ("commands", "audit")}
GHOST = b"w-ghost\0t"


@pytest.fixture
async def url(kafka: KafkaBroker) -> str:
    """The broker with no topic of ours on it."""
    url = f"kafka://{kafka.bootstrap}"
    await wipe(url)
    return url


async def filled(node: Node) -> str:
    """A workspace with some tasks, which every agent knows of."""
    workspace = await founded(node)
    await accepted(node, workspace, *(CreateTask(task=f"t{number}", title="old") for number in range(5)))
    await caught_up(node)
    return workspace


async def edited(node: Node, workspace: str) -> None:
    """A command is in the log; whether it is ever decided is another question."""
    await append(node, 0, workspace.encode(), codec.encode_command(record(workspace, EditTask(task="t0", title="x"))))


def rows(node: Node, agent: str = "commands") -> dict[bytes, bytes]:
    """The agent's table."""
    return nodes.table(node, agent)[0]


async def delete(url: str, *topics: str) -> None:
    """Deletes topics, and waits until they are gone."""
    client = AIOKafkaAdminClient(bootstrap_servers=url.removeprefix("kafka://"))
    await client.start()
    try:
        await client.delete_topics(list(topics))
        async with asyncio.timeout(SETTLE):
            while set(topics) & set(await client.list_topics()):  # noqa: ASYNC110  (the broker cannot tell us)
                await asyncio.sleep(0.01)
    finally:
        await client.close()


def critical(caplog: pytest.LogCaptureFixture) -> str:
    """What was said as loudly as can be."""
    return "\n".join(entry.getMessage() for entry in caplog.records if entry.levelno == logging.CRITICAL)


async def test_tables_that_are_wiped_under_a_running_worker(
    url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It notices when RocksDB misses a file, and has them rebuilt."""
    since = Since()
    async with running(url, tmp_path / "node", **QUICK) as node:
        workspace = await filled(node)
        transport = node.apps["commands"].transport
        shutil.rmtree(transport._directory)
        with pytest.raises(Exception, match="No such file"):
            transport._database.flush()
        await append(
            node, 0, workspace.encode(), codec.encode_command(record(workspace, EditTask(task="t0", title="x")))
        )
        await until(lambda: "commands" in node.faults, "the agent stops", SETTLE)
        await ready(node)
        await accepted(node, workspace, EditTask(task="t0", title="new"))
        await caught_up(node)
        assert len(rows(node, "audit")) > 5
        before = rows(node)
        assert node.state.state(workspace).task("t4") is not None
    assert "the tables in" in critical(caplog)
    assert since("tasksys_tables_rebuilt_total", agent="commands", reason="corrupt") == 1
    async with running(url, tmp_path / "node", **QUICK) as node:
        assert rows(node) == before


async def test_tables_whose_damage_is_found_while_a_worker_starts(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """They could be opened: the agent that comes across it starts once more, with new ones, and nobody has to help."""
    async with running(url, tmp_path / "node", **QUICK) as node:
        await filled(node)
        before = rows(node)
    opened, damaged = healing.open_or_put_aside, set[Path]()

    def damaging(directory: Path, *args: Any) -> Any:
        database = opened(directory, *args)
        for path in set() if directory in damaged else set(directory.glob("*.sst")):
            garble_in_place(path, Random(1))
        damaged.add(directory)
        return database

    monkeypatch.setattr(healing, "open_or_put_aside", damaging)
    async with running(url, tmp_path / "node", **QUICK) as node:
        await ready(node)
        assert rows(node) == before
    assert "put aside" in critical(caplog)


@pytest.mark.parametrize("what", ["ahead", "old", "young"])
async def test_rows_that_do_not_go_with_their_changelog(
    url: str, tmp_path: Path, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Newer than it, or of long ago: thrown away and recovered. What is merely behind is brought up to date."""
    since = Since()
    async with running(url, tmp_path / "node", **QUICK) as node:
        await filled(node)
        before, transport = rows(node), node.apps["commands"].transport
        held: Held = transport.held(0)
        offset = held.offset + 1000 if what == "ahead" else 0
        written_ms = held.written_ms - (int(FORGETS_SECONDS * 1000) + 1 if what == "old" else 0)
        batch = WriteBatch(raw_mode=True)
        transport.rows(None).stage(batch, table("tasksys-commands"), 0, {GHOST: b"deleted since"})
        transport.rows(None).stage(batch, OFFSETS, 0, {b"": offset.to_bytes(8) + written_ms.to_bytes(8)})
        transport._database.write(batch)
    async with running(url, tmp_path / "node", **QUICK) as node:
        after = rows(node)
        assert after.pop(GHOST, None) == (b"deleted since" if what == "young" else None)
        assert after == before
        assert node.apps["commands"].transport.held(0).offset == held.offset
    assert ("thrown away and recovered" in critical(caplog)) is (what != "young")
    for reason in ("ahead", "old"):
        assert since("tasksys_tables_rebuilt_total", agent="commands", reason=reason) == (reason == what)


@pytest.mark.parametrize("with_the_next", [False, True])
async def test_rows_of_a_batch_that_was_acknowledged_and_aborted_after_all(
    url: str, tmp_path: Path, with_the_next: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever the brokers have lost: what they contain is folded again, from the same commands to the same end."""
    monkeypatch.setattr(transaction, "IDLE_SECONDS", 60.0)
    since, all_agents = Since(), {**QUICK, "agents": AGENTS}

    async def answered(commit: bool) -> None:
        """The commit is lost behind its answer."""

    async def dies(commit: bool) -> None:
        raise ConnectionError("it dies here")

    async def nothing(*what: object) -> None:
        """It is in one transaction with the last one."""

    async with running(url, tmp_path / "node", **all_agents) as node:
        workspace = await filled(node)
        writer = node.apps["commands"].transport._writers[0]
        with monkeypatch.context() as patch:
            patch.setattr(writer.log, "end", answered)
            command = record(workspace, EditTask(id="lost", task="t0", title="new"))
            acknowledged = there(await node.gateway.submit(command, 20)).outcome
            if with_the_next:
                patch.setattr(writer.log, "end", dies)
                patch.setattr(writer.log, "add", nothing)
                patch.setattr(transaction, "ended", nothing)
                await edited(node, workspace)
                await until(lambda: "commands" in node.faults)
        await until(lambda: not with_the_next or not node.ready(), bound=SETTLE)
    async with running(url, tmp_path / "node", **all_agents) as node:
        await until(lambda: node.state.outcome(workspace, OWNER, "lost") is not None)
        assert node.state.outcome(workspace, OWNER, "lost") == acknowledged
        await accepted(node, workspace, EditTask(task="t1", title="after"))
        truth = await check(node)
        assert [event.command for event in truth.events[workspace]].count("lost") == 1
    assert "aborted, though its commit had been answered" in critical(caplog)
    assert since("tasksys_tables_rebuilt_total", agent="commands", reason="undone") == 1


async def test_a_changelog_that_is_gone(url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A table that is a fold of the events is folded anew; the state is not decided again, nor is any of it told."""
    async with running(url, tmp_path / "node", **QUICK) as node:
        workspace = await filled(node)
        before = rows(node, "audit")
        for app in node.apps.values():
            await app.consumer.commit()
    await delete(url, changelog("audit").name, changelog("commands").name)
    async with running(url, tmp_path / "node", **QUICK) as node:
        await until(lambda: rows(node, "audit") == before, "the history is folded anew")
        assert "changelog is gone" in node.ready()["commands"]
        with pytest.raises(NotOwned, match="changelog is gone"):
            node.state.state(workspace)
        node.apps["commands"].consumer.lease.end()  # what is read then is a copy
        assert node.standby(workspace) is None
        await append(
            node, 0, workspace.encode(), codec.encode_command(record(workspace, EditTask(task="t0", title="x")))
        )
        assert rows(node) == {}
    assert "it is folded from the beginning" in critical(caplog)


async def behead(url: str, topic: str, before: int = 6) -> None:
    """Removes the beginning of a topic, as a wrong retention does: the first half, or all of it (-1)."""
    client = AIOKafkaAdminClient(bootstrap_servers=url.removeprefix("kafka://"))
    await client.start()

    async def deleted() -> bool:
        try:
            await client.delete_records({TopicPartition(topic, 0): RecordsToDelete(before_offset=before)})
        except PolicyViolationError:  # the broker goes by the old policy still
            return False
        return True

    try:
        kept = changelog("commands").kafka_config()
        for policy in ("compact,delete", "compact"):
            config = {**kept, "cleanup.policy": policy}
            await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, config)])
            if policy != "compact":
                await until(deleted, "records may be deleted")
    finally:
        await client.close()


@pytest.mark.parametrize("rows_are", ["gone", "behind"])
async def test_a_changelog_that_lost_its_beginning(url: str, tmp_path: Path, rows_are: str) -> None:
    """Rows that cannot be had from it stay unknown: over a restart too, when recovery is past what is missing."""
    async with running(url, tmp_path / "node", **QUICK) as node:
        workspace = await filled(node)
    if rows_are == "gone":
        shutil.rmtree(tmp_path / "node")
    else:
        async with running(url, tmp_path / "other", **QUICK) as node:
            await accepted(node, workspace, EditTask(task="t0", title="by another worker"))
    await behead(url, changelog("commands").name, 6 if rows_are == "gone" else -1)
    for _ in range(2):
        async with running(url, tmp_path / "node", **QUICK) as node:
            await until(lambda: "rows are missing" in node.ready().get("commands", ""), "it is said", SETTLE)
            with pytest.raises(NotOwned, match="rows are missing"):
                node.state.state(workspace)
            assert node.standby(workspace) is None


async def test_a_changelog_that_lost_all_that_the_rows_have(url: str, tmp_path: Path) -> None:
    """They lack nothing of it, and are gone on from."""
    async with running(url, tmp_path / "node", **QUICK) as node:
        workspace = await filled(node)
        before = rows(node)
    await behead(url, changelog("commands").name, -1)
    async with running(url, tmp_path / "node", **QUICK) as node:
        assert rows(node) == before
        await accepted(node, workspace, EditTask(task="t0", title="again"))


@asynccontextmanager
async def brokers(url: str) -> AsyncIterator[Cluster]:
    """Those of the cluster, asked beside the node."""
    cluster = Cluster([url.removeprefix("kafka://")])
    await cluster.start()
    try:
        yield cluster
    finally:
        await cluster.close()


async def test_what_another_producer_left_open_in_a_changelog(url: str, tmp_path: Path) -> None:
    """Nobody else writes to it: who takes it over ends that, and nothing is folded twice meanwhile."""
    place = TopicPartition(changelog("commands").name, 0)
    async with running(url, tmp_path / "node", **QUICK) as node:
        workspace = await filled(node)
        async with brokers(url) as cluster:
            other = Transactional(cluster, "of-long-ago", 0)
            await other.start()
            await other.add([place.topic])
            await other.append({place.topic: [(GHOST, b"x", ())]})
        await accepted(node, workspace, EditTask(task="t0", title="once"), EditTask(task="t0", title="twice"))
        before = rows(node)
    async with running(url, tmp_path / "node", **QUICK) as node:
        assert rows(node) == before
        await accepted(node, workspace, EditTask(task="t0", title="again"))
        async with brokers(url) as cluster:
            assert not await cluster.open_transactions("", place)
        assert not node.faults


async def test_a_source_that_was_made_again(url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """While nobody looked: what was folded from the old one stands, and nothing of the new one is folded."""
    async with running(url, tmp_path / "node", **QUICK) as node:
        workspace = await filled(node)
        before = rows(node, "audit")
    await delete(url, EVENTS.name)
    async with running(url, tmp_path / "node", **QUICK) as node:
        assert "tasksys.events[0] ends at offset 0" in node.ready()["audit"]
        await accepted(node, workspace, EditTask(task="t0", title="new"))
        assert rows(node, "audit") == before
        assert fold_agent(node.apps["audit"]).position(0) > 0
    assert "made again" in critical(caplog)


async def test_a_source_that_is_made_again_under_a_running_worker(
    url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is noticed when the topic goes, and when another one comes, of which nothing is folded."""
    async with running(url, tmp_path / "node", **QUICK) as node:
        workspace = await filled(node)
        before = rows(node)
        await delete(url, COMMANDS.name)
        thread = node.apps["commands"].consumer._thread

        async def told(what: str) -> None:
            async with asyncio.timeout(SETTLE):
                while what not in node.ready().get("commands", ""):
                    await thread.call_thread(thread._consumer._client.force_metadata_update)  # it does by itself, later

        await told("is not there any more")
        await admin.create_topics(node.broker, AGENTS, 1, 1)
        await told("made again")
        await append(
            node, 0, workspace.encode(), codec.encode_command(record(workspace, EditTask(task="t0", title="x")))
        )
        assert rows(node) == before
        assert node.state.state(workspace).task("t0") is not None
    assert "is missing" in critical(caplog)
    assert "made again" in critical(caplog)


BIG = "x" * DESCRIPTION_BYTES


async def test_a_worker_whose_disk_is_full_leaves_its_partitions_to_others(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it had acknowledged is there, commands go on, and it comes back by itself once it has room; no sooner."""
    looks, look = list[bool](), room.writable

    def watched(directory: Path) -> bool:
        looks.append(look(directory))
        return looks[-1]

    monkeypatch.setattr(room, "writable", watched)
    monkeypatch.setattr(room, "LOOK_SECONDS", 0.2)
    agents = (*QUICK["agents"], "reminders")  # which has nothing to write, and goes with the others
    two: dict[str, Any] = {**QUICK, "partitions": 2, "agents": agents}
    with small_disk(tmp_path / "small", 256) as disk:
        async with (
            running(url, disk.directory / "node", url="http://small", **two) as small,
            running(url, tmp_path / "large", url="http://large", **two) as large,
        ):
            await until(lambda: not small.ready() and not large.ready() and small.served("commands"), "shared", SETTLE)
            [theirs] = small.served("commands")
            workspace = await founded(small, workspace_on(small, theirs))
            await until(lambda: fold_agent(small.apps["reminders"]).position(theirs), "its first position is written")
            disk.fill()
            sent = 0
            async with asyncio.timeout(SETTLE):
                while "commands" not in small.faults:
                    one = record(workspace, CreateTask(id=f"c{sent}", task=f"t{sent}", title="x", description=BIG))
                    sent += 1
                    await append(small, theirs, workspace.encode(), codec.encode_command(one))
            assert "No space left" in small.ready()["commands"]
            await until(lambda: large.served("commands") == [0, 1] and not large.ready(), "the other has all", SETTLE)
            for name in agents:
                await until(lambda name=name: large.served(name) == [0, 1] and not large.ready(), name, SETTLE)
            generations = [large.ownership(name).generation for name in agents]
            before = len(looks)
            await until(lambda: len(looks) > before + 20, "it looks for room again and again", SETTLE)
            assert not any(looks)
            assert small.faults.keys() == set(agents)
            assert not small.begun
            assert [large.ownership(name).generation for name in agents] == generations
            await accepted(large, workspace, EditTask(task="t0", title="new"))
            assert large.state.state(workspace).task(f"t{sent - 1}") is not None
            disk.make_room()
            await until(lambda: not small.ready() and not large.ready() and small.served("commands"), "back", SETTLE)
            owner = small if small.served("commands") == [small.partition(workspace)] else large
            await accepted(owner, workspace, EditTask(task="t0", title="newer"))


async def test_tables_that_another_process_has_open(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The start is refused, after a while in which that one might have ended, and says who it is."""
    monkeypatch.setattr("streams.transport.kafka.driver.LOCKED_SECONDS", 0.2)
    async with running(url, tmp_path / "node", **QUICK) as node:
        workspace = await filled(node)
        directory = node.apps["audit"].transport._directory
    with (
        holding(directory) as process,
        pytest.raises(DatabaseLocked, match=f"in use by process {process.pid} .*--data-dir"),
    ):
        await Node(Broker.parse(url), tmp_path / "node", **QUICK).start()
    monkeypatch.setattr("streams.transport.kafka.driver.LOCKED_SECONDS", SETTLE)
    with holding(directory) as process:
        asyncio.get_running_loop().call_later(0.5, process.kill)
        async with running(url, tmp_path / "node", **QUICK) as node:  # it waits for the end of that one
            assert process.poll() is not None
            assert node.state.state(workspace).task("t4") is not None
