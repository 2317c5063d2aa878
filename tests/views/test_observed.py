"""Every request has an id, is counted by its route, and has its line in the log where it is worth one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from prometheus_client import REGISTRY

from monitoring import tracing
from monitoring.logs.forms import fields
from tests.support.feed import feeding
from tests.support.http import BOUND, Site, Space
from tests.support.monitoring.otlp import receiving
from tests.support.waiting import until
from views import observed, reads
from views.server import Options, Server, start

pytestmark = pytest.mark.asyncio(loop_scope="module")

TASKS = "/api/v1/workspaces/{ws}/tasks"
TASK = "/api/v1/workspaces/{ws}/tasks/{task}"


def requests(method: str, route: str, code: int) -> float:
    """How many were counted."""
    labels = {"method": method, "route": route, "code": str(code)}
    return REGISTRY.get_sample_value("tasksys_http_requests_total", labels) or 0.0


def timed(method: str, route: str) -> float:
    """How many were measured."""
    found = REGISTRY.get_sample_value("tasksys_http_request_duration_seconds_count", {"method": method, "route": route})
    return found or 0.0


def gauge(name: str) -> float:
    """A metric without labels."""
    found = REGISTRY.get_sample_value(name)
    assert found is not None, name
    return found


class Lines(logging.Handler):
    """What is logged, with its fields."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, Any]]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps it as it is written."""
        self.found.append((record.levelname, {"message": record.getMessage(), **fields(record)}))

    def of(self, level: str) -> list[dict[str, Any]]:
        """Those of a level."""
        return [one for name, one in self.found if name == level]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What the views log meanwhile."""
    logger, handler = logging.getLogger("tasksys.views"), Lines()
    before = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(before)


@asynccontextmanager
async def another(site: Site, **options: Any) -> AsyncIterator[Server]:
    """Another server of the same system."""
    server = await start(site.node, Options(port=0, **options))
    try:
        yield server
    finally:
        await server.stop()


async def raw(site: Site, request: bytes) -> bytes:
    """The whole answer to bytes that are no request of a client's library."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.server.port)
    writer.write(request)
    async with asyncio.timeout(BOUND):
        found = await reader.read()
    writer.close()
    return found


async def test_a_request_is_called_what_it_wants(space: Space) -> None:
    """The id comes back, in answers and in problems."""
    wanted = {"X-Request-Id": "my.request_1-a"}
    assert (await space.get("/tasks", headers=wanted)).headers["X-Request-Id"] == "my.request_1-a"
    assert (await space.get("/tasks/none", headers=wanted)).headers["X-Request-Id"] == "my.request_1-a"
    assert (await space.get("/nothing/here", headers=wanted)).headers["X-Request-Id"] == "my.request_1-a"


@pytest.mark.parametrize("wanted", ["", "a b", "a" * 65, "é", 'a"', "a/b"])
async def test_or_else_it_gets_an_id(space: Space, wanted: str) -> None:
    """An id that cannot be one is not taken; each request has another one."""
    headers = {"X-Request-Id": wanted}
    found = {(await space.get("/tasks", headers=headers)).headers["X-Request-Id"] for _ in range(3)}
    assert len(found) == 3
    assert all(observed.FIT.fullmatch(one) for one in found)
    assert wanted not in found


async def test_what_is_no_request_has_one_too(site: Site) -> None:
    """It is counted, and answered with an id."""
    before = requests("OTHER", "unmatched", 400)
    said = await raw(site, b"nonsense\r\n\r\n")
    assert said.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
    assert b"\r\nX-Request-Id: " in said
    assert requests("OTHER", "unmatched", 400) == before + 1


async def test_requests_are_counted_by_their_route(space: Space) -> None:
    """As the reference writes it, whatever ids are in the address; refusals and problems by their status."""
    before = requests("POST", TASKS, 201), requests("GET", TASK, 404), requests("PATCH", TASK, 200)
    measured = timed("POST", TASKS)
    task = await space.task("Milk")
    await space.task("Bread")
    await space.get("/tasks/none")
    await space.patch(f"/tasks/{task['id']}", {"title": "Oat milk"})
    after = requests("POST", TASKS, 201), requests("GET", TASK, 404), requests("PATCH", TASK, 200)
    assert [one - other for one, other in zip(after, before, strict=True)] == [2, 1, 1]
    assert timed("POST", TASKS) == measured + 2


async def test_an_address_without_names_is_a_route(site: Site) -> None:
    """Where nothing stands for an id."""
    before = requests("GET", "/health", 200)
    await site.client().get("/health")
    assert requests("GET", "/health", 200) == before + 1


async def test_what_matches_no_route_is_one_series(site: Site) -> None:
    """Whatever addresses and methods somebody thinks of."""
    kinds = (("GET", 404), ("OTHER", 405), ("DELETE", 405))
    before = [requests(method, "unmatched", code) for method, code in kinds]
    client = site.client()
    for number in range(5):
        await client.get(f"/nothing/{number}")
    async with aiohttp.ClientSession(f"http://127.0.0.1:{site.server.port}") as session:
        for method in ("MKCOL", "PROPFIND", "DELETE"):
            async with session.request(method, "/health") as answer:
                assert answer.status == 405
    after = [requests(method, "unmatched", code) for method, code in kinds]
    assert [one - other for one, other in zip(after, before, strict=True)] == [5, 2, 1]
    labels = {
        sample.labels["route"]
        for family in REGISTRY.collect()
        if family.name == "tasksys_http_requests"
        for sample in family.samples
    }
    assert not [one for one in labels if "nothing" in one]


