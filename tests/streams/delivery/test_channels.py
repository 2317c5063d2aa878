"""What may be set as a channel, and what the courier says when it cannot be sent to."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import apprise
import pytest

from streams.delivery import apprises, mail
from streams.delivery.channels import Channels, Options
from streams.delivery.mail import Relay
from tasksys.deliveries import Letter
from tasksys.errors import ChannelUnavailable, TargetUnfit
from tasksys.rows import Channel
from tasksys.values import ChannelKind
from tests.streams.delivery.test_addresses import letter

KEY = "0123456789abcdef0123456789abcdef"
TELEGRAM = "tgram://123456789:abcdefghijklmnopqrstuvwxyzABCDEFGHI/12345"
SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/general"


@asynccontextmanager
async def opened(**options: Any) -> AsyncIterator[Channels]:
    """Channels of a server."""
    channels = Channels(Options(**options))
    try:
        yield channels
    finally:
        await channels.close()


async def to(channels: Channels, kind: ChannelKind, target: str) -> Letter:
    """A letter to a channel that leads there."""
    sealed, hint = await channels.seal("acme", "olga", "phone", kind, target)
    return letter()._replace(channel=Channel("phone", kind, sealed, hint))


async def test_without_a_key_nothing_is_sealed() -> None:
    """It is said what the operator does; a letter that was sealed before waits for the key."""
    async with opened(key=KEY, private=True) as channels:
        sent = await to(channels, ChannelKind.WEBHOOK, "http://127.0.0.1:9/")
    async with opened() as channels:
        with pytest.raises(ChannelUnavailable, match="--secret-key"):
            await channels.seal("acme", "olga", "phone", ChannelKind.WEBHOOK, "https://example.org/")
        with pytest.raises(ChannelUnavailable):
            channels.blinded("x")
        assert channels.secret("acme", "olga", sent.channel) is None
        assert channels.admitted("a.b") is None
        result = await channels.deliver(sent)
        assert "--secret-key" in result.error
        assert result.retry
    async with opened(key=KEY[::-1]) as channels:
        assert "a key that the server has not" in (await channels.deliver(sent)).error


async def test_without_a_relay_there_is_no_mail() -> None:
    """It is said what the operator does."""
    async with opened(key=KEY) as channels:
        with pytest.raises(ChannelUnavailable, match="--smtp-url"):
            await channels.seal("acme", "olga", "phone", ChannelKind.EMAIL, "anna@example.org")
    async with opened(key=KEY, relay=Relay("127.0.0.1", 9, "tasks@example.org")) as channels:
        sent = await to(channels, ChannelKind.EMAIL, "anna@example.org")
        result = await channels.deliver(sent)
        assert (result.error.startswith("The mail relay could not be reached"), result.retry) == (True, True)
    async with opened(key=KEY) as channels:
        assert "--smtp-url" in (await channels.deliver(sent)).error


async def test_a_closed_port_is_a_failure_to_try_again() -> None:
    """As is a name that is not found."""
    async with opened(key=KEY, private=True) as channels:
        result = await channels.deliver(await to(channels, ChannelKind.WEBHOOK, "http://127.0.0.1:9/"))
        assert (result.error, result.retry) == ("It could not be connected to.", True)
        result = await channels.deliver(await to(channels, ChannelKind.WEBHOOK, "http://nowhere.invalid/"))
        assert (result.error, result.retry) == ("Its name was not found.", True)


@pytest.mark.parametrize(
    "address", ["", "anna", "a@b@c", "a b@example.org", "a@example.org\r\nBcc: x@y", "@x", "é@x.org"]
)
def test_what_is_no_mail_address(address: str) -> None:
    """Nothing that could become another header, or another recipient."""
    with pytest.raises(TargetUnfit, match="e-mail address"):
        mail.hint(address)


def test_hints_say_little() -> None:
    """Of an address its first letter and domain, of a URL of Apprise its scheme."""
    assert mail.hint("anna@example.org") == "a…@example.org"
    assert apprises.hint(TELEGRAM, private=False) == "tgram://…"


@pytest.mark.parametrize(
    ("url", "relay"),
    [
        ("smtp://mail.example.org", Relay("mail.example.org", 587, "t@x.org")),
        ("smtps://mail.example.org", Relay("mail.example.org", 465, "t@x.org", True)),
        ("smtp://u%40x:p%3Aw@m.org:25", Relay("m.org", 25, "t@x.org", False, "u@x", "p:w")),
    ],
)
def test_the_relay_is_a_url(url: str, relay: Relay) -> None:
    """With its user and password, if it asks; which are not shown."""
    assert Relay.parse(url, "t@x.org") == relay
    assert "p:w" not in repr(relay)


@pytest.mark.parametrize("url", ["http://x", "smtp://", "mail.example.org", "smtp://x:y"])
def test_what_is_no_relay(url: str) -> None:
    """It is said what to give."""
    with pytest.raises(ValueError, match="smtp://"):
        Relay.parse(url, "t@x.org")
    with pytest.raises(ValueError, match="comes from"):
        Relay.parse("smtp://mail.example.org", "nobody")


def test_titles_make_no_headers() -> None:
    """Nor markup."""
    sent = letter()._replace(title="Milk\r\nBcc: all@example.org <b>", due="2026-03-08")
    made = mail.message(
        sent, "t@x.org", "anna@example.org", "https://x.org/a?t=1&b=2", datetime(2026, 3, 8, tzinfo=UTC)
    )
    assert made["Bcc"] is None
    assert made["Subject"] == "Reminder: Milk Bcc: all@example.org <b>"
    html = made.get_body(("html",))
    assert html is not None
    assert "&lt;b&gt;" in html.get_content()
    assert 'href="https://x.org/a?t=1&amp;b=2"' in html.get_content()


@pytest.mark.parametrize(
    "url", ["json://127.0.0.1/", "mailto://u:p@10.0.0.1/", "ntfy://db/x", "gotify://localhost/t", "form://a.internal"]
)
def test_what_takes_any_host_needs_the_operator(url: str) -> None:
    """It is said who can allow it, and what is allowed."""
    with pytest.raises(TargetUnfit, match="--allow-private-webhooks"):
        apprises.hint(url, private=False)


@pytest.mark.parametrize("url", ["dbus://", "syslog://", "windows://", "macosx://", "fcm://p/d?keyfile=/etc/passwd"])
def test_what_reaches_the_server_itself_is_never_allowed(url: str) -> None:
    """Nor what reads its files."""
    for private in (True, False):
        with pytest.raises(TargetUnfit):
            apprises.hint(url, private=private)


@pytest.mark.parametrize("url", ["", "nonsense", "zzz://x", "tgram://", "pover://x"])
def test_what_apprise_does_not_know(url: str) -> None:
    """It is said how such a URL looks."""
    with pytest.raises(TargetUnfit, match="Apprise"):
        apprises.hint(url, private=True)


def test_hosted_schemes_take_no_host() -> None:
    """All that is allowed is known to Apprise, and has no place for a host in its URLs."""
    known = apprise.manager_plugins.NotificationManager()
    assert set(known.schemas()) >= apprises.HOSTED
    assert not apprises.HOSTED & apprises.LOCAL
    for scheme in apprises.HOSTED:
        assert not any("{host}" in one for one in known[scheme].templates), scheme


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("url", [TELEGRAM, "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", SLACK])
@pytest.mark.parametrize("template", ["http://127.0.0.1:9/", "/etc/hostname", "file:///etc/hostname"])
def test_apprise_reads_nothing_first(url: str, template: str, private: bool) -> None:
    """A template would be read from wherever the user says, and sent to them."""
    assert apprises.hint(url, private)
    reading = f"{url}?template={quote(template)}"
    with pytest.raises(TargetUnfit, match="template"):
        apprises.hint(reading, private)
    assert not apprises._notify(reading, "title", "body")  # one that was set before


async def test_apprise_sends_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it tells is that it was taken, or not."""
    told: list[tuple[str, str, str]] = []

    def notify(url: str, title: str, body: str) -> bool:
        assert threading.current_thread() is not threading.main_thread()
        told.append((url, title, body))
        return len(told) == 1

    monkeypatch.setattr(apprises, "_notify", notify)
    async with opened(key=KEY) as channels:
        sent = await to(channels, ChannelKind.APPRISE, TELEGRAM)
        assert not (await channels.deliver(sent)).error
        assert "did not take it" in (await channels.deliver(sent)).error
    assert told[0] == (TELEGRAM, "Reminder: Milk", "Workspace: Acme")


async def test_apprise_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its time; the thread is lost until it ends, others go on."""
    over = threading.Event()
    monkeypatch.setattr(apprises, "_notify", lambda *given: over.wait(20))
    monkeypatch.setattr(apprises, "TIMEOUT_SECONDS", 0.01)
    async with opened(key=KEY) as channels:
        sent = await to(channels, ChannelKind.APPRISE, TELEGRAM)
        results = await asyncio.gather(*(channels.deliver(sent) for _ in range(3)))
        assert all("did not answer" in one.error for one in results)
        over.set()


async def test_what_was_allowed_once_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator who takes the permission back is obeyed by channels that are there."""
    async with opened(key=KEY, private=True) as channels:
        sent = await to(channels, ChannelKind.APPRISE, "json://127.0.0.1:9/")
    async with opened(key=KEY) as channels:
        assert not (await channels.deliver(sent)).retry
        hook = letter()._replace(channel=Channel("phone", ChannelKind.WEBHOOK, "", ""))
        assert hook.channel.kind is ChannelKind.WEBHOOK
