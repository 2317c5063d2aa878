"""Settings: of the workspace, of oneself, and of this device."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Page, expect

from tests.support.http import Space
from tests.support.waiting import until
from tests.ui.browsing import Browse
from tests.ui.looking import accessible, shot
from tests.ui.steps import live, narrow_enough, opened
from tests.ui.watching import Watch


async def preferences(space: Space) -> dict[str, Any]:
    """What the user has set."""
    found: dict[str, Any] = (await space.get("/preferences")).ok
    return found


async def tall(page: Page) -> float:
    """The height of a task in the list."""
    height: float = await page.locator(".task-row").evaluate("row => row.getBoundingClientRect().height")
    return height


async def test_the_workspace_is_renamed_for_all(browse: Browse, space: Space) -> None:
    """Others see it at once; what is no zone is refused beside its field. Only admins may."""
    anna = await space.joined("anna", "editor")
    page = await opened(browse, space, "settings")
    other = await opened(browse, anna, "settings", user="anna")
    section = page.get_by_role("region", name="Workspace")
    await section.get_by_label("Name").fill("Household")
    await section.get_by_label("Reminders of a day count from").select_option("8")
    await section.get_by_role("button", name="Save").click()
    await expect(other.locator(".workspace-button")).to_contain_text("Household")
    found = (await space.get()).ok
    assert (found["name"], found["reminder_hour"]) == ("Household", 8)
    await expect(other.get_by_role("region", name="Workspace").get_by_label("Name")).to_be_disabled()
    await section.get_by_label("Time zone of the workspace").fill("Mars/Olympus")
    await section.get_by_role("button", name="Save").click()
    await expect(section.get_by_role("alert")).to_contain_text("Mars/Olympus")


async def test_own_preferences_are_kept_and_undone(browse: Browse, space: Space) -> None:
    """Each as it is chosen, on every device of the person."""
    page = await opened(browse, space, "settings")
    section = page.get_by_role("region", name="Your reminders")
    await section.get_by_label("Hour that reminders").select_option("7")
    await section.get_by_role("button", name="Be quiet at night").click()
    await expect(section.get_by_label("Quiet until")).to_have_value("07:00")
    await section.get_by_label("Quiet until").fill("06:30")
    await section.get_by_label("Add a reminder of new tasks").select_option("PT30M")
    await expect(section.get_by_text("30 minutes before it is due")).to_be_visible()
    second = await opened(browse, space, "settings")
    await expect(second.get_by_label("Quiet until")).to_have_value("06:30")
    await second.get_by_role("button", name="Not 30 minutes before it is due").click()
    await expect(section.get_by_text("30 minutes before it is due")).to_have_count(0)
    found = await preferences(space)
    assert (found["reminder_hour"], found["quiet_hours"]) == (7, {"from": "22:00", "to": "06:30"})
    zone = section.get_by_label("Your time zone")
    await zone.fill("Nowhere")
    await zone.press("Tab")
    await expect(page.locator(".notice.error")).to_contain_text("Nowhere")
    await expect(zone).to_have_value("")


async def test_a_channel_is_added_switched_and_removed(browse: Browse, space: Space, watch: Watch) -> None:
    """A webhook shows its secret when that is asked for; what cannot be is said in the dialogue."""
    watch.allow_status(422)
    page = await opened(browse, space, "settings")
    section = page.get_by_role("region", name="Where reminders go")
    await section.get_by_role("button", name="Add a channel").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Webhook").click()
    await dialog.get_by_label("Name").fill("work")
    await dialog.get_by_label("Address").fill("ftp://example.org")
    await dialog.get_by_role("button", name="Add").click()
    await expect(dialog.get_by_role("alert")).to_be_visible()
    await dialog.get_by_label("Address").fill("https://example.org/hook")
    await dialog.get_by_role("button", name="Add").click()
    row = section.get_by_role("listitem").filter(has_text="work")
    await expect(row).to_contain_text("Webhook")
    await expect(row.get_by_role("checkbox")).to_be_checked()
    await row.get_by_role("button", name="Secret of work").click()
    secret = (await space.get("/preferences/channels/work")).ok["secret"]
    await expect(page.get_by_label("Secret", exact=True)).to_have_value(secret)
    await page.keyboard.press("Escape")
    await row.get_by_role("button", name="Switch off work").click()
    await expect(row).to_contain_text("Off:")
    await row.get_by_role("button", name="Switch on work").click()
    await expect(row).not_to_contain_text("Off:")
    await row.get_by_role("button", name="Remove work").click()
    await expect(row).to_have_count(0)

    async def empty() -> bool:
        found = await preferences(space)
        return not found["own_channels"] and "work" not in found["channels"]

    await until(empty)


async def test_the_calendar_has_an_address_and_another(browse: Browse, space: Space) -> None:
    """The former one stops working."""
    page = await opened(browse, space, "settings")
    section = page.get_by_role("region", name="Calendar feed")
    field = section.get_by_label("As to-dos", exact=False).first
    before = await field.input_value()
    assert "calendar.ics?token=" in before
    await section.get_by_role("button", name="Make new addresses").click()
    await expect(field).not_to_have_value(before)
    after = await field.input_value()
    statuses = [(await page.request.get(address)).status for address in (before, after)]
    assert statuses[0] >= 400
    assert statuses[1] == 200


async def test_the_look_is_this_devices(browse: Browse, space: Space) -> None:
    """Theme and density stay after the page is loaded again; lists are closer together."""
    await space.task("Milk")
    page = await opened(browse, space, "inbox")
    height = await tall(page)
    await page.keyboard.press("g")
    await page.keyboard.press("s")
    await page.get_by_role("group", name="Theme").get_by_role("button", name="Dark").click()
    await page.get_by_role("group", name="Density").get_by_role("button", name="Compact").click()
    await page.goto(f"/w/{space.id}/inbox")
    await live(page)
    assert await page.evaluate("() => getComputedStyle(document.documentElement).colorScheme") == "dark"
    assert await tall(page) < height


async def test_one_works_under_another_name(browse: Browse, space: Space) -> None:
    """Where the server asks nobody who they are; it opens that one's workspaces."""
    await space.joined("anna", "editor")
    page = await opened(browse, space, "settings")
    await page.get_by_label("Your name").fill("anna")
    await page.get_by_role("button", name="Work under this name").click()
    await expect(page.locator(".sidebar-foot")).to_contain_text("anna")
    await live(page)


