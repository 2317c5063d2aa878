"""On Kafka, tables are caches of their changelogs: whatever becomes of the disk or of a worker, they come back."""

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from streams.app import fold_agent
from streams.applied import applied
from streams.measures import measures
from streams.node import Node
from streams.parts import AGENTS
from streams.topics import COMMANDS, changelog
from streams.transport.database import NO_SPACE, DatabaseCorrupt, DatabaseError
from streams.transport.kafka.driver import Transport
from tasksys import codec
from tasksys.commands import AddReminder, CommandRecord, CreateTask, EditTask
from tasksys.outcomes import OutcomeStatus
from tasksys.query import Page, PageRequest, Query
from tasksys.values import Trigger
from tests.support.domain import OWNER
from tests.support.kafka_broker import KafkaBroker
from tests.support.nodes import (
    accepted,
    append,
    check,
    founded,
    record,
    running,
    submit,
    table,
    there,
    wipe,
    workspace_on,
)
from tests.support.waiting import WAIT, until

pytestmark = pytest.mark.kafka

QUICK: dict[str, Any] = {"session_timeout": 2.0, "partitions": 2}


@pytest.fixture
async def url(kafka: KafkaBroker) -> str:
    """The broker with no topic of ours on it."""
    url = f"kafka://{kafka.bootstrap}"
    await wipe(url)
    return url


async def everything(node: Node, workspace: str) -> set[str]:
    """The ids of the tasks that queries find."""
    query = Query.parse()
    assert isinstance(query, Query)
    page, _ = await node.state.query(workspace, PageRequest(query, datetime.now(UTC), limit=200))
    assert isinstance(page, Page)
    return {item.id for item in page.items}


@asynccontextmanager
async def transaction(url: str) -> AsyncIterator[AIOKafkaProducer]:
    """Another's transaction, left open at the end."""
    producer = AIOKafkaProducer(
        bootstrap_servers=url.removeprefix("kafka://"), transactional_id="another", transaction_timeout_ms=60_000
    )
    await producer.start()
    try:
        await producer.begin_transaction()
        yield producer
    finally:
        await producer.stop()


async def filled(node: Node) -> str:
    """A workspace with tasks, changed over several batches."""
    workspace = await founded(node)
    for round_ in range(3):
        records = [record(workspace, CreateTask(task=f"t{round_}-{number}", title="x")) for number in range(100)]
        await node.gateway.submit_all(records, WAIT)
    ring = AddReminder(task="t0-1", reminder="ring", trigger=Trigger(at="2126-04-01T09:00:00Z"))
    await accepted(node, workspace, EditTask(task="t0-0", title="changed"), ring)
    return workspace


def restored() -> int:
    """How many records of changelogs this process has read so far."""
    return sum(measures(name).read for name in AGENTS)


async def test_wiped_tables_are_recovered(url: str, tmp_path: Path) -> None:
    """Every row of every agent is as before, and new commands find the state they need."""
    async with running(url, tmp_path / "node", **QUICK) as node:
        workspace = await filled(node)
        await check(node)
        before = {name: table(node, name) for name in AGENTS}
    shutil.rmtree(tmp_path / "node")
    read = restored()
    async with running(url, tmp_path / "node", **QUICK) as node:
        assert restored() >= read + sum(len(rows) for tables in before.values() for rows in tables)
        assert {name: table(node, name) for name in AGENTS} == before
        await accepted(node, workspace, EditTask(task="t0-0", title="again"))
        await check(node)


async def test_a_clean_restart_reads_no_changelog(url: str, tmp_path: Path) -> None:
    """What is on the disk is taken to be complete: the commit marker after the last row counts as read."""
    async with running(url, tmp_path / "node", **QUICK) as node:
        await filled(node)
        await check(node)
    read = restored()
    async with running(url, tmp_path / "node", **QUICK) as node:
        assert restored() == read
        await check(node)


@pytest.mark.parametrize("ends", ["aborted", "open"])
async def test_tails_without_records_do_not_hang_a_recovery(url: str, tmp_path: Path, ends: str) -> None:
    """Markers and the records of aborted and unfinished transactions are passed, and never become rows."""
    async with running(url, tmp_path / "node", **QUICK) as node:
        workspace = await filled(node)
        await check(node)
        before = table(node, "commands")
    async with transaction(url) as producer:
        for partition in (0, 1):
            await producer.send_and_wait(changelog("commands").name, b"bad", b"row", partition=partition)
        if ends == "aborted":
            await producer.abort_transaction()
        for wiped in (False, True):
            if wiped:
                shutil.rmtree(tmp_path / "node")
            async with running(url, tmp_path / "node", **QUICK) as node:
                assert table(node, "commands") == before
        if ends == "open":
            await producer.abort_transaction()
    async with running(url, tmp_path / "node", **QUICK) as node:
        await accepted(node, workspace, EditTask(task="t0-0", title="again"))
        await check(node)


