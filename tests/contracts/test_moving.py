"""A log that was written on a laptop goes on elsewhere: the same bytes, the same answers, and nothing twice."""

import asyncio
import random
import sys
from asyncio.subprocess import DEVNULL
from pathlib import Path
from typing import Any, Final

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from msgspec import structs

from streams import admin
from streams.agents import import_parts, imports
from streams.agents.import_parts import Begin, Events, Finish, Outcomes, Part
from streams.agents.imports import IMPORT, Import, Stage, all_imports
from streams.archive.exporting import export, members
from streams.archive.form import FORMAT, Archive, CommandLine, Head, Writer
from streams.archive.importing import Came, ImportRefused, _stand_in, import_log
from streams.archive.pages import Pages
from streams.broker import Broker
from streams.node import Node
from streams.partitioning import partition_of
from streams.parts import AGENTS
from streams.topics import COMMANDS, EVENTS, changelog
from streams.transport.embedded.log import EmbeddedLog
from tasksys import codec
from tasksys.commands import (
    Command,
    CommandRecord,
    CreateProject,
    CreateTask,
    CreateWorkspace,
    EditTask,
    MoveTask,
    Undo,
)
from tasksys.errors import Busy
from tasksys.outcomes import OutcomeStatus
from tasksys.recurrence import occurrence_id
from tasksys.values import DeliveryState
from tests.contracts.test_deliveries import reached, ring, ringing, sending
from tests.support import domain
from tests.support.archives import archive
from tests.support.clocks import SETTINGS, Clock, after
from tests.support.domain import ACTORS, WORKSPACE, furnished
from tests.support.kafka_broker import ROOT, KafkaBroker
from tests.support.nodes import (
    SETTLE,
    accepted,
    append,
    caught_up,
    check,
    founded,
    read,
    record,
    running,
    table,
    tell,
    there,
    wipe,
    workspace_name,
)
from tests.support.receivers import Receiver
from tests.support.waiting import WAIT, until
from tests.tasksys.examples import EXAMPLES

STORIES: Final = 6

RARE: Final = frozenset(
    {
        "CalendarTokenRenewed",
        "ChannelConfirmed",
        "ReminderExpired",
        "ReminderReturned",
        "ReminderRestored",
        "ReminderRescheduled",
        "DeliveryFailed",
        "TaskMissed",
        "ZonesChanged",
    }
)
"""Events that come of the clock, of links, or of undoing just them; they are folded as all others are."""

PARTITIONS: Final = 5
"""Of the log that is moved to: another number than that of the one that is left."""


@pytest.fixture
def everything(monkeypatch: pytest.MonkeyPatch) -> list[CommandRecord]:
    """Commands of every kind that people can send, in an order of its own for each workspace; some are refused."""
    taped: list[CommandRecord] = []
    make = domain.World.record
    names = iter(range(1_000_000))

    def tape(world: domain.World, command: Command, *args: Any, **named: Any) -> CommandRecord:
        taped.append(make(world, command, *args, **named))
        return taped[-1]

    monkeypatch.setattr(domain.World, "record", tape)
    sent: list[CommandRecord] = []
    for number in range(STORIES):
        taped.clear()
        world, order = furnished(), list(EXAMPLES)
        random.Random(number).shuffle(order)
        for command, role in order:
            world.when(structs.replace(command, id=command.id or f"example-{next(names)}"), ACTORS[role])
        sent += [structs.replace(one, workspace=f"{WORKSPACE}-{number}") for one in taped]
    return [a_century_on(one) for one in sent]  # outcomes of long ago would be forgotten


def a_century_on(one: CommandRecord) -> CommandRecord:
    """The command, and all that it speaks of, as late as the tests' clock is."""
    chore = occurrence_id("chores", "2126-03-12T18:00").encode()
    later = codec.encode_command(one).replace(b'"2026-', b'"2126-').replace(domain.CHORE.encode(), chore)
    return codec.decode_command(later)


def none(what: str, done: int, total: int) -> None:
    """Nobody is told."""


async def moved(source: str, target: str, file: Path) -> list[Came]:
    """Exports one log and imports it into another."""
    await export(Broker.parse(source), file)
    return await import_log(Broker.parse(target), Archive(file), PARTITIONS, 1, none)


async def stored(node: Node) -> dict[bytes, list[bytes]]:
    """The bytes of all events, by workspace."""
    found: dict[bytes, list[bytes]] = {}
    for records in await read(node, EVENTS):
        for one in records:
            found.setdefault(there(one.key), []).append(there(one.value))
    return found


