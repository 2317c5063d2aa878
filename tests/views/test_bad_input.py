"""What no client should send: each is a problem that says what to do, never a 500, and appends nothing."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import Any

import pytest

from tests.support.http import PROBLEM, Answer, Json, Site, Space

pytestmark = pytest.mark.asyncio(loop_scope="module")

JSON = {"Content-Type": "application/json"}
DEEP = 100_000


def refused(answer: Answer, *statuses: int) -> Json:
    """The problem of an answer that must have one of those statuses."""
    assert answer.status in statuses, (answer.status, answer.raw[:300])
    return answer.problem(answer.status, answer.json["code"])


@pytest.mark.parametrize(
    ("body", "statuses"),
    [
        (b"{", (400,)),
        (b'{"title": "A"', (400,)),
        (b'{"title": "A"}}', (400,)),
        (b"{'title': 'A'}", (400,)),
        (b'{"title": "A",}', (400,)),
        (b'{"title": undefined}', (400,)),
        (b'{"title": NaN}', (400,)),
        (b'{"title": "A", "estimate_minutes": 1e400}', (400,)),
        (b'{"title": "A", "estimate_minutes": -1e400}', (400,)),
        (b'{"title": "A", "estimate_minutes": ' + b"9" * 400 + b"}", (400, 422)),
        (b'{"title": "A", "estimate_minutes": ' + b"9" * 5000 + b"}", (400, 422)),
        (b'{"title": "A", "estimate_minutes": -' + b"9" * 400 + b"}", (400, 422)),
        (b'{"title": "A", "estimate_minutes": 0x10}', (400,)),
        (b'{"title": "A", "estimate_minutes": 1e2}', (422,)),
        (b'{"title": "\xff\xfe"}', (400,)),
        (b'{"title": "\xed\xa0\x80"}', (400,)),
        (b'{"title": "\xc0\xaf"}', (400,)),
        (b'{"title": "\\ud800"}', (400,)),
        (b'{"title": "\\ud800\\u0041"}', (400,)),
        (b'{"title": "\\udfff"}', (400, 422)),
        (b'{"title": "a\x00b"}', (400,)),
        (b'{"\\ud800": 1}', (400,)),
        ('{"title": "A"}'.encode("utf-16"), (400,)),
        (b"\xef\xbb\xbf" + b'{"title": "A"}', (400,)),
        (b"[" * DEEP, (400,)),
        (b"[" * DEEP + b"]" * DEEP, (400,)),
        (b'{"a":' * DEEP + b"1" + b"}" * DEEP, (400,)),
        (b'{"title": "A", "due": ' + b'{"date":' * 500 + b"1" + b"}" * 500 + b"}", (400, 422)),
        (b'{"title": "A", "labels": ' + b"[" * 500 + b"]" * 500 + b"}", (400, 422)),
        (b"[]", (422,)),
        (b'"A"', (422,)),
        (b"null", (422,)),
        (b"7", (422,)),
        (b" ", (400,)),
        (b"title=A", (400,)),
        (b'{"title": ["A"]}', (422,)),
        (b'{"title": {"a": 1}}', (422,)),
        (b'{"": 1, "title": "A"}', (422,)),
        (b'{"__proto__": 1, "title": "A"}', (422,)),
        (b'{"` - at `$.x": 1, "title": "A"}', (422,)),
        (b'{"labels": [null], "title": "A"}', (422,)),
    ],
)
async def test_bodies(site: Site, space: Space, body: bytes, statuses: tuple[int, ...]) -> None:
    """Whatever is not JSON is 400, whatever is not the fields of a task is 422."""
    appended = await site.appended()
    for path in ("/tasks", "/commands"):
        refused(await space.post(path, data=body, headers=JSON), *statuses, 422)
    refused(await space.post("/tasks", data=body, headers=JSON), *statuses)
    assert await site.appended() == appended
    assert await space.position() == 2


@pytest.mark.parametrize("version", [2**63, 2**64, 10**25, 10**300])
async def test_versions_that_no_task_has(space: Space, version: int) -> None:
    """A number that does not fit into a machine's is a number all the same."""
    task = await space.task()
    body = f'{{"title": "B", "expected_version": {version}}}'.encode()
    refused(await space.send("PATCH", f"/tasks/{task['id']}", data=body, headers=JSON), 400, 412, 422)


