"""Firings reach people, on both transports: at least once, recorded once, whatever dies, stalls or is folded again."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from streams import letters
from streams.agents.deliveries import Attempt
from streams.delivery.channels import Channels, Options
from streams.delivery.mail import Relay
from streams.node import Node
from streams.topics import EVENTS
from tasksys import deliveries
from tasksys.commands import (
    AcknowledgeReminder,
    AddReminder,
    Command,
    CompleteTask,
    ConfirmChannel,
    CreateTask,
    EditTask,
    RemoveChannel,
    SetChannel,
    SetPreferences,
)
from tasksys.rows import Channels as ChannelsRow
from tasksys.rows import Delivery, Firing, firing_key
from tasksys.values import CLOCK, ChannelKind, DeliveryState, QuietHours, Trigger, When, instant
from tests.support.clocks import SETTINGS, Clock, after
from tests.support.domain import OWNER
from tests.support.kafka_broker import ROOT
from tests.support.nodes import accepted, check, events_of, founded, read, record, running, table
from tests.support.receivers import MailRelay, Receiver
from tests.support.waiting import until

KEY: Final = "0123456789abcdef0123456789abcdef"
RING: Final = after(hours=1)


@asynccontextmanager
async def sending(log: str, directory: Path, clock: Clock, **options: Any) -> AsyncIterator[tuple[Node, Channels]]:
    """A node that sends, also to this machine."""
    channels = Channels(Options(KEY, **{"private": True} | options), clock)
    try:
        async with running(log, directory, clock=clock, courier=channels, **SETTINGS) as node:
            yield node, channels
    finally:
        await channels.close()


async def channel(
    channels: Channels, workspace: str, target: str, name: str = "phone", kind: ChannelKind = ChannelKind.WEBHOOK
) -> SetChannel:
    """The command that sets a channel of the owner's, as the way in appends it."""
    sealed = await channels.seal(workspace, OWNER, name, kind, target)
    marks = channels.marks(workspace, OWNER, kind, target)
    return SetChannel(channel=name, kind=kind, target="", sealed=sealed, marks=marks)


def ring(name: str = "ring", at: str = RING, *names: str) -> AddReminder:
    """A reminder of the task `milk`."""
    return AddReminder(task="milk", reminder=name, trigger=Trigger(at=at), channels=names or ("feed", "phone"))


async def ringing(node: Node, channels: Channels, target: str, *more: Command) -> str:
    """A workspace with a task, a channel that leads to the target, and a reminder in an hour."""
    workspace = await founded(node)
    setting = await channel(channels, workspace, target)
    await accepted(node, workspace, CreateTask(task="milk", title="Milk & <honey>"), setting, *more, ring())
    return workspace


def delivered(node: Node, workspace: str, name: str = "ring", on: str = "phone", at: str = RING) -> Delivery | None:
    """What became of a firing on a channel."""
    firing = node.state.state(workspace).get(Firing, firing_key(name, at))
    return firing.delivery(on) if firing is not None else None


async def reached(node: Node, workspace: str, state: DeliveryState, name: str = "ring", on: str = "phone") -> Delivery:
    """Waits until it is in that state."""

    def now() -> bool:
        found = delivered(node, workspace, name, on)
        return found is not None and found.state is state

    await until(now, f"{name} on {on} {state}: {delivered(node, workspace, name, on)}")
    found = delivered(node, workspace, name, on)
    assert found is not None
    return found


async def results(node: Node, workspace: str) -> list[str]:
    """The types of the ledger's events in the log."""
    kinds = ("ReminderDelivered", "DeliveryFailed")
    return [one.type for one in await events_of(node, workspace) if one.type in kinds]


