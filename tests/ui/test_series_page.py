"""What repeats: the dialog that makes and changes it, its page, and single occurrences."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.support.http import Space
from tests.support.waiting import until
from tests.ui.browsing import Browse
from tests.ui.looking import accessible
from tests.ui.steps import opened
from tests.ui.watching import Watch

YEARS: dict[str, Any] = {"rule": "FREQ=WEEKLY;BYDAY=TU", "anchor": {"date": "2099-01-06"}}
"""A series whose times are far ahead, so that they are the same on every day of a test."""


async def made(space: Space, title: str = "Review", **fields: Any) -> dict[str, Any]:
    """A new series."""
    found: dict[str, Any] = (await space.post("/series", {"template": {"title": title}, **YEARS, **fields})).ok
    return found


async def all_series(space: Space) -> list[dict[str, Any]]:
    """Those that have not ended."""
    found: list[dict[str, Any]] = (await space.get("/series")).ok["items"]
    return found


def preview(page: Page) -> Locator:
    """What the recurrence in the dialog comes to."""
    return page.get_by_role("region", name="What it comes to")


async def test_a_task_is_made_to_repeat_by_keys_and_words(browse: Browse, space: Space) -> None:
    """The words fill the choices, the next times are shown, and the task is the first of them."""
    task = await space.task("Water", due={"date": "2099-01-06"})
    page = await opened(browse, space, "inbox")
    await page.keyboard.press("j")
    await page.keyboard.press("r")
    await expect(preview(page)).to_contain_text("every Tuesday")
    await page.keyboard.type("every 2nd tuesday 10 times")
    await expect(preview(page)).to_contain_text("every 2nd Tuesday, 10 times")
    await expect(page.get_by_label("How many")).to_have_value("2")
    await expect(page.get_by_role("spinbutton", name="Times", exact=True)).to_have_value("10")
    await page.get_by_label("First on").fill("2099-01-06")
    await expect(preview(page).get_by_role("listitem").nth(1)).to_have_text("Tuesday, 20 January 2099")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    (series,) = await all_series(space)
    assert series["rule"] == "FREQ=WEEKLY;COUNT=10;INTERVAL=2;BYDAY=TU"
    assert (await space.get(f"/tasks/{task['id']}")).ok["series"] == series["id"]


async def test_short_months_are_chosen_and_the_last_day_is_not_the_31st(browse: Browse, space: Space) -> None:
    """The preview is that of the server; the first day moves to one that the rule has."""
    await space.task("Rent", due={"date": "2099-01-31"})
    page = await opened(browse, space, "inbox")
    await page.keyboard.press("j")
    await page.keyboard.press("r")
    await page.get_by_label("Of what").select_option("month")
    second = preview(page).get_by_role("listitem").nth(1)
    await expect(second).to_have_text("Tuesday, 31 March 2099")
    await page.get_by_label("In months that are too short").select_option("take the day before")
    await expect(second).to_have_text("Saturday, 28 February 2099")
    await page.get_by_label("Which").select_option("last")
    await page.get_by_label("Weekday").select_option("Friday")
    await expect(preview(page)).to_contain_text("the last Friday")
    await expect(page.get_by_label("First on")).to_have_value("2099-02-27")


async def test_this_and_following_is_another_series_from_there_on(browse: Browse, space: Space) -> None:
    """What was before stays; both say where the other is."""
    series = await made(space)
    page = await opened(browse, space, f"series/{series['id']}")
    coming = page.get_by_role("region", name="To come")
    await coming.get_by_role("button", name="Change Tuesday, 20 January 2099").click()
    await page.get_by_role("button", name="This and following").click()
    await page.get_by_role("button", name="Thursday", exact=True).click()
    await page.get_by_role("button", name="Tuesday", exact=True).click()
    await expect(preview(page).get_by_role("listitem").first).to_have_text("Thursday, 22 January 2099")
    await page.get_by_role("button", name="Save").click()
    await expect(coming.get_by_role("listitem")).to_have_count(2)
    await page.get_by_role("link", name="How it went on").click()
    await expect(coming.get_by_role("listitem").first).to_contain_text("Thursday, 22 January 2099")
    rules = {one["rule"] for one in await all_series(space)}
    assert rules == {"FREQ=WEEKLY;BYDAY=TU", "FREQ=WEEKLY;BYDAY=TH"}


async def test_one_is_moved_one_is_skipped_and_all_are_renamed(browse: Browse, space: Space) -> None:
    """Each by its own command; another window follows."""
    series = await made(space)
    page = await opened(browse, space, f"series/{series['id']}")
    other = await opened(browse, space, f"series/{series['id']}")
    rows = other.get_by_role("region", name="To come").get_by_role("listitem")
    await page.get_by_role("button", name="Change Tuesday, 13 January 2099").click()
    await page.get_by_role("button", name="A day later").click()
    await expect(rows.nth(1)).to_contain_text("Wednesday, 14 January 2099")
    await expect(rows.nth(1)).to_contain_text("was 13 Jan")
    await page.get_by_role("button", name="Skip Tuesday, 20 January 2099").click()
    await expect(rows.nth(2)).to_contain_text("Skipped")
    await page.get_by_role("button", name="Edit: Review").click()
    await page.get_by_label("Title").fill("Look back")
    await page.get_by_role("button", name="Save").click()
    await expect(other.get_by_role("heading", level=1)).to_have_text("Look back")
    assert [one["rule"] for one in await all_series(space)] == ["FREQ=WEEKLY;BYDAY=TU"]


async def test_a_count_is_what_is_left_from_the_occurrence_on(browse: Browse, space: Space) -> None:
    """Ten times, split at the third, are eight more, also if the rule is changed."""
    series = await made(space, rule="FREQ=WEEKLY;BYDAY=TU;COUNT=10")
    page = await opened(browse, space, f"series/{series['id']}")
    await page.get_by_role("button", name="Change Tuesday, 20 January 2099").click()
    await page.get_by_role("button", name="This and following").click()
    await expect(page.get_by_role("spinbutton", name="Times", exact=True)).to_have_value("8")
    await page.get_by_role("button", name="Thursday", exact=True).click()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    rules = {one["rule"] for one in await all_series(space)}
    assert rules == {"FREQ=WEEKLY;COUNT=10;BYDAY=TU", "FREQ=WEEKLY;COUNT=8;BYDAY=TU,TH"}


async def test_what_cannot_be_is_said_at_the_field(browse: Browse, space: Space, watch: Watch) -> None:
    """A rule by hand that means nothing, and one that the choices cannot show."""
    watch.allow_status(422)
    series = await made(space)
    page = await opened(browse, space, "series")
    await page.get_by_role("button", name="Edit: Review").click()
    await page.get_by_text("More choices").click()
    rule = page.get_by_label("As a rule (RRULE)")
    await rule.fill("FREQ=SOMETIMES")
    await rule.press("Tab")
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("FREQ")
    await rule.fill("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1")
    await rule.press("Tab")
    await expect(page.get_by_text("more than the choices above")).to_be_visible()
    await expect(page.get_by_label("How many")).to_have_count(0)
    await page.get_by_role("button", name="Choose instead").click()
    await expect(preview(page)).to_contain_text("every Tuesday")
    await page.get_by_role("button", name="Cancel").click()
    assert (await space.get(f"/series/{series['id']}")).ok["rule"] == series["rule"]


async def test_pause_resume_end_and_what_has_ended(browse: Browse, space: Space) -> None:
    """By the buttons of the list; what has ended is shown when asked for."""
    series = await made(space)
    page = await opened(browse, space, "series")

    async def state(wanted: str) -> None:
        async def reached() -> bool:
            return bool((await space.get(f"/series/{series['id']}")).ok["state"] == wanted)

        await until(reached)

    line = page.locator(".series-line")
    await page.get_by_role("button", name="Pause: Review").click()
    await expect(line).to_contain_text("Paused")
    await state("paused")
    await page.get_by_role("button", name="Resume: Review").click()
    await expect(line).to_contain_text("Next")
    await state("active")
    await page.get_by_role("button", name="End: Review").click()
    await expect(line).to_have_count(0)
    await state("ended")
    await page.get_by_role("link", name="Show what has ended (1)").click()
    await expect(line).to_contain_text("Ended")


async def test_the_figures_are_those_of_the_server_and_follow(browse: Browse, space: Space) -> None:
    """A completion shows without a reload."""
    task = await space.task("Stretch", due={"date": "2026-01-05"})
    body = {"task": task["id"], "rule": "FREQ=DAILY", "after_completion": True}
    assert (await space.post("/series", body)).status == 201
    page = await opened(browse, space, "series")
    await expect(page.locator(".figure").first).to_have_text("0in a row")
    await space.post(f"/tasks/{task['id']}/complete")
    await expect(page.locator(".figure").first).to_have_text("1in a row")
    await expect(page.locator(".figure").nth(1)).to_have_text("100 %done")


async def test_offline_it_can_be_made_all_the_same(browse: Browse, space: Space, watch: Watch) -> None:
    """Without a preview; it is sent once there is a network."""
    await space.task("Water", due={"date": "2099-01-06"})
    page = await opened(browse, space, "inbox")
    await page.keyboard.press("j")
    async with watch.offline(page):
        await page.keyboard.press("r")
        await expect(page.get_by_role("dialog")).to_contain_text("once you are online")
        await page.get_by_role("button", name="Repeat it").click()
        await expect(page.get_by_role("dialog")).to_have_count(0)

    async def reached() -> bool:
        return len(await all_series(space)) == 1

    await until(reached)


async def test_a_date_is_written_in_words(browse: Browse, space: Space) -> None:
    """In the dialog for due dates: with Enter alone; what is not understood says so and changes nothing."""
    task = await space.task("Milk")
    page = await opened(browse, space, "inbox")
    await page.keyboard.press("j")
    await page.keyboard.press("d")
    words = page.get_by_label("In words")
    await expect(words).to_be_focused()
    await page.keyboard.type("purple")
    await expect(page.get_by_role("dialog")).to_contain_text("not understood yet")
    await page.keyboard.press("Enter")
    await words.fill("3 jan 2099 14:00")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_have_count(0)

    async def reached() -> bool:
        return bool((await space.get(f"/tasks/{task['id']}")).ok["due"] == {"local": "2099-01-03T14:00", "zone": "UTC"})

    await until(reached)


async def test_it_is_accessible_also_on_a_phone(browse: Browse, space: Space) -> None:
    """The pages and the dialog, with everything unfolded."""
    series = await made(space)
    for screen in ("laptop", "phone"):
        page = await opened(browse, space, f"series/{series['id']}", screen=screen)
        await page.get_by_role("button", name="Change Tuesday, 20 January 2099").wait_for()
        if screen == "laptop":
            await accessible(page)
            await page.get_by_role("link", name="Repeating").click()
            await page.locator(".series-line").wait_for()
        await page.get_by_role("button", name="Edit: Review").click()
        await expect(preview(page).get_by_role("listitem")).to_have_count(6)
        await page.get_by_text("More choices").click()
        await page.get_by_label("Of what").select_option("month")
        await accessible(page, ("light", "dark") if screen == "laptop" else ("light",))
        wide = await page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0
