"""Other workers that break off, say nothing, read slowly or answer oddly; and clients that go."""

from __future__ import annotations

import asyncio
import io
import json

import aiohttp
import pytest

from streams.fold import Headers
from tasksys.errors import BrokerUnavailable
from tests.support.http import BOUND, Json, Site, Space
from tests.support.workers import Worker, raw_worker, worker
from views.forwarding import calls
from views.forwarding.proofs import HEADER
from views.keys import SPARE_KEY_HEADER

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/api/v1/workspaces/space/tasks"
MADE = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


async def head(reader: asyncio.StreamReader) -> dict[str, str]:
    """The headers of the next request, in small letters, its first line under a blank name."""
    text = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = text.strip().split("\r\n")
    return {"": first} | {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


async def test_one_that_dies_is_not_noticed(owner: Worker, space: Space) -> None:
    """It breaks off with a write in hand; the same is sent to the next one under the same key, and answered once."""
    seen: list[dict[str, str]] = []

    async def dies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await head(reader))
        other.believing.believe(owner.url)

    async with raw_worker(dies) as dead, worker(None, dead) as other:
        there = Space(other.session, space.headers, space.prefix, space.id)
        made = await there.task("Milk")
    listed: Json = (await space.get("/tasks")).ok
    assert [one["id"] for one in listed["items"]] == [made["id"]]
    events = (await space.get("/events", after=made["position"] - 1)).ok["items"]
    assert events[-1]["command"] == seen[0][SPARE_KEY_HEADER.lower()], "it was the key of both"


async def test_one_that_did_it_and_died(owner: Worker, space: Space) -> None:
    """It has appended the command, and its answer is lost: the client gets the answer of the second time."""

    async def loses(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await head(reader)
        body = await reader.readexactly(int(asked["content-length"]))
        headers = {"Content-Type": "application/json", SPARE_KEY_HEADER: asked[SPARE_KEY_HEADER.lower()]}
        done = await owner.client().send("POST", f"{space.prefix}/tasks", data=body, headers=headers)
        assert done.status == 201
        writer.write(MADE[:40])
        await writer.drain()
        other.believing.believe(owner.url)

    async with raw_worker(loses) as dead, worker(None, dead) as other:
        made = await Space(other.session, space.headers, space.prefix, space.id).task("Milk")
    listed: Json = (await space.get("/tasks")).ok
    assert [one["id"] for one in listed["items"]] == [made["id"]]


@pytest.mark.parametrize(
    "headers",
    [
        {SPARE_KEY_HEADER: "no key"},
        {SPARE_KEY_HEADER: ""},
        {"Idempotency-Key": "mine", "Connection": "keep-alive, Idempotency-Key"},
    ],
)
async def test_what_is_sent_again_has_a_key(owner: Worker, headers: dict[str, str]) -> None:
    """Whatever a client makes of the headers that have it."""
    keys: list[str | None] = []

    async def dies_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await head(reader)
        keys.append(asked.get("idempotency-key") or asked.get(SPARE_KEY_HEADER.lower()))
        if len(keys) == 2:
            writer.write(MADE)

    async with raw_worker(dies_first) as url, worker(None, url) as other:
        assert (await other.client().post(PATH, {"title": "Milk"}, headers=headers)).status == 201
    assert len(keys) == 2
    assert keys[0] == keys[1]
    assert keys[0] == "mine" or len(keys[0] or "") == 26


async def test_one_that_is_frozen(owner: Worker, space: Space) -> None:
    """It takes the request and says nothing; when others have its partition they are asked."""
    taken = asyncio.Event()

    async def frozen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        taken.set()
        await asyncio.Event().wait()

    async with raw_worker(frozen) as dead, worker(None, dead) as other:
        there = Space(other.session, space.headers, space.prefix, space.id)
        asked = [asyncio.create_task(one) for one in (there.get("/tasks"), there.post("/tasks", {"title": "Milk"}))]
        await taken.wait()
        other.believing.believe(owner.url)
        assert [(await one).status for one in asked] == [200, 201]


async def test_nobody_to_ask(owner: Worker) -> None:
    """A worker that is gone, and no other takes its place in time: 503, and by which key a write may be repeated."""

    async def dies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)

    async with raw_worker(dies) as dead, worker(None, dead, wait=0.3) as other:
        read = await other.client().get(PATH)
        written = await other.client().post(PATH, {"title": "Milk"})
        keyed = await other.client().post(PATH, {"title": "Milk"}, headers={"Idempotency-Key": "mine"})
    for answer in (read, written, keyed):
        answer.problem(503, "not-ready")
        assert answer.headers["Retry-After"]
    assert written.headers[SPARE_KEY_HEADER] in written.problem(503, "not-ready")["detail"]
    assert SPARE_KEY_HEADER not in read.headers
    assert SPARE_KEY_HEADER not in keyed.headers, "it has one"


