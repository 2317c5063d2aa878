"""The lists: writing tasks down, ticking them off, moving them, by keys and by pointer, and live for others."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from playwright.async_api import expect

from tests.support.http import Space
from tests.ui.browsing import Browse
from tests.ui.looking import accessible, shot
from tests.ui.steps import add, rows, settled, shows
from tests.ui.watching import Watch


async def test_a_line_becomes_a_task(browse: Browse, space: Space) -> None:
    """What is understood is marked while it is typed, and said; the rest is the title."""
    page = await browse(f"/w/{space.id}/inbox")
    await settled(page)
    field = page.get_by_role("textbox", name="Add a task")
    await field.fill("Buy milk tomorrow 9am !high")
    await expect(page.locator(".quick-add-marks mark")).to_have_text(["tomorrow 9am", "!high"])
    await field.press("Enter")
    await expect(rows(page)).to_contain_text("Buy milk")
    await expect(rows(page)).to_contain_text("Tomorrow 09:00")
    await expect(page.get_by_text("Added “Buy milk”")).to_be_visible()
    task = (await space.get("/tasks")).ok["items"][0]
    assert (task["title"], task["priority"], task["due"]["local"][-5:]) == ("Buy milk", "high", "09:00")
    await expect(field).to_have_value("")


async def test_words_may_be_left_in_the_title(browse: Browse, space: Space) -> None:
    """A phrase that was understood against one's will goes back into the title."""
    page = await browse(f"/w/{space.id}/inbox")
    await settled(page)
    await page.get_by_role("textbox", name="Add a task").fill("Read Monday")
    await page.get_by_role("button", name="Leave “Monday” in the title").click()
    await expect(page.locator(".quick-add-marks mark")).to_have_count(0)
    await page.get_by_role("textbox", name="Add a task").press("Enter")
    await shows(page, "Read Monday")
    await expect(page.get_by_text("Added “Read Monday”")).to_be_visible()
    assert (await space.get("/tasks")).ok["items"][0]["due"] is None


async def test_a_task_is_done_and_undone(browse: Browse, space: Space) -> None:
    """A tick takes it from the list; Undo brings it back."""
    task = await space.task("Milk")
    page = await browse(f"/w/{space.id}/inbox")
    await page.get_by_role("checkbox", name="Complete Milk").click()
    await expect(rows(page)).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await shows(page, "Milk")
    await settled(page)
    assert (await space.get(f"/tasks/{task['id']}")).ok["status"] == "open"


async def test_today_has_what_is_late_and_due(browse: Browse, space: Space) -> None:
    """In groups, the late ones first, which one button takes to today."""
    today = (await space.post("/tasks", {"title": "Now", "due": {"date": "2000-01-01"}})).ok
    await space.post("/tasks", {"title": "Some day"})
    page = await browse(f"/w/{space.id}/today")
    await shows(page, "Now")
    await expect(page.get_by_role("heading", name="Overdue")).to_be_visible()
    await page.get_by_role("button", name="All to today").click()
    await expect(page.get_by_role("heading", name="Overdue")).to_have_count(0)
    await shows(page, "Now")
    await settled(page)
    assert (await space.get(f"/tasks/{today['id']}")).ok["due"]["date"] > "2026"


async def test_the_keyboard_alone_will_do(browse: Browse, space: Space) -> None:
    """Write, move through, mark, complete, undo, open and close, without a pointer."""
    page = await browse(f"/w/{space.id}/inbox")
    await settled(page)
    for title in ("One", "Two", "Three"):
        await page.keyboard.press("q")
        await expect(page.get_by_role("dialog").get_by_role("textbox", name="Add a task")).to_be_focused()
        await page.keyboard.type(title)
        await page.keyboard.press("Enter")
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)
    await shows(page, "One", "Two", "Three")
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await page.keyboard.press("2")
    await expect(rows(page).filter(has_text="Two").get_by_title("Priority high")).to_be_visible()
    await page.keyboard.press("Alt+ArrowUp")
    await shows(page, "Two", "One", "Three")
    await page.keyboard.press("e")
    await shows(page, "One", "Three")
    await page.keyboard.press("Control+z")
    await shows(page, "Two", "One", "Three")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("complementary")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("complementary")).to_have_count(0)
    await page.keyboard.press("g")
    await page.keyboard.press("t")
    await expect(page.get_by_role("heading", name="Today", level=1)).to_be_visible()


