"""Running nodes for tests: on either transport, with commands to send, and the whole truth to compare with.

The truth of a node is its events topic: `check` folds it from scratch and compares rows, history and outcomes with it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from aiokafka.admin import AIOKafkaAdminClient
from msgspec import structs

from streams import eventlog
from streams.app import fold_agent
from streams.applied import applied
from streams.broker import Broker
from streams.fold import Headers, Record
from streams.node import Node
from streams.parts import AGENTS
from streams.topics import COMMANDS, EVENTS, TopicSpec, source_of
from streams.transport.database import DatabaseError
from tasksys import codec
from tasksys.commands import Command, CommandRecord, CreateWorkspace
from tasksys.errors import NotOwned
from tasksys.events import EventRecord
from tasksys.outcomes import Decided, Outcome, OutcomeStatus
from tests.support.domain import OWNER
from tests.support.truth import Truth
from tests.support.waiting import WAIT, until

AT: Final = "2126-03-08T09:00:00.000Z"  # outcomes of long ago would be forgotten
SETTLE: Final = 60.0
"""Seconds that a restart may take: the old session runs out, tables recover."""

AWAY: Final = (KeyError, NotOwned, DatabaseError)
"""What reading a table says while its agent is started again."""

T = TypeVar("T")

_nodes: list[Node] = []
_numbers = count(1)
outcome_of = msgspec.msgpack.Decoder(Outcome).decode


# --- rows without a node


class MemoryRows:
    """The rows of a table in a dict."""

    def __init__(self) -> None:
        self.rows: dict[bytes, bytes] = {}

    def get(self, key: bytes) -> bytes | None:
        """The row, or None."""
        return self.rows.get(key)

    def scan(
        self, prefix: bytes = b"", start: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """As `streams.fold.Rows` says."""
        found = sorted(key for key in self.rows if key.startswith(prefix))
        if start is not None:
            found = [key for key in found if (key <= start if reverse else key >= start)]
        return iter([(key, self.rows[key]) for key in (reversed(found) if reverse else found)])

    def apply(self, rows: Mapping[bytes, bytes | None]) -> None:
        """Puts and deletes."""
        for key, row in rows.items():
            if row is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = row


class CountedRows(MemoryRows):
    """Rows that count what is read of them."""

    def __init__(self) -> None:
        super().__init__()
        self.read = 0

    def get(self, key: bytes) -> bytes | None:
        """The row, or None."""
        self.read += 1
        return super().get(key)

    def scan(
        self, prefix: bytes = b"", start: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """As `streams.fold.Rows` says."""
        for found in super().scan(prefix, start, reverse):
            self.read += 1
            yield found


# --- nodes


async def wipe(url: str) -> None:
    """Deletes every topic of ours on a Kafka broker: the next node begins with nothing."""
    admin = AIOKafkaAdminClient(bootstrap_servers=Broker.parse(url).servers)
    await admin.start()
    try:
        names = [name for name in await admin.list_topics() if name.startswith("tasksys")]
        if names:
            await admin.delete_topics(names)
        async with asyncio.timeout(WAIT):
            while set(names) & set(await admin.list_topics()):  # noqa: ASYNC110  (the broker cannot tell us)
                await asyncio.sleep(0.01)
    finally:
        await admin.close()


@asynccontextmanager
async def running(broker: str, directory: Path, **settings: Any) -> AsyncIterator[Node]:
    """A started node, which is stopped at the end and must leave no task behind (unless another one goes on)."""
    before, alone = asyncio.all_tasks(), not _nodes
    node = Node(Broker.parse(broker), directory, **settings)
    async with asyncio.timeout(SETTLE):
        await node.start()
    _nodes.append(node)
    try:
        yield node
    finally:
        _nodes.remove(node)
        async with asyncio.timeout(SETTLE):
            await node.stop()
    before.add(_this_task())
    left = asyncio.all_tasks() - before
    if alone and left:
        _, left = await asyncio.wait(left, timeout=5)
    assert not alone or not left, f"tasks are left: {left}"


def _this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None
    return task


async def ready(node: Node) -> None:
    """Waits until nothing is missing."""
    await until(lambda: not node.ready(), f"ready, missing {node.ready()}", SETTLE)


def tell(text: str) -> None:
    """Says something that a failing run shows: its seed, how far it came."""
    print(text)  # noqa: T201


# --- commands


def workspace_name(stem: str = "w") -> str:
    """A workspace that no other test has."""
    return f"{stem}-{next(_numbers)}"


def workspace_on(node: Node, partition: int) -> str:
    """A new workspace whose place is that partition."""
    return next(name for name in iter(workspace_name, "") if node.partition(name) == partition)


def record(workspace: str, command: Command, actor: str = OWNER, digest: str = "", at: str = AT) -> CommandRecord:
    """The command as the way in would append it; it gets an id of its own unless it has one."""
    if not command.id:
        command = structs.replace(command, id=f"command-{next(_numbers)}")
    return CommandRecord(workspace, actor, at, command, digest=digest)


async def submit(node: Node, workspace: str, command: Command, headers: Headers = (), digest: str = "") -> Decided:
    """The command's outcome, waited for."""
    decided = await node.gateway.submit(record(workspace, command, digest=digest), WAIT, headers)
    assert decided is not None, "not decided in time"
    return decided


