"""Preferences, channels and the ledger over HTTP, and the page behind a mail's link."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from streams.broker import Broker
from streams.delivery.channels import Channels, Options
from streams.delivery.keys import Keys, Ticket
from streams.node import Node
from tasksys.deliveries import Letter, Result
from tasksys.values import instant
from tests.support.http import KEY, OWNER, Json, Site, Space, key, running, serving
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOOK = "https://hooks.example.org/T000/secret-part"
PHONE = {"kind": "webhook", "target": HOOK}
SOON = datetime(2126, 3, 8, 9, tzinfo=UTC)
AT = instant(SOON + timedelta(hours=1))


class Sent:
    """A courier that keeps letters; what it answers is as told."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.result = Result()

    async def deliver(self, letter: Letter) -> Result:
        """Keeps the letter."""
        self.letters.append(letter)
        return self.result


class Clock:
    """A clock that is set."""

    now = SOON

    def __call__(self) -> datetime:
        return self.now


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A system whose clock stands."""
    directory = tmp_path_factory.mktemp("site")
    node = Node(Broker.parse(f"embedded://{directory}/log"), directory / "tables", clock=Clock(), courier=Sent())
    await node.start()
    try:
        async with serving(node) as site:
            yield site
    finally:
        await node.stop()


async def test_preferences_are_read_and_changed(space: Space) -> None:
    """Defaults first; a merge patch after that, field by field."""
    first = await space.get("/preferences")
    assert first.ok == {
        "user": OWNER, "zone": None, "reminder_hour": None, "quiet_hours": None, "channels": ["feed"],
        "default_reminders": [], "own_channels": [],
    }  # fmt: skip
    quiet = {"from": "22:00", "to": "07:00"}
    changed = {"zone": "Europe/Berlin", "quiet_hours": quiet, "default_reminders": [{"before": "PT30M"}]}
    assert (await space.patch("/preferences", changed)).ok == {**first.ok, **changed}
    assert (await space.patch("/preferences", {"quiet_hours": None})).ok["quiet_hours"] is None
    assert (await space.get("/preferences")).ok["zone"] == "Europe/Berlin"
    assert (await space.patch("/preferences", {"zone": "Mars/Base"})).invalid("/zone")
    assert (await space.patch("/preferences", {"quiet_hours": {"from": "22:00"}})).status == 422
    assert "07:00" in (await space.patch("/preferences", {"quiet_hours": 7})).invalid("/quiet_hours")
    made = (await space.post("/tasks", {"title": "Milk", "due": {"local": "2126-03-10T09:00"}})).ok
    listed = (await space.get(f"/tasks/{made['id']}/reminders")).ok["items"]
    assert [(one["scheduled_for"], one["user"]) for one in listed] == [("2126-03-10T07:30:00.000Z", OWNER)]


async def test_they_are_ones_own(space: Space) -> None:
    """A viewer has theirs; nobody sees or changes anybody else's."""
    vera = await space.joined("vera", "viewer")
    await space.patch("/preferences", {"reminder_hour": 8})
    assert (await vera.get("/preferences")).ok["reminder_hour"] is None
    assert (await vera.patch("/preferences", {"reminder_hour": 10})).ok["user"] == "vera"
    await vera.put("/preferences/channels/phone", PHONE)
    (await space.get("/preferences/channels/phone")).problem(404, "not-found")
    (await space.acting("sam").get("/preferences")).problem(404, "not-found")


