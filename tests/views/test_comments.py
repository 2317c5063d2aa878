"""Comments over HTTP: by commenters and up, edited by their author or an admin."""

from __future__ import annotations

import pytest

from tests.support.http import COMMENT, Space, key
from views import paging

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def commented(space: Space) -> str:
    """The path of a task's comments."""
    return f"/tasks/{(await space.task())['id']}/comments"


async def test_a_comment_is_made_and_listed(space: Space) -> None:
    """It is shown with its author; the list has the oldest first, and its position."""
    path = await commented(space)
    carl = await space.joined("carl", "commenter")
    first = await carl.post(path, {"body": "From *where*?"})
    assert first.status == 201
    assert first.headers["Location"] == f"{space.prefix}{path}/{first.ok['id']}"
    assert first.ok.keys() == COMMENT
    assert (first.ok["author"], first.ok["body"], first.ok["edited_at"]) == ("carl", "From *where*?", None)
    assert first.ok["task"] == path.split("/")[2]
    second = await space.post(path, {"body": "The shop"})
    listed = (await space.get(path)).ok
    assert listed == {"items": [first.ok, second.ok], "next_cursor": None, "position": second.position}


async def test_one_comment_is_read(space: Space) -> None:
    """The one in the address, also of a task in the trash; none of another task."""
    path = await commented(space)
    made = await space.post(path, {"body": "Oat milk"})
    read = await space.get(f"{path}/{made.ok['id']}")
    assert (read.ok, read.position) == (made.ok, made.position)
    assert (await space.get(made.headers["Location"].removeprefix(space.prefix))).ok == made.ok
    await space.task(task="other")
    for wrong in (f"{path}/nope", f"/tasks/other/comments/{made.ok['id']}", f"/tasks/nope/comments/{made.ok['id']}"):
        (await space.get(wrong)).problem(404, "not-found")
    await space.delete(path.removesuffix("/comments"))
    assert (await space.get(f"{path}/{made.ok['id']}")).ok == made.ok
    await space.post(f"{path.removesuffix('/comments')}/restore")
    await space.delete(f"{path}/{made.ok['id']}")
    (await space.get(f"{path}/{made.ok['id']}")).problem(404, "not-found")


async def paged(space: Space, path: str, **more: object) -> list[list[str]]:
    """The ids on each page."""
    pages: list[list[str]] = []
    while True:
        page = (await space.get(path, **more)).ok
        pages.append([one["id"] for one in page["items"]])
        if page["next_cursor"] is None:
            return pages
        more["cursor"] = page["next_cursor"]


