"""The reference for people, and the headers that every answer has."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tasksys.query.fields import FIELDS
from tasksys.query.sort import COLUMNS
from tasksys.refusals import Code
from tests.support.http import Site, Space
from views.codes import CODES
from views.guide import EXAMPLES

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Page(HTMLParser):
    """The links, the ids and the text of a page; fails on a tag that is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.tags: set[str] = set()
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes what is linked and named."""
        given = dict(attrs)
        self.tags.add(tag)
        self.links += [value for name in ("href", "src") if (value := given.get(name)) is not None]
        if (name := given.get("id")) is not None:
            assert name not in self.ids, f"the id {name} is there twice"
            self.ids.add(name)
        if tag not in ("meta", "link"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Checks that tags are nested."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Collects the text."""
        self.text += data


async def test_the_page_is_whole(site: Site) -> None:
    """It is well-formed, without scripts, and its links lead somewhere on it or on this server."""
    answer = await site.client().get("/api/docs")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    page = Page(answer.raw.decode())
    assert not page.tags & {"script", "iframe", "img", "style"}
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in page.ids
        else:
            assert (await site.client().get(link)).status == 200


async def test_every_operation_is_on_the_page(site: Site) -> None:
    """What the document describes, a person can read."""
    document = (await site.client().get("/api/openapi.json")).ok
    page = Page((await site.client().get("/api/docs")).raw.decode())
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert f"{method.upper()}{path}" in page.text
            assert operation["summary"] in page.text
    assert {f"schema-{name}" for name in document["components"]["schemas"]} <= page.ids


async def test_the_page_says_what_a_newcomer_must_know(site: Site) -> None:
    """Who asks, how to write safely, positions, filters with every field, sort names and every code come first."""
    page = Page((await site.client().get("/api/docs")).raw.decode())
    words = ["Tasksys-Actor", "Authorization: Bearer", "Idempotency-Key", "If-Match", "min_position", "is empty"]
    for word in (*words, *FIELDS, *COLUMNS, *Code):
        assert word in page.text
    assert page.text.index("Writing safely") < page.text.index("GET/api/v1/workspaces")
    assert "ws path, required" in page.text
    assert "integer, 1 to 200" in page.text
    assert '"title": "Buy milk"' in page.text


@pytest.mark.parametrize("example", [example for example, _ in EXAMPLES])
async def test_filters_on_the_page_are_filters(space: Space, example: str) -> None:
    """What a newcomer copies works."""
    assert (await space.get("/tasks", filter=example)).ok["items"] == []


async def test_the_page_runs_nothing(site: Site) -> None:
    """Its policy lets it load its style from here, and nothing else from anywhere."""
    policy = (await site.client().get("/api/docs")).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script" not in policy
    style = await site.client().get("/api/docs.css")
    assert style.headers["Content-Type"] == "text/css; charset=utf-8"
    assert not re.search(r"url\(|@import", style.raw.decode())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/health"),
        ("GET", "/api/docs"),
        ("GET", "/nowhere"),
        ("POST", "/health"),
        ("GET", "/api/v1/workspaces/nope"),
        ("GET", "/admin/status"),
    ],
)
async def test_headers_of_every_answer(site: Site, method: str, path: str) -> None:
    """No answer is sniffed, kept by anybody in between, or tells what the server is made of."""
    headers = (await site.client().send(method, path)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Server"] == "tasksys"
    assert not [name for name in headers if name.lower().startswith("access-control-")]


async def test_a_head_is_a_get_without_a_body(site: Site, space: Space) -> None:
    """HEAD has the status and the headers of GET."""
    for path in ("/health", "/api/docs", f"{space.prefix}/tasks", f"{space.prefix}/events"):
        head, get = await site.client().send("HEAD", path), await site.client().get(path)
        assert (head.status, head.raw) == (200, b"")
        assert head.headers["Content-Type"] == get.headers["Content-Type"]
    assert (await site.client().send("HEAD", f"{space.prefix}/tasks/nope")).status == 404


def codes() -> Iterator[tuple[str, str]]:
    """Every code of a problem as the source has them, with its status where that stands beside it."""
    yield from ((code.value, "") for code in Code)
    yield from ((f"{parameter}-syntax", "BAD_REQUEST") for parameter in ("filter", "q", "sort", "cursor"))
    for path in (Path(__file__).parents[2] / "views").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("Problem", "bad_request"):
                alone = ast.unparse(node.func).endswith("bad_request")
                said, status = node.args[0 if alone else 1], "BAD_REQUEST" if alone else ast.unparse(node.args[0])
                if isinstance(said, ast.Constant) and isinstance(said.value, str):
                    yield said.value, status.removeprefix("HTTPStatus.") if status != "status" else ""


async def test_the_reference_lists_each_code_once(site: Site) -> None:
    """With what to do about it, and a link to its page."""
    page = Page((await site.client().get("/api/docs")).raw.decode())
    for code, (_, says) in CODES.items():
        assert page.links.count(f"/api/problems/{code}") == 1
        assert page.text.count(says.replace("`", "")) == 1


async def test_every_problem_has_its_page(site: Site) -> None:
    """Its `type` leads to what it means and what to do, without scripts and for anybody; no page is of nothing."""
    assert {code for code, _ in codes()} | {"bad-request"} == set(CODES)
    assert [(code, status) for code, status in codes() if status not in ("", CODES[code].status.name)] == []
    for code in CODES:
        answer = await site.client().get(f"/api/problems/{code}")
        assert answer.status == 200
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        page = Page(answer.raw.decode())
        assert not page.tags & {"script", "iframe", "img", "style"}
        assert code in page.text
        assert CODES[code].says.replace("`", "") in page.text
        assert str(CODES[code].status.value) in page.text
        assert set(page.links) == {"/api/docs.css", "/api/docs#problems"}
    (await site.client().get("/api/problems/nothing")).problem(404, "not-found")