async def test_a_channel_from_its_making_to_its_end(space: Space) -> None:
    """Where it leads is never shown again; its secret is, to its user alone."""
    made = await space.put("/preferences/channels/phone", PHONE)
    assert made.ok == {
        "channel": "phone", "kind": "webhook", "leads_to": "https://hooks.example.org/…", "disabled": None,
        "failing_since": None, "confirmed": True, "secret": None,
    }  # fmt: skip
    shown = (await space.get("/preferences/channels/phone")).ok
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", shown["secret"])
    await space.put("/preferences/channels/phone", {**PHONE, "target": "https://other.example.org/"})
    again = (await space.get("/preferences/channels/phone")).ok
    assert (again["leads_to"], again["secret"]) == ("https://other.example.org/…", shown["secret"])
    assert (await space.get("/preferences")).ok["own_channels"][0] == {**again, "secret": None}
    assert (await space.post("/preferences/channels/phone/disable")).ok["disabled"]
    assert (await space.post("/preferences/channels/phone/enable")).ok["disabled"] is None
    await space.patch("/preferences", {"channels": ["feed", "phone"]})
    gone = await space.delete("/preferences/channels/phone")
    assert (gone.status, gone.raw) == (204, b"")
    (await space.get("/preferences/channels/phone")).problem(404, "not-found")
    (await space.delete("/preferences/channels/phone")).problem(404, "not-found")
    everything = (await space.get("/events")).raw + (await space.get("/audit")).raw
    everything += (await space.get("/export.json")).raw + (await space.get("/preferences")).raw
    assert b"secret-part" not in everything
    assert b"whsec" not in everything
    assert "https://hooks.example.org/…" in (await space.get("/audit")).raw.decode()


async def test_what_cannot_be_a_channel(space: Space) -> None:
    """The field is named, and what was given is not repeated."""
    wrong = [
        ({"kind": "webhook", "target": "ftp://hidden"}, "/target"),
        ({"kind": "apprise", "target": "hidden"}, "/target"),
        ({"kind": "pigeon", "target": HOOK}, "/kind"), ({**PHONE, "sealed": ["a", "b"]}, "/sealed"),
    ]  # fmt: skip
    for body, pointer in wrong:
        assert "hidden" not in (await space.put("/preferences/channels/phone", body)).invalid(pointer)
    mail = {"kind": "email", "target": "anna@example.org"}
    said = (await space.put("/preferences/channels/mail", mail)).problem(409, "channel-unavailable")
    assert "--smtp-url" in said["detail"]
    (await space.put("/preferences/channels/feed", PHONE)).invalid("/channel")


async def test_a_repeated_write_is_the_same(space: Space) -> None:
    """Although it is sealed anew each time; another target under the same key is another command."""
    same = {"Idempotency-Key": key()}
    first = await space.put("/preferences/channels/phone", PHONE, headers=same)
    await space.post("/preferences/channels/phone/disable")
    again = await space.put("/preferences/channels/phone", PHONE, headers=same)
    assert (again.ok, again.replayed, again.position) == (first.ok, True, first.position)
    other = {**PHONE, "target": "https://other.example.org/"}
    (await space.put("/preferences/channels/phone", other, headers=same)).problem(422, "idempotency-key-reused")
    same = {"Idempotency-Key": key()}
    before = await space.patch("/preferences", {"reminder_hour": 8}, headers=same)
    await space.patch("/preferences", {"reminder_hour": 9})
    assert (await space.patch("/preferences", {"reminder_hour": 8}, headers=same)).ok == before.ok


async def fired(site: Site, space: Space, **reminder: Any) -> Json:
    """A reminder that has fired, on the feed and a webhook."""
    await space.put("/preferences/channels/phone", PHONE)
    task = await space.task("Milk & <honey>")
    body = {"trigger": {"at": AT}, "channels": ["feed", "phone"], **reminder}
    made: Json = (await space.post(f"/tasks/{task['id']}/reminders", body)).ok
    assert (made["channels"], made["deliveries"]) == (["feed", "phone"], [])
    clock = site.node.clock
    assert isinstance(clock, Clock)
    clock.now = SOON + timedelta(hours=1)
    site.node.parts.wake()

    async def tried() -> bool:
        shown = (await space.get(f"/reminders/{made['id']}")).ok["deliveries"]
        return any(one["channel"] == "phone" and one["attempts"] for one in shown)

    await until(tried)
    clock.now = SOON
    return made


