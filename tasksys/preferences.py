"""What each user wants of reminders: zone and hour, quiet hours, channels, and reminders that new tasks get.

They are the user's own: nobody else sets them. Where a channel leads is sealed before it comes here.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, assert_never
from zoneinfo import ZoneInfo

from msgspec import UNSET, structs

from tasksys import checks, confirming, durations, limits
from tasksys.commands import CommandRecord, DisableChannel, EnableChannel, RemoveChannel, SetChannel, SetPreferences
from tasksys.events import (
    ChannelConfirmed,
    ChannelDisabled,
    ChannelEnabled,
    ChannelRemoved,
    ChannelSet,
    Fact,
    PreferencesSet,
)
from tasksys.refusals import Code, Refusal, conflict, invalid, missing, over, sentence
from tasksys.rows import Channel, Channels, Preferences, Task
from tasksys.stamp import Stamp
from tasksys.state import State
from tasksys.values import FEED, UTC, QuietHours, Role, Trigger, instant, zone_or

PreferenceCommand = SetPreferences | SetChannel | RemoveChannel | EnableChannel | DisableChannel
PreferenceEvent = PreferencesSet | ChannelSet | ChannelConfirmed | ChannelRemoved | ChannelDisabled | ChannelEnabled

SWITCHED_OFF: Final = "Its user has switched it off."

CLOCK_TIME: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)


def of(user: str, state: State) -> Preferences:
    """The user's preferences; the defaults if they have set none."""
    return state.get(Preferences, user) or Preferences(user)


def zone(user: Preferences, state: State) -> ZoneInfo:
    """The zone of a user: their own, or the workspace's."""
    workspace = state.workspace
    return zone_or(user.zone, zone_or(workspace.time_zone if workspace else None, UTC))


def hour(user: Preferences, state: State) -> int:
    """The hour from which a date counts for a user: their own, or the workspace's, or midnight."""
    if user.reminder_hour is not None:
        return user.reminder_hour
    return (state.workspace.reminder_hour if state.workspace else None) or 0


def after_quiet(at: str, user: Preferences, state: State) -> str:
    """The instant, or the end of the quiet hours of the user's that it is in."""
    return quiet_end(at, user.quiet_hours, zone(user, state)) if user.quiet_hours is not None else at


def quiet_end(at: str, quiet: QuietHours, where: ZoneInfo) -> str:
    """When the quiet hours end that the instant is in, or the instant itself.

    They go by the wall clock: where it jumps over their end, they end as much later, and where an hour comes twice, at
    the first end that is not past.
    """
    try:
        local = datetime.fromisoformat(at).astimezone(where)
        wall = local.strftime("%H:%M")
        over_night = quiet.start > quiet.end
        inside = (wall >= quiet.start or wall < quiet.end) if over_night else quiet.start <= wall < quiet.end
        if not inside:
            return at
        end = local.replace(hour=int(quiet.end[:2]), minute=int(quiet.end[3:]), second=0, microsecond=0, fold=0)
        if over_night and wall >= quiet.start:
            end = (end.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=where, fold=0)
        first, second = instant(end), instant(end.replace(fold=1))
    except OverflowError:  # the calendar ends before the night does
        return at
    return first if first > at else max(second, at)


def decide(command: PreferenceCommand, record: CommandRecord, state: State) -> list[Fact] | Refusal:
    """The events of a command on what the user who asks wants."""
    if refusal := checks.allowed(state, record.actor, Role.VIEWER):
        return refusal
    user = record.actor
    if isinstance(command, SetPreferences):
        return _set(command, user, state)
    channels = state.get(Channels, user) or Channels(user, ())
    channel = channels.named(command.channel)
    if isinstance(command, SetChannel):
        return confirming.channel_set(command, channels, channel, record.at)
    if channel is None:
        return missing("channel", command.channel)
    match command:
        case RemoveChannel():
            return [Fact(ChannelRemoved(user, channel))]
        case EnableChannel():
            return [Fact(ChannelEnabled(user, channel.name, channel.disabled))] if channel.disabled is not None else []
        case DisableChannel():
            return [Fact(ChannelDisabled(user, channel.name, SWITCHED_OFF))] if channel.disabled is None else []
        case _:
            assert_never(command)


