"""Search: words, the filter language with its help, buttons instead of it, saved filters, live and offline."""

from __future__ import annotations

import re

from playwright.async_api import Locator, Page, expect

from tests.support.http import Space
from tests.support.waiting import until
from tests.ui.browsing import Browse
from tests.ui.looking import accessible, shot
from tests.ui.steps import narrow_enough, opened
from tests.ui.watching import Watch


def field(page: Page) -> Locator:
    """The field for the filter."""
    return page.get_by_role("combobox", name="Filter", exact=True)


def options(page: Page) -> Locator:
    """What it offers."""
    return page.locator(".filter-options [role=option]")


def found(page: Page) -> Locator:
    """The titles that are found."""
    return page.locator(".task-row .title")


async def test_words_find_as_they_are_typed(browse: Browse, space: Space) -> None:
    """By the beginning of a word, in labels and descriptions too; the address says what is looked for."""
    await space.task("Buy milk", labels=["errand"])
    await space.task("Call Anna", description="about the milk")
    await space.task("Sleep")
    page = await opened(browse, space, "search")
    words = page.get_by_role("searchbox", name="Words to find")
    await words.press_sequentially("mil")
    await expect(found(page)).to_have_text(["Buy milk", "Call Anna"])
    await expect(page.get_by_role("status").filter(has_text="2 tasks")).to_be_visible()
    assert page.url.endswith("?q=mil")
    await words.fill("errand")
    await expect(found(page)).to_have_text(["Buy milk"])
    await words.fill("nothing of the kind")
    await expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()


async def test_the_filter_is_completed_by_keyboard(browse: Browse, space: Space, watch: Watch) -> None:
    """Fields, comparisons and the values of this workspace; quotes where a name needs them."""
    watch.allow_status(400)  # while it is written it cannot be read
    project = await space.project("Work at home")
    await space.task("Plan", project=project["id"])
    await space.task("Else")
    page = await opened(browse, space, "search")
    await field(page).press_sequentially("pro")
    await expect(options(page).first).to_contain_text("project")
    await field(page).press("Tab")
    await expect(options(page).first).to_contain_text("=")
    await field(page).press_sequentially("= wor")
    await field(page).press("ArrowDown")
    await expect(options(page).first).to_have_attribute("aria-selected", "true")
    await field(page).press("Enter")
    await expect(field(page)).to_have_value('project = "Work at home" ')
    await field(page).press("Escape")
    await expect(options(page)).to_have_count(0)
    await field(page).press("Enter")
    await expect(found(page)).to_have_text(["Plan"])


async def test_what_cannot_be_read_is_marked_where_it_is(browse: Browse, space: Space, watch: Watch) -> None:
    """With the server's hint; mended, it is gone and the results are there."""
    watch.allow_status(400)
    await space.task("Pay", priority="high")
    page = await opened(browse, space, "search?filter=priority+>%3D+hgh")
    await expect(page.locator(".filter-marks mark")).to_have_text("hgh")
    await expect(page.locator("#filter-wrong")).to_contain_text("Did you mean high?")
    await expect(field(page)).to_have_attribute("aria-invalid", "true")
    await field(page).fill("priority >= high")
    await field(page).press("Enter")
    await expect(found(page)).to_have_text(["Pay"])
    await expect(page.locator(".filter-marks mark")).to_have_count(0)


async def test_buttons_write_the_conditions(browse: Browse, space: Space) -> None:
    """What is chosen stands in the filter, and what was written by hand stays; a click takes it out again."""
    await space.task("Milk", labels=["home"], priority="urgent", estimate_minutes=5)
    await space.task("Rent", labels=["money"], priority="urgent", estimate_minutes=5)
    await space.task("Sleep", labels=["home"], estimate_minutes=5)
    page = await opened(browse, space, "search?filter=estimate+<+10")
    conditions = page.get_by_role("group", name="Conditions")
    await conditions.get_by_role("button", name="Priority").click()
    await page.get_by_role("option", name="Urgent").click()
    await conditions.get_by_role("button", name="Label").click()
    await page.get_by_role("option", name="home").click()
    await page.get_by_role("option", name="money").click()
    await page.get_by_role("button", name="Done").click()
    await expect(field(page)).to_have_value("estimate < 10 and priority = urgent and label in (home, money)")
    await expect(found(page)).to_have_text(["Milk", "Rent"])
    await conditions.get_by_role("button", name="No condition on priority").click()
    await expect(found(page)).to_have_text(["Milk", "Rent", "Sleep"])
    await conditions.get_by_role("button", name="Without estimate < 10").click()
    await expect(field(page)).to_have_value("label in (home, money)")


async def test_results_are_live(browse: Browse, space: Space) -> None:
    """What others change comes and goes while one looks; its order follows too."""
    first = await space.task("Alpha", labels=["x"])
    page = await opened(browse, space, "search?filter=label+%3D+x&sort=title")
    await expect(found(page)).to_have_text(["Alpha"])
    await space.task("Aardvark", labels=["x"])
    await expect(found(page)).to_have_text(["Aardvark", "Alpha"])
    await space.post(f"/tasks/{first['id']}/label", {"remove": ["x"]})
    await expect(found(page)).to_have_text(["Aardvark"])
    await expect(page.get_by_role("status").filter(has_text="1 task")).to_be_visible()


