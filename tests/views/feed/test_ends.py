"""Who may not connect, and why connections end."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tests.support.feed import PROTOCOL, feeding
from tests.support.http import Json, Site, Space, serving
from tests.support.waiting import until
from tests.views.tokens import SHARED, signed
from views.auth import JwtAuthentication
from views.feed import session
from views.feed.limits import Limits

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def guarded(site: Site) -> AsyncIterator[Site]:
    """The same system behind tokens, with another address for the public."""
    async with serving(site.node, JwtAuthentication(SHARED), url="https://tasks.example") as guarded:
        yield guarded


def refusal(error: pytest.ExceptionInfo[aiohttp.WSServerHandshakeError]) -> int:
    """The status that a handshake was answered with."""
    return error.value.status


async def problem(site: Site, space: Space, headers: dict[str, str]) -> Json:
    """The problem that a handshake is answered with."""
    upgrade = {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": PROTOCOL,
    }  # fmt: skip
    async with site.session.get(f"{space.prefix}/feed", headers={**upgrade, **headers}) as answer:
        found: Json = await answer.json(content_type="application/problem+json")
        return found


async def test_problems_before_the_upgrade(site: Site, space: Space) -> None:
    """Strangers, other protocols, and plain requests are answered with problems."""
    (await space.get("/feed")).problem(400, "not-websocket")
    assert (await problem(site, space, {"Tasksys-Actor": "sam"}))["code"] == "not-found"
    none = {**space.headers, "Sec-WebSocket-Protocol": "other"}
    assert (await problem(site, space, none))["code"] == "not-websocket"
    assert (await problem(site, space, {**space.headers, "Origin": "https://evil.example"}))["code"] == "cross-site"
    for origin in (site.url, None):
        async with feeding(site, space, origin=origin):
            pass


async def test_a_page_says_who_it_is(site: Site, space: Space) -> None:
    """Without headers: in the names of subprotocols, of which none but ours is answered."""
    actor = f"tasksys.actor.{base64.urlsafe_b64encode(b'olga').decode().rstrip('=')}"
    async with feeding(site, space, headers={}, protocols=(PROTOCOL, actor)) as feed:
        assert feed.hello["user"] == "olga"
        assert feed.socket.protocol == PROTOCOL
    with pytest.raises(aiohttp.WSServerHandshakeError) as error:
        async with feeding(site, space, headers={}, protocols=(PROTOCOL, "tasksys.actor.!")):
            pass
    assert refusal(error) == 401


async def test_tokens(guarded: Site, space: Space) -> None:
    """A token comes in the header or as a subprotocol; one that is not valid is no token."""
    await space.joined("ann", "editor")
    async with feeding(guarded, space, headers={}, protocols=(PROTOCOL, f"tasksys.bearer.{signed()}")) as feed:
        assert (feed.hello["user"], feed.hello["role"]) == ("ann", "editor")
    async with feeding(guarded, space, headers={"Authorization": f"Bearer {signed()}"}):
        pass
    for offered in ((PROTOCOL,), (PROTOCOL, "tasksys.bearer.x.y.z")):
        with pytest.raises(aiohttp.WSServerHandshakeError) as error:
            async with feeding(guarded, space, headers={}, protocols=offered):
                pass
        assert refusal(error) == 401


async def test_origins_with_tokens(guarded: Site, space: Space) -> None:
    """A token does not make another site's page ours; the public address is."""
    await space.joined("ann", "editor")
    bearer = {"Authorization": f"Bearer {signed()}"}
    assert (await problem(guarded, space, {**bearer, "Origin": "https://evil.example"}))["code"] == "cross-site"
    assert (await problem(guarded, space, {**bearer, "Origin": "null"}))["code"] == "cross-site"
    for origin in ("https://tasks.example", guarded.url):
        async with feeding(guarded, space, headers=bearer, origin=origin):
            pass


