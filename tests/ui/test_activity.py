"""Activity: what anybody did, in words, live, with undo of each step; and the check of the record."""

from __future__ import annotations

import json

from playwright.async_api import Locator, Page, Route, expect

from tests.support.http import Space
from tests.ui.browsing import Browse
from tests.ui.looking import accessible, shot
from tests.ui.steps import narrow_enough, opened
from tests.ui.watching import Watch


def steps(page: Page) -> Locator:
    """What was done, newest first, without who did it."""
    return page.locator(".deed")


async def test_what_others_do_comes_live_in_words(browse: Browse, space: Space) -> None:
    """With names instead of ids, before and after, and what one command did in one step."""
    anna = await space.joined("anna", "editor")
    project = await space.project("Home")
    page = await opened(browse, space, "activity")
    task = await anna.task("Milk", project=project["id"])
    await expect(steps(page).first).to_contain_text("anna added “Milk” to Home")
    await anna.patch(f"/tasks/{task['id']}", {"title": "Oat milk", "priority": "high", "description": "two"})
    await expect(steps(page).first).to_contain_text(
        "renamed “Milk” to “Oat milk”, described it and set its priority to high"
    )
    await anna.post(f"/tasks/{task['id']}/label", {"add": ["shop", "food"]})
    await expect(steps(page).first).to_contain_text("labelled “Oat milk” shop and food")
    await space.patch(f"/projects/{project['id']}", {"name": "House"})
    await expect(steps(page).first).to_contain_text("You renamed Home to “House”")
    await space.post(f"/tasks/{task['id']}/complete")
    await expect(steps(page).first).to_contain_text("You completed “Oat milk”")
    await expect(page.locator(".activity-day h2")).to_contain_text("Today")
    await steps(page).first.get_by_role("button", name="“Oat milk”", exact=True).click()
    await expect(page.get_by_role("complementary", name="Task Oat milk")).to_be_visible()


async def test_every_step_is_undone_or_says_why_not(browse: Browse, space: Space) -> None:
    """Also one of somebody else; what stands in the way is said in the server's words."""
    anna = await space.joined("anna", "editor")
    task = await anna.task("Milk")
    await anna.patch(f"/tasks/{task['id']}", {"title": "Bread"})
    page = await opened(browse, space, "activity")
    await page.get_by_role("button", name="Undo: anna renamed “Milk” to “Bread”").click()
    await expect(page.get_by_text("Undone: renamed")).to_be_visible()
    await expect(steps(page).first).to_contain_text("renamed “Bread” to “Milk”")
    await expect(steps(page).first.locator(".chip")).to_have_text("Undo")
    assert (await space.get(f"/tasks/{task['id']}")).ok["title"] == "Milk"

    await anna.patch(f"/tasks/{task['id']}", {"priority": "high"})
    await anna.patch(f"/tasks/{task['id']}", {"priority": "low"})
    await expect(steps(page).first).to_contain_text("to low")
    await steps(page).nth(1).get_by_role("button", name="Undo").click()
    await expect(page.locator(".notice.error")).to_be_visible()
    assert (await space.get(f"/tasks/{task['id']}")).ok["priority"] == "low"


async def test_it_is_narrowed_to_a_person_a_task_or_a_time(browse: Browse, space: Space) -> None:
    """All three stand in the address."""
    anna = await space.joined("anna", "editor")
    await space.task("Mine")
    task = await anna.task("Hers")
    await space.post(f"/tasks/{task['id']}/complete")
    page = await opened(browse, space, "activity")
    await page.get_by_label("Who").select_option("anna")
    await expect(steps(page)).to_have_count(1)
    await page.get_by_label("Who").select_option("")
    await page.get_by_role("button", name="Of one task").click()
    await page.get_by_role("combobox", name="Task").fill("hers")
    await page.keyboard.press("Enter")
    await expect(steps(page)).to_have_count(2)
    await page.get_by_label("When").select_option("1")
    await expect(steps(page)).to_have_count(2)
    assert f"of={task['id']}" in page.url
    assert "days=1" in page.url
    await page.reload()
    await expect(steps(page)).to_have_count(2)


async def test_it_goes_back_as_far_as_one_scrolls(browse: Browse, space: Space) -> None:
    """To the first thing that ever happened."""
    for start in range(0, 240, 80):
        commands = [{"type": "CreateTask", "title": f"Task {start + one}"} for one in range(80)]
        assert (await space.post("/commands", {"commands": commands})).status == 200
    page = await opened(browse, space, "activity")
    await expect(steps(page).first).to_contain_text("Task 239")
    first = page.get_by_text("made the workspace")
    for _ in range(60):
        await page.locator(".activity").evaluate("list => list.scrollTo(0, list.scrollHeight)")
        if await first.count():
            break
        await page.evaluate("() => new Promise((done) => setTimeout(done, 50))")
    await expect(first).to_be_visible()


async def test_the_record_is_checked(browse: Browse, space: Space) -> None:
    """Whole, or where it breaks, in plain words."""
    await space.task("Milk")
    page = await opened(browse, space, "activity")
    await page.get_by_role("button", name="Check the record").click()
    await expect(page.get_by_role("status").filter(has_text="The record is whole: 3 steps")).to_be_visible()

    async def broken(route: Route) -> None:
        found = {"ok": False, "events": 1, "position": 2, "detail": "The link does not fit."}
        await route.fulfill(body=json.dumps(found), content_type="application/json")

    await page.route("**/audit/verify", broken)
    await page.get_by_role("button", name="Check the record").click()
    await expect(page.get_by_role("status").filter(has_text="broken at step 2: The link does not fit.")).to_be_visible()


async def test_offline_it_says_so(browse: Browse, space: Space, watch: Watch) -> None:
    """And what happened meanwhile is there as soon as the network is."""
    page = await opened(browse, space, "inbox")
    async with watch.offline(page):
        await page.keyboard.press("g")
        await page.keyboard.press("a")
        await expect(page.get_by_role("heading", name="You are offline")).to_be_visible()
    await space.task("Meanwhile")
    await expect(steps(page).first).to_contain_text("Meanwhile")


async def test_it_is_accessible_and_fits_a_phone(browse: Browse, space: Space) -> None:
    """In both schemes."""
    task = await space.task("Milk")
    await space.patch(f"/tasks/{task['id']}", {"title": "Oat milk", "due": {"date": "2026-03-08"}})
    page = await opened(browse, space, "activity")
    await expect(steps(page)).to_have_count(3)
    await page.get_by_role("button", name="Check the record").click()
    await expect(page.get_by_text("The record is whole")).to_be_visible()
    await accessible(page)
    await shot(page, "activity")
    phone = await opened(browse, space, "activity", screen="phone")
    await expect(steps(phone)).to_have_count(3)
    await narrow_enough(phone)
    await accessible(phone)
