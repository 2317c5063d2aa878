"""The outbox and its fold without a node: what is kept, what is sent, and that no channel waits for another.

Commands are decided and folded in memory as soon as they are appended.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams import channel_lanes, outbox
from streams.agents.deliveries import Attempt, DeliveriesFold, attempts, of_channel
from streams.agents.deliveries import command as command_of
from streams.agents.state_rows import staged
from streams.fold import Record
from streams.keys import OUTBOX
from streams.outbox import Outbox
from streams.topics import COMMANDS
from tasksys import codec, decider
from tasksys.commands import (
    AcknowledgeReminder,
    AddReminder,
    Command,
    CommandRecord,
    DisableChannel,
    FireReminder,
    RemoveMember,
    SetChannel,
    SetPreferences,
)
from tasksys.deliveries import Letter, Result
from tasksys.errors import BrokerUnavailable, NotOwned
from tasksys.refusals import Refusal
from tasksys.rows import Firing, Reminder, firing_key
from tasksys.state import State
from tasksys.values import CLOCK, ChannelKind, DeliveryState, QuietHours, Trigger
from tests.support.domain import EDITOR, OWNER, WORKSPACE, World, furnished
from tests.support.nodes import MemoryRows
from tests.support.truth import check_outbox
from tests.support.waiting import until
from tests.tasksys.strategies import STORIES, STORY

AT = "2026-03-09T09:00:00.000Z"
NOW = datetime.fromisoformat(AT)


@dataclass
class Courier:
    """Takes letters to channels: to `stalled` ones when it flows, to `dead` ones in vain; raises at `broken` ones."""

    letters: list[Letter] = field(default_factory=list)
    stalled: set[str] = field(default_factory=set)
    dead: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    flowing: asyncio.Event = field(default_factory=asyncio.Event)

    async def deliver(self, letter: Letter) -> Result:
        """One attempt."""
        self.letters.append(letter)
        if letter.channel.name in self.stalled:
            await self.flowing.wait()
        if letter.channel.name in self.broken:
            raise RuntimeError("https://secret.example/")
        return Result("It is dead.") if letter.channel.name in self.dead else Result()

    def to(self, channel: str) -> int:
        """How many letters were taken to it."""
        return sum(letter.channel.name == channel for letter in self.letters)


class Memory:
    """A workspace, its log and the outbox's table in memory, with an outbox that sends from there."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.rows = MemoryRows()
        self.folded = 0
        self.now = NOW
        self.owned = [0]
        self.refusals: list[Exception] = []
        """What the next appends fail with."""
        self.outbox = Outbox(lambda: self.owned, self.table, self.state, self.append, lambda: self.now, lambda: 1.0)
        self.fold = DeliveriesFold(self.rows, lambda earliest: self.outbox.changed(0, earliest))
        self.commands: list[CommandRecord] = []
        self.catch_up()

    def table(self, partition: int) -> MemoryRows:
        """The rows."""
        if partition not in self.owned:
            raise NotOwned("gone")
        return self.rows

    def state(self, workspace: str) -> State:
        """The state."""
        if not self.owned:
            raise NotOwned("gone")
        return self.world.state

    def catch_up(self, batch: int = 10_000) -> None:
        """Folds what is in the log."""
        while left := self.world.log[self.folded : self.folded + batch]:
            records = [Record(0, 0, WORKSPACE.encode(), codec.encode_event(one), ()) for one in left]
            effects = self.fold.fold(records)
            self.rows.apply(effects.rows)
            self.commands += [codec.decode_command(one.value) for one in effects.outputs if one.topic == COMMANDS.name]
            self.folded += len(left)
            self.fold.committed()

    async def append(self, records: Sequence[CommandRecord], spans: Sequence[object] = ()) -> list[Exception | None]:
        """Decides and folds at once."""
        if self.refusals:
            return [self.refusals.pop(0)]
        for record in records:
            answer = decider.decide(record, self.world.state)
            assert not isinstance(answer, Refusal), answer
            self.world.sent += 1
            self.world.log += decider.enact(answer, record, f"0-{self.world.sent}", self.world.state)
            self.commands.append(record)
        self.catch_up()
        return [None] * len(records)

    def fire(self, *reminders: AddReminder) -> None:
        """Adds reminders that fire at once."""
        self.world.given(*reminders)
        self.fire_those(*(one.reminder for one in reminders))

    def fire_those(self, *reminders: str) -> None:
        """Fires reminders that are there."""
        for one in reminders:
            self.world.accepted(FireReminder(reminder=one, scheduled_for=AT), CLOCK, AT)
        self.catch_up()

    def delivery(self, reminder: str, channel: str = "phone") -> DeliveryState:
        """What became of a firing."""
        firing = self.world.state.get(Firing, firing_key(reminder, AT))
        found = firing.delivery(channel) if firing else None
        assert found is not None
        return found.state

    def check(self) -> None:
        """The table is what the state says."""
        check_outbox(self.stored(), self.rows.rows)

    def stored(self) -> dict[bytes, bytes]:
        """The rows of the state table."""
        return {key: row for key, row in staged(WORKSPACE, self.world.state.rows) if row is not None}

    @asynccontextmanager
    async def sending(self, courier: Courier) -> AsyncIterator[None]:
        """While the outbox runs."""
        task = asyncio.create_task(self.outbox.run(courier))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def ring(name: str, *channels: str, user: str = OWNER) -> AddReminder:
    """A reminder for an instant."""
    return AddReminder(task="milk", reminder=name, trigger=Trigger(at=AT), channels=channels or ("phone",), user=user)


