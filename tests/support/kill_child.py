"""A process to be killed and frozen: a node that is its own client, and says each acknowledged outcome at once.

    python -m tests.support.kill_child submit URL DIRECTORY SEED COMMANDS ACKNOWLEDGED.json
    python -m tests.support.kill_child worker URL DIRECTORY [begin|sent|committed]
    python -m tests.support.kill_child serve URL DIRECTORY
    python -m tests.support.kill_child fire URL DIRECTORY INSTANT
    python -m tests.support.kill_child send URL DIRECTORY INSTANT [once]

`submit` sends a stream of commands that the seed determines, all that is not in the file of what was acknowledged
before, and prints a JSON line for each outcome. `worker` only folds; with a point named it freezes itself (SIGSTOP)
there, in its first transaction after a line on its standard input. `serve` also answers over HTTP. `fire` does what is
due at an instant, and ends. `send` also delivers it, and ends when nothing waits any more; with `once` it dies after
the first answer, before it is recorded.
"""

import asyncio
import json
import logging
import os
import random
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from msgspec import structs

from streams.agents.deliveries import attempts
from streams.agents.timeline import timeline
from streams.broker import Broker
from streams.delivery.channels import Channels, Options
from streams.keys import OUTBOX
from streams.node import Node
from streams.parts import TIMELINES
from streams.transport.kafka.transaction import PartitionWriter
from tasksys import decider
from tasksys.commands import (
    AddComment,
    Command,
    CommandRecord,
    CompleteTask,
    CreateProject,
    CreateTask,
    CreateWorkspace,
    EditTask,
    LabelTask,
    MoveTask,
    ReopenTask,
)
from tasksys.deliveries import Letter, Result
from tasksys.outcomes import Decided
from tasksys.refusals import Code, Refusal
from tasksys.state import State
from tests.support.domain import OWNER
from tests.support.http import serving
from tests.support.nodes import AT, caught_up, check
from tests.support.waiting import until

WORKSPACES: Final = 6
SESSION_SECONDS: Final = 2.0
KEY: Final = "0123456789abcdef0123456789abcdef"
WAIT: Final = 30.0

Ack = tuple[str, int, int, str]
"""Status, first and last position, code of the refusal."""


# --- the stream, and what must become of it


def stream(seed: int, number: int, commands: int) -> list[CommandRecord]:
    """So many commands of one workspace: some are refused, some are sent twice, some reuse a key for something else."""
    rng = random.Random(f"{seed}/{number}")
    workspace = f"kill-{number}"
    records: list[CommandRecord] = []
    tasks = 0
    for index in range(commands):
        task = f"t{rng.randrange(tasks + 2)}"  # now and then one that is not there
        command: Command
        match rng.randrange(10) if index > 1 else index - 10:
            case -10:
                command = CreateWorkspace(name="Acme")
            case -9:
                command = CreateProject(project="home", name="Home")
            case 0 | 1 | 2:
                tasks += 1
                command = CreateTask(task=f"t{tasks}", title=f"Task {index}", description="x" * rng.randrange(2000))
            case 3 | 4:
                command = EditTask(task=task, title=f"Edited {index}")
            case 5:
                command = LabelTask(task=task, add=(f"l{index % 5}",), remove=(f"l{(index + 1) % 5}",))
            case 6:
                command = MoveTask(task=task, project="home")
            case 7:
                command = CompleteTask(task=task) if rng.random() < 0.5 else ReopenTask(task=task)
            case 8:
                command = AddComment(task=task, comment=f"c{index}", body=f"Remark {index}")
            case _:
                command = EditTask(task=task, title="never", expected_version=rng.choice([1, 999]))
        record = CommandRecord(workspace, OWNER, AT, structs.replace(command, id=f"k{index}"), digest=f"d{index}")
        chance = rng.random()
        if chance < 0.1 and index > 10:
            record = rng.choice(records)
            if chance < 0.03:
                record = structs.replace(record, digest="another payload")
        records.append(record)
    return records


