"""The HTTP client of the people's and operators' commands: calls that wait, retried when the connection breaks."""

import asyncio
import json
import os
import re
import secrets
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from importlib.metadata import version as installed
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote

import aiohttp

from monitoring.tracing.context import TRACEPARENT, TRACESTATE, parsed
from tasksys.cli import patience, problems
from tasksys.cli.failures import Exit, Failure

Json = dict[str, Any]
T = TypeVar("T")

RETRY_SECONDS: Final = (0.2, 0.5, 1.0, 2.0)
"""Waits before a request is sent again, under the same Idempotency-Key: the server applies a command once."""

PENDING_SECONDS: Final = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Waits between looks at a command that was accepted but not decided yet."""

PENDING_ANSWERS_SECONDS: Final = 5.0
"""How long the answers to these looks may take, together."""

UNDECIDED: Final = "The command was accepted and is safe, but it is not decided yet; look again in a moment."

LONGEST_RETRY_AFTER: Final = 5.0
PATIENCE_SECONDS: Final = 60.0
"""How long a server has to answer, in however many attempts."""

TIMEOUT: Final = aiohttp.ClientTimeout(total=PATIENCE_SECONDS, sock_connect=5)
STREAM_TIMEOUT: Final = aiohttp.ClientTimeout(total=None, sock_connect=5)
PAGE: Final = 200
BROKEN: Final = (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, TimeoutError)
BUSY: Final = (429, 503)
BROKEN_OFF: Final = "The server broke off before it was done; look at its log, then try again."


def path(*parts: str) -> str:
    """A path below /api/v1 of those parts, whatever characters they hold."""
    return "/api/v1/" + "/".join(quote(part, safe="") for part in parts)


def traced(environment: Mapping[str, str]) -> dict[str, str]:
    """The headers by which requests belong to the trace that TRACEPARENT (and TRACESTATE) name; none if it is none."""
    context = parsed(environment.get("TRACEPARENT", ""), environment.get("TRACESTATE", ""))
    if context is None:
        return {}
    return {TRACEPARENT: context.traceparent} | ({TRACESTATE: context.state} if context.state else {})


def _errno(error: OSError) -> int:
    """Its number, or that in its words, where several addresses of a name were tried; 0 if there is none."""
    found = re.search(r"\[Errno (\d+)\]", str(error))
    return error.errno or (int(found[1]) if found else 0)


class Client:
    """One server as one user. Raises Failure: 3 if no server answers, Refused for a problem of the server's."""

    def __init__(self, server: str, token: str = "", user: str = "local") -> None:
        self.server = (server if "://" in server else f"http://{server}").rstrip("/")
        self.remembered = self.server if token or user == "local" else f"{self.server} as {user}"
        """What a chosen workspace is remembered by: whoever has another name has other workspaces."""
        who = {"Authorization": f"Bearer {token}"} if token else {"Tasksys-Actor": user}
        self._headers = {**who, **traced(os.environ), "User-Agent": f"tasksys/{installed('tasksys')}"}
        self.position = 0
        """The position of the newest answer that had one: of a write, that of what it changed."""
        self.say: patience.Say | None = None
        """Who is told what is waited for; standard error if nobody else."""
        self._runner = asyncio.Runner()
        self._session: aiohttp.ClientSession | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._session is not None:
            self._runner.run(self._session.close())
        self._runner.close()

    def get(self, path: str, **query: object) -> Json:
        """The answer to a GET. Query values that are None or empty are left out."""
        return self._run(self._call("GET", path, query=query))

    def send(self, method: str, path: str, body: Json | None = None, version: int | None = None) -> Json:
        """The answer to a command, once it is decided; `version` makes it conditional. {} for an empty answer."""
        headers = {"Idempotency-Key": secrets.token_hex(16)}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        return self._run(self._call(method, path, body=body, headers=headers))

    def items(self, path: str, query: Json | None = None, cursor_name: str = "cursor") -> Iterator[Json]:
        """The items of every page, or from the page of a cursor on; `cursor_name` is what leads to the next one."""
        asked = dict(query or {})
        cursor = asked.pop(cursor_name, None)
        while True:
            page = self.get(path, **{"limit": PAGE, cursor_name: cursor, **asked})
            yield from page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return

    def whole(self, path: str, query: Json | None = None, cursor_name: str = "cursor") -> Json:
        """The last page, with the items of every page."""
        items: list[Json] = []
        cursor = None
        while True:
            page = self.get(path, **{"limit": PAGE, cursor_name: cursor, **(query or {})})
            items += page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return {**page, "items": items}

    def lines(self, method: str, path: str, body: Json) -> Iterator[Json]:
        """The objects of a newline-delimited JSON answer, as they come. Not repeated when the connection breaks."""
        return self._each(self._lines(method, path, body))

    def download(self, path: str) -> Iterator[bytes]:
        """The parts of an answer that is no JSON, as they come. Not repeated when the connection breaks."""
        return self._each(self._parts("GET", path, None))

    def upload(self, path: str, raw: bytes, content_type: str, query: Json) -> Json:
        """The answer to a file that is sent as it is, however long it takes. Not repeated if the connection breaks."""
        return self._run(self._sent(path, raw, content_type, query))

    def _each(self, stream: AsyncIterator[T]) -> Iterator[T]:
        try:
            while (one := self._run(anext(stream, None))) is not None:
                yield one
        finally:
            self._run(stream.aclose())  # type: ignore[attr-defined]

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        async def bounded() -> T:
            return await work

        try:
            return self._runner.run(bounded())
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
            raise Failure(f"--server {self.server!r} is no address; give one such as http://127.0.0.1:3001.",
                          Exit.USAGE) from error  # fmt: skip
        except BROKEN as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: BaseException) -> Failure:
        match error:
            case TimeoutError():
                cause = "it does not answer in time"
            case aiohttp.ClientConnectorCertificateError():
                cause = "its certificate is not trusted here"
            case aiohttp.ClientSSLError():
                cause = "it does not speak TLS; give its address with http://"
            case aiohttp.ClientConnectorDNSError():
                cause = "nobody has that name"
            case aiohttp.ClientConnectorError() if number := _errno(error.os_error):
                cause = os.strerror(number).lower()
            case _:
                cause = str(error) or type(error).__name__
        return Failure(
            f"Cannot reach the server at {self.server} ({cause}). Start one with `tasksys serve`, or name another "
            "with --server or TASKSYS_SERVER.",
            Exit.UNREACHABLE,
        )

    async def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=TIMEOUT)
        return self._session

    async def _call(
        self, method: str, path: str, query: Json | None = None, body: Json | None = None, headers: Json | None = None
    ) -> Json:
        busy = list[Failure]()
        try:
            async with patience.bounded(f"the server at {self.server} to answer", PATIENCE_SECONDS, self.say) as note:
                answer, location = await self._answered(method, path, query, body, headers, busy, note)
        except TimeoutError:
            if busy:
                raise busy[-1] from None
            raise
        if location is None:
            return answer
        seconds = sum(PENDING_SECONDS) + PENDING_ANSWERS_SECONDS
        try:
            async with patience.bounded("the command, which is accepted and safe, to be decided", seconds):
                return await self._decided(location)
        except TimeoutError:
            raise Failure(UNDECIDED) from None

    async def _answered(
        self, method: str, path: str, query: Json | None, body: Json | None, headers: Json | None,
        busy: list[Failure], note: patience.Note,
    ) -> tuple[Json, str | None]:  # fmt: skip
        """The answer, and where it is waited for, if it is. Answers that another attempt may better are `busy`."""
        for attempt, wait in enumerate((*RETRY_SECONDS, None)):
            try:
                status, answer, location, after = await self._once(method, path, query, body, headers)
            except BROKEN as error:
                first_refused = attempt == 0 and isinstance(error, aiohttp.ClientConnectorError)
                if wait is None or first_refused:
                    raise
                await asyncio.sleep(wait)
                continue
            code = answer.get("code")
            passing = code == "still-pending" or (status in BUSY and code != "not-here")
            if passing and wait is not None and after <= LONGEST_RETRY_AFTER:
                busy.append(problems.refused(status, answer, self.server))
                note.change(f"the server at {self.server}, which last answered “{busy[-1].message.splitlines()[0]}”")
                await asyncio.sleep(max(wait, after))
                continue
            if status == 202 and location:
                return answer, location
            if status >= 400:
                raise problems.refused(status, answer, self.server)
            return answer, None
        raise AssertionError("the last attempt returns or raises")

    async def _once(
        self, method: str, path: str, query: Json | None, body: Json | None, headers: Json | None
    ) -> tuple[int, Json, str, float]:
        parameters = {name: str(value) for name, value in (query or {}).items() if value not in (None, "")}
        session = await self._open()
        async with session.request(
            method, self.server + path, params=parameters, json=body, headers={**self._headers, **(headers or {})}
        ) as response:
            answer = problems.decoded(response.status, await response.read(), self.server)
            after = response.headers.get("Retry-After", "0")
            position = response.headers.get("Tasksys-Position", "")
            self.position = int(position) if position.isdigit() else self.position
            return (
                response.status,
                answer,
                response.headers.get("Location", ""),
                float(after) if after.isdigit() else LONGEST_RETRY_AFTER + 1,
            )

    async def _sent(self, path: str, raw: bytes, content_type: str, query: Json) -> Json:
        parameters = {name: str(value) for name, value in query.items() if value not in (None, "")}
        session, headers = await self._open(), {**self._headers, "Content-Type": content_type}
        with patience.noted(f"the server at {self.server} to answer"):
            response = await session.post(
                self.server + path, params=parameters, data=raw, headers=headers, timeout=STREAM_TIMEOUT
            )
        async with response:
            answer = problems.decoded(response.status, await response.read(), self.server)
            if response.status >= 400:
                raise problems.refused(response.status, answer, self.server)
            return answer

    async def _decided(self, location: str) -> Json:
        """Waits for the outcome of an accepted command; the outcome, with the `location` it was found at."""
        for wait in PENDING_SECONDS:
            await asyncio.sleep(wait)
            status, outcome, _, _ = await self._once("GET", location, None, None, None)
            if status < 400 and outcome.get("status") == "accepted":
                return {**outcome, "location": location}
            if problem := outcome.get("problem"):
                raise problems.refused(int(problem.get("status", 400)), problem, self.server)
        raise Failure(UNDECIDED)

    async def _lines(self, method: str, path: str, body: Json) -> AsyncIterator[Json]:
        rest = b""
        async for part in self._parts(method, path, body):
            *lines, rest = (rest + part).split(b"\n")
            for line in lines:
                yield self._decoded_line(line)
        if rest:
            yield self._decoded_line(rest)

    def _decoded_line(self, line: bytes) -> Json:
        try:
            found: Json = json.loads(line)
        except ValueError as error:
            raise Failure(BROKEN_OFF) from error
        return found

    async def _parts(self, method: str, path: str, body: Json | None) -> AsyncIterator[bytes]:
        session = await self._open()
        with patience.noted(f"the server at {self.server} to answer"):
            response = await session.request(
                method, self.server + path, json=body, headers=self._headers, timeout=STREAM_TIMEOUT
            )
        async with response:
            if response.status >= 400:
                answer = problems.decoded(response.status, await response.read(), self.server)
                raise problems.refused(response.status, answer, self.server)
            try:
                async for part in response.content.iter_any():
                    yield part
            except BROKEN as error:
                raise Failure(BROKEN_OFF) from error
