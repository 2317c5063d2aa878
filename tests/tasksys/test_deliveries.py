"""The ledger of firings: where each goes and when, and what a result, an answer or a day in vain makes of it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec import structs

from tasksys import deliveries
from tasksys.commands import (
    AcknowledgeReminder,
    AddReminder,
    Command,
    CompleteTask,
    ConfirmChannel,
    DisableChannel,
    EditTask,
    EnableChannel,
    FireReminder,
    RecordDelivery,
    RemoveChannel,
    RemoveReminder,
    SetChannel,
    SetPreferences,
    SnoozeReminder,
    Undo,
)
from tasksys.refusals import Code
from tasksys.rows import Channel, Channels, Delivery, Firing, firing_key
from tasksys.values import CLOCK, UTC, ChannelKind, DeliveryState, QuietHours, Repeat, Trigger, instant
from tests.support.domain import OWNER, World, furnished, replayed

AT = "2026-03-09T09:00:00.000Z"


def later(moment: str = AT, **duration: float) -> str:
    """An instant some time after another."""
    return instant(datetime.fromisoformat(moment) + timedelta(**duration))


def ringing(*channels: str, repeat: Repeat | None = None, before: tuple[Command, ...] = ()) -> World:
    """A workspace in which a reminder of the owner's fired on these channels."""
    world = furnished().given(*before)
    mine = world.state.get(Channels, OWNER)
    for one in mine.channels if mine else ():
        if not one.confirmed:
            world.accepted(ConfirmChannel(user=OWNER, channel=one.name, asked=one.asked), CLOCK)
    ring = AddReminder(task="milk", reminder="ring", trigger=Trigger(at=AT), repeat=repeat, channels=channels)
    world.given(ring)
    world.accepted(FireReminder(reminder="ring", scheduled_for=AT), CLOCK, AT)
    return world


def firing(world: World, at: str = AT) -> Firing:
    """What the ledger has of the firing for a time."""
    found = world.state.get(Firing, firing_key("ring", at))
    assert found is not None
    return found


def delivery(world: World, channel: str = "phone", at: str = AT) -> Delivery:
    """What became of it on a channel."""
    found = firing(world, at).delivery(channel)
    assert found is not None
    return found


def phone(world: World) -> Channel:
    """The owner's channel."""
    channels = world.state.get(Channels, OWNER)
    found = channels.named("phone") if channels else None
    assert found is not None
    return found


def tried(world: World, at: str, **result: Any) -> list[str]:
    """The types of the events of a result that comes at an instant, of the attempt that the ledger waits for."""
    attempt = result.pop("attempt", delivery(world).attempts + 1)
    record = RecordDelivery(reminder="ring", scheduled_for=AT, channel="phone", attempt=attempt, **result)
    return [event.type for event in world.accepted(record, CLOCK, at)]


def test_a_firing_goes_to_its_channels() -> None:
    """The feed has it at once; another channel waits for the first attempt; one that is not there never comes."""
    world = ringing("feed", "phone", "pager")
    assert firing(world).deliveries == (
        Delivery("feed", DeliveryState.DELIVERED, 1, AT, None, AT),
        Delivery("phone", DeliveryState.SCHEDULED, 0, AT, AT, AT),
        Delivery("pager", DeliveryState.FAILED, 0, None, None, AT,
                 "The channel is disabled; enable it in the preferences."),
    )  # fmt: skip
    world = ringing("phone", before=(SetPreferences(channels=("phone",)),))
    world.given(AddReminder(task="milk", reminder="other", trigger=Trigger(at=later(hours=1)), channels=("phone",)))
    world.given(RemoveChannel(channel="phone"))
    world.accepted(FireReminder(reminder="other", scheduled_for=later(hours=1)), CLOCK, later(hours=1))
    found = world.state.get(Firing, firing_key("other", later(hours=1)))
    assert found is not None
    assert [(one.state, one.error) for one in found.deliveries] == [
        (DeliveryState.FAILED, "There is no such channel; add it to the preferences.")
    ]


def test_without_channels_of_its_own_the_users_are_taken_when_it_fires() -> None:
    """By default that is the feed."""
    assert [one.channel for one in firing(ringing()).deliveries] == ["feed"]
    chosen = (SetPreferences(channels=("phone", "feed")),)
    assert [one.channel for one in firing(ringing(before=chosen)).deliveries] == ["phone", "feed"]
    world = ringing(before=(SetPreferences(channels=()),))
    assert world.state.get(Firing, firing_key("ring", AT)) is None


def test_in_quiet_hours_all_but_the_feed_waits() -> None:
    """Until they end in the user's zone; also a retry does."""
    quiet = SetPreferences(zone="Europe/Berlin", quiet_hours=QuietHours("09:30", "13:00"))
    world = ringing("feed", "phone", before=(quiet,))
    noon = "2026-03-09T12:00:00.000Z"
    assert (delivery(world).state, delivery(world).next_attempt) == (DeliveryState.SCHEDULED, noon)
    assert delivery(world, "feed").state is DeliveryState.DELIVERED
    world = ringing("phone", before=(SetPreferences(quiet_hours=QuietHours("09:05", "13:00")),))
    assert tried(world, AT, error="503", retry_at=later(minutes=10)) == ["DeliveryFailed"]
    assert delivery(world).next_attempt == "2026-03-09T13:00:00.000Z"