async def accepted(node: Node, workspace: str, *commands: Command) -> list[Decided]:
    """The outcomes of commands that must not be refused, sent one after the other."""
    found = [await submit(node, workspace, command) for command in commands]
    assert [one.outcome.status for one in found] == [OutcomeStatus.ACCEPTED] * len(found), found
    return found


async def founded(node: Node, workspace: str = "") -> str:
    """A new workspace."""
    workspace = workspace or workspace_name()
    await accepted(node, workspace, CreateWorkspace(name="Acme"))
    return workspace


async def append(node: Node, partition: int, key: bytes | None, value: bytes | None, headers: Headers = ()) -> None:
    """Appends a record to the commands as it is, durably."""
    await node.append(COMMANDS.name, partition, key, value, headers)


def there(value: T | None) -> T:
    """What must be there."""
    assert value is not None
    return value


# --- what is in the log and in the tables


async def read(node: Node, topic: TopicSpec) -> list[list[Record]]:
    """All records of a topic by partition, from the broker itself."""
    found: list[list[Record]] = []
    for partition in range(node.partitions):
        found.append([one async for chunk in eventlog.read(node.broker, topic.name, partition) for one in chunk])
    return found


async def events_of(node: Node, workspace: str) -> list[EventRecord]:
    """The events of a workspace as they stand in the log."""
    partition = (await read(node, EVENTS))[node.partition(workspace)]
    return [codec.decode_event(one.value or b"") for one in partition if one.key == workspace.encode()]


def table(node: Node, agent: str) -> list[dict[bytes, bytes]]:
    """All rows of an agent's table by partition."""
    folding = fold_agent(node.apps[agent])
    return [dict(folding.rows(partition).scan()) for partition in range(node.partitions)]


async def caught_up(node: Node, away: tuple[type[Exception], ...] = ()) -> None:
    """Waits until every agent has folded all that is in its source; one that says `away` has not."""
    for name in node.agents:
        for partition in range(node.partitions):
            end = await last_offset(node, source_of(name), partition)
            await until(
                partial(_folded, node, name, partition, end, away),
                f"{name}[{partition}] has folded up to {end}",
                SETTLE,
            )


def _folded(node: Node, agent: str, partition: int, end: int, away: tuple[type[Exception], ...]) -> bool:
    with suppress(*away):
        return fold_agent(node.apps[agent]).position(partition) >= end
    return False


async def last_offset(node: Node, topic: TopicSpec, partition: int) -> int:
    """The offset after the last committed record."""
    last = 0
    async for chunk in eventlog.read(node.broker, topic.name, partition):
        last = chunk[-1].offset + 1
    return last


async def check(node: Node, restarts: bool = False) -> Truth:
    """Compares tables, history and outcomes with what the events topic says; AssertionError where they differ.

    `restarts` if an agent may be started again meanwhile, as when it finds out what brokers have forgotten.
    """
    truth, away = Truth(), AWAY if restarts else ()
    while True:
        await caught_up(node, away)
        try:
            tables = [table(node, name) for name in AGENTS]
        except away:
            continue
        events = await read(node, EVENTS)
        if all(not records or _has(rows, records[-1]) for records, rows in zip(events, tables[1], strict=True)):
            break  # else something came in between, which the clock has commanded, say
    for partition, records in enumerate(events):
        truth.compare(records, *(rows[partition] for rows in tables))
    truth.check_outcomes()
    return truth


def _has(rows: dict[bytes, bytes], last: Record) -> bool:
    """Whether a table was read after the record was folded into it."""
    return applied(rows) > last.offset