async def test_the_palette_finds_and_does(browse: Browse, space: Space) -> None:
    """A task by its words, an action by its name."""
    await space.task("Feed the cat")
    page = await browse(f"/w/{space.id}/today")
    await settled(page)
    await page.keyboard.press("Control+k")
    await page.keyboard.type("cat feed")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("complementary", name="Feed the cat")).to_be_visible()
    await page.keyboard.press("Control+k")
    await page.keyboard.type("due today")
    await page.keyboard.press("Enter")
    await shows(page, "Feed the cat")


async def test_several_are_changed_at_once(browse: Browse, space: Space) -> None:
    """Marked with the pointer and shift; each change is undone alone."""
    for title in ("One", "Two", "Three", "Four"):
        await space.task(title)
    page = await browse(f"/w/{space.id}/inbox")
    await rows(page).filter(has_text="One").click(modifiers=["Control"])
    await rows(page).filter(has_text="Three").click(modifiers=["Shift"])
    await expect(page.get_by_role("toolbar")).to_contain_text("3 selected")
    await page.get_by_role("toolbar").get_by_role("button", name="Complete").click()
    await shows(page, "Four")


async def test_a_task_is_dragged_to_another_place(browse: Browse, space: Space) -> None:
    """Within the list; the server has the same order."""
    for title in ("One", "Two", "Three"):
        await space.task(title)
    page = await browse(f"/w/{space.id}/inbox")
    await shows(page, "One", "Two", "Three")
    await rows(page).filter(has_text="Three").hover()
    await page.mouse.down()
    box = await rows(page).filter(has_text="One").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 100, box["y"] + 30, steps=4)
    await page.mouse.move(box["x"] + 100, box["y"] + 4, steps=4)
    await page.mouse.up()
    await shows(page, "Three", "One", "Two")
    await settled(page)
    assert [one["title"] for one in (await space.get("/tasks", sort="order")).ok["items"]] == ["Three", "One", "Two"]


async def test_others_see_it_at_once(browse: Browse, space: Space) -> None:
    """A task that one adds is in the other's list; who is here is shown."""
    await space.put("/members/anna", {"role": "editor"})
    mine, hers = await browse(f"/w/{space.id}/inbox"), await browse(f"/w/{space.id}/inbox", user="anna")
    await settled(mine)
    await settled(hers)
    await add(hers, "From Anna")
    await shows(mine, "From Anna")
    await expect(mine.get_by_label("anna is here")).to_be_visible()
    await add(mine, "From me")
    await shows(hers, "From Anna", "From me")
    await hers.close()
    await expect(mine.get_by_label("anna is here")).to_have_count(0)


async def test_a_viewer_only_looks(browse: Browse, space: Space) -> None:
    """Nothing to write in, and a key says why nothing happens."""
    await space.task("Milk")
    await space.put("/members/vic", {"role": "viewer"})
    page = await browse(f"/w/{space.id}/inbox", user="vic")
    await shows(page, "Milk")
    await expect(page.get_by_role("textbox", name="Add a task")).to_have_count(0)
    await page.keyboard.press("j")
    await page.keyboard.press("e")
    await expect(page.get_by_text("As a viewer you can look")).to_be_visible()


async def test_who_is_removed_sees_no_more(browse: Browse, space: Space, watch: Watch) -> None:
    """At once, with the reason."""
    await space.task("Secret")
    await space.put("/members/anna", {"role": "editor"})
    page = await browse(f"/w/{space.id}/inbox", user="anna")
    await shows(page, "Secret")
    await settled(page)
    watch.allow_status(404)
    watch.allow_status(403)
    await space.delete("/members/anna")
    await expect(page.get_by_role("heading", name="This cannot be shown")).to_be_visible()
    await expect(page.get_by_text("Secret")).to_have_count(0)


@pytest.mark.parametrize("name", ["inbox", "today", "upcoming"])
async def test_lists_are_accessible(browse: Browse, space: Space, name: str) -> None:
    """axe finds nothing; with tasks of all kinds in them."""
    project = (await space.post("/projects", {"name": "Home", "colour": "#1f6f5c"})).ok["id"]
    more = {"labels": ["errand", "quick"], "priority": "high", "assignees": ["local"]}
    await space.post("/tasks", {"title": "Late", "due": {"date": "2020-01-01"}, **more})
    for index, title in enumerate(("Buy milk", "Call the dentist", "Water the plants", "Write to Ben")):
        due = {"date": str(date.today() + timedelta(days=index + 1))}
        await space.post("/tasks", {"title": title, "due": due, **(more if index % 2 else {})})
    await space.post("/tasks", {"title": "At home", "project": project})
    page = await browse(f"/w/{space.id}/{name}")
    await settled(page)
    await accessible(page)
    await shot(page, name)