async def test_what_became_of_a_write_is_not_known(site: Site, other: Worker, owner: Worker, space: Space) -> None:
    """Who did not give a key gets the one that it may be repeated under, whoever could not say what became of it."""
    send, fails = site.node.parts.gateway._send, [True]

    def unsure(key: bytes, value: bytes, headers: Headers) -> asyncio.Future[None]:
        appended = send(key, value, headers)
        if not fails:
            return appended
        failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        failed.set_exception(BrokerUnavailable("The brokers said nothing."))
        return failed

    site.node.parts.gateway._send = unsure
    try:
        for at in (owner, other):
            there = Space(at.session, space.headers, space.prefix, space.id)
            answer = await there.post("/tasks", {"title": "Milk"})
            spare = answer.headers[SPARE_KEY_HEADER]
            assert spare in answer.problem(503, "log-unavailable")["detail"]
            fails.clear()
            again = await there.post("/tasks", {"title": "Milk"}, headers={"Idempotency-Key": spare})
            assert (again.status, again.replayed) == (201, True)
            fails.append(True)
            keyed = await there.post("/tasks", {"title": "Milk"}, headers={"Idempotency-Key": "mine"})
            assert keyed.problem(503, "log-unavailable")
            assert SPARE_KEY_HEADER not in keyed.headers
            refused = await there.post("/tasks/none/complete")
            assert refused.status in (404, 503)
    finally:
        site.node.parts.gateway._send = send
    listed: Json = (await space.get("/tasks")).ok
    assert len(listed["items"]) == 3, "each of two, and one of which both had the key"


async def test_what_goes_on(owner: Worker) -> None:
    """The address to the byte; headers but those of the connection; and nothing that the client did not send."""
    seen: list[dict[str, str]] = []

    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await head(reader))
        writer.write(
            b"HTTP/1.1 418 Odd\r\nContent-Length: 3\r\nContent-Encoding: odd\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
            b"Connection: close, X-Gone\r\nX-Gone: 1\r\nX-Stays: \xc3\xa4\r\n\r\n\x00\x01\x02"
        )

    async with raw_worker(answers) as url, worker(None, url) as other:
        status, top, body = await other.raw(
            b"GET "
            + PATH.encode()
            + b"?filter=%2f%20a+b&q=%C3%A4&& HTTP/1.1\r\nHost: any\r\nX-One: 1\r\nX-Two: \xff\r\n"
            b"Connection: keep-alive, X-One\r\nTE: trailers\r\nKeep-Alive: 3\r\nTasksys-Hop: forged\r\n"
            b"X-Forwarded-For: 192.0.2.3\r\n\r\n"
        )
    asked = seen[0]
    assert asked[""] == f"GET {PATH}?filter=%2f%20a+b&q=%C3%A4&& HTTP/1.1"
    assert asked["host"] == "any"
    assert asked[HEADER.lower()].startswith("v1 ")
    assert asked["x-forwarded-for"] == "192.0.2.3, 127.0.0.1"
    assert not {"x-one", "te", "keep-alive", "accept", "accept-encoding", "user-agent", "content-type"} & asked.keys()
    assert (status, body) == (418, b"\x00\x01\x02")
    assert b"418 Odd" in top
    assert top.count(b"Set-Cookie") == 2
    assert b"X-Gone" not in top
    assert b"X-Stays: \xc3\xa4" in top


async def test_continue(owner: Worker) -> None:
    """Who waits for `100 Continue` gets it here, and its body goes on."""
    bodies: list[bytes] = []

    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await head(reader)
        assert "expect" not in asked
        bodies.append(await reader.readexactly(int(asked["content-length"])))
        writer.write(MADE)

    async with raw_worker(answers) as url, worker(None, url) as other:
        reader, writer = await asyncio.open_connection("127.0.0.1", other.server.port)
        writer.write(
            f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n".encode()
        )
        assert b"100 Continue" in await reader.readuntil(b"\r\n\r\n")
        writer.write(b"body")
        assert b"201 Created" in await reader.readuntil(b"\r\n\r\n")
        writer.close()
    assert bodies == [b"body"]


