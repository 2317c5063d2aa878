"""kill -9 of a working node, and workers that come, go and crash: nothing acknowledged is lost, nothing is doubled.

TASKSYS_KILL_ROUNDS is the number of kills on each transport (`make kills` has many), TASKSYS_KILL_SEED repeats a run.
"""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from streams.appender import open_appender
from streams.broker import Broker
from streams.node import Node
from streams.parts import AGENTS
from streams.topics import COMMANDS as COMMAND_LOG
from tasksys import codec
from tests.support.domain import OWNER
from tests.support.kafka_broker import ROOT, KafkaBroker
from tests.support.kill_child import SESSION_SECONDS, WORKSPACES, Ack, expected, stream
from tests.support.nodes import SETTLE, check, ready, running, table, tell, wipe
from tests.support.processes import kill_when_we_are_gone
from tests.support.truth import Truth
from tests.support.waiting import until

COMMANDS: Final = {"embedded": 300, "kafka": 60}
"""Commands that each workspace gets per kill: about as many as are done between two kills."""

ROUNDS: Final = int(os.environ.get("TASKSYS_KILL_ROUNDS", "4"))
SEED: Final = int(os.environ.get("TASKSYS_KILL_SEED", "0")) or random.randrange(1, 10**9)


@dataclass
class Story:
    """What the child has acknowledged over all its lives."""

    url: str
    directory: Path
    seed: int
    commands: int
    acks: dict[int, dict[int, Ack]] = field(default_factory=lambda: {number: {} for number in range(WORKSPACES)})
    kills: int = 0
    finished: bool = False

    def live(self, rng: random.Random) -> None:
        """One life: until a random moment, which may be in its start, or until all is done."""
        known = self.directory / "acknowledged.json"
        known.write_text(json.dumps({number: list(acks) for number, acks in self.acks.items()}), encoding="utf-8")
        where = ["submit", self.url, str(self.directory / "node"), str(self.seed), str(self.commands), str(known)]
        phase, patience = rng.choice(["starting", "started", "checked", "checked", "checked"]), rng.uniform(0, 0.6)
        if self.kills >= ROUNDS:
            phase = "done"
        with (
            (self.directory / "said.log").open("ab") as said,
            subprocess.Popen(
                [sys.executable, "-m", "tests.support.kill_child", *where],
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said, text=True,
            ) as child,
        ):  # fmt: skip
            guard = kill_when_we_are_gone(child.pid)
            try:
                self._listen(child, phase, patience)
            finally:
                child.kill()
                guard.kill()
                guard.communicate()

    def _listen(self, child: "subprocess.Popen[str]", phase: str, patience: float) -> None:
        """Collects what it says, to the end of the pipe; kills it `patience` seconds after it began the phase.

        One that is killed after its last word, while it ends, is a killed one too: the next life finds all done.
        """
        assert child.stdout is not None
        killer, last = threading.Timer(patience, child.kill), ""
        for line in child.stdout:
            said = json.loads(line)
            last = said.get("phase", "acknowledged")
            if "ack" in said:
                self.acks[said["workspace"]][said["index"]] = tuple(said["ack"])
            elif last == "checked":
                tell(f"  checked {said['events']} events")
            if last == phase != "done":
                killer.start()
        killer.cancel()
        self.finished = child.wait() == 0
        self.kills += not self.finished
        assert last == "done" if self.finished else child.returncode == -signal.SIGKILL, self.said()

    def said(self) -> str:
        """The end of what the child logged."""
        return (self.directory / "said.log").read_text(encoding="utf-8")[-5000:]


