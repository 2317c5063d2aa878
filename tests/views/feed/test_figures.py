"""What is measured of the feed: how late it is, and why connections were closed."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client import REGISTRY

from tests.support.feed import feeding
from tests.support.http import BOUND, Site, Space
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

DELAY = "tasksys_feed_delay_seconds"


def value(name: str, **labels: str) -> float:
    """A sample."""
    found = REGISTRY.get_sample_value(name, labels)
    assert found is not None, (name, labels)
    return found


def closed(code: str) -> float:
    """Connections that the server closed so."""
    return value("tasksys_feed_closed_total", code=code)


async def test_each_batch_is_measured_once(site: Site, space: Space) -> None:
    """However many are told; where nobody follows, there is nothing to measure."""
    before, spent = value(f"{DELAY}_count"), value(f"{DELAY}_sum")
    await space.task("unseen")
    assert value(f"{DELAY}_count") == before
    async with feeding(site, space) as one, feeding(site, space) as other:
        await one.subscribe()
        await other.subscribe()
        await space.task("seen")
        await one.next("event")
        await other.next("event")
        await until(lambda: value(f"{DELAY}_count") == before + 1)
    assert 0.0 < value(f"{DELAY}_sum") - spent < BOUND


async def test_a_client_that_goes_was_not_closed(site: Site, space: Space) -> None:
    """What clients close is their own affair."""
    codes = ("1001", "1011", "4400", "4401", "4403", "4408", "4409", "4429", "other")
    before = [closed(code) for code in codes]
    async with feeding(site, space):
        pass
    await until(lambda: not site.server.hub.rooms)
    assert [closed(code) for code in codes] == before


async def test_the_reason_is_counted(site: Site, space: Space) -> None:
    """Once for each connection: what is not the protocol, and a member who is removed."""
    before, gone = closed("4400"), closed("4403")
    async with feeding(site, space) as feed:
        await feed.socket.send_str("no JSON")
        assert (await feed.closed())[0] == 4400
    guest = await space.joined("gustav", "editor")
    async with feeding(site, guest) as feed:
        await feed.subscribe()
        assert (await space.delete("/members/gustav")).status == 204
        assert (await feed.closed())[0] == 4403
    assert (closed("4400"), closed("4403")) == (before + 1, gone + 1)


async def test_a_message_that_is_too_long_is_another_reason(site: Site, space: Space) -> None:
    """aiohttp itself closes such connections."""
    before = closed("other")
    async with feeding(site, space) as feed:
        await feed.socket.send_str("x" * 3_000_000)
        assert (await feed.closed())[0] == 1009
    await until(lambda: closed("other") == before + 1)


async def test_a_stream_that_is_cut_off_is_counted(site: Site, space: Space) -> None:
    """Server-Sent Events have no close codes; the reason is the same."""
    before = closed("4403")
    guest = await space.joined("gerda", "editor")
    path = f"{space.prefix}/events/stream"
    async with site.session.get(path, headers=dict(guest.headers)) as response:
        await response.content.readline()
        assert (await space.delete("/members/gerda")).status == 204
        async with asyncio.timeout(BOUND):
            await response.read()
    assert closed("4403") == before + 1


async def test_a_stream_that_its_client_leaves_is_not(site: Site, space: Space) -> None:
    """Its end is no reason of ours."""
    before = closed("1001")
    async with site.session.get(f"{space.prefix}/events/stream", headers=dict(space.headers)) as response:
        await response.content.readline()
    await until(lambda: not site.server.hub.rooms)
    assert closed("1001") == before