def garble(path: Path) -> None:
    """Overwrites the middle of a file."""
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 64] = b"\xa5" * len(content[middle : middle + 64])
    path.write_bytes(content)


@pytest.mark.parametrize("what", ["MANIFEST-*", "CURRENT", "*.sst"])
async def test_corrupt_tables_are_put_aside_and_recovered(
    url: str, tmp_path: Path, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether it shows when they are opened, or only when somebody reads the bad block; loudly, and without a hand."""
    async with running(url, tmp_path / "node", **QUICK) as node:
        workspace = await filled(node)
        await check(node)
        rows = Path(node.apps["commands"].conf.tabledir) / "rows"
        node.apps["commands"].transport._database.flush()
    for path in rows.glob(what):
        garble(path)
    async with running(url, tmp_path / "node", **QUICK) as node:
        with suppress(DatabaseCorrupt):
            table(node, "commands")
        await until(lambda: list(rows.parent.glob("rows.corrupt-*")) and not node.ready())
        await submit(node, workspace, EditTask(id="after", task="t0-0", title="again"))
        await check(node)
        assert there(node.state.outcome(workspace, OWNER, "after")).status is OutcomeStatus.ACCEPTED
    assert [path.name for path in rows.parent.glob("rows.corrupt-*")] == ["rows.corrupt-1"]
    told = [entry.getMessage() for entry in caplog.records if entry.levelno == logging.CRITICAL]
    assert len(told) == 1
    assert "put aside" in told[0]


@pytest.mark.parametrize("where", ["before the local write", "in the commit's answer"])
async def test_a_commit_that_is_not_followed_by_the_local_write_is_healed(
    url: str, tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker has the batch, this worker does not know: recovery brings the rows, and nothing is decided twice."""
    async with running(url, tmp_path / "node", **QUICK) as node:
        workspace = await filled(node)
        partition = node.partition(workspace)
        writer = node.apps["commands"].transport._writers[partition]
        with monkeypatch.context() as patched:
            if where == "before the local write":

                def lost(rows: object, offset: int) -> None:
                    raise OSError("power is out")

                patched.setattr(writer, "_store", lost)
            else:
                end = writer.log.end

                async def committed(commit: bool) -> None:
                    await end(commit)
                    raise OSError("the answer is lost")

                patched.setattr(writer.log, "end", committed)
            command = EditTask(id="torn", task="t0-0", title="again")
            sent = asyncio.create_task(node.gateway.submit(record(workspace, command), WAIT))
            await until(lambda: "commands" in node.faults)
        await until(lambda: not node.ready())
        assert there(node.state.outcome(workspace, OWNER, "torn")).status is OutcomeStatus.ACCEPTED
        again = await node.gateway.submit(record(workspace, EditTask(id="other", task="t0-0", title="more")), WAIT)
        assert there(again).outcome.status is OutcomeStatus.ACCEPTED
        sent.cancel()
        await asyncio.gather(sent, return_exceptions=True)
        truth = await check(node)
        assert [event.command for event in truth.events[workspace]].count("torn") == 1


async def test_a_full_disk_is_waited_out(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kafka has the command and its outcome; readiness says what is wrong, and once there is room all is well."""
    write = Transport.write_rows
    full = True

    def refusing(self: Transport, *what: Any, **how: Any) -> None:
        if full:
            raise DatabaseError(f"{NO_SPACE}: While appending to file")
        write(self, *what, **how)

    async with running(url, tmp_path / "node", **QUICK) as node:
        workspace = await filled(node)
        monkeypatch.setattr(Transport, "write_rows", refusing)
        sent = asyncio.create_task(node.gateway.submit(record(workspace, EditTask(id="full", task="t0-0")), WAIT))
        await until(lambda: NO_SPACE in node.ready().get("commands", ""), "readiness names the full disk")
        full = False
        await until(lambda: not node.ready(), "it recovers without a hand", 60)
        assert there(node.state.outcome(workspace, OWNER, "full")).status is OutcomeStatus.ACCEPTED
        sent.cancel()
        await asyncio.gather(sent, return_exceptions=True)
        await accepted(node, workspace, EditTask(task="t0-0", title="again"))
        await check(node)


async def test_records_of_unfinished_and_aborted_transactions_are_never_folded(url: str, tmp_path: Path) -> None:
    """Commands behind an open transaction wait for its end; an aborted one leaves no trace."""
    async with running(url, tmp_path / "node", **QUICK) as node:
        workspace = await founded(node)
        aborted = record(workspace, CreateTask(id="aborted", task="bad", title="bad"))
        async with transaction(url) as producer:
            await producer.send_and_wait(
                COMMANDS.name, codec.encode_command(aborted), workspace.encode(), partition=node.partition(workspace)
            )
            waiting = node.gateway.start(record(workspace, CreateTask(id="behind", task="good", title="good")))
            other = workspace_on(node, 1 - node.partition(workspace))
            await founded(node, other)
            assert not waiting._decided.done()
            await producer.abort_transaction()
        decided: Any = await waiting(WAIT)
        assert decided.outcome.status is OutcomeStatus.ACCEPTED
        truth = await check(node)
        assert "aborted" not in {event.command for event in truth.events[workspace]}
        assert node.state.state(workspace).task("bad") is None


async def test_partitions_that_come_and_go_are_recovered_each_time(url: str, tmp_path: Path) -> None:
    """Two rebalances within seconds: the second recovery is as thorough as the first, and no reader sees old rows."""
    async with running(url, tmp_path / "stays", url="http://stays", **QUICK) as stays:
        names = [workspace_on(stays, partition) for partition in (0, 1) for _ in range(3)]
        for workspace in names:
            await founded(stays, workspace)
            await everything(stays, workspace)
        for round_ in range(3):
            async with running(url, tmp_path / "comes", url="http://comes", **QUICK) as comes:
                await until(lambda: not stays.ready() and not comes.ready(), bound=30)
                moved = [name for name in names if stays.partition(name) in owned(comes)]
                assert len(moved) == 3
                for workspace in moved:
                    await accepted(comes, workspace, CreateTask(task=f"t{round_}", title="x"))
            await until(lambda: not stays.ready() and len(owned(stays)) == 2, bound=30)
            for workspace in moved:
                assert stays.state.state(workspace).task(f"t{round_}") is not None
                assert f"t{round_}" in await everything(stays, workspace)
                await accepted(stays, workspace, EditTask(task=f"t{round_}", title="y"))
        await check(stays)


async def test_a_fetch_that_outlives_a_rebalance_loses_nothing(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers after the partitions are assigned anew, is dropped, and what it brought must be fetched again."""
    async with running(url, tmp_path / "stays", url="http://stays", **QUICK) as stays:
        workspaces = [await founded(stays, workspace_on(stays, partition)) for partition in (0, 1)]
        agent, sent = fold_agent(stays.apps["commands"]), list[CommandRecord]()
        seek = agent.app.consumer.perform_seek

        async def late() -> None:  # so that more is fetched before the positions are sought anew
            before = sum(agent.position(partition) for partition in agent._commits)
            with suppress(AssertionError):
                await until(lambda: sum(agent.position(one) for one in agent._commits) > before, bound=2)
            await seek()

        async def feed() -> None:
            while True:
                await until(lambda: agent.app.rebalancing, bound=60)  # the fetch of before waits meanwhile
                for workspace in workspaces:
                    one = record(workspace, CreateTask(task=f"t{len(sent)}", title="x"))
                    await append(stays, stays.partition(workspace), workspace.encode(), codec.encode_command(one))
                    sent.append(one)

        monkeypatch.setattr(agent.app.consumer, "perform_seek", late)
        feeding = asyncio.create_task(feed())
        async with running(url, tmp_path / "comes", url="http://comes", **QUICK) as comes:
            await until(lambda: not stays.ready() and not comes.ready() and len(owned(stays)) == 1, bound=30)
        await until(lambda: not stays.ready() and len(owned(stays)) == 2, bound=30)
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
        assert len(sent) > 10
        truth = await check(stays)
        assert [one for one in sent if (one.workspace, one.actor, one.command.id) not in truth.outcomes] == []


def owned(node: Node) -> list[int]:
    """The partitions of commands that the node has and may write."""
    return sorted(fold_agent(node.apps["commands"])._commits) if "commands" in node.apps else []


async def test_a_lost_group_position_is_made_up_for(url: str, tmp_path: Path) -> None:
    """Where the group's offsets are gone the source is read from its beginning, and what was applied is skipped."""
    async with running(url, tmp_path / "node", **QUICK) as node:
        workspace = await filled(node)
        before = (await check(node)).events
        app = node.apps["commands"]
        for partition in (0, 1):
            await app.consumer.seek_wait({tp: 0 for tp in app.consumer.assignment() if tp.topic == COMMANDS.name})
            assert applied(fold_agent(app).rows(partition)) in (0, fold_agent(app).position(partition))
        await accepted(node, workspace, EditTask(task="t0-0", title="again"))
        after = (await check(node)).events
        assert len(after[workspace]) == len(before[workspace]) + 1