async def append_unfolded(directory: Path, *commands: CommandRecord) -> None:
    """Commands that became durable just before their process was killed."""
    log = EmbeddedLog.open(directory)
    try:
        number = log.topics()[COMMANDS.name].partitions
        for one in commands:
            place = partition_of(one.workspace, number)
            await log.append(COMMANDS.name, place, one.workspace.encode(), codec.encode_command(one))
    finally:
        await log.close()


async def test_a_workspace_goes_on_in_another_log(url: str, tmp_path: Path, everything: list[CommandRecord]) -> None:
    """History byte for byte, outcomes, undo, channels, reminders that fired and that wait, commands not folded yet."""
    clock, laptop = Clock(), f"embedded://{tmp_path / 'laptop'}"
    async with Receiver.listening() as receiver:
        async with sending(laptop, tmp_path / "one", clock) as (node, channels):
            ringer = await ringing(node, channels, receiver.url)
            later = ring("later", after(hours=5))
            move = (CreateProject(project="home", name="Home"), MoveTask(task="milk", project="home"))
            await accepted(node, ringer, later, *move, EditTask(id="renamed", task="milk", title="Oat milk"))
            outcomes = [there(await node.gateway.submit(one, WAIT)) for one in everything]
            assert {one.outcome.status for one in outcomes} == {OutcomeStatus.ACCEPTED, OutcomeStatus.REFUSED}
            clock.advance(node, hours=1)
            await reached(node, ringer, DeliveryState.DELIVERED)
            await append(node, node.partition(ringer), ringer.encode(), b"no command")
            await until(lambda: list(node.state.dead_letters()))
            truth = await check(node)
            before = await stored(node)
            kinds = {event.type for events in truth.events.values() for event in events}
            assert set(codec.EVENT_TYPES) - kinds <= RARE
        fresh = workspace_name("fresh")
        unfolded = (
            record(ringer, CreateTask(id="unfolded", task="tea", title="Tea")),
            record(fresh, CreateWorkspace(id="unfolded", name="Fresh")),
        )
        await append_unfolded(tmp_path / "laptop", *unfolded)
        came = await moved(laptop, url, tmp_path / "log.gz")
        assert {one.workspace: one.events for one in came} == {
            **{name.decode(): len(events) for name, events in before.items()}, fresh: 0,
        }  # fmt: skip
        async with sending(url, tmp_path / "two", clock) as (node, channels):
            assert node.partitions == PARTITIONS
            found = await check(node)
            after_move = await stored(node)
            for name, events in before.items():
                assert after_move[name][: len(events)] == events
            assert truth.outcomes.items() <= found.outcomes.items()
            assert [one.command for one in found.events[ringer][len(before[ringer.encode()]) :]] == ["unfolded"]
            assert [one.command for one in found.events[fresh]] == ["unfolded"] * len(found.events[fresh]) != []
            assert len(receiver.posts) == 1
            again = [there(await node.gateway.submit(one, WAIT)) for one in everything]
            assert [one.outcome for one in again] == [one.outcome for one in outcomes]
            assert all(one.replayed for one in again)
            old = node.history.of_command(ringer, domain.OWNER, "renamed")
            await accepted(node, ringer, Undo(command="renamed", events=tuple(old)))
            assert there(node.state.state(ringer).task("milk")).title == "Milk & <honey>"
            assert [letter.value for _, letter in node.state.dead_letters()] == [b"no command"]
            for name in before:
                assert (await node.history.verify(name.decode()))[1] is None
            clock.advance(node, hours=4)
            await receiver.got(2)
            truth = await check(node)
            *_, replayed = [step async for step in node.replay(verify=True, workspace=None, until=None)]
            assert replayed["different"] == 0
            assert len(receiver.posts) == 2


def expected(logs: dict[str, list[bytes]]) -> dict[bytes, list[bytes]]:
    """As `stored` has it."""
    return {name.encode(): log for name, log in logs.items()}


async def test_a_file_has_no_say_over_other_workspaces(url: str, tmp_path: Path) -> None:
    """Whoever wrote it: commands of a workspace that it does not bring, and that is there, are not sent."""
    file = tmp_path / "forged.gz"
    async with running(url, tmp_path / "node") as node:
        theirs = await founded(node)
        before = await stored(node)
    archive(tmp_path / "own.gz", workspaces=1)
    writer = Writer(file, Head(FORMAT, "0.1.0", "2126-03-08T09:00:00.000Z", 1))
    for line in Archive(tmp_path / "own.gz").lines():
        writer.add(line)
    forged = record(theirs, CreateTask(task="forged", title="Forged"))
    writer.add(CommandLine.of(theirs, codec.encode_command(forged)))
    writer.finish(0)
    came = {one.workspace: one for one in await import_log(Broker.parse(url), Archive(file), PARTITIONS, 1, none)}
    assert came[theirs].before
    async with running(url, tmp_path / "node") as node:
        assert node.state.state(theirs).task("forged") is None
        assert (await stored(node))[theirs.encode()] == before[theirs.encode()]