async def test_a_firing_reaches_a_webhook(url: str, tmp_path: Path) -> None:
    """Once, signed, with the key of the firing; the ledger has it, and so has the feed. Replay sends nothing."""
    clock = Clock()
    async with Receiver.listening() as receiver, sending(url, tmp_path / "node", clock) as (node, channels):
        workspace = await ringing(node, channels, receiver.url)
        clock.advance(node, hours=1)
        done = await reached(node, workspace, DeliveryState.DELIVERED)
        assert done == Delivery("phone", DeliveryState.DELIVERED, 1, RING, None, RING)
        assert delivered(node, workspace, on="feed") == Delivery("feed", DeliveryState.DELIVERED, 1, RING, None, RING)
        (post,) = receiver.posts
        row = node.state.state(workspace).get(ChannelsRow, OWNER)
        assert row is not None
        secret = channels.secret(workspace, OWNER, row.channels[0])
        assert secret is not None
        assert post.signed_by(secret)
        key = deliveries.key(workspace, "milk", "ring", RING)
        assert (post.headers["webhook-id"], post.headers["Idempotency-Key"]) == (key, key)
        assert int(post.headers["webhook-timestamp"]) == int(clock.now.timestamp())
        assert (post.json["key"], post.json["task"]["title"], post.json["user"]) == (key, "Milk & <honey>", OWNER)
        await check(node)
        logged = [len(records) for records in await read(node, EVENTS)]
        *_, replayed = [step async for step in node.replay(verify=True, workspace=None, until=None)]
        *_, again = [step async for step in node.replay(verify=False, workspace=workspace, until=None)]
        assert (replayed["different"], again["different"]) == (0, 0)
        node.parts.wake()
        await check(node)
        assert [len(records) for records in await read(node, EVENTS)] == logged
        assert len(receiver.posts) == 1
    for stored in (tmp_path / "node").rglob("*"):
        if stored.is_file():
            assert receiver.url.encode() not in stored.read_bytes()


async def test_a_webhook_that_fails_is_tried_again(url: str, tmp_path: Path) -> None:
    """Later each time, as late as it asks, under the same key; why it failed is in the ledger."""
    clock = Clock()
    async with Receiver.listening() as receiver, sending(url, tmp_path / "node", clock) as (node, channels):
        workspace = await ringing(node, channels, receiver.url)
        receiver.then(503, (429, {"Retry-After": "3600"}), 302)
        clock.advance(node, hours=1)
        seen = []
        for attempt in range(1, 4):
            await until(lambda attempt=attempt: tried(node, workspace) == attempt)
            failed = delivered(node, workspace)
            assert failed is not None
            assert failed.next_attempt is not None
            seen.append((failed.state, failed.error))
            if attempt == 2:
                assert failed.next_attempt == instant(clock.now + timedelta(hours=1))
            clock.now = type(clock.now).fromisoformat(failed.next_attempt)
            node.parts.wake()
        await reached(node, workspace, DeliveryState.DELIVERED)
        assert [error for _, error in seen] == [
            "It answered 503.", "It answered 429.",
            "It answered 302, and redirects are not followed; give the address that it leads to.",
        ]  # fmt: skip
        assert len({post.headers["Idempotency-Key"] for post in receiver.posts}) == 1
        assert len(receiver.posts) == 4
        await check(node)
        assert await results(node, workspace) == [*["DeliveryFailed"] * 3, "ReminderDelivered"]


def tried(node: Node, workspace: str) -> int:
    """How often it was tried."""
    found = delivered(node, workspace)
    return found.attempts if found else 0


async def test_after_a_day_the_channel_is_disabled(url: str, tmp_path: Path) -> None:
    """With a notice; what fires after that says so, and nothing is sent there."""
    clock = Clock()
    async with Receiver.listening() as receiver, sending(url, tmp_path / "node", clock) as (node, channels):
        workspace = await ringing(node, channels, receiver.url, ring("later", after(hours=30)))
        receiver.then(*[500] * 100)
        clock.advance(node, hours=1)
        while (found := delivered(node, workspace)) is None or found.state is not DeliveryState.EXPIRED:
            attempts = found.attempts if found else 0
            await until(lambda attempts=attempts: tried(node, workspace) > attempts)
            found = delivered(node, workspace)
            if found is not None and found.next_attempt is not None:
                clock.now = type(clock.now).fromisoformat(found.next_attempt)
                node.parts.wake()
        sent = len(receiver.posts)
        row = node.state.state(workspace).get(ChannelsRow, OWNER)
        assert row is not None
        assert row.channels[0].disabled == "It answered 500."
        await check(node)
        assert [one.type for one in await events_of(node, workspace)][-2:] == ["DeliveryFailed", "ChannelDisabled"]
        clock.now = type(clock.now).fromisoformat(after(hours=30))
        node.parts.wake()
        await until(lambda: delivered(node, workspace, "later", at=after(hours=30)))
        found = delivered(node, workspace, "later", at=after(hours=30))
        assert found is not None
        assert (found.state, found.next_attempt) == (DeliveryState.FAILED, None)
        await check(node)
        assert len(receiver.posts) == sent


