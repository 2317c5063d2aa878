"""The calendar: what it shows, where, and how things are moved in it, with pointer and keys."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.support.http import Space
from tests.support.waiting import until
from tests.ui import steps
from tests.ui.browsing import Browse
from tests.ui.looking import accessible
from tests.ui.watching import Watch

BERLIN = "Europe/Berlin"


async def opened(browse: Browse, space: Space, query: str, **options: Any) -> Page:
    """The calendar, live."""
    return await steps.opened(browse, space, f"calendar?{query}", **options)


def cell(page: Page, day: str, hour: int | None = None) -> Locator:
    """A day, or an hour of it."""
    return page.locator(f'.cal-cell[data-day="{day}"]' + ("" if hour is None else f'[data-hour="{hour}"]'))


def shown(page: Page, day: str, title: str) -> Locator:
    """An entry that begins on a day."""
    return cell(page, day).locator(".cal-item", has_text=title)


async def drag(page: Page, what: Locator, to: Locator, y: float = 0.5) -> None:
    """With the mouse, from its beginning to a place within another element, which may have scrolled meanwhile."""
    begin = await what.bounding_box()
    assert begin is not None
    await page.mouse.move(begin["x"] + 8, begin["y"] + 4)
    await page.mouse.down()
    await page.mouse.move(begin["x"] + 20, begin["y"] + 14, steps=3)
    for _ in range(3):
        end = await to.bounding_box()
        assert end is not None
        await page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] * y, steps=3)
    await page.mouse.up()


async def due(space: Space, task: str) -> Any:
    """When a task is due, by the server."""
    return (await space.get(f"/tasks/{task}")).ok["due"]


async def test_a_task_dragged_to_another_day_is_there_in_another_browser(browse: Browse, space: Space) -> None:
    """With its start, if it has one; the day is where the pointer let it go."""
    task = await space.task("Paint", start={"date": "2026-03-09"}, due={"date": "2026-03-11"})
    one = await opened(browse, space, "day=2026-03-15")
    other = await opened(browse, space, "day=2026-03-15")
    await drag(one, shown(one, "2026-03-09", "Paint"), cell(one, "2026-03-19"))
    await expect(shown(other, "2026-03-19", "Paint")).to_be_visible()
    await expect(shown(one, "2026-03-19", "Paint")).to_be_visible()
    found = (await space.get(f"/tasks/{task['id']}")).ok
    assert (found["start"], found["due"]) == ({"date": "2026-03-19"}, {"date": "2026-03-21"})


async def test_a_task_dragged_to_an_hour_has_that_time_and_back_above_has_none(browse: Browse, space: Space) -> None:
    """The zone of what had none is the viewer's."""
    task = await space.task("Call", due={"date": "2026-06-10"})
    page = await opened(browse, space, "view=week&day=2026-06-10", timezone_id=BERLIN)
    await drag(page, shown(page, "2026-06-10", "Call"), cell(page, "2026-06-11", 10), 0.55)
    await expect(cell(page, "2026-06-11", 10).locator(".cal-item", has_text="Call")).to_be_visible()
    await eventually_due(space, task["id"], {"local": "2026-06-11T10:30", "zone": BERLIN})
    await drag(page, shown(page, "2026-06-11", "Call"), page.locator('.whole-day [data-day="2026-06-12"]'))
    await eventually_due(space, task["id"], {"date": "2026-06-12"})


async def eventually_due(space: Space, task: str, wanted: Any) -> None:
    """Waits until the server has it so."""

    async def reached() -> bool:
        return bool(await due(space, task) == wanted)

    await until(reached)


async def test_a_value_of_another_zone_is_at_the_viewers_time_and_keeps_its_own(browse: Browse, space: Space) -> None:
    """Nine in Tokyo is one in Berlin's summer; moved by a day it is still nine in Tokyo."""
    task = await space.task("Tokyo", due={"local": "2026-06-10T16:00", "zone": "Asia/Tokyo"})
    page = await opened(browse, space, "view=week&day=2026-06-10", timezone_id=BERLIN)
    entry = cell(page, "2026-06-10", 9).locator(".cal-item")
    await expect(entry).to_have_attribute("aria-label", "Tokyo, 09:00, 16:00 in Tokyo")
    await entry.focus()
    await page.keyboard.press("Alt+ArrowRight")
    await expect(cell(page, "2026-06-11", 9).locator(".cal-item")).to_be_visible()
    await eventually_due(space, task["id"], {"local": "2026-06-11T16:00", "zone": "Asia/Tokyo"})


