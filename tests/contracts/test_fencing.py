"""A worker that is frozen past its session and thaws has lost its partitions: it writes nothing, and joins again."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import aiohttp
import pytest

from streams.app import fold_agent
from streams.node import Node
from tasksys import codec
from tasksys.commands import CreateTask, CreateWorkspace, EditTask
from tasksys.errors import Moved
from tasksys.outcomes import OutcomeStatus
from tests.support.domain import OWNER
from tests.support.feed import feeding
from tests.support.http import Space
from tests.support.kafka_broker import ROOT, KafkaBroker
from tests.support.kill_child import SESSION_SECONDS
from tests.support.nodes import accepted, append, check, founded, record, running, wipe, workspace_on
from tests.support.processes import kill_when_we_are_gone
from tests.support.waiting import WAIT, until
from views.feed import closing

pytestmark = pytest.mark.kafka


@pytest.fixture
async def url(kafka: KafkaBroker) -> str:
    """The broker with no topic of ours on it."""
    url = f"kafka://{kafka.bootstrap}"
    await wipe(url)
    return url


class Worker:
    """Another process that folds, and freezes itself at a point of a transaction once it is told to."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said: list[dict[str, Any]] = []

    @classmethod
    @asynccontextmanager
    async def running(cls, url: str, directory: Path, point: str = "", mode: str = "worker") -> AsyncIterator[Self]:
        """Started and ready; killed in the end."""
        arguments = ["-m", "tests.support.kill_child", mode, url, str(directory), *([point] if point else [])]
        with (directory.parent / "said.log").open("ab") as said:
            process = await asyncio.create_subprocess_exec(
                sys.executable, *arguments, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said
            )
        guard = kill_when_we_are_gone(process.pid)
        worker = cls(process)
        listening = asyncio.create_task(worker._listen())
        try:
            await worker.says("started")
            yield worker
        finally:
            process.kill()
            await process.wait()
            await listening
            guard.kill()
            guard.communicate()

    async def _listen(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.said.append(json.loads(line))

    async def says(self, phase: str) -> dict[str, Any]:
        """The first line about that phase, waited for."""
        await until(lambda: any(one["phase"] == phase for one in self.said), f"the worker says {phase}", 30)
        return next(one for one in self.said if one["phase"] == phase)

    async def fault(self, agent: str) -> str:
        """The first fault that stopped the agent, waited for."""
        found = (one["faults"][agent] for one in iter(self.said) if agent in one.get("faults", {}))
        await until(lambda: any(agent in one.get("faults", {}) for one in self.said), f"{agent} stops", 30)
        return str(next(found))

    async def arm(self) -> None:
        """Has it freeze at its point in the next transaction."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"\n")
        await self.process.stdin.drain()
        await self.says("armed")


def owned(node: Node) -> list[int]:
    """The partitions of commands that the node may write."""
    return sorted(fold_agent(node.apps["commands"])._commits) if "commands" in node.apps else []


@pytest.mark.parametrize("point", ["begin", "sent", "committed"])
async def test_a_thawed_worker_is_fenced(url: str, tmp_path: Path, point: str) -> None:
    """Frozen before a transaction, in it, or between its commit and the local write: nothing is lost or doubled."""
    async with (
        Worker.running(url, tmp_path / "frozen", point) as worker,
        running(url, tmp_path / "node", partitions=2, session_timeout=SESSION_SECONDS) as node,
    ):
        await until(lambda: len(owned(node)) == 1 and not node.ready(), "they share the partitions")
        [mine] = owned(node)
        theirs = workspace_on(node, 1 - mine)
        await append(node, 1 - mine, theirs.encode(), None)  # a dead letter: the worker is at work
        await worker.arm()
        records = [record(theirs, CreateTask(id=f"c{number}", task=f"t{number}", title="x")) for number in range(20)]
        sent = [node.gateway.start(one) for one in records]
        await worker.says("frozen")

        await until(lambda: owned(node) == [0, 1] and not node.ready(), "the partition is taken over", 30)
        await founded(node, theirs)  # refused commands came before it: the workspace was not there
        before = await check(node)
        for one in records:
            assert before.outcomes[theirs, OWNER, one.command.id].status is OutcomeStatus.REFUSED
        for waiting in sent:
            assert isinstance(await waiting(WAIT), Moved), "the node had not got the partition when it sent them"

        worker.process.send_signal(signal.SIGCONT)
        if point != "committed":  # there nothing was left to write
            fault = await worker.fault("commands")
            assert "Fenced" in fault or "Epoch" in fault
        await until(lambda: len(owned(node)) == 1 and not node.ready(), "the thawed worker has joined again", 60)
        for number in range(20):
            one = record(theirs, CreateTask(task=f"more-{number}", title="x"))
            await append(node, node.partition(theirs), theirs.encode(), codec.encode_command(one))
    async with running(url, tmp_path / "node", partitions=2, session_timeout=SESSION_SECONDS) as node:
        await until(lambda: owned(node) == [0, 1] and not node.ready(), bound=30)
        after = await check(node)
        assert len(after.events[theirs]) == len(before.events[theirs]) + 20
        assert [one.id for one in after.events[theirs]][: len(before.events[theirs])] == [
            one.id for one in before.events[theirs]
        ]


OLD, NEW = b'"title":"old"', b'"title":"new"'


@asynccontextmanager
async def asking(port: int, *paths: str) -> AsyncIterator[Callable[[], Awaitable[list[tuple[int, bytes]]]]]:
    """Connections that are there already, one for each path; what is called asks, without waiting for an answer.

    What that gives, awaited, are the answers' status and body.
    """
    lines = [await asyncio.open_connection("127.0.0.1", port) for _ in paths]

    async def answer(path: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[int, bytes]:
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nTasksys-Actor: {OWNER}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode())
        async with asyncio.timeout(WAIT):
            whole = await reader.read()
        return int(whole.split()[1]), whole

    try:
        yield lambda: asyncio.gather(*(answer(path, *line) for path, line in zip(paths, lines, strict=True)))
    finally:
        for _, writer in lines:
            writer.close()


async def test_a_thawed_worker_tells_nothing_old(url: str, tmp_path: Path) -> None:
    """Others have changed what it has: it answers no read from its tables, in memory or not, and its feed ends."""
    async with (
        Worker.running(url, tmp_path / "frozen", mode="serve") as worker,
        running(url, tmp_path / "node", partitions=2, session_timeout=SESSION_SECONDS) as node,
        aiohttp.ClientSession(f"http://127.0.0.1:{(port := (await worker.says('started'))['port'])}") as session,
    ):
        await until(lambda: len(owned(node)) == 1 and not node.ready(), "they share the partitions")
        [mine] = owned(node)
        theirs = workspace_on(node, 1 - mine)
        for command in (CreateWorkspace(name="Acme"), CreateTask(task="t", title="old")):
            await append(node, 1 - mine, theirs.encode(), codec.encode_command(record(theirs, command)))
        space = Space(session, {"Tasksys-Actor": OWNER}, f"/api/v1/workspaces/{theirs}", theirs)
        paths = [f"{space.prefix}/tasks/t", f"{space.prefix}/tasks", f"{space.prefix}/audit", "/api/v1/workspaces"]

        async def knows(title: bytes) -> bool:
            answers = [await session.get(path, headers=space.headers) for path in paths]
            return all(one.status == 200 for one in answers) and title in await answers[1].read()

        await until(lambda: knows(OLD))
        site: Any = SimpleNamespace(session=session)
        async with asking(port, *paths) as ask, feeding(site, space) as feed:
            await feed.subscribe()
            worker.process.send_signal(signal.SIGSTOP)
            await until(lambda: owned(node) == [0, 1] and not node.ready(), "the partition is taken over", 30)
            await accepted(node, theirs, EditTask(task="t", title="new"))
            answers = asyncio.ensure_future(ask())
            await asyncio.sleep(0)  # they are in its sockets
            worker.process.send_signal(signal.SIGCONT)
            for path, (status, body) in zip(paths, await answers, strict=True):
                assert status == 503 or NEW in body, (path, status, body)
            assert await feed.closed() == (closing.MOVED.code, closing.MOVED.reason)
        await until(lambda: len(owned(node)) == 1 and not node.ready(), "the thawed worker has joined again", 60)
        if 1 - mine in owned(node):
            task = node.state.state(theirs).task("t")
            assert task is not None
            assert task.title == "new"
        else:
            await until(lambda: knows(NEW))


async def test_two_nodes_that_think_they_own_a_partition(url: str, tmp_path: Path) -> None:
    """Whoever opened it last writes; the other one's commit fails, it starts again, and what it tried is not there."""
    async with running(url, tmp_path / "node", partitions=1, session_timeout=SESSION_SECONDS) as node:
        workspace = await founded(node)
        agent = fold_agent(node.apps["commands"])
        transport = node.apps["commands"].transport
        before = transport._writers[0]
        await transport.open_partition(agent, 0)
        usurper, transport._writers[0] = transport._writers[0], before
        sent = asyncio.create_task(node.gateway.submit(record(workspace, CreateTask(task="t", title="x")), WAIT))
        await until(lambda: "commands" in node.faults)
        assert "Fenced" in node.faults["commands"] or "Epoch" in node.faults["commands"]
        decided = await sent
        assert decided is not None
        assert decided.outcome.status is OutcomeStatus.ACCEPTED
        truth = await check(node)
        assert len(truth.events[workspace]) == node.state.position(workspace)
        await usurper.stop()


async def test_a_crash_in_the_middle_of_a_rebalance(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent is up again in seconds: its old consumer does not stay in the group, nor its thread in the process."""
    async with running(url, tmp_path / "stays", partitions=2, session_timeout=SESSION_SECONDS) as stays:
        workspaces = [await founded(stays, workspace_on(stays, partition)) for partition in (0, 1)]
        app = stays.apps["commands"]
        thread = app.consumer._thread._thread
        reached = asyncio.Event()

        async def stuck(revoked: object) -> None:
            reached.set()
            await asyncio.Event().wait()

        monkeypatch.setattr(app.consumer, "on_partitions_revoked", stuck)
        joins = running(url, tmp_path / "joins", url="http://joins", partitions=2, session_timeout=SESSION_SECONDS)
        joining = asyncio.create_task(joins.__aenter__())
        await asyncio.wait_for(reached.wait(), 30)
        await app.crash(RuntimeError("in the middle of it"))
        await until(lambda: not thread.is_alive(), "the old consumer's thread ends")
        other = await joining
        await until(lambda: not stays.ready() and not other.ready() and owned(stays) != owned(other) != [], bound=30)
        for workspace in workspaces:
            owner = stays if stays.partition(workspace) in owned(stays) else other
            await accepted(owner, workspace, CreateTask(task="t", title="x"))
        await joins.__aexit__(None, None, None)
