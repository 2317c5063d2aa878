"""One request handed on and its answer handed back: streamed both ways, and ended when either side goes."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import aiohttp
import msgspec
from aiohttp import hdrs, web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from tasksys.fairness import Queues
from views import observed
from views.auth import ACTOR_HEADER
from views.context import put
from views.forwarding import headers
from views.forwarding.failures import Misdirected, Unreached, why
from views.forwarding.watch import Watch
from views.problems import Problem

CONNECTIONS: Final = 128
"""To one other worker, for requests that are answered soon and until their answers begin; more wait for their turn. Who
asks for something that may come later has a connection beside them, or a few such would stop all others."""

EACH: Final = CONNECTIONS // 2
"""Of them one caller has at most, as far as callers are told apart by what they are known by."""

KEPT_SECONDS: Final = 30.0
"""That a connection is kept for the next request: less than a server keeps it, so that it does not close under one."""

CONNECT_SECONDS: Final = 2.0
SILENT_SECONDS: Final = 100.0
"""Without a byte of an answer; a write waits for 60 seconds at most, and a feed says something every 15."""

FETCHED: Final = 32 * 1024 * 1024
"""Bytes of a part of an answer that this worker puts together."""

WHOLE: Final = 64 * 1024
"""Bytes of an answer up to which it is handed back when it is whole: what breaks off before can be asked for again."""

HANDOVER_SECONDS: Final = 0.25
"""For a worker that does not have the partition any more to send an answer that is on its way."""

REST_SECONDS: Final = 10.0
"""For such a worker to send the rest of an answer that has begun."""

BEGUN_HEADER: Final = "Tasksys-Begun"
"""With the answer of a worker that has not got the workspace any more: it has appended the command before."""

OURSELVES: Final = ""
"""The caller where this worker asks for itself."""

LEFT_ALONE: Final = (hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.USER_AGENT, hdrs.CONTENT_TYPE)
"""Headers that aiohttp would add; the client did not send them."""


@dataclass
class Sending:
    """A request as it is handed on. `body` is whole, or a stream that can be sent once; `length` is a stream's, if
    it is known. `repeatable` says whether it may be asked again when nobody knows what became of it."""

    body: bytes | AsyncIterator[bytes] | None = None
    length: int | None = None
    repeatable: bool = False
    lasting: bool = False
    """The answer comes when something happens, or never ends."""
    waits: bool = False
    """The answer may take its time, as the client likes."""
    copied: bool = False
    """What a copy says is asked for, and only an answer that says something counts: another copy may have it."""
    spent: bool = False
    """The stream has been begun."""
    fault: Exception | None = None
    """Why the stream broke off, where that is the client's doing."""