async def test_a_cluster_takes_workspaces_in_while_it_works(url: str, tmp_path: Path) -> None:
    """Others' commands go on; what is there by other ways is refused; the same file twice does nothing."""
    file, other = tmp_path / "log.gz", tmp_path / "other.gz"
    logs = archive(file, workspaces=6, commands=100)
    archive(other, workspaces=7, commands=100, seed=2)
    settings = {**SETTINGS, "partitions": PARTITIONS}
    if url.startswith("embedded"):
        async with running(url, tmp_path / "node", **settings) as node:
            await founded(node, "kill-6")
    else:
        async with running(url, tmp_path / "node", **settings) as node:
            await founded(node, "kill-6")
            working = asyncio.create_task(at_work(node))
            await bring(url, file)
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            await check(node)
    assert [one.before for one in await bring(url, file)] == [not url.startswith("embedded")] * 6
    with pytest.raises(ImportRefused, match="kill-0 was imported"):
        await bring(url, other)
    archive(other, workspaces=7, commands=100)
    with pytest.raises(ImportRefused, match="kill-6 is in this log already"):
        await bring(url, other)
    assert [one.before for one in await bring(url, file)] == [True] * 6
    async with running(url, tmp_path / "node", **settings) as node:
        await check(node)
        found = await stored(node)
        assert expected(logs).items() <= found.items()
        assert len(found[b"kill-6"]) == 2


async def bring(url: str, file: Path) -> list[Came]:
    """Imports a file."""
    return await import_log(Broker.parse(url), Archive(file), PARTITIONS, 1, none)


async def at_work(node: Node) -> None:
    """Somebody makes tasks in another workspace, without end."""
    workspace = await founded(node)
    while True:
        await accepted(node, workspace, CreateTask(task=workspace_name("task"), title="Milk"))


@pytest.mark.kafka
async def test_who_stands_in_makes_way(kafka: KafkaBroker, tmp_path: Path) -> None:
    """An import folds itself where no worker does, and no longer: others would be sent to it, and find nobody."""
    url = f"kafka://{kafka.bootstrap}"
    await wipe(url)
    await admin.create_topics(Broker.parse(url), AGENTS, 2, 1)
    standing_in = asyncio.create_task(_stand_in(Broker.parse(url), 2, 1))
    try:
        async with asyncio.timeout(SETTLE):
            while not await members(Broker.parse(url)):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        async with running(url, tmp_path / "node", session_timeout=2.0, partitions=2) as node:
            await until(lambda: node.ownership().of(node.url) == {0, 1}, "it has made way", SETTLE)
            await founded(node)
    finally:
        standing_in.cancel()
        await asyncio.gather(standing_in, return_exceptions=True)


@pytest.mark.kafka
async def test_an_import_that_is_killed_goes_on(kafka: KafkaBroker, tmp_path: Path) -> None:
    """kill -9, again and again; what is there in the end is there once, and is what the file has."""
    url, file = f"kafka://{kafka.bootstrap}", tmp_path / "log.gz"
    await wipe(url)
    logs = archive(file, workspaces=3, commands=1500)
    seed = random.randrange(10**9)
    tell(f"seed {seed}")
    choose = random.Random(seed)
    command = [sys.executable, "-m", "tasksys.cli", "import-log", str(file), "--broker", url, "--partitions", "2"]
    async with running(url, tmp_path / "node", session_timeout=30.0, partitions=2) as node:  # it is read all the time
        mid = 0
        for wanted in (1, *choose.choices([1, 500, 1500, 3000], k=3)):
            process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=DEVNULL)
            try:
                await until(lambda wanted=wanted: staged(node) >= wanted, f"{wanted} staged", SETTLE)
            finally:
                if process.returncode is None:
                    process.kill()
                await process.wait()
            mid += any(one.stage in (Stage.STAGING, Stage.FOLLOWING) for one in marks(node))
        assert mid, "no import was killed in its middle"
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=DEVNULL)
        assert await process.wait() == 0
        await check(node)
        assert await stored(node) == expected(logs)
        assert {one.stage for one in marks(node)} == {Stage.DONE}


