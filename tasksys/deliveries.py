"""Deliveries: which channels a firing goes to, when each is tried, and what became of it. The ledger of reminders.

A firing is (task, reminder, scheduled time); its key goes along to every channel, so that a receiver drops repeats.
Letters are sent by `streams.delivery`; here it is decided what a result means, and each is recorded once.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from msgspec import structs

from tasksys import confirming, limits, preferences
from tasksys.commands import CommandRecord, RecordDelivery
from tasksys.events import ChannelDisabled, DeliveryFailed, Fact, Planned, ReminderDelivered, ReminderFired
from tasksys.refusals import Code, Refusal
from tasksys.rows import Channel, Channels, Delivery, Firing, Reminder, firing_key
from tasksys.stamp import Stamp
from tasksys.state import State
from tasksys.values import CLOCK, FEED, ChannelKind, DeliveryState, When, instant

DeliveryEvent = ReminderDelivered | DeliveryFailed

GIVE_UP: Final = timedelta(hours=24)
"""A delivery is tried for so long; then it expires."""

FAILING: Final = timedelta(hours=23)
"""A channel is disabled when a delivery expires and nothing came through for so long: a little less than a delivery is
tried, whose first result comes some time after it was due."""

DISABLED: Final = (ChannelKind.WEBHOOK, ChannelKind.APPRISE)
"""What is disabled. Mail goes through the operator's relay: if that is down, it is no user's fault."""

FIRST_RETRY_SECONDS: Final = 10.0
LONGEST_RETRY_SECONDS: Final = 2 * 3600.0
GROWTH: Final = 3.0


class Letter(NamedTuple):
    """One attempt to be made, with all that a channel needs to know of it. Instants are as stored."""

    workspace: str
    workspace_name: str
    user: str
    channel: Channel
    task: str
    title: str
    due: str
    """The task's due value, for people; blank if it has none."""
    reminder: str
    scheduled_for: str
    fired_at: str
    attempt: int
    key: str
    asks: bool = False
    """It asks to confirm the channel's address, and is about no task."""


class Result(NamedTuple):
    """What came of an attempt. Without an error it came through; `retry` tells whether trying again can help.

    `after` are the seconds that the receiver asked to wait.
    """

    error: str = ""
    retry: bool = True
    after: float = 0.0


def key(workspace: str, task: str, reminder: str, scheduled_for: str) -> str:
    """The firing's key, the same at every attempt and on every channel."""
    return hashlib.sha256(f"{workspace}\0{task}\0{reminder}\0{scheduled_for}".encode()).hexdigest()[:32]


def backoff(attempt: int, chance: float, asked: float = 0.0) -> timedelta:
    """How long after the attempt (from 1) the next one is; `chance`, from 0 to 1, spreads those that failed together.

    Never sooner than the receiver `asked` for, in seconds, but for what is beyond a day.
    """
    longest = min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * GROWTH ** min(attempt - 1, 20))
    return timedelta(seconds=max(longest * (0.5 + 0.5 * chance), min(asked, GIVE_UP.total_seconds())))


def retry_at(now: datetime, attempt: int, chance: float, result: Result) -> str | None:
    """When the attempt is made again, after that result; None if it came through, or never will."""
    if not result.error or not result.retry:
        return None
    try:
        return instant(now + backoff(attempt, chance, result.after))
    except OverflowError:
        return instant(now)


def planned(reminder: Reminder, at: str, state: State) -> tuple[Planned, ...]:
    """The channels that a firing goes to, and when: all but the feed wait for the end of the user's quiet hours."""
    wanted = preferences.of(reminder.user, state)
    channels = state.get(Channels, reminder.user)

    def plan(name: str) -> Planned:
        if name == FEED:
            return Planned(FEED, at)
        channel = channels.named(name) if channels else None
        if channel is None:
            return Planned(name, None, "There is no such channel; add it to the preferences.")
        if channel.disabled is not None:
            return Planned(name, None, "The channel is disabled; enable it in the preferences.")
        if not channel.confirmed:
            return Planned(name, None, confirming.UNCONFIRMED)
        return Planned(name, preferences.after_quiet(at, wanted, state))

    return tuple(plan(name) for name in dict.fromkeys(reminder.channels or wanted.channels))


def due(firing: Firing | None, channel: str, attempt: int, at: str) -> bool:
    """Whether the ledger waits for this very attempt, whose time was set to that: what an older table still holds,
    or one that is being built anew, is not sent again."""
    delivery = firing.delivery(channel) if firing is not None else None
    return delivery is not None and (delivery.attempts + 1, delivery.next_attempt) == (attempt, at)


