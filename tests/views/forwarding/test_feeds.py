"""The live feed of a workspace that another worker has."""

from __future__ import annotations

import asyncio
import base64
import os

import pytest

from tests.support.feed import PROTOCOL, feeding
from tests.support.http import BOUND, Space
from tests.support.waiting import until
from tests.support.workers import Worker, raw_worker, worker
from tests.views.forwarding.test_breaks import UPGRADE, head
from tests.views.forwarding.test_frames import made
from views.feed import closing
from views.forwarding import tunnels

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/api/v1/workspaces/space/feed"
ACCEPTED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: tasksys.v1\r\n\r\n"
)


@pytest.mark.parametrize("compress", [0, 15])
async def test_everything_goes_through(owner: Worker, other: Worker, space: Space, compress: int) -> None:
    """Snapshot, events, commands, presence, pings; compressed or not; and the sockets that are gone are forgotten."""
    task = await space.task("Milk", description="compress me " * 1000)
    async with feeding(other, space, compress=compress, max_msg_size=0) as feed:
        first = await feed.subscribe()
        assert first[-1]["op"] == "caught-up"
        await Space(owner.session, space.headers, space.prefix, space.id).post(f"/tasks/{task['id']}/complete")
        assert (await feed.next("event"))["event"]["type"] == "TaskCompleted"
        assert (await feed.command("mine", "CreateTask", title="Bread"))["status"] == "accepted"
        await feed.send("ping", id="p1")
        assert (await feed.next("pong"))["id"] == "p1"
        await feed.send(
            "command", command={"id": "large", "type": "CreateTask", "title": "x", "description": "y" * 50_000}
        )
        assert (await feed.next("outcome"))["outcome"]["id"] == "large"
        assert len(other.forwarder.tunnels) == 1
        await feed.socket.ping(b"there")
        assert feed.socket.protocol == PROTOCOL
    await until(lambda: not len(other.forwarder.tunnels))
    await until(lambda: not owner.server.hub.users)


async def test_many_messages_come_whole_and_in_order(owner: Worker, other: Worker, space: Space) -> None:
    """Several hundred events, resumed in the middle of them through the other worker."""
    async with feeding(other, space) as feed:
        await feed.subscribe(0)
        body = {"commands": [{"type": "CreateTask", "title": f"T{number}"} for number in range(100)]}
        for _ in range(3):
            assert (await space.post("/commands", body)).status == 200
        position = await space.position()
        seen = await feed.until(lambda one: one.get("event", {}).get("position") == position)
    events = [one["event"]["position"] for one in seen if one["op"] == "event"]
    assert events == list(range(events[0], position + 1))
    async with feeding(other, space) as feed:
        rest = [one["event"]["position"] for one in await feed.subscribe(events[100]) if one["op"] == "event"]
    assert rest == list(range(events[100] + 1, position + 1))


async def test_refusals_are_told(owner: Worker, other: Worker, space: Space) -> None:
    """No upgrade where the owner refuses it: the same problem, on a connection that goes on."""
    for headers in (
        {**UPGRADE, "Tasksys-Actor": "stranger"},
        {**UPGRADE, "Tasksys-Actor": "olga", "Sec-WebSocket-Protocol": "other"},
        {**UPGRADE, "Tasksys-Actor": "olga", "Origin": "https://evil.example"},
        {"Tasksys-Actor": "olga"},
    ):
        one = await owner.client().get(f"{space.prefix}/feed", headers=headers)
        two = await other.client().get(f"{space.prefix}/feed", headers=headers)
        assert one.status >= 400
        assert (one.status, one.raw) == (two.status, two.raw)