def expected(records: Iterable[CommandRecord]) -> tuple[list[Ack], dict[Any, Any]]:
    """What each command of a workspace must come to, and its rows at the end: `decide` and `evolve`, nothing else."""
    state, acks = State(), list[Ack]()
    first_of: dict[str, tuple[str, Ack]] = {}
    for record in records:
        digest, ack = first_of.get(record.command.id, (record.digest, None))
        if ack is None:
            ack = _decided(record, state)
            first_of[record.command.id] = record.digest, ack
        acks.append(ack if digest == record.digest else ("refused", 0, 0, Code.KEY_REUSED))
    return acks, {key: row for key, row in state.rows.items() if row is not None}


def _decided(record: CommandRecord, state: State) -> Ack:
    answer = decider.decide(record, state)
    if isinstance(answer, Refusal):
        return "refused", 0, 0, answer.code
    events = decider.enact(answer, record, "0-0", state)
    return ("accepted", events[0].position, events[-1].position, "") if events else ("accepted", 0, 0, "")


def acknowledged(decided: Decided) -> Ack:
    """The outcome, to compare."""
    outcome = decided.outcome
    return str(outcome.status), outcome.first, outcome.last, str(outcome.refusal.code) if outcome.refusal else ""


# --- the process


def say(**facts: object) -> None:
    """One line of JSON that is out of this process when it returns."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


async def submit(url: str, directory: str, seed: str, commands: str, known_file: str) -> None:
    """Checks what the last life left behind, then sends what was not acknowledged, in order per workspace."""
    known = await asyncio.to_thread(Path(known_file).read_text, encoding="utf-8")
    node = Node(Broker.parse(url), Path(directory), session_timeout=SESSION_SECONDS)
    say(phase="starting")
    await node.start()
    say(phase="started")
    truth = await check(node)
    say(phase="checked", events=sum(len(events) for events in truth.events.values()))
    done: dict[str, list[int]] = json.loads(known)
    streams = [stream(int(seed), number, int(commands)) for number in range(WORKSPACES)]
    await asyncio.gather(
        *(_submit(node, number, records, set(done[str(number)])) for number, records in enumerate(streams))
    )
    await node.stop()
    say(phase="done")


async def _submit(node: Node, number: int, records: list[CommandRecord], done: set[int]) -> None:
    left = [(index, record) for index, record in enumerate(records) if index not in done]
    rng = random.Random(number)
    while left:
        chunk, left = _chunk(left, rng.randrange(1, 12))
        found = await node.gateway.submit_all([record for _, record in chunk], WAIT)
        for (index, _), decided in zip(chunk, found, strict=True):
            assert isinstance(decided, Decided), decided
            say(workspace=number, index=index, ack=acknowledged(decided))


def _chunk(left: list[Any], size: int) -> tuple[list[Any], list[Any]]:
    """The next records, no two with one key: a key that waits is not sent a second time."""
    chunk: list[Any] = []
    while left and len(chunk) < size and left[0][1].command.id not in {one[1].command.id for one in chunk}:
        chunk.append(left[0])
        left = left[1:]
    return chunk, left


async def worker(url: str, directory: str, point: str = "") -> None:
    """Folds until it is killed; says what stops its agents."""
    node = Node(Broker.parse(url), Path(directory), session_timeout=SESSION_SECONDS, partitions=2, url="http://frozen")
    armed = asyncio.Event()
    if point:
        freeze_at(point, armed)
    await node.start()
    say(phase="started")
    loop = asyncio.get_running_loop()

    def arm() -> None:
        say(phase="armed")  # first: the next transaction may freeze us at once
        armed.set()

    threading.Thread(target=lambda: sys.stdin.readline() and loop.call_soon_threadsafe(arm), daemon=True).start()
    said: dict[str, str] = {}
    while True:
        if node.faults != said:
            said = dict(node.faults)
            say(phase="faults", faults=said, missing=node.ready())
        await asyncio.sleep(0.01)


async def serve(url: str, directory: str) -> None:
    """Folds and serves until it is killed; says where."""
    node = Node(Broker.parse(url), Path(directory), session_timeout=SESSION_SECONDS, partitions=2, url="http://frozen")
    await node.start()
    async with serving(node) as site:
        say(phase="started", port=site.server.port)
        await asyncio.Event().wait()


async def fire(url: str, directory: str, instant: str) -> None:
    """Lets the clock stand at an instant until nothing waits for it any more."""
    now = datetime.fromisoformat(instant)
    node = Node(Broker.parse(url), Path(directory), session_timeout=SESSION_SECONDS, clock=lambda: now)
    await node.start()
    say(phase="started")

    def waits() -> bool:
        return any(
            one.at <= instant
            for name in TIMELINES
            for number in range(node.partitions)
            for one in timeline(node.rows(name, number))
        )

    await standing_still(node, waits)
    await node.stop()
    say(phase="done")


async def standing_still(node: Node, waits: Callable[[], bool]) -> None:
    """Waits until nothing waits any more, by tables that know all of the log: one that is behind knows of nothing."""
    await caught_up(node)
    while waits():
        await until(lambda: not waits(), bound=WAIT)
        await caught_up(node)


async def send(url: str, directory: str, instant: str, once: str = "") -> None:
    """Lets the clock stand at an instant until everything is fired and delivered."""
    now = datetime.fromisoformat(instant)
    channels = Channels(Options(KEY, private=True), lambda: now)
    courier = Dying(channels) if once else channels
    node = Node(Broker.parse(url), Path(directory), session_timeout=SESSION_SECONDS, clock=lambda: now, courier=courier)
    await node.start()
    say(phase="started")

    def waits() -> bool:
        rows = (node.rows("deliveries", number) for number in range(node.partitions))
        due = any(attempts(one, OUTBOX, 1) for one in rows)
        reminders = (node.rows("reminders", number) for number in range(node.partitions))
        return due or any(one.at <= instant for rows in reminders for one in timeline(rows))

    await standing_still(node, waits)
    await node.stop()
    await channels.close()
    say(phase="done")


class Dying:
    """A courier that dies as soon as the first letter has come through."""

    def __init__(self, channels: Channels) -> None:
        self._channels = channels

    async def deliver(self, letter: Letter) -> Result:
        """One attempt, the last."""
        result = await self._channels.deliver(letter)
        if not result.error:
            say(phase="sent")
            os.kill(os.getpid(), signal.SIGKILL)
        return result


def freeze_at(point: str, armed: asyncio.Event) -> None:
    """Has the first armed transaction of commands freeze the process: before it begins, before its commit, after it."""
    commit = PartitionWriter.commit

    async def freezing(self: Any, effects: Any, position: int) -> None:
        if not armed.is_set() or not self.group.endswith("commands"):
            await commit(self, effects, position)
            return
        armed.clear()
        if point == "begin":
            freeze()
        elif point == "sent":
            self.log.end = before(self.log.end)
        else:
            self._store = before(self._store)
        await commit(self, effects, position)

    def before(step: Callable[..., object]) -> Callable[..., object]:
        def frozen(*arguments: object, **named: object) -> object:
            freeze()
            return step(*arguments, **named)

        return frozen

    PartitionWriter.commit = freezing  # type: ignore[method-assign]


def freeze() -> None:
    """Stands still until somebody thaws it."""
    say(phase="frozen")
    os.kill(os.getpid(), signal.SIGSTOP)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    main: dict[str, Callable[..., Coroutine[Any, Any, None]]] = {
        "submit": submit,
        "worker": worker,
        "serve": serve,
        "fire": fire,
        "send": send,
    }
    asyncio.run(main[sys.argv[1]](*sys.argv[2:]))