async def test_what_this_device_keeps_is_cleared(browse: Browse, space: Space) -> None:
    """And fetched again."""
    await space.task("Milk")
    page = await opened(browse, space, "settings")
    await expect(page.get_by_text("1 task and 0 projects")).to_be_visible()
    await page.get_by_role("region", name="On this device").get_by_role("button", name="Clear").click()
    await page.get_by_role("dialog").get_by_role("button", name="Clear").click()
    await expect(page.get_by_text("Cleared, and fetched again")).to_be_visible()
    await expect(page.get_by_text("1 task and 0 projects")).to_be_visible()


async def test_it_is_accessible_and_fits_a_phone(browse: Browse, space: Space) -> None:
    """In both schemes."""
    page = await opened(browse, space, "settings")
    await page.get_by_role("button", name="Be quiet at night").click()
    await page.get_by_label("Add a reminder of new tasks").select_option("PT30M")
    await expect(page.get_by_label("Quiet until")).to_be_visible()
    await expect(page.get_by_role("button", name="Make new addresses")).to_be_visible()
    await accessible(page)
    await shot(page, "settings")
    phone = await opened(browse, space, "settings", screen="phone")
    await expect(phone.get_by_role("button", name="Make new addresses")).to_be_visible()
    await narrow_enough(phone)
    await accessible(phone)