def decide(command: RecordDelivery, record: CommandRecord, state: State) -> list[Fact] | Refusal:
    """What an attempt's result means; nothing if it is recorded already, or nobody waits for it any more."""
    if record.actor != CLOCK:
        return Refusal(Code.FORBIDDEN, "What was delivered is recorded by the system; read it at /deliveries.")
    firing = state.get(Firing, firing_key(command.reminder, command.scheduled_for))
    delivery = firing.delivery(command.channel) if firing is not None else None
    if firing is None or delivery is None or delivery.next_attempt is None or delivery.due is None:
        return []
    if command.attempt != delivery.attempts + 1:
        return []
    which = (command.reminder, command.scheduled_for, command.channel, command.attempt)
    if not command.error:
        return [Fact(ReminderDelivered(*which), firing.task or None)]
    reason = command.error[: limits.DELIVERY_ERROR_CHARACTERS]
    if command.retry_at is None:
        return [Fact(DeliveryFailed(*which, reason), firing.task or None)]
    last = instant(datetime.fromisoformat(delivery.due) + GIVE_UP)
    if record.at < last:
        wanted = preferences.of(firing.user, state)
        retry = preferences.after_quiet(min(max(command.retry_at, record.at), last), wanted, state)
        return [Fact(DeliveryFailed(*which, reason, retry), firing.task or None)]
    facts = [Fact(DeliveryFailed(*which, reason, None, expired=True), firing.task or None)]
    channels = state.get(Channels, firing.user)
    channel = channels.named(command.channel) if channels else None
    if channel is not None and channel.kind in DISABLED and channel.disabled is None and _dead(channel, record.at):
        facts.append(Fact(ChannelDisabled(firing.user, channel.name, reason)))
    return facts


def _dead(channel: Channel, at: str) -> bool:
    since = channel.failing_since
    return since is not None and datetime.fromisoformat(at) - datetime.fromisoformat(since) >= FAILING


def fired(event: ReminderFired, reminder: Reminder, state: State, stamp: Stamp) -> bool:
    """Opens the ledger's page of a firing; False if it goes nowhere, as those did before there were channels."""
    if not event.deliveries:
        return False
    opened = tuple(_opened(one, stamp.at) for one in event.deliveries)
    state.put(
        Firing(
            reminder.id, reminder.task, reminder.user, event.scheduled_for, stamp.at, stamp.position, opened,
            event.late_by_seconds,
        )
    )  # fmt: skip
    return True


def _opened(plan: Planned, at: str) -> Delivery:
    if plan.channel == FEED:
        return Delivery(FEED, DeliveryState.DELIVERED, 1, plan.at, None, at)
    if plan.at is None:
        return Delivery(plan.channel, DeliveryState.FAILED, 0, None, None, at, plan.error)
    return Delivery(plan.channel, DeliveryState.SCHEDULED, 0, plan.at, plan.at, at)


def closed(reminder: Reminder, acknowledged: bool, state: State, stamp: Stamp) -> None:
    """What an answer, or the withdrawal of a reminder, does to the firings of it that were shown."""
    for scheduled_for in reminder.shown:
        _change(state, firing_key(reminder.id, scheduled_for), lambda one: _closed(one, acknowledged, stamp.at))


def _closed(delivery: Delivery, acknowledged: bool, at: str) -> Delivery:
    if acknowledged and (delivery.state is DeliveryState.DELIVERED or delivery.next_attempt is not None):
        return structs.replace(delivery, state=DeliveryState.ACKNOWLEDGED, next_attempt=None, at=at)
    if delivery.next_attempt is not None:
        return structs.replace(delivery, state=DeliveryState.WITHDRAWN, next_attempt=None, at=at)
    return delivery


def evolve(event: DeliveryEvent, state: State, stamp: Stamp) -> None:
    """Records a result in the ledger, and whether the channel works."""
    failed = isinstance(event, DeliveryFailed)

    def tried(one: Delivery) -> Delivery:
        if one.channel != event.channel:
            return one
        one = structs.replace(one, attempts=event.attempt, at=stamp.at, next_attempt=None)
        if isinstance(event, ReminderDelivered):
            return structs.replace(one, state=DeliveryState.DELIVERED, error=None)
        reached = DeliveryState.EXPIRED if event.expired else DeliveryState.FAILED
        return structs.replace(one, state=reached, error=event.reason, next_attempt=event.retry_at)

    firing = _change(state, firing_key(event.reminder, event.scheduled_for), tried)
    channels = state.get(Channels, firing.user) if firing is not None else None
    channel = channels.named(event.channel) if channels else None
    if channels is not None and channel is not None and failed is (channel.failing_since is None):
        since = structs.replace(channel, failing_since=stamp.at if failed else None)
        state.put(preferences.with_channel(channels, since))


def _change(state: State, name: str, changed: Callable[[Delivery], Delivery]) -> Firing | None:
    firing = state.get(Firing, name)
    if firing is not None:
        firing = structs.replace(firing, deliveries=tuple(changed(one) for one in firing.deliveries))
        state.put(firing)
    return firing


def told(event: DeliveryEvent) -> tuple[str, object, object]:
    """The event as the audit tells it: the field, before and after."""
    field = f"reminders/{event.reminder}/deliveries/{event.channel}"
    if isinstance(event, ReminderDelivered):
        return field, None, DeliveryState.DELIVERED
    state = DeliveryState.EXPIRED if event.expired else DeliveryState.FAILED
    return field, None, f"{state.value}: {event.reason}"


def for_people(when: When | None) -> str:
    """A due value as it is read: its date, or wall time and zone."""
    if when is None:
        return ""
    return when.date or " ".join(part for part in ((when.local or "").replace("T", " "), when.zone) if part)
