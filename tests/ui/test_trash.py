"""The trash: what was thrown away, what is inside it, and the way back."""

from __future__ import annotations

from playwright.async_api import Locator, Page, expect

from tests.support.http import Space
from tests.ui.browsing import Browse
from tests.ui.looking import accessible, shot
from tests.ui.steps import narrow_enough, opened


def row(page: Page, name: str) -> Locator:
    """One thing in the trash."""
    return page.locator(".trash-row").filter(has_text=name)


async def test_what_is_thrown_away_comes_live_and_goes_back(browse: Browse, space: Space) -> None:
    """With its subtasks, which are counted and shown; undo throws it away again."""
    task = await space.task("Cake")
    await space.task("Flour", parent=task["id"])
    page = await opened(browse, space, "trash")
    await expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()
    await space.delete(f"/tasks/{task['id']}")
    await expect(row(page, "Cake")).to_contain_text("with 1 subtask")
    await row(page, "Cake").get_by_role("button", name="1 subtask").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Flour")
    await page.get_by_role("button", name="Restore it all").click()
    await expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()
    await expect(page.get_by_text("Restored “Cake”")).to_be_visible()
    assert not (await space.get(f"/tasks/{task['id']}")).ok["trashed"]
    await page.get_by_role("button", name="Undo").click()
    await expect(row(page, "Cake")).to_be_visible()


async def test_what_must_go_first_is_named(browse: Browse, space: Space) -> None:
    """A task whose parent or project is in the trash too cannot come back alone."""
    project = await space.project("Old flat")
    parent = await space.task("Keys", project=project["id"])
    child = await space.task("Copy", parent=parent["id"])
    for path in (f"/tasks/{child['id']}", f"/tasks/{parent['id']}", f"/projects/{project['id']}"):
        assert (await space.delete(path)).status == 200
    page = await opened(browse, space, "trash")
    await expect(row(page, "Copy")).to_contain_text("Restore the task “Keys” first.")
    await expect(page.get_by_role("button", name="Restore Copy")).to_be_disabled()
    await expect(page.locator(".trash-row", has=page.get_by_role("button", name="Restore Keys"))).to_contain_text(
        "Restore the project Old flat first."
    )
    await page.get_by_role("button", name="Restore Old flat").click()
    await page.get_by_role("button", name="Restore Keys").click()
    await page.get_by_role("button", name="Restore Copy").click()
    await expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()


async def test_it_is_searched(browse: Browse, space: Space) -> None:
    """By any words of a name."""
    for title in ("Old chair", "Old table"):
        made = await space.task(title)
        await space.delete(f"/tasks/{made['id']}")
    page = await opened(browse, space, "trash")
    await expect(page.locator(".trash-row")).to_have_count(2)
    await page.get_by_role("searchbox", name="Search in the trash").fill("tab old")
    await expect(page.locator(".trash-name")).to_have_text(["Old table"])
    await page.get_by_role("searchbox", name="Search in the trash").fill("lamp")
    await expect(page.get_by_role("heading", name="Nothing like that in the trash")).to_be_visible()


async def test_who_only_looks_restores_nothing(browse: Browse, space: Space) -> None:
    """A viewer sees what is there."""
    task = await space.task("Milk")
    await space.delete(f"/tasks/{task['id']}")
    ben = await space.joined("ben", "viewer")
    page = await opened(browse, ben, "trash", user="ben")
    await expect(row(page, "Milk")).to_be_visible()
    await expect(page.get_by_role("button", name="Restore Milk")).to_have_count(0)


async def test_it_is_accessible_and_fits_a_phone(browse: Browse, space: Space) -> None:
    """In both schemes."""
    project = await space.project("Old flat with quite a long name that goes on and on")
    task = await space.task("Keys", project=project["id"])
    await space.delete(f"/tasks/{task['id']}")
    await space.delete(f"/projects/{project['id']}")
    page = await opened(browse, space, "trash")
    await expect(row(page, "Keys")).to_be_visible()
    await accessible(page)
    await shot(page, "trash")
    phone = await opened(browse, space, "trash", screen="phone")
    await expect(row(phone, "Keys")).to_be_visible()
    await narrow_enough(phone)
    await accessible(phone)
