"""Running nodes for tests: on either transport, with commands to send, and the whole truth to compare with.

The truth of a node is its events topic: `check` folds it from scratch and compares rows, history and outcomes with it.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from aiokafka.admin import AIOKafkaAdminClient
from msgspec import structs

from streams import eventlog, keys
from streams.agents.audit import decode as decode_remembered
from streams.agents.deliveries import Attempt
from streams.app import fold_agent
from streams.broker import Broker
from streams.fold import Headers, Record
from streams.node import Node
from streams.parts import AGENTS
from streams.runner import APPLIED
from streams.topics import COMMANDS, EVENTS, TopicSpec
from tasksys import audit, codec, decider
from tasksys.commands import Command, CommandRecord, CreateWorkspace
from tasksys.events import EventRecord, SeriesAdvanced
from tasksys.outcomes import Decided, Outcome, OutcomeStatus
from tasksys.rows import Firing, Member, Reminder, Workspace
from tasksys.state import State
from tests.support.domain import OWNER

AT: Final = "2126-03-08T09:00:00.000Z"  # outcomes of long ago would be forgotten
WAIT: Final = 20.0
"""Seconds that a busy machine may take for what takes milliseconds."""

SETTLE: Final = 60.0
"""Seconds that a restart may take: the old session runs out, tables recover."""

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


async def until(condition: Callable[[], object], what: str = "", bound: float = WAIT) -> None:
    """Returns as soon as the condition holds; AssertionError after `bound` seconds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + bound
    while not condition():
        assert loop.time() < deadline, f"not within {bound} s: {what or condition}"
        await asyncio.sleep(0.005)


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


async def caught_up(node: Node) -> None:
    """Waits until every agent has folded all that is in its source."""
    for name in node.agents:
        agent = fold_agent(node.apps[name])
        for partition in range(node.partitions):
            end = await last_offset(node, agent.spec.source, partition)
            await until(
                lambda agent=agent, partition=partition, end=end: agent.position(partition) >= end,  # type: ignore[misc]
                f"{name}[{partition}] has folded up to {end}",
                SETTLE,
            )


async def last_offset(node: Node, topic: TopicSpec, partition: int) -> int:
    """The offset after the last committed record."""
    last = 0
    async for chunk in eventlog.read(node.broker, topic.name, partition):
        last = chunk[-1].offset + 1
    return last


@dataclass
class Truth:
    """What a node holds, after it was found to hold together."""

    events: dict[str, list[EventRecord]] = field(default_factory=lambda: defaultdict(list))
    outcomes: dict[tuple[str, str, str], Outcome] = field(default_factory=dict)
    """By workspace, actor and command."""


async def check(node: Node) -> Truth:
    """Compares tables, history and outcomes with what the events topic says; AssertionError where they differ."""
    truth = Truth()
    while True:
        await caught_up(node)
        states, history, timelines, series, outboxes = (table(node, name) for name in AGENTS)
        events = await read(node, EVENTS)
        if all(not records or _has(rows, records[-1]) for records, rows in zip(events, history, strict=True)):
            break  # else something came in between, which the clock has commanded, say
    for partition, records in enumerate(events):
        expected = _expected(records, truth)
        outcomes = {key: row for key, row in states[partition].items() if key.startswith(keys.OUTCOME)}
        rows = {
            key: row
            for key, row in states[partition].items()
            if key != APPLIED and not key.startswith((keys.OUTCOME, keys.DEAD_LETTER, keys.IMPORT))
        }
        assert rows == expected, f"partition {partition}: rows differ from the fold of the events"
        for key, row in outcomes.items():
            workspace, actor, command = key[1:].decode().split("\0")
            truth.outcomes[workspace, actor, command] = outcome_of(row)
        _check_history(records, history[partition])
        zones = {keys.zones(row.id): row.zones.encode() for row in _workspaces(expected)}
        _check_timeline(expected, timelines[partition], zones)
        _check_series(records, series[partition], zones)
        check_outbox(expected, outboxes[partition])
    _check_outcomes(truth)
    return truth


def _expected(records: list[Record], truth: Truth) -> dict[bytes, bytes]:
    """The rows that the events of a partition fold into."""
    states: dict[str, State] = defaultdict(State)
    for one in records:
        assert one.key is not None
        assert one.value is not None
        workspace, event = one.key.decode(), codec.decode_event(one.value)
        truth.events[workspace].append(event)
        assert event.position == len(truth.events[workspace]), f"{workspace}: a gap before, or a double: {event}"
        decider.replay(event, workspace, states[workspace])
    rows = {}
    for workspace, state in states.items():
        for (kind, name), row in state.rows.items():
            if row is not None:
                rows[keys.row(workspace, kind, name)] = codec.encode_row(row)
                if kind == Member.kind:
                    rows[keys.membership(name, workspace)] = b""
    return rows