async def test_a_stalled_webhook_does_not_hold_up_another(url: str, tmp_path: Path) -> None:
    """However many wait for it: each channel has a lane of its own."""
    clock = Clock()
    async with (
        Receiver.listening() as stalled,
        Receiver.listening() as receiver,
        sending(url, tmp_path / "node", clock) as (node, channels),
    ):
        workspace = await ringing(node, channels, receiver.url)
        dead = await channel(channels, workspace, stalled.url, "dead")
        await accepted(node, workspace, dead, *(ring(f"dead-{number}", RING, "dead") for number in range(40)))
        stalled.stall()
        clock.advance(node, hours=1)
        await stalled.got(1)
        await reached(node, workspace, DeliveryState.DELIVERED)
        assert len(stalled.posts) == 1
        stalled.go_on()
        for number in range(40):
            await reached(node, workspace, DeliveryState.DELIVERED, f"dead-{number}", "dead")
        await check(node)
        assert len(stalled.posts) == 40


async def test_what_was_answered_meanwhile_is_not_sent(url: str, tmp_path: Path) -> None:
    """In quiet hours others answer, tasks get done, channels go: then nothing comes when they end."""
    clock = Clock()
    quiet = SetPreferences(quiet_hours=QuietHours("09:30", "12:00"))
    async with Receiver.listening() as receiver, sending(url, tmp_path / "node", clock) as (node, channels):
        workspace = await ringing(node, channels, receiver.url, quiet)
        gone = await channel(channels, workspace, receiver.url, "gone")
        await accepted(
            node, workspace, gone, CreateTask(task="jam", title="Jam"),
            AddReminder(task="jam", reminder="done", trigger=Trigger(at=RING), channels=("phone",)),
            ring("seen"), ring("lost", RING, "gone"),
        )  # fmt: skip
        clock.advance(node, hours=1)
        for name in ("ring", "seen", "done"):
            await reached(node, workspace, DeliveryState.SCHEDULED, name)
        await reached(node, workspace, DeliveryState.SCHEDULED, "lost", "gone")
        noon = after(hours=3)
        assert {one.next_attempt for one in [delivered(node, workspace, "ring")] if one} == {noon}
        await accepted(
            node,
            workspace,
            AcknowledgeReminder(reminder="seen"),
            CompleteTask(task="jam"),
            RemoveChannel(channel="gone"),
        )
        clock.advance(node, hours=2)
        await reached(node, workspace, DeliveryState.DELIVERED)
        await reached(node, workspace, DeliveryState.ACKNOWLEDGED, "seen")
        await reached(node, workspace, DeliveryState.WITHDRAWN, "done")
        assert (
            await reached(node, workspace, DeliveryState.FAILED, "lost", "gone")
        ).error == "The channel was removed."
        await check(node)
        assert [post.json["reminder"] for post in receiver.posts] == ["ring"]


async def confirmed(node: Node, workspace: str, channels: Channels, relay: MailRelay) -> None:
    """Waits for the mail that asks, once, and opens its link."""
    await until(lambda: relay.mails)
    (mail,) = relay.mails
    relay.mails.clear()
    assert (mail["To"], mail["Subject"]) == ("anna@example.org", "Confirm this address")
    text = mail.get_body(("plain",))
    assert text is not None
    link = next(line for line in text.get_content().splitlines() if "token=" in line)
    assert link.startswith("https://tasks.example.org/confirm?token=")
    token = unquote(link.partition("token=")[2])
    asked = channels.confirmation(token)
    assert asked is not None
    assert channels.admitted(token) is None
    await check(node)
    command = ConfirmChannel(user=OWNER, channel="phone", asked=int(asked.asked))
    await node.gateway.append(record(workspace, command, CLOCK))
    await check(node)
    row = node.state.state(workspace).get(ChannelsRow, OWNER)
    assert row is not None
    assert row.channels[0].confirmed


