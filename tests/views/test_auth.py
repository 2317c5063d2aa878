"""Who asks, without authentication: this machine and its own pages only."""

from __future__ import annotations

from typing import Final

import pytest

from tests.support.http import Client, Site, Space

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORKSPACES: Final = "/api/v1/workspaces"


async def test_a_user_is_who_they_say(site: Site) -> None:
    """The header names the user; without it they are `local`."""
    space = await site.space("ann")
    assert (await space.get("/members")).ok["items"][0]["user"] == "ann"
    made = (await Client(site.session).post(WORKSPACES, {"name": "Mine"})).ok
    found = (await site.client("local").get(f"{WORKSPACES}/{made['id']}/members")).ok
    assert [one["user"] for one in found["items"]] == ["local"]


@pytest.mark.parametrize("user", ["a b", "", "x" * 129, "ä", "a/b", "a,b", "<a>", "a\\b"])
async def test_a_user_that_cannot_be(site: Site, user: str) -> None:
    """A header that no token could say is 401, with the characters that are allowed."""
    answer = await site.client(user).get(WORKSPACES)
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "Tasksys-Actor" in answer.problem(401, "unauthorised")["detail"]


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:3001", "localhost.evil.example", "127.0.0.1.evil.example", "localhost@evil.com",
        "10.0.0.1", "0.0.0.0", "127.1", "2130706433", "[", "[::1", "[::2]", "", "localhost evil", "localhost.",
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", [WORKSPACES, "/admin/status"])
async def test_another_name_than_localhost(site: Site, host: str, path: str) -> None:
    """A page whose name was made to resolve to this machine sends its own name, and gets nothing."""
    status, head, body = await site.raw(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert status == 403
    assert b"application/problem+json" in head
    assert b'"loopback-only"' in body


@pytest.mark.parametrize("host", ["localhost", "LocalHost:1", "127.0.0.1:80", "[::1]", "[::1]:3001"])
async def test_names_of_this_machine(site: Site, host: str) -> None:
    """Every spelling of the loopback will do, with any port: there may be a tunnel in between."""
    assert (await site.client().get(WORKSPACES, headers={"Host": host})).status == 200


FOREIGN: Final = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:9999"},
    {"Origin": "http://127.0.0.1"},
    {"Origin": ""},
    {"Origin": "http://127.0.0.1:{port}.evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
]


@pytest.mark.parametrize("headers", FOREIGN)
async def test_a_foreign_page_changes_nothing(site: Site, space: Space, headers: dict[str, str]) -> None:
    """What a page of another origin can send without asking is refused: an empty POST above all."""
    task = await space.task()
    appended = await site.appended()
    marked = {name: value.format(port=site.server.port) for name, value in headers.items()}
    for method, path in [
        ("POST", f"{space.prefix}/tasks/{task['id']}/complete"),
        ("DELETE", f"{space.prefix}/tasks/{task['id']}"),
        ("POST", WORKSPACES),
        ("POST", "/admin/replay"),
        ("POST", "/admin/dead-letters/0-0/retry"),
        ("POST", "/admin/dead-letters/0-0/discard"),
    ]:
        (await site.client().send(method, path, headers=marked)).problem(403, "cross-site")
    assert await site.appended() == appended


async def test_a_foreign_page_reads_nothing(site: Site, space: Space) -> None:
    """Its requests that want to see the answer have an Origin, as has a WebSocket's."""
    for headers in FOREIGN[:6]:
        (await space.get("/tasks", headers=headers)).problem(403, "cross-site")
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Origin": "https://evil.example"}
    (await space.get("/feed", headers=upgrade)).problem(403, "cross-site")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://127.0.0.1:{port}"},
        {"Origin": "HTTP://127.0.0.1:{port}"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:{port}"},
    ],
)
async def test_own_pages(site: Site, space: Space, headers: dict[str, str]) -> None:
    """Pages of this server, and what a person types, are served."""
    marked = {name: value.format(port=site.server.port) for name, value in headers.items()}
    assert (await space.post("/tasks", {"title": "Milk"}, headers=marked)).status == 201


async def test_a_link_from_elsewhere(space: Space) -> None:
    """Following a link only reads: the answer stays in the window that the person opened."""
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert (await space.get("/export.json", headers=followed)).status == 200