@pytest.mark.parametrize("title", ["\\u0000", "a\\u001bb", "\\u2028", "\\u0085", "", " ", "\\ufeff\\n", "\\t"])
async def test_characters_that_do_not_belong_in_a_line(space: Space, title: str) -> None:
    """They are decoded well, and refused where commands are decided: no event is made of them."""
    (await space.post("/tasks", data=f'{{"title": "{title}"}}'.encode(), headers=JSON)).invalid("/title")
    assert await space.position() == 2


@pytest.mark.parametrize("size", [1024 * 1024 + 1, 3 * 1024 * 1024])
async def test_a_giant_body(site: Site, space: Space, size: int) -> None:
    """More than 900 KiB is 413 with the bound, announced or chunked."""
    appended = await site.appended()
    body = b'{"title": "' + b"x" * (size - 13) + b'"}'

    async def chunks() -> Any:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    for data in (io.BytesIO(body), chunks()):
        answer = await space.post("/tasks", data=data, headers=JSON)
        assert "921,600" in answer.problem(413, "body-too-large")["detail"]
    assert await site.appended() == appended


async def test_a_body_that_unpacks_to_too_much(site: Site, space: Space) -> None:
    """The bound is on what is unpacked: 100 KiB of gzip do not become 100 MiB of memory."""
    bomb = gzip.compress(b'{"title": "' + b"x" * 100_000_000 + b'"}')
    answer = await space.post("/tasks", data=bomb, headers={**JSON, "Content-Encoding": "gzip"})
    answer.problem(413, "body-too-large")


async def test_a_packed_body(space: Space, caplog: pytest.LogCaptureFixture) -> None:
    """gzip and deflate are understood; what is not packed as it says is 400, not a fault that fills the log."""
    body = b'{"title": "A"}'
    for encoding, data in (("gzip", gzip.compress(body)), ("deflate", zlib.compress(body))):
        assert (await space.post("/tasks", data=data, headers={**JSON, "Content-Encoding": encoding})).status == 201
    for encoding in ("gzip", "deflate"):
        broken = await space.post("/tasks", data=b"nonsense", headers={**JSON, "Content-Encoding": encoding})
        broken.problem(400, "bad-body")
    assert not caplog.records


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/plain;charset=UTF-8",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/jsonp",
        "application/json-patch+json",
        "nonsense",
        ";",
        "",
    ],
)
async def test_content_types(site: Site, space: Space, content_type: str) -> None:
    """Only JSON is read: above all not what a form of a foreign page can send without asking."""
    appended = await site.appended()
    answer = await space.post("/tasks", data=b'{"title": "A"}', headers={"Content-Type": content_type})
    answer.problem(415, "not-json")
    assert await site.appended() == appended


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/merge-patch+json"]
)
async def test_content_types_of_json(space: Space, content_type: str) -> None:
    """Spellings of JSON's own type."""
    answer = await space.post("/tasks", data='{"title": "Käse"}'.encode(), headers={"Content-Type": content_type})
    assert answer.ok["title"] == "Käse"


IDS = [
    "a b", "a%20b", "%00", "a%00", "%ff", "%ed%a0%80", "%2e%2e", "..%2f..%2fetc", "a%2Fb", "%5c", "a;b", "a,b", "ä",
    "%F0%9F%92%A9", "'", "%22", "<script>", "x" * 65, "x" * 5000, "%0d%0aX-Injected:%201", "a%0a", "%7B%7D", "*", "~",
    "$", "%",
]  # fmt: skip