async def test_the_ledger(site: Site, space: Space) -> None:
    """What became of each firing, by channel, state, user and reminder; an answer reaches it."""
    made = await fired(site, space)
    page = (await space.get("/deliveries")).ok
    (one,) = page["items"]
    assert (one["reminder"], one["task"], one["scheduled_for"], page["next_cursor"]) == (
        made["id"], made["task"], AT, None,
    )  # fmt: skip
    assert [(each["channel"], each["state"], each["attempts"]) for each in one["deliveries"]] == [
        ("feed", "delivered", 1), ("phone", "delivered", 1),
    ]  # fmt: skip
    assert (await space.get(f"/reminders/{made['id']}")).ok["deliveries"] == one["deliveries"]
    courier = site.node.courier
    assert isinstance(courier, Sent)
    assert one["key"] in [letter.key for letter in courier.letters]
    found = {
        "channel=phone": 1, "channel=mail": 0, "delivery=delivered": 1, "delivery=failed": 0, "user=olga": 1,
        "user=vera": 0, "channel=phone&delivery=delivered": 1,
    }  # fmt: skip
    for query, number in found.items():
        parameters = dict(part.split("=") for part in query.split("&"))
        assert len((await space.get("/deliveries", **parameters)).ok["items"]) == number, query
    (await space.get("/deliveries", delivery="lost")).problem(400, "bad-parameter")
    await space.post(f"/reminders/{made['id']}/acknowledge")
    seen = (await space.get(f"/reminders/{made['id']}/deliveries")).ok["items"][0]["deliveries"]
    assert {each["state"] for each in seen} == {"acknowledged"}
    (await space.acting("sam").get("/deliveries")).problem(404, "not-found")