def test_a_result_is_recorded_once() -> None:
    """However often it comes, and what comes out of turn is nothing."""
    world = ringing("phone")
    assert tried(world, later(seconds=1), attempt=2) == []
    assert tried(world, later(seconds=1)) == ["ReminderDelivered"]
    expected = Delivery("phone", DeliveryState.DELIVERED, 1, AT, None, later(seconds=1))
    assert delivery(world) == expected
    for attempt in (1, 2):
        assert tried(world, later(seconds=2), attempt=attempt) == []
        assert tried(world, later(seconds=2), attempt=attempt, error="503", retry_at=later(hours=1)) == []
    assert delivery(world) == expected
    unknown = RecordDelivery(reminder="ring", scheduled_for=later(days=1), channel="phone", attempt=1)
    assert world.accepted(unknown, CLOCK) == []
    unknown = RecordDelivery(reminder="ring", scheduled_for=AT, channel="desk", attempt=1)
    assert world.accepted(unknown, CLOCK) == []


def test_a_failure_says_why_and_when_it_is_tried_again() -> None:
    """And the channel since when it fails, until something comes through; the task's version stays."""
    world = ringing("phone")
    version = world.task("milk").version
    assert tried(world, later(seconds=1), error="503", retry_at=later(seconds=20)) == ["DeliveryFailed"]
    assert delivery(world) == Delivery("phone", DeliveryState.FAILED, 1, AT, later(seconds=20), later(seconds=1), "503")
    assert phone(world).failing_since == later(seconds=1)
    assert deliveries.due(firing(world), "phone", 2, later(seconds=20))
    assert not deliveries.due(firing(world), "phone", 1, AT)
    assert not deliveries.due(None, "phone", 1, AT)
    assert tried(world, later(seconds=21), error="504", retry_at=later(seconds=50)) == ["DeliveryFailed"]
    assert phone(world).failing_since == later(seconds=1)
    assert tried(world, later(seconds=51)) == ["ReminderDelivered"]
    assert (delivery(world).attempts, delivery(world).error) == (3, None)
    assert phone(world).failing_since is None
    assert world.task("milk").version == version
    assert replayed(world.log) == world.rows()


def test_a_channel_that_comes_back_by_undo_begins_anew() -> None:
    """Since when it failed before says nothing: the next failure would disable it at once."""
    moved = SetChannel(channel="phone", kind=ChannelKind.WEBHOOK, target="", sealed=("v1.new", "https://new.example/…"))
    for change in (moved, RemoveChannel(channel="phone")):
        world = ringing("phone")
        assert tried(world, later(seconds=1), error="503", retry_at=later(seconds=20)) == ["DeliveryFailed"]
        before = phone(world)
        world.given(Undo(events=tuple(world.accepted(change))))
        assert phone(world) == structs.replace(before, failing_since=None)
        assert replayed(world.log) == world.rows()


def test_what_cannot_be_helped_is_not_tried_again() -> None:
    """It has failed for good; errors are cut to their bound."""
    world = ringing("phone")
    assert tried(world, AT, error="x" * 1000) == ["DeliveryFailed"]
    assert (delivery(world).state, delivery(world).next_attempt) == (DeliveryState.FAILED, None)
    assert len(delivery(world).error or "") == 300


def test_after_a_day_in_vain() -> None:
    """The delivery expires and its channel is disabled, with the reason; enabling it again is a command."""
    world = ringing("phone")
    assert tried(world, later(seconds=15), error="503", retry_at=later(hours=2)) == ["DeliveryFailed"]
    assert tried(world, later(hours=20), error="503", retry_at=later(hours=30)) == ["DeliveryFailed"]
    assert delivery(world).next_attempt == later(days=1)
    assert tried(world, later(days=1), error="503", retry_at=later(hours=30)) == ["DeliveryFailed", "ChannelDisabled"]
    assert (delivery(world).state, delivery(world).error) == (DeliveryState.EXPIRED, "503")
    assert phone(world).disabled == "503"
    world.given(EnableChannel(channel="phone"))
    assert (phone(world).disabled, phone(world).failing_since) == (None, None)
    assert world.accepted(EnableChannel(channel="phone")) == []