@pytest.mark.parametrize("name", IDS)
async def test_ids_in_the_address(site: Site, space: Space, name: str) -> None:
    """A malformed id names nothing: 404, with the id shown harmlessly; and no header is made of it."""
    appended = await site.appended()
    addresses = [
        ("GET", f"/api/v1/workspaces/{name}"),
        ("GET", f"/api/v1/workspaces/{name}/export.json"),
        ("POST", f"/api/v1/workspaces/{name}/tasks"),
        ("GET", f"{space.prefix}/tasks/{name}"),
        ("PATCH", f"{space.prefix}/tasks/{name}"),
        ("POST", f"{space.prefix}/tasks/{name}/complete"),
        ("GET", f"{space.prefix}/tasks/{name}/history"),
        ("GET", f"{space.prefix}/projects/{name}"),
        ("GET", f"{space.prefix}/commands/{name}"),
        ("POST", f"/admin/dead-letters/{name}/retry"),
    ]
    for method, address in addresses:
        status, head, body = await site.raw(
            f"{method} {address} HTTP/1.1\r\nHost: localhost\r\nTasksys-Actor: olga\r\n\r\n".encode()
        )
        assert status in (400, 404, 405), (method, address, body)
        assert b"application/problem+json" in head
        assert b"X-Injected" not in head
        assert b'"code"' in body
    assert await site.appended() == appended


USERS = [name for name in IDS if name not in ("%2e%2e", "x" * 65)]
"""Two dots, and 65 letters, are a user's id though they are no other one."""


@pytest.mark.parametrize("name", USERS)
async def test_users_in_the_address(site: Site, space: Space, name: str) -> None:
    """A malformed user is no member, and cannot become one."""
    appended = await site.appended()
    for method, body in (("GET", b""), ("PUT", b'{"role": "editor"}'), ("DELETE", b"")):
        head = (
            f"{method} {space.prefix}/members/{name} HTTP/1.1\r\nHost: localhost\r\nTasksys-Actor: olga\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        status, answer, _ = await site.raw(head.encode() + body)
        assert status in (400, 404, 422)
        assert b"application/problem+json" in answer
    assert await site.appended() == appended


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/tasks", "nonsense=1"),
        ("/tasks", "limit=1&limit=2"),
        ("/tasks", "Limit=1"),
        ("/tasks", "filter[]=x"),
        ("/tasks", "limit="),
        ("/tasks", "limit=%31%00"),
        ("/tasks", "filter=%00"),
        ("/tasks", "filter=%ff"),
        ("/tasks", "sort=%ff"),
        ("/tasks", "sort=,"),
        ("/tasks", "cursor="),
        ("/tasks", "cursor=%ff"),
        ("/tasks", "cursor=" + "A" * 20_000),
        ("/tasks", "cursor=bnVsbA"),
        ("/tasks", "cursor=WyIiLFtdXQ"),
        ("/tasks", "filter=" + "a" * 5000),
        ("/tasks", "q=" + "a" * 1001),
        ("/tasks", "count=1"),
        ("/tasks", "as_of=%00"),
        ("/tasks", "as_of=%ff"),
        ("/tasks", "=1"),
        ("/events", "after=" + "9" * 40),
        ("/events", "after=%D9%A3"),
        ("/audit", "since=%ff"),
        ("/audit", "cursor=-1"),
        ("/members", "role=owner"),
        ("/projects", "trashed=yes"),
        ("/export.json", "format=csv"),
        ("", "as_of=1&as_of=2"),
    ],
)
async def test_parameters(space: Space, path: str, query: str) -> None:
    """Unknown, repeated, overlong and unreadable parameters are 400, and the problem names the parameter."""
    answer = await space.get(f"{path}?{query}")
    assert isinstance(refused(answer, 400)["parameter"], str)


@pytest.mark.parametrize("query", ["task=%00", "task=%ff", "task=../x", "actor=%00", "actor=%ff", "actor="])
async def test_what_nobody_is_called(space: Space, query: str) -> None:
    """A name that nothing can have finds nothing."""
    assert (await space.get(f"/audit?{query}")).ok["items"] == []