class Fetched(NamedTuple):
    """An answer that was read."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes


class Calls:
    """Connections to the other workers."""

    def __init__(self, watch: Watch) -> None:
        """In a running event loop."""
        self._watch = watch
        soon = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_SECONDS, use_dns_cache=True, ttl_dns_cache=10)
        self._soon, self._lasting = _session(soon), _session(aiohttp.TCPConnector(limit=0, force_close=True))
        self._endless: set[asyncio.Timeout] = set()
        self._places: dict[str, Queues] = {}

    def _place(self, url: URL) -> Queues:
        """The connections to that worker, for callers in turn."""
        return self._places.setdefault(url.authority, Queues(CONNECTIONS, EACH))

    def stop(self) -> None:
        """Ends answers that wait for something to happen."""
        for limit in self._endless:
            _end(limit, 0.0)

    async def close(self) -> None:
        """Closes all connections."""
        await self._soon.close()
        await self._lasting.close()

    async def fetch(self, url: URL, sent: CIMultiDict[str], seconds: float) -> Fetched:
        """A whole answer, for this worker itself. Raises Misdirected, Unreached."""
        body = bytearray()
        try:
            async with (
                asyncio.timeout(seconds),
                self._place(url).of(OURSELVES),
                self._soon.get(url, headers=sent, allow_redirects=False) as answer,
            ):
                if answer.status == HTTPStatus.MISDIRECTED_REQUEST:
                    raise Misdirected
                async for part in answer.content.iter_any():
                    body += part
                    if len(body) > FETCHED:
                        raise Unreached("its answer is too large", begun=True)
                return Fetched(answer.status, answer.headers, bytes(body))
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Unreached(f"it did not answer ({why(error)})", begun=True) from error

    async def lines(self, method: str, url: URL, sent: CIMultiDict[str], body: bytes) -> AsyncGenerator[Any, None]:
        """The lines of JSON of an answer, for this worker itself.

        Raises Problem where it is a refusal, Misdirected, Unreached.
        """
        try:
            async with self._lasting.request(method, url, headers=sent, data=body, allow_redirects=False) as answer:
                if answer.status == HTTPStatus.MISDIRECTED_REQUEST:
                    raise Misdirected
                if answer.status != HTTPStatus.OK:
                    raise refused(answer.status, await answer.read())
                begun = b""
                async for part in answer.content.iter_any():
                    *lines, begun = (begun + part).split(b"\n")
                    for line in lines:
                        yield msgspec.json.decode(line)
                    if len(begun) > FETCHED:
                        raise Unreached("a line of its answer is too large", begun=True)
        except (aiohttp.ClientError, OSError, TimeoutError, msgspec.DecodeError) as error:
            raise Unreached(f"it broke off ({why(error)})", begun=True) from error

    async def ask(
        self, request: web.Request, url: URL, sent: CIMultiDict[str], sending: Sending, had: tuple[int, str],
        wait: float,
    ) -> web.StreamResponse:  # fmt: skip
        """The answer, which may be on its way to the client by then. `had` is the partition, and who has it; `wait` for
        how many seconds a connection may be waited for; for what a copy says, until the answer is there or is long.

        Raises Misdirected, Unreached, and ConnectionError where an answer that has begun breaks off: what is cut off
        must not look whole.
        """
        if sending.length is not None:
            sent[hdrs.CONTENT_LENGTH] = str(sending.length)
        limit = asyncio.timeout(wait if sending.copied else None)
        session = self._lasting if sending.lasting else self._soon
        handed = _Handed(None if sending.lasting or sending.waits else self._place(url), _caller(request))
        try:
            async with limit:
                if sending.lasting:
                    self._endless.add(limit)

                def moved() -> None:
                    seconds = (
                        REST_SECONDS if handed.response is not None or not sending.repeatable else HANDOVER_SECONDS
                    )
                    _end(limit, seconds)

                with self._watch.over(*had, moved):
                    await handed.turn(wait)
                    if sending.body is not None and not isinstance(sending.body, bytes):
                        sending.spent = True
                    async with session.request(
                        request.method, url, headers=sent, data=sending.body, allow_redirects=False
                    ) as answer:
                        if answer.status == HTTPStatus.MISDIRECTED_REQUEST:
                            if BEGUN_HEADER in answer.headers:
                                raise Unreached("the workspace moved from it meanwhile", begun=True)
                            raise Misdirected
                        if sending.copied and answer.status >= HTTPStatus.TOO_MANY_REQUESTS:
                            raise Misdirected
                        if sending.copied and (answer.content_length is None or answer.content_length > WHOLE):
                            limit.reschedule(None)
                        return await _handed_back(request, answer, sending.lasting, handed)
        except aiohttp.ClientConnectorError as error:
            raise Unreached(f"it cannot be connected to ({why(error)})", begun=False) from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            if sending.fault is not None:
                raise sending.fault from error
            if sending.lasting and handed.response is not None and handed.endless:
                # A stream of events: its client goes on from the last one that it has.
                await handed.response.write_eof()
                return handed.response
            if handed.response is not None:
                raise ConnectionError("The answer cannot be finished.") from error
            if sending.copied and not handed.begun:  # it is no slower than others want it
                raise Misdirected from error
            connecting = isinstance(error, aiohttp.ConnectionTimeoutError) or not handed.begun
            raise Unreached(f"it broke off ({why(error)})", begun=not connecting) from error
        finally:
            handed.leave()
            self._endless.discard(limit)


def refused(status: int, body: bytes) -> Problem:
    """Another worker's refusal, which is as this one's would be."""
    try:
        told = msgspec.json.decode(body)
        return Problem(HTTPStatus(status), str(told["code"]), str(told["detail"]))
    except (ValueError, KeyError, TypeError, msgspec.DecodeError):
        return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "not-ready", "Another server cannot be understood; try again.")


def _session(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=LEFT_ALONE,
        timeout=aiohttp.ClientTimeout(sock_connect=CONNECT_SECONDS, sock_read=SILENT_SECONDS),
        max_line_size=headers.LINE_BYTES,
        max_field_size=headers.LINE_BYTES,
    )


def _end(limit: asyncio.Timeout, seconds: float) -> None:
    """In so many seconds; nothing if it ends already."""
    if not limit.expired():
        limit.reschedule(asyncio.get_running_loop().time() + seconds)


class _Handed:
    """A request with another worker, and its turn there."""

    def __init__(self, places: Queues | None, caller: str) -> None:
        self._places, self._caller, self._has = places, caller, False
        self.begun = False
        """Whether it may have been sent."""
        self.response: web.StreamResponse | None = None
        """The answer that the client has a part of."""

    @property
    def endless(self) -> bool:
        """Whether the answer may end anywhere: it did not say how long it would be."""
        return self.response is not None and hdrs.CONTENT_LENGTH not in self.response.headers

    async def turn(self, seconds: float) -> None:
        """Waits for it. Raises TimeoutError after so many seconds."""
        if self._places is not None:
            async with asyncio.timeout(seconds):
                await self._places.enter(self._caller)
            self._has = True
        self.begun = True

    def leave(self) -> None:
        """The next one's turn."""
        if self._places is not None and self._has:
            self._has = False
            self._places.leave(self._caller)


async def _handed_back(
    request: web.Request, answer: aiohttp.ClientResponse, lasting: bool, handed: _Handed
) -> web.StreamResponse:
    """The answer: whole if it is small, else streamed as the client takes it."""
    told = headers.back(answer.headers)
    empty = request.method == hdrs.METH_HEAD or answer.status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
    length = answer.content_length
    if not empty and length is not None and length <= WHOLE:
        return web.Response(status=answer.status, reason=answer.reason, headers=told, body=await answer.read())
    response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=told)
    handed.response = response
    handed.leave()  # the rest comes as fast as the client likes
    await response.prepare(request)
    if empty:
        return response
    if lasting and length is None:
        observed.lasts(request, response.status)
    async for part in answer.content.iter_any():
        await put(request, response, part)
    await response.write_eof()
    return response


def _caller(request: web.Request) -> str:
    """What tells callers apart before anybody knows who they are; of people behind one token, what they say."""
    return f"{request.headers.get(hdrs.AUTHORIZATION, '')} {request.headers.get(ACTOR_HEADER, '')}"