async def test_pages_of_the_ledger(site: Site, space: Space) -> None:
    """In the order of the firings; also when several fire at once."""
    task = await space.task("Milk")
    for number in range(5):
        trigger = {"at": instant(SOON + timedelta(seconds=number // 2))}
        if number == 0:
            trigger = {"at": instant(SOON + timedelta(milliseconds=1))}
        await space.post(f"/tasks/{task['id']}/reminders", {"trigger": trigger, "reminder": f"r{number}"})
    clock = site.node.clock
    assert isinstance(clock, Clock)
    clock.now = SOON + timedelta(minutes=1)
    site.node.parts.wake()

    async def all_fired() -> bool:
        return len((await space.get("/deliveries")).ok["items"]) == 5

    await until(all_fired)
    clock.now = SOON
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = (await space.get("/deliveries", limit=2, **({"cursor": cursor} if cursor else {}))).ok
        seen += [one["reminder"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(seen) == [f"r{number}" for number in range(5)]


def link(space: Space, reminder: str, until: str = "2126-06-01T00:00:00.000Z", user: str = OWNER, at: str = AT) -> str:
    """The token of a mail's link."""
    return Keys(KEY).ticket(Ticket(space.id, user, reminder, at, until))


async def test_a_mails_link_shows_a_button_that_acknowledges(site: Site, space: Space) -> None:
    """To look changes nothing, however often a scanner does; the button can be pressed twice."""
    made = await fired(site, space)
    token = link(space, made["id"])
    browser = site.client()
    for _ in range(2):
        page = await browser.get("/acknowledge", token=token)
        assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert "Milk &amp; &lt;honey&gt;" in page.raw.decode()
        assert "form-action 'self'" in page.headers["Content-Security-Policy"]
    assert (await space.get(f"/reminders/{made['id']}")).ok["state"] == "fired"
    pressed = await browser.post("/acknowledge", data={"token": token})
    assert (pressed.status, "<h1>Acknowledged</h1>" in pressed.raw.decode()) == (200, True)
    assert (await space.get(f"/reminders/{made['id']}")).ok["state"] == "acknowledged"
    for page in (
        await browser.get("/acknowledge", token=token),
        await browser.post("/acknowledge", data={"token": token}),
    ):
        assert "nothing to acknowledge" in page.raw.decode()
    (entry,) = (await space.get("/audit", limit=1)).ok["items"]
    assert (entry["type"], entry["actor"], entry["source"]) == ("ReminderAcknowledged", OWNER, "link of a mail")


async def test_other_links_do_nothing(site: Site, space: Space) -> None:
    """Those that are forged, too old, of somebody else, or of another firing."""
    made = await fired(site, space)
    browser = site.client()
    for token in (
        "",
        "a.b",
        "x" * 2000,
        link(space, made["id"], "2020-01-01T00:00:00.000Z"),
        link(space, made["id"])[:-2],
    ):
        assert (await browser.get("/acknowledge", token=token)).status == 410
        assert (await browser.post("/acknowledge", data={"token": token})).status == 410
    assert (await browser.get("/acknowledge")).status == 410
    assert (await browser.post("/acknowledge", data={"token": "x" * 5000})).status == 410
    for token in (link(space, "nope"), link(space, made["id"], user="vera"), link(space, made["id"], at=instant(SOON))):
        assert "nothing to acknowledge" in (await browser.get("/acknowledge", token=token)).raw.decode()
        assert "nothing to acknowledge" in (await browser.post("/acknowledge", data={"token": token})).raw.decode()
    assert (await space.get(f"/reminders/{made['id']}")).ok["state"] == "fired"


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (b"--x", "multipart/form-data; boundary=x"),
        (b'--x\r\nContent-Disposition: form-data; name="token"\r\n\r\nabc', "multipart/form-data; boundary=x"),
        (b"token=a", "application/x-www-form-urlencoded; charset=none"),
        (b"token=\xff&&=%", "application/x-www-form-urlencoded"),
        (b"token", "text/plain"),
    ],
)
async def test_what_is_no_form(site: Site, sent: bytes, kind: str) -> None:
    """The page is open to everybody: nothing that is sent to it is a fault, which the log would tell at length."""
    answer = await site.client().post("/acknowledge", data=sent, headers={"Content-Type": kind})
    assert answer.status == 410


async def test_undo_of_ones_own_settings(space: Space) -> None:
    """By the command, as everything that is no task's."""
    done = await space.patch("/preferences", {"reminder_hour": 8})
    undone = await space.post("/commands", {"type": "Undo", "position": done.position})
    assert undone.ok["status"] == "accepted"
    assert (await space.get("/preferences")).ok["reminder_hour"] is None


async def test_a_channel_that_nobody_can_open_is_shown_as_disabled(tmp_path: Path) -> None:
    """It was sealed by the key of another server; set anew it is used."""
    channels = Channels(Options("fedcba9876543210fedcba9876543210", private=True))
    async with running(tmp_path) as site, serving(site.node, channels=channels) as other:
        space = await site.space()
        await space.put("/preferences/channels/phone", PHONE)
        there = Space(other.session, space.headers, space.prefix, space.id)

        async def disabled(asked: Space) -> set[str | None]:
            shown = (await asked.get("/preferences")).ok["own_channels"]
            return {one["disabled"] for one in (*shown, (await asked.get("/preferences/channels/phone")).ok)}

        assert await disabled(space) == {None}
        (why,) = await disabled(there)
        assert why is not None
        assert "set the channel again" in why
        await there.put("/preferences/channels/phone", PHONE)
        assert await disabled(there) == {None}
    await channels.close()


async def test_a_server_without_a_key(tmp_path: Path) -> None:
    """As a cluster's that was not given one: the operator is told of; preferences work."""
    channels = Channels(Options())
    async with running(tmp_path) as site, serving(site.node, channels=channels) as other:
        space = await other.space()
        said = (await space.put("/preferences/channels/phone", PHONE)).problem(409, "channel-unavailable")
        assert "TASKSYS_SECRET_KEY" in said["detail"]
        assert (await space.patch("/preferences", {"reminder_hour": 8})).ok["reminder_hour"] == 8
        assert (await other.client().get("/acknowledge", token="a.b")).status == 410
    await channels.close()