def test_a_channel_that_works_now_and_then_is_not_disabled() -> None:
    """Nor is mail, which is the operator's to repair."""
    world = ringing("phone")
    channels = world.state.get(Channels, OWNER)
    assert channels is not None
    assert tried(world, later(hours=20), error="503", retry_at=later(hours=30)) == ["DeliveryFailed"]
    assert tried(world, later(days=1), error="503", retry_at=later(hours=30)) == ["DeliveryFailed"]
    assert (delivery(world).state, phone(world).disabled) == (DeliveryState.EXPIRED, None)
    mail = SetChannel(channel="phone", kind=ChannelKind.EMAIL, target="", sealed=("v1.mail", "o…@example.org"))
    world = ringing("phone", before=(mail,))
    tried(world, AT, error="450", retry_at=later(hours=30))
    assert tried(world, later(days=1), error="450", retry_at=later(hours=30)) == ["DeliveryFailed"]


@pytest.mark.parametrize(
    ("answer", "waiting", "done"),
    [
        (AcknowledgeReminder(reminder="ring"), DeliveryState.ACKNOWLEDGED, DeliveryState.ACKNOWLEDGED),
        (SnoozeReminder(reminder="ring", duration="PT1H", into="again"), DeliveryState.ACKNOWLEDGED,
         DeliveryState.ACKNOWLEDGED),
        (CompleteTask(task="milk"), DeliveryState.WITHDRAWN, DeliveryState.DELIVERED),
        (RemoveReminder(task="milk", reminder="ring"), DeliveryState.WITHDRAWN, DeliveryState.DELIVERED),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_an_answer_reaches_the_ledger(answer: Command, waiting: DeliveryState, done: DeliveryState) -> None:
    """What waits is not sent any more; a result that comes all the same is nothing. Undo sends nothing again."""
    world = ringing("feed", "phone")
    events = world.accepted(answer, at=later(minutes=1))
    assert (delivery(world).state, delivery(world).next_attempt) == (waiting, None)
    assert delivery(world, "feed").state is done
    assert tried(world, later(minutes=2)) == []
    world.given(Undo(events=tuple(events)))
    assert (delivery(world).state, delivery(world).next_attempt) == (waiting, None)
    assert replayed(world.log) == world.rows()


def test_all_firings_that_are_shown_are_answered() -> None:
    """A reminder that repeats has a page for each; those that were answered stay as they are."""
    world = ringing("feed", "phone", repeat=Repeat("PT10M", 3))
    again = later(minutes=10)
    world.accepted(FireReminder(reminder="ring", scheduled_for=again), CLOCK, again)
    world.given(AcknowledgeReminder(reminder="ring"))
    assert {delivery(world, "phone", at).state for at in (AT, again)} == {DeliveryState.ACKNOWLEDGED}
    world.given(EditTask(task="milk", title="Oat milk"))
    ring = world.state.reminder("ring")
    assert ring is not None
    assert ring.shown == ()


def test_only_the_clock_records() -> None:
    """Whoever else says that something was delivered is refused."""
    record = RecordDelivery(reminder="ring", scheduled_for=AT, channel="phone", attempt=1)
    assert ringing("phone").refused(record).code is Code.FORBIDDEN


def test_a_disabled_channel_can_be_enabled_by_undo() -> None:
    """What its user switched off; and back again."""
    world = furnished()
    done = world.accepted(DisableChannel(channel="phone"))
    assert phone(world).disabled is not None
    undone = world.accepted(Undo(events=tuple(done)))
    assert phone(world).disabled is None
    world.given(Undo(events=tuple(undone)))
    assert phone(world).disabled is not None


def test_the_key_is_the_firings() -> None:
    """Of the task, the reminder and the scheduled time, within the workspace."""
    parts = ("acme", "milk", "ring", AT)
    keys = {deliveries.key(*parts)}
    for index in range(4):
        keys.add(deliveries.key(*(*parts[:index], "other", *parts[index + 1 :])))
    assert len(keys) == 5
    assert deliveries.key(*parts) in keys


def test_backoff_grows_is_spread_and_bounded() -> None:
    """From seconds to two hours; what the receiver asks for is waited for, up to a day."""
    waits = [deliveries.backoff(attempt, 1.0).total_seconds() for attempt in range(1, 60)]
    assert waits[:4] == [10, 30, 90, 270]
    assert waits == sorted(waits)
    assert waits[-1] == 7200
    assert deliveries.backoff(2, 0.0).total_seconds() == 15
    assert deliveries.backoff(1, 0.5, asked=3600).total_seconds() == 3600
    assert deliveries.backoff(1, 0.5, asked=10**9) == deliveries.GIVE_UP
    assert deliveries.retry_at(datetime.fromisoformat(AT), 1, 1.0, deliveries.Result("503")) == later(seconds=10)
    assert deliveries.retry_at(datetime.fromisoformat(AT), 1, 1.0, deliveries.Result()) is None
    assert deliveries.retry_at(datetime.fromisoformat(AT), 1, 1.0, deliveries.Result("410", retry=False)) is None
    end = datetime.max.replace(tzinfo=UTC)
    assert deliveries.retry_at(end, 1, 1.0, deliveries.Result("503")) == instant(end)
    made = sum(waits[:5]) + (len(waits) - 5) * 7200
    assert made > deliveries.GIVE_UP.total_seconds()
