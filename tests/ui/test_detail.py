"""A task beside its list: everything that it has is changed where it stands, and nothing that is typed is lost."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.support.http import Space
from tests.ui.browsing import USER, Browse
from tests.ui.details import MOD, description, detail, opened, part, saved, title
from tests.ui.looking import accessible, shot
from tests.ui.steps import live, offline
from tests.ui.watching import Watch

RICH = """Before the **rain**.

## Needed
- *green* paint, see https://example.org/a.
- [x] done
- [bad](javascript:alert(1)) and [good](https://example.org/b)

<img src=x onerror=alert(1)>
"""


async def rich(space: Space) -> dict[str, Any]:
    """A task that has everything."""
    await space.put("/members/anna", {"role": "editor"})
    project = await space.project("House", colour="#3d7a3a")
    other = await space.task("Order the wood", project=project["id"])
    made = await space.task(
        "Paint the fence",
        project=project["id"],
        description=RICH,
        priority="high",
        labels=["garden"],
        assignees=["anna"],
        due={"local": "2099-03-08T09:00", "zone": "Europe/Berlin"},
        estimate_minutes=90,
    )
    task = f"/tasks/{made['id']}"
    await space.task("First coat", parent=made["id"])
    await space.post(f"{task}/checklist", {"title": "Brush"})
    await space.post(f"{task}/comments", {"body": "The **darker** green?"})
    await space.post(f"{task}/reminders", {"trigger": {"before": "PT1H", "of": "due"}})
    await space.post("/commands", {"type": "LinkTask", "task": made["id"], "link": "blocked-by", "other": other["id"]})
    return {**made, "project": project["id"], "other": other["id"]}


# --- texts


async def test_the_title_is_changed_in_place(browse: Browse, space: Space) -> None:
    """By Enter; what is blank changes nothing."""
    task = await space.task("Milk")
    page = await opened(browse, space, task["id"])
    await title(page).fill("Oat milk")
    await title(page).press("Enter")
    await expect(page.get_by_role("row", name="Oat milk")).to_be_visible()
    await saved(space, task["id"], lambda one: one["title"] == "Oat milk", page)
    await title(page).fill(" ")
    await title(page).press("Enter")
    await expect(title(page)).to_have_value("Oat milk")


async def test_the_description_is_markdown_and_becomes_a_field(browse: Browse, space: Space) -> None:
    """Shown safely: links lead to the web only, and HTML is text."""
    task = await space.task("Milk", description=RICH)
    page = await opened(browse, space, task["id"])
    shown = detail(page).locator(".read")
    await expect(shown.locator("strong")).to_have_text("rain")
    await expect(shown.locator("h5")).to_have_text("Needed")
    assert await shown.locator("a").evaluate_all("(all) => all.map((one) => one.getAttribute('href'))") == [
        "https://example.org/a",
        "https://example.org/b",
    ]
    assert {"noopener"} <= set((await shown.locator("a").first.get_attribute("rel") or "").split())
    await expect(shown).to_contain_text("[bad](javascript:alert(1))")
    await expect(shown).to_contain_text("<img src=x onerror=alert(1)>")
    await shown.focus()
    await page.keyboard.press("Enter")
    await expect(description(page)).to_be_focused()
    await description(page).fill("Just *this*")
    await page.keyboard.press(f"{MOD}+Enter")
    await expect(shown.locator("em")).to_have_text("this")
    await expect(shown).to_be_focused()
    await saved(space, task["id"], lambda one: one["description"] == "Just *this*", page)


async def test_a_draft_survives_a_reload(browse: Browse, space: Space) -> None:
    """It is offered with what it changes, gone on with, and gone once it is saved."""
    task = await space.task("Milk", description="From the shop")
    page = await opened(browse, space, task["id"])
    await detail(page).locator(".read").click()
    await description(page).fill("From the farm shop, two litres")
    await page.reload()
    await live(page)
    offer = detail(page).get_by_role("group", name="A draft")
    await expect(offer.locator("ins").first).to_contain_text("farm")
    await expect(detail(page).locator(".read.md")).to_have_text("From the shop")
    await offer.get_by_role("button", name="Go on writing").click()
    await expect(description(page)).to_have_value("From the farm shop, two litres")
    await description(page).press(f"{MOD}+Enter")
    await saved(space, task["id"], lambda one: one["description"] == "From the farm shop, two litres", page)
    await page.reload()
    await live(page)
    await expect(detail(page).locator(".read.md")).to_have_text("From the farm shop, two litres")
    await expect(offer).to_have_count(0)


async def test_a_draft_survives_a_crash_and_can_be_thrown_away(browse: Browse, space: Space) -> None:
    """Another tab of the same device finds it."""
    task = await space.task("Milk")
    page = await opened(browse, space, task["id"])
    await title(page).fill("Milk and ho")
    tab = await page.context.new_page()
    await tab.goto(page.url)
    await live(tab)
    offer = detail(tab).get_by_role("group", name="A draft")
    await offer.get_by_role("button", name="Throw away").click()
    await expect(offer).to_have_count(0)
    await tab.reload()
    await live(tab)
    await expect(title(tab)).to_have_value("Milk")
    await expect(offer).to_have_count(0)


async def test_leaving_saves(browse: Browse, space: Space) -> None:
    """A text is saved when another task is opened, or the task is closed by a click."""
    task = await space.task("Milk")
    page = await opened(browse, space, task["id"])
    await title(page).fill("Oat milk")
    await detail(page).get_by_role("button", name="Close the task").click()
    await expect(detail(page)).to_have_count(0)
    await saved(space, task["id"], lambda one: one["title"] == "Oat milk", page)


async def test_escape_asks_only_if_much_would_be_lost(browse: Browse, space: Space) -> None:
    """Little is given up at once; much on a second word."""
    task = await space.task("Milk", description="Short")
    page = await opened(browse, space, task["id"])
    await title(page).fill("Milky")
    await title(page).press("Escape")
    await expect(title(page)).to_have_value("Milk")
    await expect(detail(page)).to_be_visible()
    await detail(page).locator(".read").click()
    await description(page).fill("A text that took a while to write, so it is not given up by one key.")
    await description(page).press("Escape")
    await expect(detail(page).get_by_role("button", name="Go on writing")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(description(page)).to_be_focused()
    await page.keyboard.press("Escape")
    await detail(page).get_by_role("button", name="Throw away").click()
    await expect(detail(page).locator(".read.md")).to_have_text("Short")
    assert (await space.get(f"/tasks/{task['id']}")).ok["version"] == task["version"]


# --- fields


async def test_fields_are_chosen(browse: Browse, space: Space) -> None:
    """Status, priority, dates with their zone, estimate, place."""
    task = await space.task("Milk")
    await space.project("House")
    page = await opened(browse, space, task["id"])
    here = detail(page)
    await here.get_by_role("combobox", name="Priority").select_option("urgent")
    await here.get_by_role("combobox", name="Status").select_option("in-progress")
    await here.get_by_role("button", name="Start: none. Add").click()
    dialog = page.get_by_role("dialog", name="When does it start?")
    await dialog.get_by_label("Day").fill("2099-03-08")
    await dialog.get_by_label("Time", exact=True).fill("09:30")
    await dialog.get_by_label("Zone").select_option("…")
    await dialog.get_by_label("Zone").select_option("Europe/Berlin")
    await dialog.get_by_role("button", name="Set").click()
    await here.get_by_role("button", name="Due: none. Add").click()
    await page.get_by_role("dialog", name="When is it due?").get_by_role("button", name="Tomorrow").click()
    estimate = here.get_by_role("textbox", name="Estimate")
    await estimate.fill("an hour or so")
    await estimate.press("Enter")
    await expect(here.get_by_text("Write it as 30m, 1h 30m or 2d.")).to_be_visible()
    await estimate.fill("1h 30")
    await estimate.press("Enter")
    await expect(estimate).to_have_value("1 h 30 min")
    await here.get_by_role("button", name="Project").click()
    await page.get_by_role("option", name="House").click()
    await expect(here.locator(".detail-where")).to_have_text("House")
    found = await saved(space, task["id"], lambda one: bool(one["project"]), page)
    assert (found["status"], found["priority"], found["estimate_minutes"]) == ("in-progress", "urgent", 90)
    assert found["start"] == {"local": "2099-03-08T09:30", "zone": "Europe/Berlin"}
    assert found["due"].keys() == {"date"}


async def test_an_occurrence_is_skipped_or_put_off(browse: Browse, space: Space) -> None:
    """Where a task is one of a series, with the series in words."""
    daily = {"template": {"title": "Water"}, "rule": "FREQ=DAILY", "anchor": {"date": "2099-03-08"}}
    made = (await space.post("/series", daily)).ok
    task = made["open"][0]
    page = await opened(browse, space, task)
    await expect(detail(page).get_by_role("link", name="very day")).to_have_attribute(
        "href", f"/w/{space.id}/series/{made['id']}"
    )
    await detail(page).get_by_role("button", name="Put off").click()
    await page.get_by_role("dialog").get_by_role("button", name="Next week").click()
    await expect(detail(page)).to_contain_text("put off once")
    await detail(page).get_by_role("button", name="Skip").click()
    await saved(space, task, lambda one: one["status"] == "skipped" and one["postponed"] == 1, page)


async def test_trash_and_back(browse: Browse, space: Space) -> None:
    """The task says where it is, and comes back from there."""
    task = await space.task("Milk")
    page = await opened(browse, space, task["id"])
    await detail(page).get_by_role("button", name="Move to the trash").click()
    await expect(detail(page).get_by_text("This task is in the trash.")).to_be_visible()
    await detail(page).get_by_role("button", name="Take it out").click()
    await expect(detail(page).get_by_text("This task is in the trash.")).to_have_count(0)
    await saved(space, task["id"], lambda one: not one["trashed"], page)


async def test_who_made_and_completed_it(browse: Browse, space: Space) -> None:
    """By whom is read from the audit, and live."""
    task = await space.task("Milk")
    anna = await space.joined("anna", "editor")
    await anna.post(f"/tasks/{task['id']}/complete")
    page = await opened(browse, space, task["id"])
    await expect(detail(page).locator(".made")).to_contain_text("Completed just now by anna")
    await space.post(f"/tasks/{task['id']}/reopen")
    await expect(detail(page).locator(".made")).to_contain_text(f"Changed just now by {USER}")
    await expect(detail(page).locator(".made")).not_to_contain_text("Completed")


# --- parts


async def test_subtasks(browse: Browse, space: Space) -> None:
    """Added one after the other, put in order by keys and by hand, completed, opened."""
    task = await space.task("Party")
    page = await opened(browse, space, task["id"])
    subtasks = part(page, "Subtasks")
    add = subtasks.get_by_role("textbox", name="Add a subtask")
    for name in ("Cake", "Music", "Guests"):
        await add.fill(name)
        await add.press("Enter")
        await expect(add).to_have_value("")
    lines = subtasks.locator(".line-title")
    await expect(lines).to_have_text(["Cake", "Music", "Guests"])
    await lines.nth(2).focus()
    await page.keyboard.press("Alt+ArrowUp")
    await expect(lines).to_have_text(["Cake", "Guests", "Music"])
    await subtasks.locator(".line").first.hover()
    grip = await subtasks.locator(".line-grip").first.bounding_box()
    last = await subtasks.locator(".line").nth(2).bounding_box()
    assert grip
    assert last
    await page.mouse.move(grip["x"] + 5, grip["y"] + grip["height"] / 2)
    await page.mouse.down()
    await page.mouse.move(grip["x"] + 5, grip["y"] + 30, steps=3)
    await page.mouse.move(grip["x"] + 5, last["y"] + last["height"] - 2, steps=3)
    await page.mouse.up()
    await expect(lines).to_have_text(["Guests", "Music", "Cake"])
    await subtasks.get_by_role("checkbox", name="Complete Music").click()
    await expect(subtasks.locator(".part-head")).to_contain_text("1/3")
    await lines.nth(0).click()
    await expect(title(page)).to_have_value("Guests")
    await expect(detail(page)).to_be_focused()
    await detail(page).locator(".detail-where").click()
    await expect(title(page)).to_have_value("Party")


async def test_the_checklist(browse: Browse, space: Space) -> None:
    """Many are added, ticked, changed and removed."""
    task = await space.task("Party")
    page = await opened(browse, space, task["id"])
    checklist = part(page, "Checklist")
    add = checklist.get_by_role("textbox", name="Add to the checklist")
    for name in ("Plates", "Cups", "Forks"):
        await add.fill(name)
        await add.press("Enter")
    await expect(checklist.get_by_role("checkbox")).to_have_count(3)
    await checklist.get_by_role("checkbox", name="Plates").check()
    await checklist.get_by_role("textbox", name="Item Cups").fill("Mugs")
    await checklist.get_by_role("textbox", name="Item Cups").press("Enter")
    await checklist.get_by_role("button", name="Remove Forks").click()
    found = await saved(space, task["id"], lambda one: len(one["checklist"]) == 2, page)
    assert [(item["title"], item["done"]) for item in found["checklist"]] == [("Plates", True), ("Mugs", False)]


async def test_links_in_both_directions(browse: Browse, space: Space) -> None:
    """Found by typing, shown at both ends, taken away at the other."""
    one, other = await space.task("Paint"), await space.task("Order the wood")
    page = await opened(browse, space, one["id"])
    await part(page, "Links").get_by_role("button", name="Link a task").click()
    await page.get_by_role("dialog").get_by_role("button", name="Blocked by").click()
    await page.get_by_role("combobox", name="Task").fill("wood")
    await page.keyboard.press("Enter")
    await expect(part(page, "Links")).to_contain_text("Blocked by")
    await part(page, "Links").get_by_role("button", name="Order the wood", exact=True).click()
    await expect(title(page)).to_have_value("Order the wood")
    await expect(part(page, "Links").get_by_role("heading", level=4)).to_have_text("Blocks")
    await part(page, "Links").get_by_role("button", name="Unlink Paint").click()
    await saved(space, one["id"], lambda found: found["links"] == [], page)
    assert (await space.get(f"/tasks/{other['id']}")).ok["links"] == []


async def test_reminders(browse: Browse, space: Space) -> None:
    """Before it is due, and at a time; snoozed and removed."""
    task = await space.task("Party", due={"date": "2099-03-08"})
    page = await opened(browse, space, task["id"])
    reminders = part(page, "Reminders")
    await reminders.get_by_role("button", name="Remind me").click()
    await page.get_by_role("group", name="Before it is due").get_by_role("button", name="1 day").click()
    await expect(reminders.locator(".line")).to_contain_text("1 day before it is due")
    await reminders.get_by_role("button", name="Remind me").click()
    await page.get_by_role("dialog").get_by_label("Day", exact=True).fill("2099-01-02")
    await page.get_by_label("Time", exact=True).fill("08:15")
    await page.get_by_role("dialog").get_by_role("button", name="Remind me").click()
    await expect(reminders.locator(".line").first).to_contain_text("2 Jan 2099, 08:15")
    await reminders.get_by_role("button", name="Snooze: 1 day before it is due").click()
    await page.get_by_role("dialog").get_by_role("button", name="In an hour").click()
    await expect(reminders.get_by_text("Snoozed")).to_be_visible()
    await reminders.get_by_role("button", name="Remove: 2 Jan").click()
    await expect(reminders.locator(".line")).to_have_count(1)


# --- several people


async def both(browse: Browse, space: Space, task: str, page: str = "inbox") -> tuple[Page, Page]:
    """The task opened by two people."""
    await space.put("/members/anna", {"role": "editor"})
    return await opened(browse, space, task, page), await opened(browse, space, task, page, user="anna")


async def test_two_people_change_different_fields_at_once(browse: Browse, space: Space) -> None:
    """Both win, and each sees what the other writes while it is written."""
    task = await space.task("Milk", description="From the shop")
    own, annas = await both(browse, space, task["id"])
    await expect(detail(own).get_by_role("img", name="anna is looking at this")).to_be_visible()
    await title(own).fill("Oat milk")
    await detail(annas).locator(".read").click()
    await description(annas).fill("From the farm")
    writer = detail(own).locator(".writer").filter(has_text="anna is writing")
    await expect(writer).to_contain_text("From the farm")
    await expect(writer.locator(".caret")).to_have_count(1)
    await title(own).press("Enter")
    await description(annas).press(f"{MOD}+Enter")
    await expect(writer).to_have_count(0)
    for page in (own, annas):
        await expect(title(page)).to_have_value("Oat milk")
        await expect(detail(page).locator(".read.md")).to_have_text("From the farm")
        await expect(detail(page).locator(".trouble-box")).to_have_count(0)


@pytest.mark.parametrize("keep", [True, False])
async def test_two_people_change_the_same_field(browse: Browse, space: Space, keep: bool) -> None:
    """What one types is not overwritten by what the other saves: it is shown beside, to choose from."""
    task = await space.task("Milk")
    own, annas = await both(browse, space, task["id"])
    await title(own).fill("Oat milk")
    await title(annas).fill("Soy milk")
    await title(annas).press("Enter")
    beside = detail(own).get_by_role("alert").filter(has_text="anna changed this while you were writing")
    await expect(beside.locator("ins")).to_contain_text("Soy")
    await expect(title(own)).to_have_value("Oat milk")
    await beside.get_by_role("button", name="Keep mine" if keep else "Use theirs").click()
    kept = "Oat milk" if keep else "Soy milk"
    for page in (own, annas):
        await expect(title(page)).to_have_value(kept)
        await expect(detail(page).get_by_role("alert")).to_have_count(0)
    assert (await space.get(f"/tasks/{task['id']}")).ok["title"] == kept


async def test_a_conflict_after_being_offline_is_shown_at_the_field(browse: Browse, space: Space, watch: Watch) -> None:
    """Nothing is overwritten, nothing is lost: both sides are there to choose from."""
    task = await space.task("Milk")
    page = await opened(browse, space, task["id"])
    async with watch.offline(page):
        await offline(page)
        await title(page).fill("Oat milk")
        await title(page).press("Enter")
        await expect(page.locator(".connection-state")).to_contain_text("1 to send")
        await space.patch(f"/tasks/{task['id']}", {"title": "Soy milk"})
    box = detail(page).locator(".detail-part").first.locator(".trouble-box")
    await expect(box).to_contain_text("changed this while you did")
    await expect(box.locator(".side").nth(0)).to_contain_text("Soy")
    await expect(box.locator(".side").nth(1)).to_contain_text("Oat")
    assert (await space.get(f"/tasks/{task['id']}")).ok["title"] == "Soy milk"
    await box.get_by_role("button", name="Use mine").click()
    await saved(space, task["id"], lambda one: one["title"] == "Oat milk", page)
    await expect(box).to_have_count(0)


async def test_who_may_only_look_changes_nothing(browse: Browse, space: Space) -> None:
    """A viewer sees it all, without a field to write in."""
    task = await space.task("Milk", description="*Fresh*")
    await space.put("/members/vera", {"role": "viewer"})
    page = await opened(browse, space, task["id"], user="vera")
    await expect(detail(page).locator(".read em")).to_have_text("Fresh")
    await detail(page).locator(".read").click()
    await expect(description(page)).to_have_count(0)
    await expect(title(page)).not_to_be_editable()
    await expect(detail(page).get_by_role("combobox", name="Status")).to_be_disabled()
    await expect(detail(page).get_by_role("textbox", name="Write a comment")).to_have_count(0)


# --- keyboard, screens, looks


async def test_by_keyboard_the_focus_goes_in_and_comes_back(browse: Browse, space: Space) -> None:
    """Enter opens the task with the focus; keys are about it; Escape goes back to the row."""
    for name in ("One", "Two"):
        await space.task(name)
    page = await browse(f"/w/{space.id}/inbox")
    await live(page)
    await expect(page.get_by_role("grid").get_by_role("row")).to_have_count(2)
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await expect(detail(page)).to_be_focused()
    await expect(title(page)).to_have_value("One")
    await page.keyboard.press("2")
    await expect(detail(page).get_by_role("combobox", name="Priority")).to_have_value("high")
    await page.keyboard.press("Escape")
    await expect(detail(page)).to_have_count(0)
    await expect(page.get_by_role("grid", name="Inbox")).to_be_focused()


async def test_on_a_phone_it_covers_the_page(browse: Browse, space: Space) -> None:
    """As a dialog with the focus; the page behind rests, and has the focus again afterwards."""
    await space.task("One")
    page = await browse(f"/w/{space.id}/inbox", screen="phone")
    await live(page)
    await page.get_by_role("row").tap()
    sheet = page.get_by_role("dialog", name="Task One")
    await expect(sheet).to_be_focused()
    box = await sheet.bounding_box()
    assert box
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 390, 844)
    await expect(page.locator("main[inert]")).to_have_count(1)
    assert await page.evaluate("() => document.documentElement.scrollWidth") == 390
    await sheet.get_by_role("button", name="Close the task").tap()
    await expect(sheet).to_have_count(0)
    await expect(page.get_by_role("grid", name="Inbox")).to_be_focused()


async def test_it_is_accessible_and_looks(browse: Browse, space: Space) -> None:
    """Read and written, in both schemes, also on a phone."""
    task = await rich(space)
    page = await opened(browse, space, task["id"], f"project/{task['project']}")
    await expect(part(page, "Comments").locator(".comment")).to_have_count(1)
    await accessible(page)
    await shot(page, "detail")
    await detail(page).locator(".read").first.click(position={"x": 3, "y": 3})
    await expect(description(page)).to_be_focused()
    await accessible(page)
    await description(page).press("Escape")
    await part(page, "Links").get_by_role("button", name="Link a task").click()
    await expect(page.get_by_role("combobox", name="Task")).to_be_focused()
    await accessible(page)
    await page.keyboard.press("Escape")
    await page.set_viewport_size({"width": 390, "height": 844})
    await expect(page.get_by_role("dialog", name="Task Paint the fence")).to_be_visible()
    await accessible(page)