async def test_a_token_ends(guarded: Site, space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the token is accepted no more the connection ends."""
    await space.joined("ann", "editor")
    expiring = signed(exp=int(time.time()) - 9)  # in the last second of the leeway
    async with feeding(guarded, space, headers={"Authorization": f"Bearer {expiring}"}) as feed:
        code, reason = await feed.closed()
    assert (code, "token" in reason) == (4401, True)


async def test_a_removed_member(site: Site, space: Space) -> None:
    """The connection ends at once; nothing of their removal, or later, is told."""
    ann = await space.joined("ann", "editor")
    async with feeding(site, ann) as feed, feeding(site, space) as other:
        await feed.subscribe(3)
        await other.subscribe(3)
        await asyncio.gather(space.task("Before"), space.delete("/members/ann"), space.task("After"))
        seen = [await other.next("event") for _ in range(3)]
        removal = next(one["position"] for one in seen if one["event"]["type"] == "MemberRemoved")
        told: list[Any] = []
        while (received := await feed.socket.receive()).type is aiohttp.WSMsgType.TEXT:
            told.append(received.json())
        assert feed.socket.close_code == 4403
        assert all(one["position"] < removal for one in told if one["op"] == "event")


async def test_a_changed_role(site: Site, space: Space) -> None:
    """It counts for the next command, and is told in the state."""
    ann = await space.joined("ann", "editor")
    async with feeding(site, ann) as feed:
        await feed.subscribe(3, state=True, events=False)
        assert (await feed.command("one", "CreateTask", title="Milk"))["status"] == "accepted"
        await space.put("/members/ann", {"role": "viewer"})
        states = await feed.until(lambda one: "members" in one)
        assert (states[-1]["members"][0]["role"], states[-1]["workspace"]["role"]) == ("viewer", "viewer")
        assert (await feed.command("two", "CreateTask", title="Milk"))["problem"]["code"] == "forbidden"


async def test_too_many_messages(site: Site, space: Space) -> None:
    """Who floods is closed out."""
    async with serving(site.node, limits=Limits(rate=1.0, burst=5.0)) as slow, feeding(slow, space) as feed:
        for _ in range(10):
            await feed.send("ping")
        assert (await feed.closed())[0] == 4429


async def test_too_many_connections(site: Site, space: Space) -> None:
    """Of one user so many; when one is closed another may come."""
    async with serving(site.node, limits=Limits(sockets_per_user=1)) as small:
        async with feeding(small, space):
            assert (await problem(small, space, dict(space.headers)))["code"] == "busy"
        async with asyncio.timeout(10):
            while (await space_status(small, space)) == 429:
                pass
        async with feeding(small, space):
            pass


async def space_status(site: Site, space: Space) -> int:
    """The status of a stream."""
    async with site.session.get(f"{space.prefix}/events/stream", headers=dict(space.headers)) as answer:
        return answer.status


async def test_too_large_a_message(site: Site, space: Space) -> None:
    """More than a megabyte is not read."""
    async with feeding(site, space) as feed:
        await feed.socket.send_str('{"op":"ping","id":"' + "x" * 1024 * 1024 + '"}')
        assert (await feed.closed())[0] == 1009


async def test_a_client_that_is_gone(site: Site, space: Space) -> None:
    """Who answers no heartbeat is closed out; who does is not."""
    async with (
        serving(site.node, limits=Limits(heartbeat=0.05)) as quick,
        feeding(quick, space, autoping=False) as feed,
    ):
        pings = 0
        async with asyncio.timeout(10):
            while (received := await feed.socket.receive()).type is aiohttp.WSMsgType.PING:
                pings += 1
        assert (feed.socket.close_code, pings) == (4408, session.SILENCE)
    async with (
        serving(site.node, limits=Limits(heartbeat=0.2)) as slower,
        feeding(slower, space, autoping=False) as feed,
    ):
        for _ in range(2 * session.SILENCE):
            received = await feed.socket.receive()
            assert received.type is aiohttp.WSMsgType.PING
            await feed.socket.pong(received.data)


async def test_the_server_stops(site: Site, space: Space) -> None:
    """Everybody is told to come again; the stop waits for nobody."""
    async with aiohttp.ClientSession() as outside:
        async with serving(site.node) as other:
            url = f"{other.url}{space.prefix}/feed"
            socket = await outside.ws_connect(url, headers=dict(space.headers), protocols=(PROTOCOL,))
            assert (await socket.receive_json())["op"] == "hello"
            reading = asyncio.create_task(socket.receive())
        await reading
        assert socket.close_code == 1001


async def test_the_partition_is_given_away(site: Site, space: Space) -> None:
    """When the agent is started anew clients connect again, and go on where they were."""
    async with feeding(site, space) as feed:
        await feed.subscribe(2)
        app = site.node.apps["commands"]
        await app.crash(RuntimeError("a fault"))
        assert (await feed.closed())[0] == 4409
    await until(lambda: "commands" in site.node.apps and not site.node.ready())
    async with feeding(site, space) as feed:
        await feed.subscribe(2)
        await space.task()
        assert (await feed.next("event"))["position"] == 3