def _set(command: SetPreferences, user: str, state: State) -> list[Fact] | Refusal:
    before, new = structs.replace(of(user, state), position=0), Preferences(user)
    names = ("zone", "reminder_hour", "quiet_hours", "channels", "default_reminders")
    given = {name: value for name in names if (value := getattr(command, name)) is not UNSET}
    after = structs.replace(before, **{name: getattr(new, name) if v is None else v for name, v in given.items()})
    refusal = checks.every(
        checks.zone("/zone", after.zone) if after.zone is not None else None,
        _quiet(after.quiet_hours),
        unnamed(after.channels, user, state) if "channels" in given else None,
        _defaults(after.default_reminders),
    )
    if refusal is not None:
        return refusal
    after = structs.replace(after, channels=tuple(dict.fromkeys(after.channels)))
    return [Fact(PreferencesSet(user, before, after))] if after != before else []


def _quiet(quiet: QuietHours | None) -> Refusal | None:
    if quiet is None:
        return None
    if not CLOCK_TIME.fullmatch(quiet.start) or not CLOCK_TIME.fullmatch(quiet.end):
        return invalid("/quiet_hours", 'Give wall times from 00:00 to 23:59: {"from": "22:00", "to": "07:00"}.')
    if quiet.start == quiet.end:
        return invalid("/quiet_hours", "They end when they begin; give two times, or null for none.")
    return None


def unnamed(names: tuple[str, ...], user: str, state: State) -> Refusal | None:
    """Refuses channels that the user does not have."""
    channels = state.get(Channels, user)
    for name in names:
        if name != FEED and (channels is None or channels.named(name) is None):
            return invalid("/channels", f"{user!r} has no channel {name[:64]!r}; add it first, or leave it out.")
    return None


def _defaults(triggers: tuple[Trigger, ...]) -> Refusal | None:
    if len(triggers) > limits.DEFAULT_REMINDERS:
        return over("/default_reminders", "default reminders", limits.DEFAULT_REMINDERS)
    for trigger in triggers:
        try:
            if trigger.at is not None or trigger.before is None:
                raise ValueError('give "before", a duration such as PT30M or P1D')
            durations.parse(trigger.before)
        except ValueError as error:
            return invalid("/default_reminders", sentence(error))
    return None


def evolve(event: PreferenceEvent, state: State, stamp: Stamp) -> None:
    """Records an event on a user's preferences or channels."""
    if isinstance(event, PreferencesSet):
        if event.after == Preferences(event.user):
            state.delete(Preferences, event.user)
        else:
            state.put(structs.replace(event.after, position=stamp.position))
        return
    channels = state.get(Channels, event.user) or Channels(event.user, ())
    match event:
        case ChannelSet():
            after = structs.replace(event.after, made=event.after.made or stamp.position)
            if confirming.asks(after):
                after = structs.replace(after, asked=stamp.position)
                channels = confirming.ask(channels, after, state, stamp)
            channels = with_channel(channels, after)
        case ChannelConfirmed():
            channel = channels.named(event.channel)
            assert channel is not None
            channels = confirming.evolve(event, channels, channel)
        case ChannelRemoved():
            left = tuple(one for one in channels.channels if one.name != event.channel.name)
            channels = structs.replace(channels, channels=left)
        case ChannelDisabled() | ChannelEnabled():
            channel = channels.named(event.channel)
            assert channel is not None
            reason = event.reason if isinstance(event, ChannelDisabled) else None
            channels = with_channel(channels, structs.replace(channel, disabled=reason, failing_since=None))
        case _:
            assert_never(event)
    if channels.channels or channels.confirmed or channels.asked:
        state.put(structs.replace(channels, position=stamp.position))
    else:
        state.delete(Channels, event.user)


def with_channel(channels: Channels, channel: Channel) -> Channels:
    """The channels with one in its place, or at the end."""
    others = {one.name: one for one in channels.channels}
    return structs.replace(channels, channels=tuple({**others, channel.name: channel}.values()))


