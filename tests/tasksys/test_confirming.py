"""E-mail addresses: what goes to them before they are confirmed, which is a mail with a link, and after."""

from datetime import datetime, timedelta

import pytest

from tasksys import confirming, deliveries, limits
from tasksys.commands import (
    AddReminder,
    ConfirmChannel,
    FireReminder,
    RecordDelivery,
    RemoveChannel,
    RemoveMember,
    SetChannel,
    SetPreferences,
    Undo,
)
from tasksys.events import EventRecord
from tasksys.refusals import Code
from tasksys.rows import Channel, Channels, Delivery, Firing, firing_key
from tasksys.values import CLOCK, ChannelKind, DeliveryState, Trigger, instant
from tests.support.domain import OWNER, VIEWER, World, furnished, replayed

AT = "2026-03-09T09:00:00.000Z"


def mail(mark: str = "anna", sealed: str = "v1.a", name: str = "mail") -> SetChannel:
    """The setting of an address, as the way in appends it."""
    return SetChannel(
        channel=name, kind=ChannelKind.EMAIL, target="", sealed=(sealed, "a…@example.org"), marks=(mark, f"old-{mark}")
    )


def channel(world: World, name: str = "mail", user: str = OWNER) -> Channel:
    """The channel now."""
    row = world.state.get(Channels, user)
    found = row.named(name) if row is not None else None
    assert found is not None
    return found


def confirm(world: World, name: str = "mail", asked: int | None = None) -> list[EventRecord]:
    """The link of the mail is opened: of the newest one, or another."""
    command = ConfirmChannel(user=OWNER, channel=name, asked=channel(world, name).asked if asked is None else asked)
    return world.accepted(command, CLOCK)


def page(world: World, name: str = "mail") -> Firing:
    """What the ledger has of the mail that asked last."""
    asked = channel(world, name).asked
    found = [row for row in world.rows().values() if isinstance(row, Firing) and row.position == asked]
    assert len(found) == 1
    assert found[0].reminder == confirming.name(OWNER, name, asked)
    return found[0]


def fired(world: World, ring: str = "ring", at: str = AT) -> Delivery:
    """What becomes of a reminder that goes to the address."""
    world.given(AddReminder(task="milk", reminder=ring, trigger=Trigger(at=at), channels=("mail",)))
    world.accepted(FireReminder(reminder=ring, scheduled_for=at), CLOCK, at)
    row = world.state.get(Firing, firing_key(ring, at))
    assert row is not None
    return row.deliveries[0]


def test_nothing_is_sent_there_until_it_is_confirmed() -> None:
    """The ledger says why; a mail that asks is in it, too, and waits to be sent."""
    world = furnished().given(mail())
    assert not channel(world).confirmed
    (asking,) = page(world).deliveries
    assert (asking.state, asking.next_attempt) == (DeliveryState.SCHEDULED, page(world).scheduled_for)
    assert deliveries.due(page(world), "mail", 1, page(world).scheduled_for)
    assert confirming.waits(channel(world), OWNER, page(world))
    before = fired(world)
    assert (before.state, before.next_attempt, before.error) == (DeliveryState.FAILED, None, confirming.UNCONFIRMED)
    assert [one.type for one in confirm(world)] == ["ChannelConfirmed"]
    assert channel(world).confirmed
    assert not confirming.waits(channel(world), OWNER, page(world))
    assert confirm(world) == []
    assert fired(world, "again", instant(datetime.fromisoformat(AT) + timedelta(hours=1))).next_attempt is not None
    assert replayed(world.log) == world.rows()


def test_the_mail_that_asks_is_delivered_like_any_other() -> None:
    """Its result is recorded once, and is about no task."""
    world = furnished().given(mail())
    asking = page(world)
    sent = RecordDelivery(reminder=asking.reminder, scheduled_for=asking.scheduled_for, channel="mail", attempt=1)
    (event,) = world.accepted(sent, CLOCK)
    assert (event.type, event.task) == ("ReminderDelivered", None)
    assert page(world).deliveries[0].state is DeliveryState.DELIVERED
    assert world.accepted(sent, CLOCK) == []
    assert replayed(world.log) == world.rows()


