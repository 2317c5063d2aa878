"""Members: who may do what, who is here, and what stands in the way."""

from __future__ import annotations

from typing import Final

from playwright.async_api import Locator, Page, expect

from tests.support.http import Space
from tests.support.waiting import until
from tests.ui.browsing import Browse
from tests.ui.looking import accessible, shot
from tests.ui.steps import narrow_enough, opened

KEPT: Final = """() => new Promise((done) => {
  indexedDB.open("tasksys").onsuccess = ({target}) => {
    target.result.transaction("rows").objectStore("rows").count().onsuccess = (found) => done(found.target.result);
  };
})"""
"""How many rows a page keeps on its device."""


def member(page: Page, user: str) -> Locator:
    """A member's line."""
    return page.locator(".member").filter(has=page.locator("strong", has_text=user))


async def roles(space: Space) -> dict[str, str]:
    """Who is what."""
    return {one["user"]: one["role"] for one in (await space.get("/members")).ok["items"]}


async def test_members_are_added_changed_and_removed(browse: Browse, space: Space) -> None:
    """By their user id; each sees it at once. What they lose is said first."""
    page = await opened(browse, space, "members")
    await page.get_by_label("User id").fill("anna")
    await page.get_by_role("combobox", name="Role", exact=True).select_option("viewer")
    await page.get_by_label("User id").press("Enter")
    await expect(member(page, "anna").get_by_role("combobox")).to_have_value("viewer")
    anna = await opened(browse, space.acting("anna"), "members", user="anna")
    await expect(anna.get_by_text("You are a viewer: looks.")).to_be_visible()
    await expect(anna.get_by_label("User id")).to_have_count(0)
    await expect(member(page, "anna")).to_contain_text("here now")

    await page.get_by_label("Role of anna").select_option("editor")
    await expect(anna.get_by_text("You are an editor")).to_be_visible()
    assert (await roles(space))["anna"] == "editor"

    await space.task("Hers", assignees=["anna"])
    await page.get_by_role("button", name="Remove anna").click()
    await expect(page.get_by_role("dialog")).to_contain_text("1 open task stays assigned to them")
    await page.get_by_role("button", name="Remove", exact=True).click()
    await expect(member(page, "anna")).to_have_count(0)
    await expect(anna.get_by_role("heading", name="This cannot be shown")).to_be_visible()
    await expect(anna.get_by_role("alert")).to_contain_text("member")

    async def forgotten() -> bool:
        return not await anna.evaluate(KEPT)

    await until(forgotten)


async def test_the_last_owner_is_kept(browse: Browse, space: Space) -> None:
    """Neither another role nor leaving: it is said what to do; with a second owner one may leave."""
    page = await opened(browse, space, "members")
    own = page.get_by_label("Role of local")
    await own.select_option("editor")
    await expect(member(page, "local").get_by_role("alert")).to_have_text(
        "A workspace keeps at least one owner; make somebody else an owner first."
    )
    await expect(own).to_have_value("owner")
    leave = page.get_by_role("button", name="Leave")
    await expect(leave).to_be_disabled()
    await expect(member(page, "local")).to_contain_text("make somebody else an owner before you leave")
    assert await roles(space) == {"local": "owner"}
    await space.joined("olga", "owner")
    await expect(leave).to_be_enabled()
    await expect(member(page, "local")).not_to_contain_text("before you leave")


async def test_one_leaves(browse: Browse, space: Space) -> None:
    """Anybody may, and is told what it means."""
    ben = await space.joined("ben", "viewer")
    page = await opened(browse, ben, "members", user="ben")
    await expect(page.get_by_role("combobox")).to_have_count(0)
    await page.get_by_role("button", name="Leave").click()
    await expect(page.get_by_role("dialog")).to_contain_text("You can no longer see or change anything here")
    await page.get_by_role("dialog").get_by_role("button", name="Leave").click()
    await expect(page.get_by_role("heading", name="This cannot be shown")).to_be_visible()

    async def gone() -> bool:
        return await roles(space) == {"local": "owner"}

    await until(gone)


async def test_an_admin_makes_no_owners(browse: Browse, space: Space) -> None:
    """Owners are for owners to change; who is here, and where, is shown."""
    carla = await space.joined("carla", "admin")
    task = await space.task("Milk")
    page = await opened(browse, carla, "members", user="carla")
    await expect(page.get_by_text("Owners alone make and change owners.")).to_be_visible()
    await expect(page.get_by_role("combobox", name="Role", exact=True).locator("option")).to_have_text(
        ["Admin", "Editor", "Commenter", "Viewer"]
    )
    await expect(page.get_by_label("Role of local")).to_have_count(0)
    await opened(browse, space, f"inbox?task={task['id']}")
    await expect(member(page, "local")).to_contain_text("here now, at “Milk”")


async def test_it_is_accessible_and_fits_a_phone(browse: Browse, space: Space) -> None:
    """In both schemes, the dialogue too."""
    await space.joined("anna", "editor")
    page = await opened(browse, space, "members")
    await expect(member(page, "anna")).to_be_visible()
    await accessible(page)
    await shot(page, "members")
    phone = await opened(browse, space, "members", screen="phone")
    await expect(member(phone, "anna")).to_be_visible()
    await narrow_enough(phone)
    await phone.get_by_role("button", name="Remove anna").click()
    await expect(phone.get_by_role("dialog")).to_be_visible()
    await accessible(phone)
