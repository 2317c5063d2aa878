"""The first two minutes: somebody who has never seen the page adds, drags, shares, goes offline and takes a step back.

With TASKSYS_PICTURES set to a directory, the pictures of the README are made there.
"""

from __future__ import annotations

import os
from pathlib import Path

from playwright.async_api import Page, expect

from tests.ui.browsing import Browse, Served
from tests.ui.details import detail
from tests.ui.steps import offline, rows, settled
from tests.ui.test_board import column, drag
from tests.ui.watching import Watch


async def picture(page: Page, name: str) -> None:
    """Keeps a picture, if pictures are wanted."""
    if directory := os.environ.get("TASKSYS_PICTURES"):
        for notice in await page.query_selector_all(".notice [aria-label=Dismiss]"):
            await notice.evaluate("button => button.click()")
        await expect(page.locator(".notice")).to_have_count(0)
        await page.mouse.move(640, 790)
        await page.screenshot(path=Path(directory) / f"{name}.png")


async def write(page: Page, text: str) -> None:
    """Adds a task as it is said, from anywhere."""
    await page.keyboard.press("q")
    field = page.get_by_role("dialog").get_by_role("textbox", name="Add a task")
    await expect(field).to_be_focused()
    await page.keyboard.type(text)
    await page.keyboard.press("Enter")
    await expect(field).to_have_value("")
    await page.keyboard.press("Escape")
    await expect(field).to_have_count(0)


async def test_the_first_two_minutes(browse: Browse, site: Served, watch: Watch) -> None:
    """Tasks in plain words, a card dragged, a second window that follows, offline and back, an edit undone."""
    page = await browse("/", user="mia")
    await page.get_by_role("button", name="Start").click()
    await settled(page)

    await page.get_by_role("button", name="New project").click()
    await page.get_by_role("dialog").get_by_role("textbox", name="Name").fill("Garden")
    await page.get_by_role("dialog").get_by_role("button", name="Make the project").click()
    await expect(page.get_by_role("heading", name="Garden", level=1)).to_be_visible()
    garden = page.url
    for text in (
        "Order seeds tomorrow 9am !high",
        "Water the tomatoes every 2 days",
        "Dig the long bed on saturday @mia",
        "Prune the apple tree",
        "Ask Ben for his ladder today !urgent",
    ):
        await write(page, text)
    await expect(rows(page)).to_have_count(5)
    await expect(rows(page).filter(has_text="Order seeds")).to_contain_text("Tomorrow 09:00")

    await page.get_by_role("link", name="Board").click()
    other = await browse(f"{garden}?view=board", user="mia")
    await expect(column(other, "To do").get_by_role("article")).to_have_count(5)
    await drag(page, page.get_by_role("article", name="Prune the apple tree"), column(page, "In progress"))
    await expect(column(other, "In progress").get_by_role("article", name="Prune the apple tree")).to_be_visible()
    await picture(page, "board")

    await page.goto(garden)
    await settled(page)
    async with watch.offline(page):
        await offline(page)
        await page.get_by_role("checkbox", name="Complete Dig the long bed").click()
        await write(page, "Buy string tomorrow")
        await expect(page.locator(".connection-state")).to_contain_text("2 to send")
        await expect(column(other, "Done").get_by_role("article")).to_have_count(0)
    await expect(column(other, "Done").get_by_role("article", name="Dig the long bed")).to_be_visible()
    await expect(column(other, "To do").get_by_role("article", name="Buy string", exact=True)).to_be_visible()

    await rows(page).filter(has_text="Order seeds").click()
    title = detail(page).get_by_role("textbox", name="Title")
    await title.fill("Order seeds and bulbs")
    await title.press("Enter")
    await expect(other.get_by_role("article", name="Order seeds and bulbs")).to_be_visible()
    await detail(page).get_by_role("button", name="History").click()
    history = page.get_by_role("dialog", name="History")
    await expect(history).to_contain_text("bulbs")
    await picture(page, "history")
    await history.get_by_role("button", name="Undo: changed the title").click()
    await expect(other.get_by_role("article", name="Order seeds", exact=True)).to_be_visible()
    await expect(history).to_contain_text("Undone by")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    await page.keyboard.press("g")
    await page.keyboard.press("u")
    await expect(page.get_by_role("heading", name="Upcoming", level=1)).to_be_visible()
    await page.get_by_role("textbox", name="Add a task").fill("Mow the lawn every saturday 10am #Garden !low")
    await expect(page.locator(".quick-add-marks mark")).to_have_count(3)
    await picture(page, "upcoming")