async def test_what_stands_behind_a_long_title_is_not_cut(browse: Browse, space: Space) -> None:
    """The title gives way to labels and the day; without any of them it is level with its check, on a phone too."""
    await space.task("A title that goes on and on " * 6, labels=["home", "writing"], due={"date": "2030-03-08"})
    await space.task("Plain")
    page = await browse(f"/w/{space.id}/inbox")
    await expect(rows(page)).to_have_count(2)
    cut = "chips => chips.filter(chip => chip.scrollWidth > chip.clientWidth).map(chip => chip.textContent)"
    assert await page.locator(".meta .chip").evaluate_all(cut) == []
    phone = await browse(f"/w/{space.id}/inbox", screen="phone")
    plain = rows(phone).filter(has_text="Plain")
    title, check = [await plain.locator(which).bounding_box() for which in (".title", ".check")]
    assert title
    assert check
    assert abs(title["y"] + title["height"] / 2 - check["y"] - check["height"] / 2) < 2


async def test_each_key_does_one_thing(browse: Browse, space: Space) -> None:
    """The help sheet names no key twice; b asks when to be reminded."""
    await space.task("Milk")
    page = await browse(f"/w/{space.id}/inbox")
    await expect(rows(page)).to_have_count(1)
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_contain_text("Remind me")
    keys = await page.get_by_role("dialog").locator("kbd").all_inner_texts()
    assert len(keys) == len(set(keys))
    await page.keyboard.press("Escape")
    await page.keyboard.press("j")
    await page.keyboard.press("b")
    await expect(page.get_by_role("dialog").get_by_role("heading", name="Remind me")).to_be_visible()


async def test_the_name_of_a_project_is_read_on_a_phone(browse: Browse, space: Space) -> None:
    """Its views stand below it there."""
    project = await space.project("Household")
    page = await browse(f"/w/{space.id}/project/{project['id']}", screen="phone")
    name = page.get_by_role("heading", name="Household", level=1)
    await expect(name).to_be_visible()
    assert await name.evaluate("name => name.scrollWidth <= name.clientWidth")


async def test_notices_are_above_an_open_dialogue(browse: Browse, space: Space) -> None:
    """They can be read and answered there; closing it leaves them."""
    await space.task("Milk", labels=["home"])
    page = await browse(f"/w/{space.id}/inbox")
    await shows(page, "Milk")
    await settled(page)
    await page.keyboard.press("j")
    await page.keyboard.press("1")
    await expect(page.locator(".notice")).to_contain_text("priority urgent")
    await page.keyboard.press("l")
    dialogue = page.get_by_role("dialog", name="Labels")
    await expect(dialogue).to_be_visible()
    await expect(page.locator(".notice")).to_have_count(1)
    await dialogue.get_by_role("button", name="Undo").click()
    await expect(dialogue.locator(".notice")).to_contain_text("Undone")
    await page.keyboard.press("Escape")
    await expect(page.locator(".notice")).to_contain_text("Undone")
    assert (await space.get("/tasks")).ok["items"][0]["priority"] == "none"


async def test_what_is_done_to_several_tasks_is_undone_at_once(browse: Browse, space: Space) -> None:
    """By the button of its notice, and by the key."""
    for title in ("Milk", "Bread", "Cheese"):
        await space.task(title)
    page = await browse(f"/w/{space.id}/inbox")
    await shows(page, "Milk", "Bread", "Cheese")
    await settled(page)
    bar = page.get_by_role("toolbar", name="Selected tasks")
    await page.keyboard.press("j")
    await page.keyboard.press("Control+a")
    await bar.get_by_role("button", name="Trash").click()
    await expect(rows(page)).to_have_count(0)
    await page.locator(".notice").get_by_role("button", name="Undo").click()
    await shows(page, "Milk", "Bread", "Cheese")
    await settled(page)
    await page.keyboard.press("Control+a")
    await bar.get_by_role("button", name="Complete").click()
    await expect(page.locator(".notice").filter(has_text="Completed 3 tasks")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+z")
    await shows(page, "Milk", "Bread", "Cheese")
    await settled(page)
    assert [one["status"] for one in (await space.get("/tasks")).ok["items"]] == ["open"] * 3
