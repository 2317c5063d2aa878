"""The history of a task: each step in words, undone from there; the task as it was, and that version brought back."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.support.http import Space
from tests.ui.browsing import Browse
from tests.ui.details import detail, opened, saved, title
from tests.ui.looking import accessible, shot
from tests.ui.steps import live


async def lived(space: Space) -> dict[str, Any]:
    """A task that somebody else has changed too."""
    task = await space.task("Paint the fence", description="Before the rain comes.")
    anna = await space.joined("anna", "editor")
    await anna.patch(f"/tasks/{task['id']}", {"title": "Paint the garden fence"})
    await anna.post(f"/tasks/{task['id']}/label", {"add": ["garden", "weekend"]})
    await space.patch(f"/tasks/{task['id']}", {"description": "Before the snow comes.", "priority": "high"})
    return task


async def history(page: Page) -> Locator:
    """The dialog, opened and read."""
    await detail(page).get_by_role("button", name="History").click()
    dialog = page.get_by_role("dialog", name="History")
    await expect(dialog.locator(".step").first).to_be_visible()
    return dialog


async def test_every_step_in_words(browse: Browse, space: Space) -> None:
    """Newest first: who did what, with what went and what came."""
    task = await lived(space)
    page = await opened(browse, space, task["id"])
    steps = (await history(page)).locator(".step")
    await expect(steps).to_have_count(4)
    await expect(steps.locator(".step-choose .grow")).to_have_text(
        [
            "local changed the description and priority",
            "anna changed the labels",
            "anna changed the title",
            "local made this task",
        ]
    )
    await expect(steps.nth(0).locator("del").first).to_have_text("rain")
    await expect(steps.nth(0).locator("ins").first).to_have_text("snow")
    await expect(steps.nth(1).locator(".chip.came")).to_have_text(["+ garden", "+ weekend"])
    await expect(steps.nth(2).locator("ins")).to_have_text("garden ")
    await space.post(f"/tasks/{task['id']}/complete")
    await expect(steps).to_have_count(5)
    await expect(steps.nth(0)).to_contain_text("local completed it")


async def test_a_step_is_undone_and_done_again(browse: Browse, space: Space) -> None:
    """Any step, also one of somebody else; it says by what it was undone."""
    task = await lived(space)
    page = await opened(browse, space, task["id"])
    steps = (await history(page)).locator(".step")
    await steps.nth(2).get_by_role("button", name="Undo: changed the title").click()
    await expect(steps).to_have_count(5)
    await expect(steps.nth(0)).to_contain_text("local undid “changed the title”")
    await expect(steps.nth(3)).to_contain_text("Undone by local")
    await expect(steps.nth(3).get_by_role("button", name="Undo")).to_have_count(0)
    await expect(title(page)).to_have_value("Paint the fence")
    await steps.nth(0).get_by_role("button", name="Undo: undid").click()
    await expect(steps).to_have_count(6)
    await expect(steps.nth(4)).not_to_contain_text("Undone by")
    found = await saved(space, task["id"], lambda one: one["title"] == "Paint the garden fence", page)
    assert found["priority"] == "high"


async def test_what_stands_in_the_way_is_told_at_the_step(browse: Browse, space: Space) -> None:
    """In words, with who did it; the rest of the page goes on."""
    task = await lived(space)
    await space.patch(f"/tasks/{task['id']}", {"title": "Paint the shed"})
    page = await opened(browse, space, task["id"])
    steps = (await history(page)).locator(".step")
    await steps.nth(3).get_by_role("button", name="Undo: changed the title").click()
    refused = steps.nth(3).get_by_role("alert")
    await expect(refused).to_contain_text("This cannot be undone by itself.")
    await expect(refused.locator(".in-the-way")).to_contain_text("local changed the title")
    await refused.get_by_role("button", name="All right").click()
    await expect(refused).to_have_count(0)
    await expect(title(page)).to_have_value("Paint the shed")


async def test_as_it_was_and_brought_back(browse: Browse, space: Space) -> None:
    """The slider shows the whole task as of a step, what is otherwise now is marked, and it comes back as an edit."""
    task = await lived(space)
    page = await opened(browse, space, task["id"])
    dialog = await history(page)
    slider = dialog.get_by_role("slider", name="As it was on")
    await expect(dialog.get_by_role("heading", name="As it is now")).to_be_visible()
    await slider.focus()
    for _ in range(3):
        await slider.press("ArrowLeft")
    then = dialog.locator(".then")
    await expect(then.locator(".otherwise").first).to_contain_text("Paint the fence")
    await expect(then).to_contain_text("Now: Paint the garden fence")
    await expect(then).to_contain_text("4 things are otherwise now")
    await expect(then.locator(".md")).to_have_text("Before the rain comes.")
    await expect(dialog.locator(".step.chosen")).to_contain_text("made this task")
    await accessible(page)
    await shot(page, "history")
    await then.get_by_role("button", name="Bring this version back").click()
    await expect(dialog).to_have_count(0)
    await expect(title(page)).to_have_value("Paint the fence")
    found = await saved(space, task["id"], lambda one: one["title"] == "Paint the fence", page)
    assert (found["description"], found["priority"], found["labels"]) == ("Before the rain comes.", "none", [])


async def test_by_keyboard_and_on_a_phone(browse: Browse, space: Space) -> None:
    """Arrows go from step to step; on a phone the task of then has its own side; the focus goes back."""
    task = await lived(space)
    page = await opened(browse, space, task["id"])
    dialog = await history(page)
    await dialog.locator(".step-choose").first.focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await expect(dialog.locator(".step").nth(2).locator(".step-choose")).to_be_focused()
    await expect(dialog.locator(".step.chosen")).to_contain_text("anna changed the title")
    await expect(dialog.locator(".then")).to_contain_text("Before the rain comes.")
    await page.set_viewport_size({"width": 390, "height": 844})
    await expect(dialog.locator(".then")).not_to_be_visible()
    await dialog.get_by_role("button", name="As it was").click()
    await expect(dialog.locator(".then")).to_be_visible()
    await accessible(page)
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(detail(page).get_by_role("button", name="History")).to_be_focused()
    await live(page)
