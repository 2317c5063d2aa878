"""The ways that chaos breaks do break, and mend."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from tests.chaos.links import HOST, Link
from tests.support.waiting import until


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()


@pytest.fixture
async def link() -> AsyncIterator[Link]:
    """A way to somebody who repeats everything."""
    server = await asyncio.start_server(_echo, HOST, 0)
    link = Link(lambda: int(server.sockets[0].getsockname()[1]))
    await link.open()
    yield link
    await link.close()
    server.close()
    await until(lambda: len(asyncio.all_tasks()) == 1)


async def _said(link: Link, text: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(HOST, link.port)
    try:
        writer.write(text)
        return await reader.readexactly(len(text))
    finally:
        writer.transport.abort()


async def test_everything_comes_through(link: Link) -> None:
    """Also much at once, also slowly: in order and to the end."""
    text = bytes(range(256)) * 20_000
    assert await _said(link, text) == text
    link.slow(0.02)
    assert await _said(link, text) == text
    await until(lambda: not link.ends)


async def test_a_cut_is_a_reset_until_it_is_mended(link: Link) -> None:
    """Open connections end, new ones end at once."""
    reader, writer = await asyncio.open_connection(HOST, link.port)
    writer.write(b"milk")
    assert await reader.readexactly(4) == b"milk"
    link.cut()
    with pytest.raises(ConnectionError):
        await reader.readexactly(1)
    with pytest.raises((ConnectionError, EOFError)):
        await _said(link, b"milk")
    link.mend()
    assert await _said(link, b"milk") == b"milk"
    writer.transport.abort()


async def test_a_silent_way_keeps_what_is_said(link: Link) -> None:
    """Half-open: nobody is told, also not who comes newly; once it is mended all of it comes through."""
    reader, writer = await asyncio.open_connection(HOST, link.port)
    writer.write(b"milk")
    assert await reader.readexactly(4) == b"milk"
    link.hush()
    writer.write(b"bread")
    later = asyncio.create_task(_said(link, b"jam"))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await reader.read(1)
    assert not later.done()
    link.mend()
    assert await reader.readexactly(5) == b"bread"
    assert await later == b"jam"
    writer.transport.abort()


async def test_nobody_there(link: Link) -> None:
    """A way that leads nowhere is a reset, too."""
    nowhere = Link(lambda: None)
    await nowhere.open()
    with pytest.raises((ConnectionError, EOFError)):
        await _said(nowhere, b"milk")
    await nowhere.close()