async def test_requests_under_way_are_seen(site: Site, space: Space) -> None:
    """A long poll is in flight, and its connection open; its time says nothing of the server, so it is not measured."""
    route = "/api/v1/workspaces/{ws}/events"
    before, measured = requests("GET", route, 200), timed("GET", route)
    idle = gauge("tasksys_http_requests_in_flight")
    position = await space.position()
    asked = asyncio.create_task(space.get("/events", after=position, wait=30))
    await until(lambda: gauge("tasksys_http_requests_in_flight") == idle + 1)
    assert gauge("tasksys_http_connections") >= 1
    await space.task("Milk")
    assert (await asked).status == 200
    await until(lambda: requests("GET", route, 200) == before + 1)
    assert timed("GET", route) == measured
    assert gauge("tasksys_http_requests_in_flight") == idle


async def test_a_client_that_goes_is_counted_too(site: Site, space: Space) -> None:
    """As 499: nobody was answered."""
    route = "/api/v1/workspaces/{ws}/events"
    before, idle = requests("GET", route, 499), gauge("tasksys_http_requests_in_flight")
    _, writer = await asyncio.open_connection("127.0.0.1", site.server.port)
    asked = f"GET {space.prefix}/events?after={await space.position()}&wait=30 HTTP/1.1"
    head = f"{asked}\r\nHost: localhost\r\nTasksys-Actor: olga\r\n\r\n"
    writer.write(head.encode())
    await until(lambda: gauge("tasksys_http_requests_in_flight") == idle + 1)
    writer.close()
    await until(lambda: requests("GET", route, 499) == before + 1)
    assert gauge("tasksys_http_requests_in_flight") == idle


async def test_a_feed_is_counted_when_it_begins(site: Site, space: Space) -> None:
    """It is answered then; how long it lasts is its client's business."""
    route = "/api/v1/workspaces/{ws}/feed"
    before, idle = requests("GET", route, 101), gauge("tasksys_http_requests_in_flight")
    measured = timed("GET", route)
    async with feeding(site, space):
        assert requests("GET", route, 101) == before + 1
        assert gauge("tasksys_http_requests_in_flight") == idle
    assert (requests("GET", route, 101), timed("GET", route)) == (before + 1, measured)
    assert gauge("tasksys_http_requests_in_flight") == idle


async def test_one_too_many_is_counted(site: Site) -> None:
    """Connections that are turned away."""
    before = gauge("tasksys_http_connections_turned_away_total")
    async with another(site, connections=0) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        async with asyncio.timeout(BOUND):
            await reader.read()
        writer.close()
    assert gauge("tasksys_http_connections_turned_away_total") == before + 1


async def test_an_everyday_request_is_logged_for_debugging_only(space: Space, lines: Lines) -> None:
    """At debug level, with all that is known of it."""
    await space.get("/tasks")
    assert lines.found == []
    logging.getLogger("tasksys.views").setLevel(logging.DEBUG)
    await space.get("/tasks", headers={"X-Request-Id": "r1"})
    (line,) = lines.of("DEBUG")
    seconds = line.pop("duration_seconds")
    assert 0.0 < seconds < BOUND
    assert line == {
        "message": f"GET {TASKS}: 200", "component": "api", "operation": f"GET {TASKS}", "request_id": "r1",
        "workspace": space.id, "method": "GET", "route": TASKS, "status": 200,
    }  # fmt: skip


async def test_a_sampled_request_has_its_line(space: Space, lines: Lines) -> None:
    """So that a trace leads to its lines."""
    with receiving("http") as collector:
        running = tracing.configure(collector.url, 1.0)
        try:
            task = await space.task("Milk")
        finally:
            await asyncio.to_thread(running.stop)
    (span,) = collector.named(f"HTTP POST {TASKS}")
    (line,) = lines.of("INFO")
    assert (line["trace_id"], line["span_id"], line["status"]) == (span.trace, span.id, 201)
    assert line["command_id"]
    assert "Milk" not in str(line)
    assert task


async def test_an_address_tells_a_trace_no_text_of_anybodys(site: Site) -> None:
    """What stands for a workspace there may be anything; only what may be an id is told."""
    with receiving("http") as collector:
        running = tracing.configure(collector.url, 1.0)
        try:
            answer = await site.client().get("/api/v1/workspaces/anna@example.org/tasks")
            assert answer.status == 404
        finally:
            await asyncio.to_thread(running.stop)
    (span,) = collector.named(f"HTTP GET {TASKS}")
    assert "anna@example.org" not in str(span.attributes)


async def test_a_slow_request_is_worth_knowing(space: Space, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above a bound; where it waits for something to happen, that is not slow."""
    position = await space.position()
    monkeypatch.setattr(observed, "SLOW_SECONDS", 0.0)
    await space.get("/events", after=position, wait=1)
    assert lines.found == []
    await space.get("/tasks")
    (line,) = lines.of("INFO")
    assert line["message"].startswith(f"slow: GET {TASKS} took 0.")


async def test_a_fault_is_an_error_with_its_reason(
    site: Site, space: Space, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line, which has the traceback, and the request's id, which the client was told."""
    monkeypatch.setattr(reads, "named", lambda request, name: 1 / 0)
    answer = await space.get("/tasks/t")
    answer.problem(500, "internal-error")
    ((level, line),) = lines.found
    assert (level, line["message"]) == ("ERROR", f"a request failed: GET {TASK}")
    assert line["request_id"] == answer.headers["X-Request-Id"]
    assert (line["status"], line["workspace"]) == (500, space.id)


async def test_what_is_not_ready_is_a_warning(
    site: Site, space: Space, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A 5xx that was foreseen has a line, without a traceback."""
    monkeypatch.delitem(site.node.apps, "commands")
    (await space.get("/tasks")).problem(503, "not-ready")
    ((level, line),) = lines.found
    assert (level, line["status"]) == ("WARNING", 503)