@pytest.mark.parametrize("left_out", ["", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version"])
async def test_what_only_looks_like_one(other: Worker, space: Space, left_out: str) -> None:
    """Upgrading is of GET and of feeds: a write that says so is done, a file is handed back, an odd feed refused."""
    given = {name: value for name, value in UPGRADE.items() if name != left_out}
    headers = {**given, "Tasksys-Actor": "olga"}
    made = await other.client().post(f"{space.prefix}/tasks", {"title": "Milk"}, headers=given)
    assert (made.status, made.json["title"]) == (201, "Milk")
    assert len((await space.get("/tasks")).ok["items"]) == 1
    file = await other.client().get(f"{space.prefix}/export.csv", headers=given)
    assert (file.status, b"Milk" in file.raw) == (200, True)
    if left_out:
        (await other.client().get(f"{space.prefix}/feed", headers=headers)).problem(400, "not-websocket")


async def test_close_codes_go_both_ways(owner: Worker, other: Worker, space: Space) -> None:
    """Of the owner's, with the reason; and of the client's, whose connections both end."""
    async with feeding(other, space) as feed:
        await feed.socket.send_str("no json")
        assert await feed.closed() == closing.NOT_JSON
    async with feeding(other, space) as feed:
        await feed.socket.close(code=4000, message=b"enough")
        assert feed.socket.close_code == 1000 or feed.socket.close_code == 4000
    await until(lambda: not len(other.forwarder.tunnels) and not owner.server.hub.users)


async def accepts(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The answer to an upgrade, whose key is the request's own."""
    await head(reader)
    writer.write(ACCEPTED)


async def test_an_owner_that_dies(owner: Worker) -> None:
    """Also in the middle of a frame: the client is told to connect again, and hears nothing that is not whole."""

    async def dies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await accepts(reader, writer)
        writer.write(made(5, masked=False) + made(70_000, masked=False)[:-1])
        await writer.drain()

    async with raw_worker(dies) as url, worker(None, url) as other:
        frames = await raw_frames(other)
    assert frames == [made(5, masked=False), close(closing.MOVED)]


async def test_an_owner_that_is_frozen(owner: Worker) -> None:
    """It says nothing; once others have the workspace, the client is told to connect again."""
    accepted = asyncio.Event()

    async def frozen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await accepts(reader, writer)
        accepted.set()
        await asyncio.Event().wait()

    async with raw_worker(frozen) as url, worker(None, url) as other:
        waiting = asyncio.create_task(raw_frames(other))
        await accepted.wait()
        other.believing.believe(owner.url)
        assert await waiting == [close(closing.MOVED)]


async def test_an_owner_that_is_silent(owner: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is half open is noticed, though nobody else has the workspace."""
    monkeypatch.setattr(tunnels, "QUIET_SECONDS", 0.05)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await accepts(reader, writer)
        await asyncio.Event().wait()

    async with raw_worker(silent) as url, worker(None, url) as other:
        assert await raw_frames(other) == [close(closing.MOVED)]


async def test_a_worker_that_stops(owner: Worker, space: Space) -> None:
    """The clients that it has handed on are told so, and it does not wait for them."""
    async with worker(None, owner.url) as other, feeding(other, space) as feed:
        await feed.subscribe()
        stopping = asyncio.create_task(other.server.stop())
        assert await feed.closed() == closing.STOPPING
        async with asyncio.timeout(5):
            await stopping


async def test_a_client_that_is_cut_off(owner: Worker, other: Worker, space: Space) -> None:
    """Its feed ends at the owner too."""
    async with feeding(other, space) as feed:
        await until(lambda: len(owner.server.hub.users) == 1)
        assert feed.socket._response.connection is not None
        transport = feed.socket._response.connection.transport
        assert transport is not None
        transport.abort()
        await until(lambda: not owner.server.hub.users and not len(other.forwarder.tunnels))


async def test_a_client_that_reads_nothing(owner: Worker) -> None:
    """What it does not take is not taken from the owner either, which has bounds for such clients."""
    written = 0

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await accepts(reader, writer)
        while True:
            writer.write(made(60_000, masked=False))
            await writer.drain()
            written += 60_000

    async with raw_worker(endless) as url, worker(None, url) as other:
        reader, writer = await opened(other)
        before = -1
        while written != before or not written:
            before = written
            await asyncio.sleep(0.3)
        assert written < 32_000_000
        while written == before:
            assert await reader.read(1_000_000)
        writer.close()


async def test_who_takes_nothing_is_cut_off(owner: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that ends is not kept for what its other end does not take: neither the client's nor the owner's."""
    monkeypatch.setattr(tunnels, "CLOSE_SECONDS", 0.2)
    broken = asyncio.Event()

    async def floods(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await accepts(reader, writer)
        try:
            while True:
                writer.write(made(60_000, masked=False))
                await writer.drain()
        except ConnectionError:
            broken.set()

    async with raw_worker(floods) as url, worker(None, url) as other:
        _, writer = await opened(other)
        while await drains(writer):  # nobody reads: each side has its hands full
            writer.write(made(60_000, masked=True))
        (tunnel,) = other.forwarder.tunnels._open
        ends = (tunnel._client, tunnel._upstream.transport)
        assert all(one is not None and one.get_write_buffer_size() for one in ends)
        tunnel.end(closing.MOVED)
        async with asyncio.timeout(BOUND):
            await broken.wait()
        await until(lambda: not any(one is not None and one.get_write_buffer_size() for one in ends))
        writer.close()


async def test_an_owner_that_reads_nothing(owner: Worker) -> None:
    """What it does not take is not taken from the client."""
    go = asyncio.Event()

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await accepts(reader, writer)
        await go.wait()
        while await reader.read(1_000_000):
            pass

    async with raw_worker(deaf) as url, worker(None, url) as other:
        _, writer = await opened(other)
        sent = 0
        while await drains(writer):
            writer.write(made(60_000, masked=True))
            sent += 60_000
            assert sent < 64_000_000
        go.set()
        async with asyncio.timeout(BOUND):
            await writer.drain()
        writer.close()


async def drains(writer: asyncio.StreamWriter) -> bool:
    """Whether what was written is taken within a second."""
    try:
        async with asyncio.timeout(1):
            await writer.drain()
    except TimeoutError:
        return False
    return True


async def opened(other: Worker) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A WebSocket of bare bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", other.server.port, limit=2**20)
    fields = {**UPGRADE, "Host": "any", "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode()}
    lines = [f"GET {PATH} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    writer.write("\r\n".join(lines).encode())
    assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def raw_frames(other: Worker) -> list[bytes]:
    """All frames that come up to a close frame, which is answered; then the connection must end."""
    reader, writer = await opened(other)
    frames: list[bytes] = []
    async with asyncio.timeout(BOUND):
        while not frames or frames[-1][0] != 0x88:
            start = await reader.readexactly(2)
            size = start[1] & 0x7F
            more = await reader.readexactly({126: 2, 127: 8}.get(size, 0))
            frames.append(start + more + await reader.readexactly(int.from_bytes(more) if more else size))
        writer.write(made(2, masked=True, opcode=0x8))
        assert await reader.read() == b""
    writer.close()
    return frames


def close(end: closing.End) -> bytes:
    """The close frame of an end."""
    return bytes([0x88, 2 + len(end.reason)]) + end.code.to_bytes(2) + end.reason.encode()