async def test_days_on_which_the_clocks_are_changed(browse: Browse, space: Space) -> None:
    """The hour that is skipped is marked, and what is due in it is where it comes instead; one comes twice."""
    await space.task("Gap", due={"local": "2026-03-29T02:30", "zone": BERLIN})
    moved = await space.task("Moved", due={"local": "2026-03-28T02:30", "zone": BERLIN})
    page = await opened(browse, space, "view=week&day=2026-03-29", timezone_id=BERLIN)
    await expect(cell(page, "2026-03-29", 2)).to_have_class("cal-cell missing")
    await expect(cell(page, "2026-03-29", 2)).to_contain_text("skipped")
    await expect(cell(page, "2026-03-29", 3).locator(".cal-item", has_text="Gap")).to_be_visible()
    await cell(page, "2026-03-28", 2).locator(".cal-item").focus()
    await page.keyboard.press("Alt+ArrowRight")
    await expect(cell(page, "2026-03-29", 3).locator(".cal-item", has_text="Moved")).to_be_visible()
    await eventually_due(space, moved["id"], {"local": "2026-03-29T02:30", "zone": BERLIN})
    await page.goto(f"/w/{space.id}/calendar?view=week&day=2026-10-25")
    await expect(cell(page, "2026-10-25", 2)).to_contain_text("twice")
    await expect(page.locator(".cal-odd")).to_have_count(1)


async def test_everything_by_keyboard(browse: Browse, space: Space) -> None:
    """Walk, move, add, open, turn the pages; what is moved keeps the focus."""
    task = await space.task("Milk", due={"date": "2026-03-10"})
    page = await opened(browse, space, "day=2026-03-09")
    await page.keyboard.press("j")
    await expect(shown(page, "2026-03-10", "Milk")).to_be_focused()
    await page.keyboard.press("Alt+ArrowDown")
    await expect(shown(page, "2026-03-17", "Milk")).to_be_focused()
    await page.keyboard.press("Alt+ArrowLeft")
    await expect(shown(page, "2026-03-16", "Milk")).to_be_focused()
    await eventually_due(space, task["id"], {"date": "2026-03-16"})
    await page.keyboard.press("ArrowUp")
    await expect(cell(page, "2026-03-16")).to_be_focused()
    await page.keyboard.press("ArrowRight")
    await expect(cell(page, "2026-03-17")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_contain_text("Tuesday, 17 March 2026")
    await page.keyboard.type("Bread 14:00")
    await expect(page.locator(".understood")).to_contain_text("17 March 2026 at 14:00")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Escape")
    await expect(shown(page, "2026-03-17", "Bread")).to_contain_text("14:00")
    await shown(page, "2026-03-16", "Milk").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("complementary")).to_have_attribute("aria-label", "Task Milk")
    await page.keyboard.press("Escape")
    await page.keyboard.press("]")
    await expect(page.get_by_role("heading", level=1)).to_have_text("April 2026")
    await page.keyboard.press("[")
    await page.keyboard.press("[")
    await expect(page.get_by_role("heading", level=1)).to_have_text("February 2026")
    await page.keyboard.press("v")
    await expect(page.get_by_role("grid", name="Week")).to_be_visible()


async def test_what_a_day_has_no_room_for_is_a_press_away(browse: Browse, space: Space) -> None:
    """All of the day is listed; Escape goes back to it."""
    for number in range(9):
        await space.task(f"Errand {number}", due={"date": "2026-03-11"})
    page = await opened(browse, space, "day=2026-03-11")
    more = page.get_by_role("button", name="more on Wednesday, 11 March 2026")
    await more.click()
    lines = page.get_by_role("dialog", name="Wednesday, 11 March 2026").get_by_role("listitem")
    await expect(lines).to_have_count(9)
    await page.keyboard.press("Escape")
    await expect(lines).to_have_count(0)
    await expect(cell(page, "2026-03-11")).to_be_focused()
    await more.click()
    await lines.last.get_by_role("button").click()
    await expect(page.get_by_role("complementary")).to_have_attribute("aria-label", "Task Errand 8")