@pytest.mark.parametrize("query", ["q=%00", "q=%ff", "q=%22", "q=-", "q=" + "%F0%9F%92%A9" * 30, "filter=%20", "sort="])
async def test_searches_are_lenient(space: Space, query: str) -> None:
    """A search is typed live: what has no words in it restricts nothing."""
    assert (await space.get(f"/tasks?{query}")).status == 200


async def test_a_filter_as_long_as_may_be(space: Space) -> None:
    """4,096 characters go through, also when each of them takes nine in the address."""
    text = "title ~ '" + "語" * 4086 + "'"
    assert len(text) == 4096
    assert (await space.get("/tasks", filter=text)).ok["items"] == []


@pytest.mark.parametrize(
    "request_line",
    [
        b"garbage",
        b"FOO /health HTTP/1.1",
        b"GET /health HTTP/9.9",
        b"GET http://[ HTTP/1.1",
        b"GET /api/v1/workspaces/\xff HTTP/1.1",
        b"GET /tasks?x=\xff HTTP/1.1",
        b"GET /health?" + b"a" * 70_000 + b" HTTP/1.1",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
async def test_requests_that_are_no_http(site: Site, request_line: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """They are answered with a problem too, and do not fill the log."""
    status, head, body = await site.raw(request_line + b"\r\nHost: localhost\r\n\r\n")
    assert status in (400, 431)
    assert b"application/problem+json" in head
    assert b"nosniff" in head
    assert b'"code"' in body
    assert request_line[:20] not in body
    assert not caplog.records


@pytest.mark.parametrize(
    "headers",
    [
        b"X: " + b"a" * 20_000,
        b"\r\n".join(b"X-%d: 1" % number for number in range(200)),
        b"X: a\x00b",
        b"X: a\x01b",
        b": empty",
        b"no colon",
        b"Content-Length: x",
        b"Content-Length: -1",
        b"Content-Length: 1\r\nContent-Length: 2",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked, identity",
        b"Host: evil.example",
    ],
)
async def test_headers_that_are_none(site: Site, headers: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Overlong, malformed and contradictory headers are refused: requests cannot be smuggled in behind others."""
    status, head, body = await site.raw(b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + headers + b"\r\n\r\n")
    assert status in (400, 431)
    assert b"application/problem+json" in head
    assert b'"code"' in body
    assert not caplog.records


async def test_a_broken_chunk(site: Site, space: Space) -> None:
    """A chunked body that is not in chunks is refused."""
    status, head, _ = await site.raw(
        f"POST {space.prefix}/tasks HTTP/1.1\r\nHost: localhost\r\nTasksys-Actor: olga\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".encode()
    )
    assert status == 400
    assert b"application/problem+json" in head


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/tasks", "GET, HEAD, POST"),
        ("DELETE", "/tasks", "GET, HEAD, POST"),
        ("GET", "/tasks/x/complete", "POST"),
        ("PATCH", "/members", "GET, HEAD"),
        ("POST", "/members/ann", "DELETE, GET, HEAD, PUT"),
        ("PUT", "/projects/x", "DELETE, GET, HEAD, PATCH"),
        ("GET", "/commands", "POST"),
        ("POST", "/events", "GET, HEAD"),
        ("OPTIONS", "/tasks", "GET, HEAD, POST"),
        ("TRACE", "/tasks", "GET, HEAD, POST"),
    ],
)
async def test_methods(space: Space, method: str, path: str, allowed: str) -> None:
    """A method that an address does not have is 405, with those it has."""
    answer = await space.send(method, path)
    assert answer.headers["Allow"] == allowed
    assert allowed in answer.problem(405, "method-not-allowed")["detail"]


@pytest.mark.parametrize("path", ["/api", "/api/v1", "/api/v1/", "/api/v2/workspaces", "/admin", "/.env", "/a%0d%0ab"])
async def test_addresses_where_nothing_is(site: Site, path: str) -> None:
    """404 as a problem, which says where to look."""
    assert "/api/docs" in (await site.client().get(path)).problem(404, "not-found")["detail"]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
async def test_names_in_any_script(space: Space, encoding: str) -> None:
    """What people write is kept as they wrote it; a body in another encoding is not guessed."""
    title = "Ça coûte 5 €" if encoding == "utf-8" else "Ça"
    answer = await space.post("/tasks", data=f'{{"title": "{title}"}}'.encode(encoding), headers=JSON)
    if encoding == "utf-8":
        assert answer.ok["title"] == title
    else:
        answer.problem(400, "malformed-json")


async def test_problems_are_whole(space: Space) -> None:
    """A problem has its members and nothing that is null."""
    found = (await space.get("/tasks/nope")).problem(404, "not-found")
    assert found.keys() == PROBLEM
    assert found["detail"] == "There is no task 'nope' here; check the id."


async def test_every_wrong_field_says_what_to_give(space: Space) -> None:
    """All of them in one answer, in words rather than a decoder's."""
    body = {
        "title": 1, "estimate_minutes": -1, "assignees": ["a b"], "labels": "x", "priority": "soon", "due": "today",
        "parent": "a b", "colour": "red",
    }  # fmt: skip
    found = (await space.post("/tasks", body)).problem(422, "invalid")
    assert {one["pointer"]: one["detail"] for one in found["errors"]} == {
        "/title": "Give a text.",
        "/estimate_minutes": "Give a whole number from 0 to 5256000.",
        "/assignees/0": "Give a user's id: 1 to 128 of the characters A-Z a-z 0-9 . _ @ + : | -.",
        "/labels": "Give a list.",
        "/priority": "Give one of none, low, medium, high, urgent.",
        "/due": 'Give an object such as {"date": "2026-03-08"} or {"local": "2026-03-08T09:00", "zone": '
        '"Europe/Berlin"} or null.',
        "/parent": "Give 1 to 64 of the characters A-Z a-z 0-9 _ -.",
        "/colour": "There is no field 'colour' here; check its name, or leave it out.",
    }
    assert (await space.post("/tasks", {})).invalid("/title") == "This is required: title."
    task = await space.task()
    assert (await space.patch(f"/tasks/{task['id']}", {"status": 3})).invalid("/status").startswith("Give one of open,")
    (await space.patch(f"/tasks/{task['id']}", {"due": {"x": 1}})).invalid("/due/x")


async def test_what_was_read_and_cannot_be_written_says_what_changes_it(space: Space) -> None:
    """Somebody sends a whole task back: each field that is read-only says so."""
    task = await space.task()
    found = (await space.patch(f"/tasks/{task['id']}", task)).problem(422, "invalid")
    said = {one["pointer"]: one["detail"] for one in found["errors"]}
    assert said.keys() == {
        "/workspace", "/checklist", "/links", "/series", "/created_by", "/created_at", "/updated_at", "/completed_at",
        "/trashed_at", "/trashed", "/version", "/position", "/original", "/postponed",
    }  # fmt: skip
    assert all("read-only" in detail for detail in said.values())
    assert "/checklist" in said["/checklist"]
    assert "/restore" in said["/trashed"]
    assert "/links" in (await space.post("/tasks", {"title": "A", "links": []})).invalid("/links")


async def test_titles_are_for_people(space: Space) -> None:
    """A code that is a piece of jargon has a title in words; half of a surrogate pair is called by its name."""
    half = await space.post("/tasks", data=b'{"title": "\\ud800"}', headers=JSON)
    problem = half.problem(400, "malformed-json")
    assert (problem["title"], "surrogate" in problem["detail"]) == ("The body is not JSON", True)
    task = await space.task()
    stale = await space.patch(f"/tasks/{task['id']}", {"title": "B"}, headers={"If-Match": "3"})
    assert stale.problem(400, "bad-etag")["title"] == "The ETag cannot be read"