async def test_pages_of_comments(space: Space) -> None:
    """Each is on one page, the oldest first, whatever their ids."""
    path = await commented(space)
    ids = ["m", "z", "a", "y", "b"]
    for one in ids:
        await space.post(path, {"body": "Now", "comment": one})
    everything = (await paged(space, path))[0]
    assert len(everything) == 5
    for limit in (1, 2, 3, 5):
        pages = await paged(space, path, limit=limit)
        assert [one for page in pages for one in page] == everything
        assert [len(page) for page in pages[:-1]] == [limit] * ((len(everything) - 1) // limit)


async def test_a_page_of_comments_has_a_size(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where they are large it is shorter than its limit; a single one is shown whatever its size."""
    path = await commented(space)
    sent = [
        {"type": "AddComment", "task": path.split("/")[2], "comment": f"c{at}", "body": "x" * 400} for at in range(5)
    ]
    await space.post("/commands", {"commands": sent})
    monkeypatch.setattr(paging, "PAGE_BYTES", 1_300)
    assert [len(page) for page in await paged(space, path)] == [2, 2, 1]
    monkeypatch.setattr(paging, "PAGE_BYTES", 1)
    assert [one for page in await paged(space, path) for one in page] == [f"c{at}" for at in range(5)]


@pytest.mark.parametrize("cursor", ["", "x", "2026-03-08T09:00:00.000Z", "2026-03-08T09:00:00.000Z_", "9_c"])
async def test_a_cursor_that_no_page_gave(space: Space, cursor: str) -> None:
    """It is refused, and says what to send."""
    (await space.get(await commented(space), cursor=cursor)).problem(400, "cursor-syntax")


async def test_an_author_edits_and_removes(space: Space) -> None:
    """An edit says when, a removal answers 204."""
    path = await commented(space)
    carl = await space.joined("carl", "commenter")
    made = (await carl.post(path, {"body": "Frist"})).ok
    edited = (await carl.patch(f"{path}/{made['id']}", {"body": "First"})).ok
    assert edited == {**made, "body": "First", "edited_at": edited["edited_at"]}
    assert edited["edited_at"] is not None
    assert (await carl.delete(f"{path}/{made['id']}")).status == 204
    assert (await space.get(path)).ok["items"] == []
    (await carl.patch(f"{path}/{made['id']}", {"body": "Again"})).problem(404, "not-found")


async def test_others_comments(space: Space) -> None:
    """An editor may not touch what somebody else wrote; an admin may, and the author stays."""
    path = await commented(space)
    made = (await (await space.joined("carl", "commenter")).post(path, {"body": "Mine"})).ok
    edda, adam = await space.joined("edda", "editor"), await space.joined("adam", "admin")
    (await edda.patch(f"{path}/{made['id']}", {"body": "Yours"})).problem(403, "forbidden")
    (await edda.delete(f"{path}/{made['id']}")).problem(403, "forbidden")
    assert (await adam.patch(f"{path}/{made['id']}", {"body": "Ours"})).ok["author"] == "carl"


async def test_comments_count_for_the_tasks_version(space: Space) -> None:
    """A comment raises the task's version, and If-Match is about that."""
    task = await space.task()
    path = f"/tasks/{task['id']}/comments"
    await space.post(path, {"body": "One"})
    assert (await space.get(f"/tasks/{task['id']}")).ok["version"] == 2
    stale = await space.post(path, {"body": "Two"}, headers={"If-Match": '"1"'})
    assert [one["type"] for one in stale.problem(412, "version-conflict")["conflicts"]] == ["CommentAdded"]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({}, "/body"),
        ({"body": " \n"}, "/body"),
        ({"body": "\x00"}, "/body"),
        ({"body": None}, "/body"),
        ({"body": "A", "author": "ann"}, "/author"),
        ({"body": "A", "comment": "a.b"}, "/comment"),
    ],
)
async def test_a_field_that_is_wrong_is_pointed_to(space: Space, fields: dict[str, object], pointer: str) -> None:
    """The problem names the field, and nothing is made."""
    path = await commented(space)
    (await space.post(path, fields)).invalid(pointer)
    assert (await space.get(path)).ok["items"] == []


async def test_a_comment_has_a_size(space: Space) -> None:
    """64 KiB of UTF-8, whatever the number of characters."""
    path = await commented(space)
    assert (await space.post(path, {"body": "é" * 32_768})).status == 201
    (await space.post(path, {"body": "é" * 32_769})).problem(422, "limit-exceeded")


async def test_a_comment_under_a_key(space: Space) -> None:
    """Repeated, it is one comment; repeated after it was removed, the answer is still what it was."""
    path, same = await commented(space), {"Idempotency-Key": key()}
    made = (await space.post(path, {"body": "Once"}, headers=same)).ok
    assert (await space.post(path, {"body": "Once"}, headers=same)).ok == made
    await space.delete(f"{path}/{made['id']}")
    again = await space.post(path, {"body": "Once"}, headers=same)
    assert (again.status, again.ok, again.replayed) == (201, made, True)
    assert (await space.get(path)).ok["items"] == []


async def test_comments_of_what_is_not_there(space: Space) -> None:
    """An unknown task is 404, a trashed one can be read and not commented."""
    (await space.get("/tasks/nope/comments")).problem(404, "not-found")
    (await space.post("/tasks/nope/comments", {"body": "A"})).problem(404, "not-found")
    path = await commented(space)
    await space.post(path, {"body": "Before"})
    await space.delete(path.removesuffix("/comments"))
    (await space.post(path, {"body": "After"})).problem(409, "in-trash")
    assert [one["body"] for one in (await space.get(path)).ok["items"]] == ["Before"]
