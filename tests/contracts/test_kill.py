"""kill -9 of a working node at random moments, on both transports: nothing acknowledged is lost, nothing is doubled.

TASKSYS_KILL_ROUNDS is the number of kills on each transport (`make chaos` has many), TASKSYS_KILL_SEED repeats a run.
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
from typing import Final

import pytest

from tasksys import codec
from tests.support.domain import OWNER
from tests.support.kafka_broker import ROOT, KafkaBroker, _kill_when_we_are_gone
from tests.support.kill_child import SESSION_SECONDS, WORKSPACES, Ack, expected, stream
from tests.support.nodes import Truth, check, running, table, tell, wipe

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
            guard = _kill_when_we_are_gone(child.pid)
            try:
                self._listen(child, phase, patience)
            finally:
                child.kill()
                guard.kill()
                guard.communicate()

    def _listen(self, child: "subprocess.Popen[str]", phase: str, patience: float) -> None:
        """Collects what it says, to the end of the pipe; kills it `patience` seconds after it began the phase."""
        assert child.stdout is not None
        killer = threading.Timer(patience, child.kill)
        for line in child.stdout:
            said = json.loads(line)
            if "ack" in said:
                self.acks[said["workspace"]][said["index"]] = tuple(said["ack"])
            elif said["phase"] == "checked":
                tell(f"  checked {said['events']} events")
            self.finished = said.get("phase") == "done"
            if said.get("phase") == phase and not self.finished:
                killer.start()
        killer.cancel()
        self.kills += not self.finished
        assert child.wait() == (0 if self.finished else -signal.SIGKILL), self.said()

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
            assert node.history.verify(f"kill-{number}") == (len(truth.events[f"kill-{number}"]), None)
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
    prefix = f"{workspace}\0".encode()
    assert {key.removeprefix(prefix): row for key, row in rows.items() if key.startswith(prefix)} == {
        f"{kind}{name}".encode(): codec.encode_row(row) for (kind, name), row in state.items()
    }