def hook(name: str) -> SetChannel:
    """A channel."""
    return SetChannel(channel=name, kind=ChannelKind.WEBHOOK, target="", sealed=("v1.x", "https://x.example/…"))


@STORIES
@given(STORY, st.integers(1, 20), st.lists(st.integers(0, 3), max_size=8))
def test_the_table_is_what_the_ledger_waits_for(story: list[tuple[Command, str]], batch: int, moves: list[int]) -> None:
    """Whatever happens, in batches of any size: each attempt to come, and nothing else; so it is when folded anew."""
    world = furnished().given(ring("ring", "feed", "phone"), ring("second", "phone", "pager"))
    memory = Memory(world)
    instants = [AT, "2026-03-09T09:00:20.000Z", "2026-03-11T09:00:00.000Z", "2026-04-01T09:00:00.000Z"]
    for command, actor in story:
        world.when(command, actor)
    for number, move in enumerate(moves):
        for row in [one for one in world.rows().values() if isinstance(one, Reminder)]:
            if row.armed and row.scheduled_for is not None:
                fired = FireReminder(reminder=row.id, scheduled_for=row.scheduled_for)
                world.accepted(fired, CLOCK, max(instants[move], row.scheduled_for))
        memory.catch_up(batch)
        for one in attempts(memory.rows, OUTBOX, 2):
            error, retry = ("no", instants[move]) if number % 2 else ("", None)
            record = command_of(one, instants[move], error, retry)
            answer = decider.decide(record, world.state)
            assert not isinstance(answer, Refusal)
            world.sent += 1
            world.log += decider.enact(answer, record, f"0-{world.sent}", world.state)
    memory.catch_up(batch)
    memory.check()
    again = Memory(world)
    assert again.rows.rows == memory.rows.rows


def test_only_a_users_own_reminders_are_settled() -> None:
    """When their zone or hour changes; those that are armed, and nothing for any other preference."""
    memory = Memory(furnished().given(ring("mine"), ring("other"), ring("hers", "feed", user=EDITOR)))
    memory.world.given(SetPreferences(quiet_hours=QuietHours("22:00", "07:00")), AcknowledgeReminder(reminder="other"))
    memory.catch_up()
    assert memory.commands == []
    memory.world.given(SetPreferences(zone="Europe/Berlin"))
    memory.catch_up()
    assert {getattr(one.command, "reminder", "") for one in memory.commands} == {"mine", "bell"}
    assert {(one.actor, type(one.command).__name__) for one in memory.commands} == {(CLOCK, "SettleReminder")}


async def test_a_channel_that_stalls_holds_up_nobody() -> None:
    """Few of its letters are on their way at once; none is forgotten."""
    memory, courier = Memory(furnished().given(hook("slow"), ring("quick"))), Courier(stalled={"slow"})
    memory.fire(*(ring(f"slow-{number}", "slow") for number in range(40)))
    async with memory.sending(courier):
        await until(lambda: courier.to("slow") == 1)
        memory.fire_those("quick")
        await until(lambda: memory.delivery("quick") is DeliveryState.DELIVERED)
        assert courier.to("slow") == 1
        courier.flowing.set()
        await until(lambda: not attempts(memory.rows, OUTBOX, 1))
    assert (courier.to("slow"), courier.to("phone")) == (40, 1)
    memory.check()


