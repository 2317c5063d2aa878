"""No request leads inside: by whatever spelling of an address, and whatever a name resolves to."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Final

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from streams.delivery import webhook
from streams.delivery.addresses import AddressRefused, GuardedResolver, guarded_socket, is_public
from streams.delivery.webhook import INSIDE, Webhooks
from tasksys.deliveries import Letter
from tasksys.errors import TargetUnfit
from tasksys.rows import Channel
from tasksys.values import ChannelKind

PRIVATE: Final = [
    "127.0.0.1", "127.8.9.10", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.250",
    "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1", "fec0::1",
    "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::", "2002:a00:1::1", "2001:0:4136:e378:8000:63bf:f5ff:fffe",
    "", "localhost", "nonsense", "2130706433",
]  # fmt: skip
PUBLIC: Final = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_not_public(address: str) -> None:
    """Loopback, private, link-local, metadata, multicast, reserved; also inside of addresses that hold others."""
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_public(address: str) -> None:
    """Those that anybody can reach."""
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_an_address_is_what_is_inside_of_it(address: IPv4Address) -> None:
    """However it is dressed up as one of IPv6."""
    inner = int(address)
    for dressed in (f"::ffff:{address}", str(IPv6Address((0x64FF9B << 96) | inner)), str(IPv6Address(inner))):
        assert is_public(dressed) == is_public(str(address)) or ip_address(dressed).is_unspecified
    assert is_public(str(IPv6Address((0x2002 << 112) | (inner << 80)))) == is_public(str(address))


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254"])
def test_no_socket_is_made_for_a_private_address(address: str) -> None:
    """The last guard looks at the very address that is connected to."""
    with pytest.raises(AddressRefused):
        guarded_socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)))
    guarded_socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 80))).close()


NO_HOSTS: Final = ("127.0.0.1.", "2130706433", "127.1", "017700000001")
"""What the client takes for no host at all."""


def letter() -> Letter:
    """A letter."""
    at = "2126-03-08T09:00:00.000Z"
    channel = Channel("phone", ChannelKind.WEBHOOK, "", "")
    return Letter("acme", "Acme", "olga", channel, "milk", "Milk", "", "ring", at, at, 1, "f" * 32)


@pytest.fixture
async def inside() -> AsyncIterator[tuple[int, list[str]]]:
    """A server on this machine, which must not be asked: its port, and the paths that were asked for."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1], asked
    await runner.cleanup()


@pytest.fixture
async def guarded() -> AsyncIterator[Webhooks]:
    """Webhooks that lead nowhere inside."""
    webhooks = Webhooks(private=False, now=lambda: datetime(2126, 3, 8, tzinfo=UTC))
    yield webhooks
    await webhooks.close()


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]", "[::1]", "2130706433", "0x7f000001", "0x7f.1", "127.1",
     "017700000001", "127.0.0.1."],
)  # fmt: skip
async def test_this_machine_is_not_asked(inside: tuple[int, list[str]], guarded: Webhooks, host: str) -> None:
    """By any spelling; the result says why, and is not tried again where it was the address."""
    port, asked = inside
    result = await guarded.send(f"http://{host}:{port}/secret", "whsec_c2VjcmV0", letter())
    assert result.error
    assert (result.error, result.retry) == (INSIDE, False) or host in NO_HOSTS
    assert asked == []


def answering(monkeypatch: pytest.MonkeyPatch, *answers: Sequence[str]) -> list[str]:
    """Has the DNS give these addresses, one answer after the other; the names that were asked for."""
    left, asked = list(answers), list[str]()

    async def getaddrinfo(self: Any, host: str, port: int, **hints: Any) -> list[Any]:
        asked.append(host)
        found = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    return asked


async def test_a_name_that_resolves_inside(
    inside: tuple[int, list[str]], guarded: Webhooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is not asked; public addresses beside private ones are all that is left."""
    port, asked = inside
    answering(monkeypatch, ["127.0.0.1"])
    result = await guarded.send(f"http://evil.example:{port}/", "whsec_c2VjcmV0", letter())
    assert (result.error, result.retry, asked) == (INSIDE, False, [])
    answering(monkeypatch, ["127.0.0.1", "8.8.8.8", "10.0.0.1"])
    assert [one["host"] for one in await GuardedResolver().resolve("mixed.example", 80)] == ["8.8.8.8"]


async def test_a_name_that_changes_its_address(inside: tuple[int, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is connected to is what was looked at: another answer of the DNS in between does not help."""
    port, asked = inside
    webhooks = Webhooks(private=False, now=lambda: datetime(2126, 3, 8, tzinfo=UTC))
    monkeypatch.setattr("streams.delivery.addresses.GuardedResolver.resolve", unguarded)
    try:
        result = await webhooks.send(f"http://rebound.example:{port}/", "whsec_c2VjcmV0", letter())
        assert (result.error, result.retry, asked) == (INSIDE, False, [])
    finally:
        await webhooks.close()


async def unguarded(self: Any, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[Any]:
    """A resolver that was fooled."""
    return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": family, "proto": 0, "flags": 0}]


async def test_where_the_operator_allows_it(inside: tuple[int, list[str]]) -> None:
    """This machine may be asked."""
    port, asked = inside
    webhooks = Webhooks(private=True, now=lambda: datetime(2126, 3, 8, tzinfo=UTC))
    try:
        assert not (await webhooks.send(f"http://127.0.0.1:{port}/hook", "whsec_c2VjcmV0", letter())).error
    finally:
        await webhooks.close()
    assert asked == ["/hook"]


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/", "https://localhost/x", "http://[::1]:80/", "http://2130706433/", "http://db/", "http://a.local",
     "http://metadata.google.internal/", "http://10.0.0.1:8080", "http://LOCALHOST./", "http://x.localhost"],
)  # fmt: skip
def test_what_leads_inside_by_its_name_is_not_taken(url: str) -> None:
    """It is said when the channel is set, with who can allow it."""
    with pytest.raises(TargetUnfit, match="--allow-private-webhooks"):
        webhook.hint(url, private=False)
    assert webhook.hint(url, private=True).endswith("/…")


@pytest.mark.parametrize(
    "url",
    ["", "example.org", "ftp://example.org/", "javascript:alert(1)", "http://", "https:///x", "http://a b/",
     "http://example.org:99999/", "http://[::1", "file:///etc/passwd", "https://exämple.org/", "http://x.org/\r\nA: b"],
)  # fmt: skip
def test_what_is_no_web_address(url: str) -> None:
    """It is said what to give; what was given is not repeated."""
    for private in (True, False):
        with pytest.raises(TargetUnfit, match="web address"):
            webhook.hint(url, private=private)


def test_a_hint_says_no_more_than_the_host() -> None:
    """Neither the path, which often is a secret, nor a password."""
    url = "https://anna:secret@hooks.example.org:8443/T000/B000/XXXX?token=abc#part"
    assert webhook.hint(url, private=False) == "https://hooks.example.org:8443/…"