def marks(node: Node) -> list[Import]:
    """How far the imports are."""
    return [one for partition in range(node.partitions) for _, one in all_imports(node.rows("commands", partition))]


def staged(node: Node) -> int:
    """Events that are staged, or were."""
    return sum(one.position for one in marks(node))


@pytest.mark.kafka
async def test_a_cluster_moves_back_to_a_laptop(kafka: KafkaBroker, tmp_path: Path) -> None:
    """And on from there: what is exported is what was imported."""
    url, first, second = f"kafka://{kafka.bootstrap}", tmp_path / "first.gz", tmp_path / "second.gz"
    await wipe(url)
    logs = archive(first, workspaces=3)
    async with running(url, tmp_path / "one", **SETTINGS):
        await bring(url, first)
        with pytest.raises(Busy, match="stop them"):
            await export(Broker.parse(url), second)
    await until_alone(url)
    await export(Broker.parse(url), second)
    back = f"embedded://{tmp_path / 'laptop'}"
    await bring(back, second)
    async with running(back, tmp_path / "node", **SETTINGS) as node:
        truth = await check(node)
        assert await stored(node) == expected(logs)
        assert len(truth.outcomes) == sum(one.outcomes for one in Archive(first).contents.values())


@pytest.mark.kafka
@pytest.mark.parametrize("topic", [EVENTS.name, COMMANDS.name, changelog("commands").name])
async def test_a_topic_that_got_more_partitions(kafka: KafkaBroker, tmp_path: Path, topic: str) -> None:
    """No worker starts then, but all there is can be brought elsewhere, as the refusal says."""
    url, file, again = f"kafka://{kafka.bootstrap}", tmp_path / "log.gz", tmp_path / "again.gz"
    await wipe(url)
    logs = archive(file, workspaces=3)
    await bring(url, file)
    await until_alone(url)
    client = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await client.start()
    try:
        await client.create_partitions({topic: NewPartitions(PARTITIONS + 1)})
    finally:
        await client.close()
    broker = Broker.parse(url)
    async with asyncio.timeout(SETTLE):
        while (await admin.describe_topics(broker))[topic] == PARTITIONS:  # noqa: ASYNC110  (they hear of it by and by)
            await asyncio.sleep(0.1)
    with pytest.raises(admin.TopicsUnfit, match=r"delete none of them.*`tasksys export-log`"):
        await admin.create_topics(broker, AGENTS, PARTITIONS, 1)
    events = {name: len(log) for name, log in logs.items()}
    assert {name: one.events for name, one in (await export(broker, again)).items()} == events
    back = await bring(f"embedded://{tmp_path / 'laptop'}", again)
    assert {one.workspace: one.events for one in back} == events


async def until_alone(url: str) -> None:
    """Nobody folds commands any more."""
    async with asyncio.timeout(SETTLE):
        while await members(Broker.parse(url)):  # noqa: ASYNC110  (the brokers cannot tell us)
            await asyncio.sleep(0.1)


async def test_a_replay_leaves_imports_alone(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a workspace that nobody sees yet, nor one whose events follow, is what the event log says."""
    monkeypatch.setattr(imports, "SLICE", 20)
    archive(tmp_path / "log.gz", commands=200)
    found = Archive(tmp_path / "log.gz")
    parts = {name: Pages(one, Import(Stage.ASKED)) for name, one in found.contents.items()}
    sent: dict[str, list[Part]] = {name: [Begin()] for name in parts}
    for line in found.lines():
        sent[line.workspace] += parts[line.workspace].add(line)
    async with running(url, tmp_path / "node", **SETTINGS) as node:
        for name, last in (("kill-0", Finish), ("kill-1", Events)):
            for part in sent[name]:
                header = (IMPORT, found.contents[name].digest)
                if isinstance(part, last | Events | Outcomes | Begin):
                    await append(node, node.partition(name), name.encode(), import_parts.encode(part), (header,))
        await caught_up(node)
        assert {one.stage for one in marks(node)} == {Stage.STAGING, Stage.FOLLOWING}
        before = table(node, "commands")
        *_, replayed = [step async for step in node.replay(verify=False, workspace=None, until=None)]
        assert (replayed["different"], table(node, "commands")) == (0, before)
        assert not await node.remembered("kill-0")
        for name in ("kill-0", "kill-1"):
            for part in sent[name]:
                header = (IMPORT, found.contents[name].digest)
                await append(node, node.partition(name), name.encode(), import_parts.encode(part), (header,))
        while {one.stage for one in marks(node)} != {Stage.DONE}:
            await founded(node)  # whatever comes brings them on
        await check(node)