async def test_more_letters_than_a_lane_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """What there was no room for is looked for again, and sent once."""
    monkeypatch.setattr(channel_lanes, "LANE", 4)
    monkeypatch.setattr(outbox, "LANE", 4)
    memory, courier = Memory(furnished()), Courier(stalled={"phone"})
    memory.fire(*(ring(f"r{number}") for number in range(30)))
    async with memory.sending(courier):
        await until(lambda: courier.to("phone") == 1)
        courier.flowing.set()
        await until(lambda: not attempts(memory.rows, OUTBOX, 1))
    assert sorted(letter.reminder for letter in courier.letters) == sorted(f"r{number}" for number in range(30))


async def test_dead_channels_share_no_attempts_with_those_that_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many they are, once they have failed."""
    monkeypatch.setattr(channel_lanes, "POOLS", dict.fromkeys(ChannelKind, dict.fromkeys((True, None, False), 1)))
    names = [f"dead{number}" for number in range(6)]
    memory = Memory(furnished().given(*(hook(name) for name in names), ring("quick")))
    courier = Courier(dead=set(names))
    memory.fire(*(ring(name, name) for name in names))
    async with memory.sending(courier):
        await until(lambda: all(memory.delivery(name, name) is DeliveryState.FAILED for name in names))
        courier.stalled = set(names)
        memory.now += timedelta(hours=1)
        memory.outbox.wake()
        await until(lambda: len(courier.letters) > len(names))
        memory.fire_those("quick")
        await until(lambda: memory.delivery("quick") is DeliveryState.DELIVERED)
        courier.flowing.set()
    assert [letter.attempt for letter in courier.letters][: len(names)] == [1] * len(names)


async def test_a_crowd_of_new_channels_does_not_hold_up_one_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known of them yet, and they stall; one that works may have several attempts at once."""
    sizes: dict[bool | None, int] = {True: 9, None: 2, False: 1}
    monkeypatch.setattr(channel_lanes, "POOLS", dict.fromkeys(ChannelKind, sizes))
    names = [f"dead{number}" for number in range(6)]
    later = [f"r{number}" for number in range(6)]
    rings = (*(ring(name) for name in later), *(ring(name, name) for name in names))
    memory = Memory(furnished().given(*(hook(name) for name in names), *rings, ring("first")))
    courier = Courier(stalled=set(names))
    async with memory.sending(courier):
        memory.fire_those("first")
        await until(lambda: memory.delivery("first") is DeliveryState.DELIVERED)
        memory.fire_those(*names)
        await until(lambda: len(courier.letters) == 3)
        courier.stalled.add("phone")
        memory.fire_those(*later)
        await until(lambda: courier.to("phone") == 1 + channel_lanes.AT_ONCE)
        courier.flowing.set()
        await until(lambda: not attempts(memory.rows, OUTBOX, 1))
    assert sorted(letter.reminder for letter in courier.letters) == sorted(["first", *names, *later])
    memory.check()