async def test_a_client_that_goes(owner: Worker) -> None:
    """The other worker is told, so that it stops."""
    asked, gone = asyncio.Event(), asyncio.Event()

    async def waits(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        asked.set()
        assert await reader.read(1) == b""
        gone.set()

    async with raw_worker(waits) as url, worker(None, url) as other:
        request = asyncio.create_task(other.client().get(PATH))
        await asked.wait()
        request.cancel()
        async with asyncio.timeout(BOUND):
            await gone.wait()


async def test_slow_readers_hold_the_answer_up(owner: Worker) -> None:
    """An endless answer is read from the other worker no faster than the client takes it."""
    written = 0

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            writer.write(bytes(65_536))
            await writer.drain()
            written += 65_536

    async with raw_worker(endless) as url, worker(None, url) as other, other.session.get(PATH) as answer:
        await answer.content.readexactly(65_536)
        before = -1
        while written != before:  # until nothing is taken any more
            before = written
            await asyncio.sleep(0.3)
        assert written < 32_000_000
        while written == before:
            await answer.content.readany()


async def test_slow_takers_hold_the_body_up(owner: Worker) -> None:
    """A large file is read from the client no faster than the other worker takes it."""
    go, taken = asyncio.Event(), 0

    async def takes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal taken
        asked = await head(reader)
        await go.wait()
        for _ in range(int(asked["content-length"]) // 1_000_000):
            taken += len(await reader.readexactly(1_000_000))
        writer.write(MADE)

    sent = 0

    class Counted(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            nonlocal sent
            part = super().read(size)
            sent += len(part)
            return part

    async with raw_worker(takes) as url, worker(None, url) as other:
        path = PATH.replace("tasks", "import")
        upload = asyncio.create_task(other.client().send("POST", path, data=Counted(bytes(40_000_000))))
        before = -1
        while sent != before or not sent:
            before = sent
            await asyncio.sleep(0.3)
        assert sent < 39_000_000
        go.set()
        assert (await upload).status == 201
    assert taken == 40_000_000


@pytest.mark.parametrize("path", [PATH, PATH.replace("tasks", "events?after=1&wait=5")])
async def test_an_answer_that_breaks_off(owner: Worker, path: str) -> None:
    """What has begun and cannot be finished does not look whole, nor stays open: the next answer would go into it."""

    async def breaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + bytes(100_000))
        await writer.drain()

    async with raw_worker(breaks) as url, worker(None, url) as other, other.session.get(path) as answer:
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()


async def test_what_is_no_http(owner: Worker) -> None:
    """Counts as no answer."""

    async def talks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 smtp.example ESMTP\r\n")
        await head(reader)

    async with raw_worker(talks) as url, worker(None, url, wait=0.3) as other:
        (await other.client().get(PATH)).problem(503, "not-ready")
        (await other.client().get(PATH.replace("tasks", "feed"), headers=UPGRADE)).problem(503, "not-ready")


UPGRADE = {
    "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13", "Sec-WebSocket-Protocol": "tasksys.v1",
}  # fmt: skip


async def test_still_pending_is_the_first_of_two(owner: Worker) -> None:
    """The command that was cut off is under way still: it is waited for, the client does not hear of it."""
    answers: list[bytes | None] = [
        None,
        b'HTTP/1.1 409 Conflict\r\nContent-Length: 24\r\n\r\n{"code":"still-pending"}',
        MADE,
    ]

    async def said(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        told = answers.pop(0)
        if told is not None:
            writer.write(told)

    async with raw_worker(said) as url, worker(None, url) as other:
        assert (await other.client().post(PATH, {"title": "Milk"})).status == 201
    assert not answers


async def test_operators_wishes_are_not_repeated(owner: Worker) -> None:
    """What has an effect each time is sent once."""
    times = 0

    async def dies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal times
        await head(reader)
        times += 1

    async with raw_worker(dies) as url, worker(None, url) as other:
        (await other.client().post("/admin/dead-letters/0-7/retry")).problem(503, "not-ready")
    assert times == 1


async def test_connections_are_kept(owner: Worker, space: Space) -> None:
    """Requests one after the other share a connection to the other worker, and many at once have a bound."""
    made = 0

    async def counts(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal made
        made += 1
        while True:
            await head(reader)
            writer.write(MADE)

    async with raw_worker(counts) as url, worker(None, url) as other:
        for _ in range(5):
            assert (await other.client().get(PATH)).status == 201
        assert made == 1
        await asyncio.gather(*(other.client().get(PATH) for _ in range(3 * calls.CONNECTIONS)))
        assert made <= calls.CONNECTIONS


async def test_a_stop_ends_what_waits(owner: Worker) -> None:
    """Streams end and long polls are told to ask again, at once."""
    begun = asyncio.Event()

    async def waits(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await head(reader)
        if "stream" in asked[""]:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        else:
            begun.set()
        await asyncio.Event().wait()

    def json_of(body: bytes) -> Json:
        found: Json = json.loads(body)
        return found

    async with raw_worker(waits) as url, worker(None, url) as other:
        polled = asyncio.create_task(other.client().get(PATH.replace("tasks", "events"), wait=60))
        async with other.session.get(PATH.replace("tasks", "events/stream")) as stream:
            assert await stream.content.readline() == b"data: 1\n"
            await begun.wait()
            async with asyncio.timeout(5):
                await other.server.stop()
            async with asyncio.timeout(5):
                assert await stream.content.read() == b"\n"
        answer = await polled
        assert (answer.status, json_of(answer.raw)["code"]) == (503, "not-ready")
