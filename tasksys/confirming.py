"""Channels as they are set. To an e-mail address nothing goes but a mail with a link, until that was opened.

Otherwise anybody could have reminders sent to anybody. Which address it is, is known by a mark that only the server can
make, so that one that its user has confirmed once need not be confirmed again.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Final

from msgspec import structs

from tasksys import checks, limits
from tasksys.commands import CommandRecord, ConfirmChannel, SetChannel
from tasksys.events import ChannelConfirmed, ChannelSet, Fact
from tasksys.refusals import Code, FieldError, Refusal, invalid, over
from tasksys.rows import Channel, Channels, Delivery, Firing
from tasksys.stamp import Stamp
from tasksys.state import State
from tasksys.values import CLOCK, FEED, ChannelKind

A_DAY: Final = timedelta(days=1)

UNCONFIRMED: Final = "The address is not confirmed; open the link in the mail that went there, or set it again."


def _confirmed(command: SetChannel, channels: Channels) -> bool:
    """Whether the channel can be used at once: it is no mail, or its user has confirmed that address before."""
    return command.kind is not ChannelKind.EMAIL or not channels.confirmed_marks.isdisjoint(command.marks)


def _asked_often(channels: Channels, at: str) -> Refusal | None:
    """Refuses to send one more mail that asks, to whatever address: they may be strangers'."""
    now = datetime.fromisoformat(at)
    lately = [one for one in channels.asked if now - datetime.fromisoformat(one) < A_DAY]
    if len(lately) < limits.CONFIRMATIONS_PER_DAY:
        return None
    detail = f"At most {limits.CONFIRMATIONS_PER_DAY} mails a day ask to confirm an address; try again tomorrow."
    return Refusal(Code.LIMIT, detail, (FieldError("/target", detail),))


def channel_set(command: SetChannel, channels: Channels, before: Channel | None, at: str) -> list[Fact] | Refusal:
    """The event of setting a channel, or why it is refused."""
    if refusal := checks.identifier("/channel", command.channel):
        return refusal
    if command.channel == FEED:
        return invalid("/channel", "The feed is everybody's; choose another name.")
    if command.sealed is None or command.target:
        return invalid("/target", "Where it leads was not sealed by the server; send it to the server again.")
    if before is None and len(channels.channels) >= limits.CHANNELS_PER_USER:
        return over("/channel", "channels of one user", limits.CHANNELS_PER_USER)
    sealed, hint = command.sealed
    after = Channel(
        command.channel, command.kind, sealed, hint, before.made if before else 0,
        confirmed=_confirmed(command, channels), mark=command.marks[0] if command.marks else "",
    )  # fmt: skip
    if before is not None and structs.replace(after, asked=before.asked, confirmed=before.confirmed) == before:
        return []  # sealed twice, nothing is the same: it is this very command again
    if asks(after) and (refusal := _asked_often(channels, at)):
        return refusal
    return [Fact(ChannelSet(channels.user, before, after))]


def asks(channel: Channel) -> bool:
    """True for a channel, as it is set, whose address a mail must go to first."""
    return not channel.confirmed and not channel.asked


def name(user: str, channel: str, position: int) -> str:
    """What stands for the reminder in the ledger's page of the mail that asks: of the event at that position."""
    which = "\0".join((user, channel, str(position)))
    return f"confirm-{hashlib.sha256(which.encode()).hexdigest()[:32]}"


def ask(channels: Channels, channel: Channel, state: State, stamp: Stamp) -> Channels:
    """Opens the ledger's page of the mail that asks, which the outbox sends; the user's channels with that noted."""
    page = Firing(
        reminder=name(channels.user, channel.name, stamp.position), task="", user=channels.user,
        scheduled_for=stamp.at, fired_at=stamp.at, position=stamp.position,
        deliveries=(Delivery(channel.name, due=stamp.at, next_attempt=stamp.at, at=stamp.at),),
    )  # fmt: skip
    state.put(page)
    return structs.replace(channels, asked=(*channels.asked, stamp.at)[-limits.CONFIRMATIONS_PER_DAY :])


def waits(channel: Channel | None, user: str, page: Firing) -> bool:
    """Whether that page's mail is still what the channel waits for."""
    return channel is not None and not channel.confirmed and page.reminder == name(user, channel.name, channel.asked)


def decide(command: ConfirmChannel, record: CommandRecord, state: State) -> list[Fact] | Refusal:
    """The event when the link was opened; nothing if the channel leads elsewhere by now, or its user has left."""
    if record.actor != CLOCK:
        return Refusal(Code.FORBIDDEN, "An address is confirmed by the link in the mail that went there.")
    channels = state.get(Channels, command.user)
    channel = channels.named(command.channel) if channels is not None else None
    if channel is None or channel.confirmed or channel.asked != command.asked or state.member(command.user) is None:
        return []
    return [Fact(ChannelConfirmed(command.user, channel.name, channel.mark))]


def evolve(event: ChannelConfirmed, channels: Channels, channel: Channel) -> Channels:
    """The user's channels, with the address confirmed."""
    marks = tuple(one for one in channels.confirmed if one != event.mark)
    kept = (*marks, event.mark)[-limits.CONFIRMED_KEPT :] if event.mark else marks
    others = {one.name: one for one in channels.channels}
    after = {**others, channel.name: structs.replace(channel, confirmed=True)}
    return structs.replace(channels, channels=tuple(after.values()), confirmed=kept)