def test_only_the_newest_link_confirms() -> None:
    """Not that of another address before, nor one of a channel or a member that is gone."""
    world = furnished().given(mail())
    first = channel(world).asked
    world.given(mail("berta", "v1.b"))
    assert confirm(world, asked=first) == []
    assert not channel(world).confirmed
    last = channel(world).asked
    world.given(RemoveChannel(channel="mail"))
    gone = ConfirmChannel(user=OWNER, channel="mail", asked=last)
    assert world.accepted(gone, CLOCK) == []
    assert world.refused(gone).code is Code.FORBIDDEN
    world.accepted(mail(), VIEWER)
    asked = channel(world, user=VIEWER).asked
    world.given(RemoveMember(user=VIEWER))
    assert world.accepted(ConfirmChannel(user=VIEWER, channel="mail", asked=asked), CLOCK) == []


def test_an_address_is_confirmed_once() -> None:
    """It stays so whatever else is set, under any name, and by a mark of a former key; another one is not."""
    world = furnished().given(mail())
    confirm(world)
    world.given(SetPreferences(channels=("mail",)), mail("berta", "v1.b"))
    assert not channel(world).confirmed
    world.given(mail("anna", "v1.c"), mail("anna", "v1.d", "second"))
    assert channel(world).confirmed
    assert channel(world, "second").confirmed
    world.given(RemoveChannel(channel="mail"), RemoveChannel(channel="second"), mail("anna", "v1.e"))
    assert channel(world).confirmed
    rotated = SetChannel(
        channel="mail", kind=ChannelKind.EMAIL, target="", sealed=("k2.f", "a…@example.org"), marks=("new", "anna")
    )
    assert channel(world.given(rotated)).confirmed
    world.accepted(mail("anna", "v1.g"), VIEWER)
    assert not channel(world, user=VIEWER).confirmed


def test_what_is_no_mail_needs_no_confirmation() -> None:
    """And neither does what was set before there was one."""
    world = furnished().given(
        SetChannel(channel="hook", kind=ChannelKind.WEBHOOK, target="", sealed=("v1.h", "https://example.org/…"))
    )
    assert channel(world, "hook").confirmed
    assert Channel("mail", ChannelKind.EMAIL, "v1.old", "a…@example.org").confirmed


def test_undo_asks_nobody_again() -> None:
    """The former address is as confirmed as it was, or has become since; a confirmation is not undone."""
    world = furnished().given(mail())
    events = confirm(world)
    assert world.refused(Undo(events=tuple(events))).code is Code.NOT_UNDOABLE
    other = world.accepted(mail("berta", "v1.b"))
    asked = len([row for row in world.rows().values() if isinstance(row, Firing)])
    world.given(Undo(events=tuple(other)))
    assert (channel(world).confirmed, channel(world).sealed) == (True, "v1.a")
    assert len([row for row in world.rows().values() if isinstance(row, Firing)]) == asked
    assert replayed(world.log) == world.rows()


def test_strangers_are_not_flooded() -> None:
    """So many mails a day ask, to whatever address; the next day there are more."""
    world = furnished()
    for number in range(limits.CONFIRMATIONS_PER_DAY):
        world.given(mail(f"m{number}", f"v1.{number}"))
    world.given(RemoveChannel(channel="mail"))
    refused = world.refused(mail("more", "v1.more"))
    assert (refused.code, [one.pointer for one in refused.errors]) == (Code.LIMIT, ["/target"])
    world.now = "2026-03-09T10:00:00.000Z"
    world.given(mail("more", "v1.more"))


@pytest.mark.parametrize("again", [mail(), mail("anna", "v1.new")])
def test_setting_it_again_sends_another_mail(again: SetChannel) -> None:
    """But the same command, decided twice, does not."""
    world = furnished().given(mail())
    first = channel(world).asked
    world.given(again)
    assert (channel(world).asked == first) is (again == mail())
