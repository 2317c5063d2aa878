"""Comments of a task: there when it is opened, live, one's own to change, written also without a network."""

from __future__ import annotations

from playwright.async_api import expect

from tests.support.http import Space
from tests.ui.browsing import Browse
from tests.ui.details import MOD, detail, opened, part
from tests.ui.steps import live, offline
from tests.ui.watching import Watch


async def test_they_are_there_and_come_live(browse: Browse, space: Space) -> None:
    """Those of before the page was opened and those of now, in order, as Markdown, once each."""
    task = await space.task("Milk")
    anna = await space.joined("anna", "commenter")
    await anna.post(f"/tasks/{task['id']}/comments", {"body": "The **first**"})
    page = await opened(browse, space, task["id"])
    comments = part(page, "Comments").locator(".comment")
    await expect(comments.locator("strong").filter(has_text="first")).to_be_visible()
    second = (await anna.post(f"/tasks/{task['id']}/comments", {"body": "The second"})).ok
    await expect(comments).to_have_count(2)
    await expect(comments.nth(1)).to_contain_text("The second")
    await anna.patch(f"/tasks/{task['id']}/comments/{second['id']}", {"body": "The second, better"})
    await expect(comments.nth(1)).to_contain_text("better")
    await expect(comments.nth(1)).to_contain_text("edited")
    await anna.delete(f"/tasks/{task['id']}/comments/{second['id']}")
    await expect(comments).to_have_count(1)
    await page.reload()
    await live(page)
    await expect(comments).to_have_count(1)


async def test_one_writes_changes_and_deletes_ones_own(browse: Browse, space: Space) -> None:
    """Those of others are theirs."""
    task = await space.task("Milk")
    await space.post(f"/tasks/{task['id']}/comments", {"body": "Of the owner"})
    await space.put("/members/anna", {"role": "commenter"})
    page = await opened(browse, space, task["id"], user="anna")
    comments = part(page, "Comments").locator(".comment")
    write = part(page, "Comments").get_by_role("textbox", name="Write a comment")
    await write.fill("Mine\n\n- one")
    await write.press(f"{MOD}+Enter")
    await expect(write).to_have_value("")
    await expect(comments).to_have_count(2)
    await expect(comments.nth(1).get_by_role("listitem")).to_have_text("one")
    await expect(comments.nth(0).get_by_role("button", name="Change the comment")).to_have_count(0)
    await expect(comments.nth(0).get_by_role("button", name="Delete the comment")).to_have_count(0)
    await comments.nth(1).hover()
    await comments.nth(1).get_by_role("button", name="Change the comment").click()
    field = comments.nth(1).get_by_role("textbox", name="Comment")
    await expect(field).to_be_focused()
    await field.fill("Mine, better")
    await comments.nth(1).get_by_role("button", name="Save").click()
    await expect(comments.nth(1)).to_contain_text("Mine, better")
    await comments.nth(1).hover()
    await comments.nth(1).get_by_role("button", name="Delete the comment").click()
    await expect(comments).to_have_count(1)
    await expect(page.get_by_text("Deleted a comment")).to_be_visible()
    assert len((await space.get(f"/tasks/{task['id']}/comments")).ok["items"]) == 1


async def test_what_was_begun_is_still_there(browse: Browse, space: Space) -> None:
    """After the task was closed, and after a reload, for this task alone."""
    task, other = await space.task("Milk"), await space.task("Bread")
    page = await opened(browse, space, task["id"])
    write = part(page, "Comments").get_by_role("textbox", name="Write a comment")
    await write.fill("Half a thou")
    await page.get_by_role("row", name="Bread").click()
    await expect(detail(page).get_by_role("textbox", name="Title")).to_have_value("Bread")
    await expect(write).to_have_value("")
    await page.get_by_role("row", name="Milk").click()
    await expect(write).to_have_value("Half a thou")
    await page.reload()
    await expect(write).to_have_value("Half a thou")
    await write.press(f"{MOD}+Enter")
    await expect(part(page, "Comments").locator(".comment")).to_have_count(1)
    await page.reload()
    await live(page)
    await expect(write).to_have_value("")
    assert (await space.get(f"/tasks/{other['id']}/comments")).ok["items"] == []


async def test_without_a_network_it_is_sent_later(browse: Browse, space: Space, watch: Watch) -> None:
    """It is there at once, says that it waits, and is sent once."""
    task = await space.task("Milk")
    page = await opened(browse, space, task["id"])
    comments = part(page, "Comments").locator(".comment")
    async with watch.offline(page):
        await offline(page)
        write = part(page, "Comments").get_by_role("textbox", name="Write a comment")
        await write.fill("From the train")
        await part(page, "Comments").get_by_role("button", name="Comment", exact=True).click()
        await expect(comments).to_contain_text("to be sent")
    await expect(comments).not_to_contain_text("to be sent")
    await expect(comments).to_have_count(1)
    assert [one["body"] for one in (await space.get(f"/tasks/{task['id']}/comments")).ok["items"]] == ["From the train"]