async def test_what_a_series_will_bring_is_shown_and_moved(browse: Browse, space: Space) -> None:
    """Before it is a task; the others stay where they are, and other windows see it."""
    body = {"template": {"title": "Review"}, "rule": "FREQ=WEEKLY;COUNT=300", "anchor": {"date": "2026-01-02"}}
    series = (await space.post("/series", body)).ok
    ahead = series["next"]
    month = f"{int(ahead[:4]) + 1}-05"
    page = await opened(browse, space, f"day={month}-10")
    other = await opened(browse, space, f"day={month}-10")
    planned = page.locator(".cal-item.planned")
    count = await (await settled(planned)).count()
    assert count >= 5
    last = planned.nth(2)
    day = await last.locator("xpath=..").get_attribute("data-day")
    assert day is not None
    await last.focus()
    await page.keyboard.press("Alt+ArrowRight")
    moved = f"{day[:8]}{int(day[8:]) + 1:02}"
    await expect(shown(page, moved, "Review")).to_be_focused()
    await expect(shown(other, moved, "Review")).to_be_visible()
    await expect(shown(other, day, "Review")).to_have_count(0)
    await expect(other.locator(".cal-item.planned")).to_have_count(count)
    rows = (await space.get(f"/series/{series['id']}/occurrences", **{"from": day, "to": moved})).ok["items"]
    assert [(one["occurrence"], one["due"]) for one in rows] == [(day, {"date": moved})]


async def settled(found: Locator) -> Locator:
    """Once there is any."""
    await expect(found.first).to_be_visible()
    return found


async def test_the_week_begins_as_where_one_is(browse: Browse, space: Space) -> None:
    """On Monday in Britain, on Sunday in America."""
    for locale, first in (("en-GB", "Monday"), ("en-US", "Sunday")):
        page = await opened(browse, space, "day=2026-03-10", locale=locale)
        await expect(page.get_by_role("columnheader").first).to_have_attribute("aria-label", first)


async def test_on_a_phone_it_is_a_list_of_days(browse: Browse, space: Space) -> None:
    """With what a tap needs, and nothing wider than the screen."""
    await space.task("Milk", due={"local": "2026-03-10T09:00", "zone": "UTC"})
    page = await opened(browse, space, "day=2026-03-09", screen="phone")
    day = page.get_by_role("region", name="Tuesday, 10 March 2026")
    await expect(day.get_by_role("button", name="Milk, 09:00")).to_be_visible()
    await accessible(page)
    assert await page.evaluate("() => document.documentElement.scrollWidth") == 390
    await day.get_by_role("button", name="Add a task").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Tuesday, 10 March 2026")


async def test_offline_it_is_moved_all_the_same(browse: Browse, space: Space, watch: Watch) -> None:
    """At once on the page, and on the server once there is a way to it."""
    task = await space.task("Milk", due={"date": "2026-03-10"})
    page = await opened(browse, space, "day=2026-03-09")
    async with watch.offline(page):
        await shown(page, "2026-03-10", "Milk").focus()
        await page.keyboard.press("Alt+ArrowRight")
        await expect(shown(page, "2026-03-11", "Milk")).to_be_focused()
        assert await due(space, task["id"]) == {"date": "2026-03-10"}
    await eventually_due(space, task["id"], {"date": "2026-03-11"})


async def test_thousands_of_tasks_are_no_burden(browse: Browse, space: Space) -> None:
    """Only those in range are drawn, and turning to another month is quick."""
    made = [
        {
            "id": f"c{one}",
            "type": "CreateTask",
            "title": f"Task {one}",
            "due": {"date": f"20{20 + one % 10}-03-{one % 28 + 1:02}"},
        }
        for one in range(2000)
    ]
    for begin in range(0, len(made), 100):
        assert (await space.post("/commands", {"commands": made[begin : begin + 100]})).status < 300
    page = await opened(browse, space, "day=2026-03-09")
    await expect(page.locator(".cal-item").first).to_be_visible()
    assert await page.locator(".cal-item").count() < 200
    took = await page.evaluate(
        """async () => {
          const begin = performance.now();
          document.querySelector('[aria-label="Next month"]').click();
          await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
          return performance.now() - begin;
        }"""
    )
    assert took < 500
    await expect(page.get_by_role("heading", level=1)).to_have_text("April 2026")


@pytest.mark.parametrize("view", ["month", "week"])
async def test_it_is_accessible(browse: Browse, space: Space, view: str) -> None:
    """In both views and schemes, with all kinds of entries, and with the list of a day open."""
    project = await space.project("Home", colour="#1d6fa3")
    for number in range(9):
        await space.task(f"Errand {number}", due={"date": "2026-03-11"}, project=project["id"])
    await space.task("Trip", start={"date": "2026-03-12"}, due={"date": "2026-03-17"})
    await space.task("Tokyo", due={"local": "2026-03-10T16:00", "zone": "Asia/Tokyo"})
    done = await space.task("Done", due={"date": "2026-03-09"})
    await space.post(f"/tasks/{done['id']}/complete")
    page = await opened(browse, space, f"view={view}&day=2026-03-10")
    await expect(page.locator(".cal-item", has_text="Trip").first).to_be_visible()
    await accessible(page)
    await page.locator(".cal-more").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await accessible(page)
