"""Lists of members and of projects come in pages, like those of tasks."""

from __future__ import annotations

import pytest

from tests.support.http import OWNER, Json, Space
from views import paging

pytestmark = pytest.mark.asyncio(loop_scope="module")

USERS = ["ann", "ben@example.org", "carl|1", "d_e+f", "Zoe"]


async def filled(space: Space) -> None:
    """A workspace with some members, and with projects whose order is not that of their ids."""
    members = [{"type": "SetMember", "user": user, "role": "viewer"} for user in USERS]
    projects = [
        {"type": "CreateProject", "project": name, "name": name.title()} for name in ("z_z", "b", "a", "m", "c")
    ]
    await space.post("/commands", {"commands": members + projects})
    await space.patch("/projects/c", {"order": (await space.get("/projects/b")).ok["order"]})


async def paged(space: Space, path: str, **more: object) -> list[list[Json]]:
    """The items on each page."""
    pages: list[list[Json]] = []
    while True:
        page = (await space.get(path, **more)).ok
        pages.append(page["items"])
        if page["next_cursor"] is None:
            return pages
        more["cursor"] = page["next_cursor"]


@pytest.mark.parametrize(
    ("path", "name", "all_of_them"),
    [("/members", "user", sorted([OWNER, *USERS])), ("/projects", "id", ["z_z", "b", "c", "a", "m"])],
)
async def test_each_is_on_one_page(space: Space, path: str, name: str, all_of_them: list[str]) -> None:
    """In their order, on pages of any length; without a limit all that fit are on the first."""
    await filled(space)
    assert [[one[name] for one in page] for page in await paged(space, path)] == [all_of_them]
    for limit in range(1, len(all_of_them) + 1):
        pages = await paged(space, path, limit=limit)
        assert [one[name] for page in pages for one in page] == all_of_them
        assert [len(page) for page in pages[:-1]] == [limit] * ((len(all_of_them) - 1) // limit)


async def test_what_comes_between_pages(space: Space) -> None:
    """Those that stay where they are are seen once, whatever else comes and goes."""
    await filled(space)
    page = (await space.get("/projects", limit=2)).ok
    await space.delete("/projects/b")
    await space.patch("/projects/z_z", {"name": "Renamed"})
    await space.project("Last", project="last")
    rest = (await space.get("/projects", cursor=page["next_cursor"])).ok["items"]
    assert [one["id"] for one in rest] == ["c", "a", "m", "last"]


async def test_those_in_the_trash_have_pages_too(space: Space) -> None:
    """The others are on none of them."""
    await filled(space)
    for name in ("a", "z_z"):
        await space.delete(f"/projects/{name}")
    pages = await paged(space, "/projects", trashed="true", limit=1)
    assert [[one["id"] for one in page] for page in pages] == [["z_z"], ["a"]]


async def test_a_page_of_projects_has_a_size(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where texts are large it is shorter than its limit."""
    for number in range(3):
        await space.project(description="x" * 1_000, project=f"p{number}")
    monkeypatch.setattr(paging, "PAGE_BYTES", 2_600)
    assert [len(page) for page in await paged(space, "/projects")] == [2, 1]


@pytest.mark.parametrize("path", ["/members", "/projects", "/projects?trashed=true"])
@pytest.mark.parametrize("cursor", ["", "x", "_", "-_c", "2026-03-08T09:00:00.000Z_c", "_a b"])
async def test_a_cursor_that_no_page_gave(space: Space, path: str, cursor: str) -> None:
    """It is refused, and says what to send."""
    (await space.get(path, cursor=cursor)).problem(400, "cursor-syntax")


@pytest.mark.parametrize("path", ["/members", "/projects"])
@pytest.mark.parametrize("limit", ["0", "201", "x"])
async def test_a_limit_has_bounds(space: Space, path: str, limit: str) -> None:
    """From 1 to 200."""
    (await space.get(path, limit=limit)).problem(400, "bad-parameter")