@pytest.mark.timeout(60 + 15 * ROUNDS)
@pytest.mark.parametrize("transport", ["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
async def test_kill(transport: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Every acknowledged command is in the log exactly once; rows, history and outcomes are those of the pure fold."""
    if transport == "embedded":
        url = f"embedded://{tmp_path / 'log'}"
    else:
        kafka: KafkaBroker = request.getfixturevalue("kafka")
        url = f"kafka://{kafka.bootstrap}"
        await wipe(url)
    story, rng = Story(url, tmp_path, SEED, COMMANDS[transport] * ROUNDS), random.Random(SEED)
    tell(f"TASKSYS_KILL_SEED={SEED} on {transport}, {ROUNDS} kills")
    while not story.finished:
        await asyncio.to_thread(story.live, rng)
        tell(f"  {story.kills} kills, {sum(len(acks) for acks in story.acks.values())} acknowledged")
    async with running(url, tmp_path / "node", session_timeout=SESSION_SECONDS) as node:
        truth = await check(node)
        rows = {key: row for partition in table(node, "commands") for key, row in partition.items()}
        for number in range(WORKSPACES):
            assert await node.history.verify(f"kill-{number}") == (len(truth.events[f"kill-{number}"]), None)
            compare(story, number, truth, rows)


def compare(story: Story, number: int, truth: Truth, rows: dict[bytes, bytes]) -> None:
    """A workspace as it is with the workspace as it must be: the stream, decided once and in order."""
    workspace, records = f"kill-{number}", stream(story.seed, number, story.commands)
    acks, state = expected(records)
    assert [story.acks[number][index] for index in range(story.commands)] == acks
    first_ack = {record.command.id: ack for record, ack in reversed(list(zip(records, acks, strict=True)))}
    for identifier, ack in first_ack.items():
        outcome = truth.outcomes[workspace, OWNER, identifier]
        assert (outcome.status, outcome.first, outcome.last) == ack[:3]
    assert stored(rows, number) == as_rows(state)


class Crew:
    """Workers of one cluster in this process, which start, stop and crash while commands keep coming."""

    def __init__(self, url: str, directory: Path, rng: random.Random) -> None:
        self.url = url
        self.directory = directory
        self.rng = rng
        self.nodes: dict[int, Node] = {}
        self.streams = [stream(SEED, number, 20_000) for number in range(WORKSPACES)]
        self.sent = [0] * WORKSPACES

    async def start(self, number: int) -> None:
        """Starts a worker, with the directory that it had before."""
        node = self.nodes[number] = Node(
            Broker.parse(self.url), self.directory / f"worker-{number}", url=f"http://worker-{number}",
            partitions=6, session_timeout=SESSION_SECONDS,
        )  # fmt: skip
        async with asyncio.timeout(SETTLE):
            await node.start()

    async def stop(self, number: int) -> None:
        """Stops a worker in good order."""
        async with asyncio.timeout(SETTLE):
            await self.nodes.pop(number).stop()

    async def move(self) -> str:
        """Something happens to one of the workers."""
        number = self.rng.randrange(4)
        if number not in self.nodes:
            await self.start(number)
            return f"worker {number} starts"
        if len(self.nodes) > 1 and self.rng.random() < 0.6:
            await self.stop(number)
            return f"worker {number} stops"
        name = self.rng.choice(AGENTS)
        if app := self.nodes[number].apps.get(name):
            await app.crash(RuntimeError("a fault that a test made"))
        return f"worker {number} loses its {name}"

    async def feed(self) -> None:
        """Appends the streams' commands, in order, until it is cancelled."""
        appender = await open_appender(Broker.parse(self.url))
        place = next(iter(self.nodes.values())).partition
        try:
            while True:
                for number in range(WORKSPACES):
                    record = self.streams[number][self.sent[number]]
                    value = codec.encode_command(record)
                    key = record.workspace.encode()
                    self.sent[number] += 1
                    await appender.send(COMMAND_LOG.name, place(record.workspace), key, value, ())
        finally:
            await appender.close()


@pytest.mark.kafka
@pytest.mark.timeout(120 + 15 * ROUNDS)
async def test_workers_come_and_go_under_load(kafka: KafkaBroker, tmp_path: Path) -> None:
    """Rebalances at any moment, also several at once: rows, history and outcomes are those of the pure fold."""
    url = f"kafka://{kafka.bootstrap}"
    await wipe(url)
    rng = random.Random(SEED)
    crew = Crew(url, tmp_path, rng)
    tell(f"TASKSYS_KILL_SEED={SEED}, {2 * ROUNDS} moves")
    await crew.start(0)
    await crew.start(1)
    feeding = asyncio.create_task(crew.feed())
    for _ in range(2 * ROUNDS):
        goal = sum(crew.sent) + rng.randrange(300)
        await until(lambda: sum(crew.sent) >= goal, bound=SETTLE)  # noqa: B023  (awaited in this round)
        tell(f"  {await crew.move()}, {sum(crew.sent)} commands sent")
    feeding.cancel()
    await asyncio.gather(feeding, return_exceptions=True)
    number, node = next(iter(crew.nodes.items()))
    for other in set(crew.nodes) - {number}:
        await crew.stop(other)
    await ready(node)
    truth = await check(node)
    rows = {key: row for partition in table(node, "commands") for key, row in partition.items()}
    for workspace in range(WORKSPACES):
        # the last one may have been cancelled on its way: in the log or not
        sent = [crew.streams[workspace][: crew.sent[workspace] - short] for short in (0, 1)]
        assert stored(rows, workspace) in [as_rows(expected(records)[1]) for records in sent]
        name = f"kill-{workspace}"
        assert await node.history.verify(name) == (len(truth.events[name]), None)
    await crew.stop(number)


def stored(rows: dict[bytes, bytes], number: int) -> dict[bytes, bytes]:
    """The rows of a workspace as they are."""
    prefix = f"kill-{number}\0".encode()
    return {key.removeprefix(prefix): row for key, row in rows.items() if key.startswith(prefix)}


def as_rows(state: dict[Any, Any]) -> dict[bytes, bytes]:
    """The rows of a workspace as they must be."""
    return {f"{kind}{name}".encode(): codec.encode_row(row) for (kind, name), row in state.items()}