def _workspaces(state: dict[bytes, bytes]) -> Iterator[Workspace]:
    """The workspaces of a partition."""
    for key, row in state.items():
        if key.endswith(b"\0w") and not key.startswith(keys.MEMBERSHIP):
            found = codec.decode_row(Workspace.kind, row)
            assert isinstance(found, Workspace)
            yield found


def _check_timeline(state: dict[bytes, bytes], rows: dict[bytes, bytes], zones: dict[bytes, bytes]) -> None:
    """Every armed reminder of the state is in the timeline, and nothing else is."""
    expected = dict(zones)
    for key, row in state.items():
        workspace, _, name = key.partition(b"\0")
        if row and name.startswith(Reminder.kind.encode()):  # a membership ends with the workspace, and has no row
            found = codec.decode_row(Reminder.kind, row)
            assert isinstance(found, Reminder)
            if found.armed:
                assert found.scheduled_for is not None
                place = keys.timeline(found.scheduled_for, workspace.decode(), found.id)
                expected |= {key: found.scheduled_for.encode(), place: found.position.to_bytes(8)}
    assert {key: row for key, row in rows.items() if key != APPLIED} == expected


def _check_series(records: list[Record], rows: dict[bytes, bytes], zones: dict[bytes, bytes]) -> None:
    """Every series is in the timeline at the instant that its newest event named, if it named one."""
    newest: dict[tuple[str, str], tuple[str | None, int]] = {}
    for one in records:
        assert one.key is not None
        assert one.value is not None
        record = codec.decode_event(one.value)
        if record.type == SeriesAdvanced.__name__:
            event = codec.event(record)
            assert isinstance(event, SeriesAdvanced)
            newest[one.key.decode(), event.series] = event.at, record.position
    expected = dict(zones)
    for (workspace, name), (at, position) in newest.items():
        if at is not None:
            expected[keys.armed(workspace, name)] = at.encode()
            expected[keys.timeline(at, workspace, name)] = position.to_bytes(8)


def check_outbox(state: dict[bytes, bytes], rows: dict[bytes, bytes]) -> None:
    """Every attempt that the ledger waits for is in the outbox, and whose each reminder is; and nothing else."""
    expected: dict[bytes, bytes] = {}
    for key, row in state.items():
        workspace, _, name = (part.decode() for part in key.partition(b"\0"))
        if row and name.startswith(Firing.kind):  # a membership ends with the workspace, and has no row
            fired = codec.decode_row(Firing.kind, row)
            assert isinstance(fired, Firing)
            for number, one in enumerate(fired.deliveries):
                if one.next_attempt is not None:
                    which = (workspace, fired.reminder, fired.scheduled_for, one.channel)
                    tried = Attempt(one.next_attempt, *which, fired.position, number, one.attempts + 1, fired.user)
                    expected |= {tried.key: tried.row, tried.in_lane: tried.row}
                    expected[keys.delivery(*which)] = one.next_attempt.encode()
        if row and name.startswith(Reminder.kind):
            found = codec.decode_row(Reminder.kind, row)
            assert isinstance(found, Reminder)
            expected[keys.user_of(workspace, found.id)] = found.user.encode()
            if found.armed:
                expected[keys.armed_of(workspace, found.user, found.id)] = b""
    assert {key: row for key, row in rows.items() if key != APPLIED} == expected


def _has(rows: dict[bytes, bytes], last: Record) -> bool:
    """Whether a table was read after the record was folded into it."""
    return int.from_bytes(rows.get(APPLIED, b"")) > last.offset


def _check_history(records: list[Record], rows: dict[bytes, bytes]) -> None:
    """Every event is in the history, byte for byte and in the chain, and nothing else is."""
    links: dict[bytes, bytes] = {}
    expected = 0
    for one in records:
        assert one.key is not None
        assert one.value is not None
        event = codec.decode_event(one.value)
        remembered = decode_remembered(rows[keys.event(one.key.decode(), event.position)])
        links[one.key] = audit.link(links.get(one.key, audit.GENESIS), one.value)
        assert (remembered.event, remembered.hash) == (one.value, links[one.key])
        expected += 1
    assert sum(key != APPLIED and key.split(b"\0", 1)[1][:1] == b"e" for key in rows) == expected


def _check_outcomes(truth: Truth) -> None:
    """Accepted commands are in the log once, at the positions that their outcomes name; others are not."""
    found: dict[tuple[str, str, str], list[EventRecord]] = defaultdict(list)
    for workspace, events in truth.events.items():
        for event in events:
            found[workspace, event.actor, event.command].append(event)
        assert len({event.id for event in events}) == len(events)
    for name, outcome in truth.outcomes.items():
        positions = [event.position for event in found.pop(name, [])]
        assert positions == (list(range(outcome.first, outcome.last + 1)) if outcome.last else []), (name, outcome)
        assert outcome.status is OutcomeStatus.ACCEPTED or not positions
    assert not found, f"events without an outcome: {list(found)[:5]}"