async def test_mail_has_text_html_and_a_link(url: str, tmp_path: Path) -> None:
    """A relay that refuses for now is asked again; the same mail is the same to its reader."""
    clock = Clock()
    async with MailRelay.listening() as (relay, address):
        options = {"relay": Relay.parse(address, "tasks@example.org"), "url": "https://tasks.example.org"}
        async with sending(url, tmp_path / "node", clock, **options) as (node, channels):
            workspace = await founded(node)
            to = await channel(channels, workspace, "anna@example.org", "phone", ChannelKind.EMAIL)
            due = When(local="2126-03-08T12:00", zone="UTC")
            await accepted(node, workspace, CreateTask(task="milk", title="Milk & <honey>", due=due), to, ring())
            await confirmed(node, workspace, channels, relay)
            relay.refuse.append("451 Come back later")
            clock.advance(node, hours=1)
            failed = await reached(node, workspace, DeliveryState.FAILED)
            assert failed.error == "The mail relay refused it (451)."
            clock.advance(node, minutes=1)
            await reached(node, workspace, DeliveryState.DELIVERED)
            (mail,) = relay.mails
            assert (mail["To"], mail["From"], mail["Subject"]) == (
                "anna@example.org", "tasks@example.org", "Reminder: Milk & <honey>",
            )  # fmt: skip
            key = deliveries.key(workspace, "milk", "ring", RING)
            assert mail["Message-ID"] == f"<{key}@example.org>"
            text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
            assert text is not None
            assert html is not None
            link = text.get_content().strip().splitlines()[-1]
            assert link.startswith("https://tasks.example.org/acknowledge?token=")
            assert "Milk &amp; &lt;honey&gt;" in html.get_content()
            assert "Due: 2126-03-08 12:00 UTC" in text.get_content()
            ticket = channels.admitted(link.partition("token=")[2])
            assert ticket is not None
            assert (ticket.workspace, ticket.user, ticket.reminder) == (workspace, OWNER, "ring")
            relay.refuse.append("550 No such user")
            await accepted(node, workspace, ring("other", after(hours=2)))
            clock.advance(node, hours=1)
            await until(lambda: delivered(node, workspace, "other", at=after(hours=2)))
            await until(lambda: (one := delivered(node, workspace, "other", at=after(hours=2))) and one.attempts == 1)
            refused = delivered(node, workspace, "other", at=after(hours=2))
            assert refused is not None
            assert (refused.state, refused.next_attempt) == (DeliveryState.FAILED, None)


async def test_new_preferences_move_the_users_reminders(url: str, tmp_path: Path) -> None:
    """Those that go by dates and floating times; the clock settles each, as for a workspace's zone."""
    clock = Clock()
    async with running(url, tmp_path / "node", clock=clock, **SETTINGS) as node:
        workspace = await founded(node)
        await accepted(
            node, workspace, CreateTask(task="milk", title="Milk", due=When(date="2126-03-10")),
            *(AddReminder(task="milk", reminder=f"r{one}", trigger=Trigger(before="PT30M")) for one in range(10)),
            SetPreferences(zone="America/New_York", reminder_hour=8),
        )  # fmt: skip
        moved = "2126-03-10T11:30:00.000Z"

        def all_moved() -> bool:
            found = (node.state.state(workspace).reminder(f"r{one}") for one in range(10))
            return all(one is not None and one.scheduled_for == moved for one in found)

        await until(all_moved)
        await accepted(node, workspace, EditTask(task="milk", title="Oat milk"))
        await check(node)


async def test_a_table_that_is_behind_sends_nothing_again(url: str, tmp_path: Path) -> None:
    """A row that the ledger does not wait for is not sent, whatever is in the outbox: as while it is folded anew."""
    clock = Clock()
    async with Receiver.listening() as receiver, sending(url, tmp_path / "node", clock) as (node, channels):
        workspace = await ringing(node, channels, receiver.url)
        clock.advance(node, hours=1)
        await reached(node, workspace, DeliveryState.DELIVERED)
        await check(node)
        one = Attempt(RING, workspace, "ring", RING, "phone", 1, 1, 1, OWNER)
        assert letters.letter(node.parts.outbox._state, one) is None
        assert not any(key == one.key for key in table(node, "deliveries")[node.partition(workspace)])
        assert len(receiver.posts) == 1


def live(url: str, directory: Path, *more: str) -> int:
    """One life of a process that sends what is due; how it ended."""
    command = [sys.executable, "-m", "tests.support.kill_child", "send", url, str(directory), RING, *more]
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False).returncode


async def test_killed_between_sending_and_recording(url: str, tmp_path: Path) -> None:
    """It is sent again, under the same key, and recorded once: by a receiver that drops repeats it was seen once."""
    clock = Clock()
    names = ["ring", "second", "third"]
    async with Receiver.listening() as receiver:
        async with sending(url, tmp_path / "node", clock) as (node, channels):
            workspace = await ringing(node, channels, receiver.url, *(ring(name) for name in names[1:]))
        for _ in range(3):
            assert await asyncio.to_thread(live, url, tmp_path / "node", "once") == -signal.SIGKILL
        assert await asyncio.to_thread(live, url, tmp_path / "node") == 0
        clock.advance(hours=1)
        async with sending(url, tmp_path / "node", clock) as (node, channels):
            for name in names:
                await reached(node, workspace, DeliveryState.DELIVERED, name)
            await check(node)
            assert await results(node, workspace) == ["ReminderDelivered"] * 3
        keys = {deliveries.key(workspace, "milk", name, RING) for name in names}
        assert {post.headers["Idempotency-Key"] for post in receiver.posts} == keys
        assert len(receiver.posts) > 3