async def test_results_come_in_pages(browse: Browse, space: Space) -> None:
    """The list grows as it is scrolled, up to the last of them."""
    for start in range(0, 260, 65):
        commands = [{"type": "CreateTask", "title": f"Task {start + one:03}"} for one in range(65)]
        assert (await space.post("/commands", {"commands": commands})).status == 200
    page = await opened(browse, space, "search?q=task&sort=title")
    await expect(page.get_by_role("status").filter(has_text="260 tasks")).to_be_visible()
    for _ in range(60):
        await page.locator("virtual-list").evaluate("list => list.scrollTo(0, list.scrollHeight)")
        if await page.get_by_text("Task 259").count():
            break
        await page.evaluate("() => new Promise((done) => setTimeout(done, 50))")
    await expect(page.get_by_text("Task 259")).to_be_visible()


async def test_offline_this_device_looks(browse: Browse, space: Space, watch: Watch) -> None:
    """Through titles and labels, and says so; online again the whole search is back."""
    await space.task("Buy milk")
    await space.task("Call", description="milk")
    page = await opened(browse, space, "search?q=milk")
    await expect(found(page)).to_have_text(["Buy milk", "Call"])
    async with watch.offline(page):
        await page.get_by_role("searchbox", name="Words to find").fill("milk ")
        await page.get_by_role("searchbox", name="Words to find").fill("mil")
        await expect(page.get_by_text("You are offline.")).to_be_visible()
        await expect(found(page)).to_have_text(["Buy milk"])
    await page.get_by_role("searchbox", name="Words to find").fill("milk")
    await expect(found(page)).to_have_text(["Buy milk", "Call"])
    await expect(page.get_by_text("You are offline.")).to_have_count(0)


async def test_a_filter_is_saved_shared_changed_and_removed(browse: Browse, space: Space) -> None:
    """It stands in the sidebar at once, of others too when it is shared; undo brings it back."""
    await space.task("Milk", priority="urgent")
    anna = await space.joined("anna", "editor")
    page = await opened(browse, space, "search?filter=priority+%3D+urgent")
    other = await opened(browse, anna, "search", user="anna")
    await page.get_by_role("button", name="Save as a filter").click()
    await page.get_by_label("Name", exact=True).fill("Pressing")
    await page.get_by_label("Share it with all members").check()
    await page.get_by_role("button", name="Save the filter").click()
    await expect(page.get_by_role("heading", name="Pressing", level=1)).to_be_visible()
    await expect(other.get_by_role("navigation", name="Main").get_by_role("link", name="Pressing")).to_be_visible()
    row = other.locator(".saved-row")
    await expect(row).to_contain_text("priority = urgent")
    await expect(row.get_by_label("1 tasks")).to_be_visible()
    await space.task("Rent", priority="urgent")
    await expect(row.get_by_label("2 tasks")).to_be_visible()
    await expect(row.get_by_role("button")).to_have_count(0)  # somebody else's

    await page.get_by_role("button", name="Edit the filter").click()
    await page.get_by_label("Name", exact=True).fill("Now")
    await page.get_by_label("Colour 4").check()
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(row).to_contain_text("Now")
    await page.get_by_role("button", name="Edit the filter").click()
    await page.get_by_role("button", name="Remove").click()
    await expect(row).to_have_count(0)
    removed = page.locator(".notice").filter(has_text="Removed the filter")  # said later than others see it gone
    await removed.get_by_role("button", name="Undo").click()
    await expect(row).to_contain_text("Now")
    assert (await space.get("/filters")).ok["items"][0]["colour"] == "#b4540a"


async def test_saved_filters_keep_what_is_changed_and_their_order(browse: Browse, space: Space) -> None:
    """A changed filter is kept when that is said; the order is that of the sidebar."""
    for name in ("One", "Two"):
        assert (await space.post("/filters", {"name": name, "filter": "status = open"})).status == 201
    page = await opened(browse, space, "search")
    rows = page.locator(".saved-row .saved-name")
    await expect(rows).to_have_text(["One", "Two"])
    await page.get_by_role("button", name="Move Two up").click()
    await expect(rows).to_have_text(["Two", "One"])
    await expect(page.locator(".sidebar a[href*='/search/'] .grow")).to_have_text(["Two", "One"])
    await page.locator(".saved-row").first.get_by_role("link").click()
    await page.get_by_label("Order").select_option("title")
    await page.get_by_role("button", name="Save changes").click()
    await expect(page.get_by_role("button", name="Save changes")).to_have_count(0)

    async def kept() -> bool:
        items = (await space.get("/filters")).ok["items"]
        return [(one["name"], one["sort"]) for one in items] == [("Two", "title"), ("One", "")]

    await until(kept)


async def test_the_page_is_accessible_and_fits_a_phone(browse: Browse, space: Space, watch: Watch) -> None:
    """Before and after, in both schemes, also while something is offered or wrong."""
    watch.allow_status(400)
    await space.task("Milk", labels=["home"], due={"date": "2026-03-08"})
    await space.post("/filters", {"name": "Home", "filter": "label = home", "shared": True})
    page = await opened(browse, space, "search")
    await expect(page.locator(".saved-row")).to_be_visible()
    await accessible(page)
    await field(page).fill("label = home and st")
    await expect(options(page).first).to_be_visible()
    await expect(page.locator("#filter-wrong")).to_contain_text(re.compile("There is no field"))
    await accessible(page)
    await field(page).press("Escape")
    await shot(page, "search")
    phone = await opened(browse, space, "search?q=milk", screen="phone")
    await expect(found(phone)).to_have_text(["Milk"])
    await narrow_enough(phone)
    await accessible(phone)