def compensate(event: PreferenceEvent, actor: str, state: State) -> list[Fact] | Refusal:
    """The opposite of an event on the actor's own settings, or why it stands."""
    if event.user != actor:
        return Refusal(Code.FORBIDDEN, "These are somebody else's own settings; only they change them.")
    if isinstance(event, PreferencesSet):
        now, was = (structs.replace(one, position=0) for one in (of(actor, state), event.after))
        if now != was:
            return conflict("The preferences")
        return unnamed(event.before.channels, actor, state) or [Fact(PreferencesSet(actor, event.after, event.before))]
    if isinstance(event, ChannelConfirmed):
        return Refusal(Code.NOT_UNDOABLE, "An address stays confirmed; remove the channel instead.")
    channels = state.get(Channels, actor) or Channels(actor, ())
    named = event.after if isinstance(event, ChannelSet) else event.channel
    name = named if isinstance(named, str) else named.name
    current = channels.named(name)
    match event:
        case ChannelSet():
            if current is None or _leads(current) != _leads(event.after):
                return conflict("The channel")
            after = event.before
            return [
                Fact(
                    ChannelRemoved(actor, current)
                    if after is None
                    else ChannelSet(actor, current, _again(after, channels))
                )
            ]
        case ChannelRemoved():
            if current is not None:
                return conflict("The channel")
            if len(channels.channels) >= limits.CHANNELS_PER_USER:
                return over("/channel", "channels of one user", limits.CHANNELS_PER_USER)
            return [Fact(ChannelSet(actor, None, _again(event.channel, channels)))]
        case ChannelDisabled() | ChannelEnabled():
            was_disabled = isinstance(event, ChannelDisabled)
            if current is None or (current.disabled is not None) is not was_disabled:
                return conflict("The channel")
            opposite = ChannelEnabled if was_disabled else ChannelDisabled
            return [Fact(opposite(actor, name, event.reason))]
        case _:
            assert_never(event)


def _again(channel: Channel, channels: Channels) -> Channel:
    """The channel as it is used again: what came of attempts before says nothing of those to come."""
    known = channel.confirmed or channel.mark in channels.confirmed_marks
    return structs.replace(channel, failing_since=None, confirmed=known)


def _leads(channel: Channel) -> tuple[str, str]:
    """What a user set of the channel, without what became of it since."""
    return channel.kind, channel.sealed


def defaults(task: Task, state: State) -> Iterator[tuple[str, str, Trigger]]:
    """The reminders that a new task gets by itself, if it is due: their id, user and trigger.

    Those of its assignees, or if it has none, of who made it, or the series that it is of.
    """
    if task.due is None:
        return
    series = state.series(task.series) if task.series is not None else None
    for user in task.assignees or (task.created_by if series is None else series.created_by,):
        if state.member(user) is None:
            continue
        for number, trigger in enumerate(of(user, state).default_reminders):
            name = hashlib.sha256(f"{task.id}\0{user}\0{number}".encode()).hexdigest()[:26]
            yield f"default-{name}", user, trigger


def told(event: PreferenceEvent) -> list[tuple[str, object, object]]:
    """The event as the audit tells it: field, before and after of each change.

    Where a channel leads is not said, also not sealed: only the hint that its user sees.
    """
    if isinstance(event, PreferencesSet):
        names = sorted(set(event.after.__struct_fields__) - {"user", "position"})
        pairs = [(name, getattr(event.before, name), getattr(event.after, name)) for name in names]
        return [(f"preferences/{event.user}/{name}", was, now) for name, was, now in pairs if was != now]
    field = f"channels/{event.user}"
    match event:
        case ChannelSet():
            return [(f"{field}/{event.after.name}", event.before and _led(event.before), _led(event.after))]
        case ChannelConfirmed():
            return [(f"{field}/{event.channel}/confirmed", False, True)]
        case ChannelRemoved():
            return [(f"{field}/{event.channel.name}", _led(event.channel), None)]
        case ChannelDisabled():
            return [(f"{field}/{event.channel}/disabled", None, event.reason)]
        case ChannelEnabled():
            return [(f"{field}/{event.channel}/disabled", event.reason, None)]
        case _:
            assert_never(event)


def _led(channel: Channel) -> str:
    return f"{channel.kind.value} {channel.hint}"
