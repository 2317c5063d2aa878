"""A log that was written on a laptop goes on elsewhere: the same bytes, the same answers, and nothing twice."""

from pathlib import Path
from typing import Any, Final

import pytest

from streams.archive.exporting import export
from streams.archive.form import Archive
from streams.archive.importing import Came, import_log
from streams.broker import Broker
from streams.node import Node
from streams.partitioning import partition_of
from streams.topics import COMMANDS, EVENTS
from streams.transport.embedded.log import EmbeddedLog
from tasksys import codec
from tasksys.commands import Command, CommandRecord, CreateTask, CreateWorkspace, EditTask, Undo
from tasksys.outcomes import OutcomeStatus
from tasksys.recurrence import occurrence_id
from tasksys.values import DeliveryState
from tests.contracts.test_deliveries import reached, ring, ringing, sending
from tests.support import domain
from tests.support.clocks import Clock, after
from tests.support.domain import ACTORS, WORKSPACE, furnished
from tests.support.nodes import (
    WAIT,
    accepted,
    append,
    check,
    read,
    record,
    there,
    until,
    workspace_name,
)
from tests.support.receivers import Receiver
from tests.tasksys.examples import EXAMPLES

PARTITIONS: Final = 5
"""Of the log that is moved to: another number than that of the one that is left."""


@pytest.fixture
def everything(monkeypatch: pytest.MonkeyPatch) -> list[CommandRecord]:
    """Commands of one workspace of every kind that people can send; some of them are refused."""
    taped: list[CommandRecord] = []
    make = domain.World.record

    def tape(world: domain.World, command: Command, *args: Any, **named: Any) -> CommandRecord:
        taped.append(make(world, command, *args, **named))
        return taped[-1]

    monkeypatch.setattr(domain.World, "record", tape)
    world = furnished()
    for command, role in EXAMPLES:
        world.when(command, ACTORS[role])
    return [a_century_on(one) for one in taped]  # outcomes of long ago would be forgotten


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
            await accepted(node, ringer, later, EditTask(id="renamed", task="milk", title="Oat milk"))
            outcomes = [there(await node.gateway.submit(one, WAIT)) for one in everything]
            assert {one.outcome.status for one in outcomes} == {OutcomeStatus.ACCEPTED, OutcomeStatus.REFUSED}
            clock.advance(node, hours=1)
            await reached(node, ringer, DeliveryState.DELIVERED)
            await append(node, node.partition(ringer), ringer.encode(), b"no command")
            await until(lambda: list(node.state.dead_letters()))
            truth = await check(node)
            before = await stored(node)
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
            names = [event.id for event in truth.events[WORKSPACE]]
            assert len(set(names)) == len(names)
            *_, replayed = [step async for step in node.replay(verify=True, workspace=None, until=None)]
            assert replayed["different"] == 0
            assert len(receiver.posts) == 2