async def test_a_result_is_appended_until_it_is_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log may be away: the letter is not sent again for that."""
    monkeypatch.setattr(outbox, "LOOK_SECONDS", 0.01)
    memory, courier = Memory(furnished()), Courier()
    memory.fire(ring("ring"))
    memory.refusals = [BrokerUnavailable("down"), BrokerUnavailable("down")]
    async with memory.sending(courier):
        await until(lambda: memory.delivery("ring") is DeliveryState.DELIVERED)
    assert len(courier.letters) == 1
    assert memory.refusals == []


async def test_a_courier_that_raises_is_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    """That is tried again; what it said stands in no log, for it may hold a secret."""
    memory, courier = Memory(furnished()), Courier(broken={"phone"})
    memory.fire(ring("ring"))
    async with memory.sending(courier):
        await until(lambda: memory.delivery("ring") is DeliveryState.FAILED)
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text
    firing = memory.world.state.get(Firing, firing_key("ring", AT))
    assert firing is not None
    assert firing.deliveries[0].error == "A fault of the server (RuntimeError)."


async def test_an_attempt_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever its courier does."""
    monkeypatch.setattr(outbox, "ATTEMPT_SECONDS", 0.01)
    memory, courier = Memory(furnished()), Courier(stalled={"phone"})
    memory.fire(ring("ring"))
    async with memory.sending(courier):
        await until(lambda: memory.delivery("ring") is DeliveryState.FAILED)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (DisableChannel(channel="phone"), "The channel is disabled; enable it in the preferences."),
        (RemoveMember(user=EDITOR), "Its user has left the workspace."),
    ],
)
async def test_what_cannot_be_sent_any_more_says_why(change: Command, error: str) -> None:
    """Nothing is sent, and it is not tried again."""
    memory, courier = Memory(furnished()), Courier()
    memory.fire(ring("ring", user=EDITOR))
    memory.world.accepted(change, OWNER if isinstance(change, RemoveMember) else EDITOR)
    memory.catch_up()
    async with memory.sending(courier):
        await until(lambda: memory.delivery("ring") is DeliveryState.FAILED)
    firing = memory.world.state.get(Firing, firing_key("ring", AT))
    assert firing is not None
    assert (firing.deliveries[0].error, firing.deliveries[0].next_attempt) == (error, None)
    assert courier.letters == []


async def test_a_partition_that_was_given_away_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what is due there is sent when it comes back."""
    monkeypatch.setattr(outbox, "LOOK_SECONDS", 0.01)
    memory, courier = Memory(furnished()), Courier()
    memory.owned = []
    memory.fire(ring("ring"))
    async with memory.sending(courier):
        memory.outbox.forget(0)
        memory.outbox.wake()
        memory.owned = [0]
        await until(lambda: memory.delivery("ring") is DeliveryState.DELIVERED)
    assert len(courier.letters) == 1


async def test_a_row_that_the_ledger_does_not_wait_for_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """As while a table is folded anew: it is behind the state for a while."""
    monkeypatch.setattr(outbox, "LOOK_SECONDS", 0.01)
    memory, courier = Memory(furnished().given(ring("third"))), Courier()
    memory.fire(ring("ring"), ring("other"))
    before = dict(memory.rows.rows)
    async with memory.sending(courier):
        await until(lambda: not attempts(memory.rows, OUTBOX, 1))
    memory.rows.rows = before
    memory.fire_those("third")
    async with memory.sending(courier):
        memory.outbox.wake()
        await until(lambda: memory.delivery("third") is DeliveryState.DELIVERED)
    assert sorted(letter.reminder for letter in courier.letters) == ["other", "ring", "third"]


def test_a_row_and_its_attempt() -> None:
    """The one is read back from the other."""
    memory = Memory(furnished())
    memory.fire(ring("ring", "feed", "phone"))
    (one,) = attempts(memory.rows, OUTBOX, 5)
    position = next(event.position for event in memory.world.log if event.type == "ReminderFired")
    assert one == Attempt(AT, WORKSPACE, "ring", AT, "phone", position, 1, 1, OWNER)
    assert of_channel(memory.rows, WORKSPACE, OWNER, "phone", 5) == [one]
    assert command_of(one, AT, "", None).command.id == f"sent-{position}-1-1"
    assert attempts(memory.rows, one.key + b"\0", 5) == []


async def test_a_clock_that_is_set_while_the_outbox_is_looked_through(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It begins again, and neither loses anything nor sends it twice."""
    monkeypatch.setattr(outbox, "SLICE", 1)
    memory, courier = Memory(furnished().given(ring("late"), hook("dead"))), Courier(dead={"dead"})
    memory.fire(ring("again", "dead"), *(ring(f"r{number}") for number in range(20)))

    async def restless() -> None:
        for _ in range(200):
            memory.outbox.wake()
            await asyncio.sleep(0)

    async with memory.sending(courier):
        await restless()
        await until(lambda: len(attempts(memory.rows, OUTBOX, 2)) == 1)  # the next one of what failed
        await restless()
        memory.fire_those("late")
        await until(lambda: memory.delivery("late") is DeliveryState.DELIVERED)
    assert (courier.to("phone"), courier.to("dead")) == (21, 1)
    assert caplog.records == []
