"""Reminders: the page, what shows one that fires, and that an answer is seen in every window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.async_api import Locator, Page, Route, expect

from tests.support.http import Space
from tests.support.waiting import until
from tests.ui.browsing import Browse
from tests.ui.looking import SCHEMES, Scheme, accessible
from tests.ui.steps import add, live, opened
from tests.ui.watching import Watch


async def reminded(space: Space, title: str, after: float, **fields: Any) -> str:
    """A new task with a reminder so many seconds from now; the reminder's id."""
    task = await space.task(title, **fields)
    at = (datetime.now(UTC) + timedelta(seconds=after)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    made = (await space.post(f"/tasks/{task['id']}/reminders", {"trigger": {"at": at}})).ok
    found: str = made["id"]
    return found


async def state(space: Space, reminder: str, wanted: str) -> None:
    """Waits until the server has it so."""

    async def reached() -> bool:
        return bool((await space.get(f"/reminders/{reminder}")).ok["state"] == wanted)

    await until(reached)


def card(page: Page, title: str) -> Locator:
    """What shows a reminder that fired."""
    return page.get_by_role("article", name=f"Reminder: {title}")


async def test_one_that_fires_is_shown_everywhere_and_its_answer_too(browse: Browse, space: Space) -> None:
    """On whatever page one is; acknowledged in one window it goes from the other, and from the list."""
    one = await opened(browse, space, "inbox")
    other = await opened(browse, space, "today")
    listed = await opened(browse, space, "reminders")
    reminder = await reminded(space, "Cake", 0.4)
    await expect(card(one, "Cake")).to_be_visible()
    await expect(card(other, "Cake")).to_be_visible()
    await expect(listed.get_by_role("region", name="Now").get_by_role("link", name="Cake")).to_be_visible()
    await card(one, "Cake").get_by_role("button", name="Seen: Cake").click()
    await expect(card(other, "Cake")).to_have_count(0)
    await expect(listed.get_by_role("region", name="Now")).to_have_count(0)
    await expect(card(one, "Cake")).to_have_count(0)
    await state(space, reminder, "acknowledged")


async def test_done_completes_the_task_and_open_opens_it(browse: Browse, space: Space) -> None:
    """From the card, on any page."""
    page = await opened(browse, space, "inbox")
    await reminded(space, "Bread", 0.2)
    await card(page, "Bread").get_by_role("button", name="Open").click()
    await expect(page.get_by_role("complementary")).to_have_attribute("aria-label", "Task Bread")
    await reminded(space, "Cake", 0.2)
    await card(page, "Cake").get_by_role("button", name="Done").click()
    await expect(card(page, "Cake")).to_have_count(0)

    async def done() -> bool:
        items = (await space.get("/tasks")).ok["items"]
        return any(one["title"] == "Cake" and one["status"] == "done" for one in items)

    await until(done)


async def test_snoozed_it_is_among_those_to_come(browse: Browse, space: Space) -> None:
    """For a time that is offered, or for one in words."""
    first, second = await reminded(space, "Cake", 0.1), await reminded(space, "Bread", 0.1)
    page = await opened(browse, space, "reminders")
    await page.get_by_role("button", name="Snooze: Cake").click()
    await page.get_by_role("button", name="In an hour").click()
    await expect(page.locator(".reminder-line.pending", has_text="Cake")).to_contain_text("snoozed")
    await state(space, first, "snoozed")
    await page.get_by_role("button", name="Snooze: Bread").click()
    await page.get_by_label("In words").fill("3 jan 2099 14:00")
    await page.keyboard.press("Enter")
    later = page.get_by_role("region", name="3 Jan 2099")
    await expect(later.get_by_role("link", name="Bread")).to_be_visible()
    await state(space, second, "snoozed")


async def test_the_list_says_when_why_and_what_came_of_it(browse: Browse, space: Space) -> None:
    """Fired ones first, with their channels; the others by day, and they can be removed."""
    await reminded(space, "Cake", 0.1)
    task = await space.task("Train", due={"local": "2099-01-03T10:00", "zone": "UTC"})
    relative = (await space.post(f"/tasks/{task['id']}/reminders", {"trigger": {"before": "PT45M", "of": "due"}})).ok
    page = await opened(browse, space, "reminders")
    now = page.get_by_role("region", name="Now")
    await expect(now).to_contain_text("on this page: delivered")
    await expect(page.get_by_role("region").filter(has=page.locator(".reminder-line")).first).to_have_attribute(
        "aria-label", "Now"
    )
    coming = page.locator(".reminder-line.pending")
    await expect(coming).to_contain_text("3 Jan 2099 09:15 · 45 minutes before it is due")
    await page.get_by_role("button", name="Remove the reminder of Train").click()
    await expect(coming).to_have_count(0)

    async def gone() -> bool:
        return (await space.get(f"/reminders/{relative['id']}")).status == 404

    await until(gone)


async def test_the_desktop_is_asked_for_by_a_button_alone_and_used_while_hidden(browse: Browse, space: Space) -> None:
    """What it shows goes when the reminder is answered elsewhere."""
    page = await opened(browse, space, "")
    await page.add_init_script(
        """
        window.told = [];
        window.Notification = class {
          static permission = "default";
          static requestPermission() {
            this.permission = "granted";
            window.told.push("asked");
            return Promise.resolve("granted");
          }
          constructor(title) { this.title = title; window.told.push(title); }
          close() { window.told.push(`closed ${this.title}`); }
        };
        Object.defineProperty(document, "visibilityState", { get: () => window.hiddenNow ? "hidden" : "visible" });
        """
    )
    await page.goto(f"/w/{space.id}/reminders")
    await live(page)
    assert await page.evaluate("() => window.told") == []
    await page.get_by_role("button", name="Show them").click()
    await expect(page.get_by_role("button", name="Show them")).to_have_count(0)
    await page.evaluate("() => { window.hiddenNow = true; }")
    reminder = await reminded(space, "Cake", 0.2)
    await page.wait_for_function("() => window.told.includes('Cake')")
    await space.post(f"/reminders/{reminder}/acknowledge")
    await page.wait_for_function("() => window.told.includes('closed Cake')")
    assert await page.evaluate("() => window.told") == ["asked", "Cake", "closed Cake"]


PAST = "Call Anna on 3 january 2020 at 9:00 remind me 30 minutes before"


async def test_one_that_is_past_already_is_said_in_a_sentence(browse: Browse, space: Space) -> None:
    """Written with a task: the task is there, nothing is left over, and another time is offered at once."""
    page = await opened(browse, space, "inbox")
    field = page.get_by_role("textbox", name="Add a task")
    await field.fill(PAST)
    await expect(page.locator(".chip.understood")).to_have_count(2)
    await field.press("Enter")
    notice = page.locator(".notice.error")
    await expect(notice).to_contain_text("“Call Anna” has no reminder: That is 3 Jan 2020, 08:30, which has passed")
    await expect(page.get_by_role("button", name="to look at")).to_have_count(0)
    await notice.get_by_role("button", name="Set one").click()
    await expect(page.get_by_role("dialog", name="Remind me")).to_be_visible()


async def test_one_that_is_past_when_it_is_understood_is_to_look_at(browse: Browse, space: Space, watch: Watch) -> None:
    """Where the line was sent before the page knew what it means."""
    watch.allow("net::ERR_FAILED")
    page = await opened(browse, space, "inbox")
    asked: list[str] = []

    async def later(route: Route) -> None:
        asked.append(route.request.url)
        await (route.abort() if len(asked) == 1 else route.continue_())

    await page.route("**/parse", later)
    await add(page, PAST)
    await page.get_by_role("button", name="1 to look at").click()
    await expect(page.get_by_role("dialog")).to_contain_text("That is 3 Jan 2020, 08:30, which has passed")


async def test_it_is_accessible_also_on_a_phone(browse: Browse, space: Space) -> None:
    """With what has fired, what is to come, a card and the dialog; nothing is wider than the screen."""
    await reminded(space, "Cake", 0.1)
    await reminded(space, "Train", 3600)
    for screen in ("laptop", "phone"):
        page = await opened(browse, space, "reminders", screen=screen)
        await expect(page.locator(".reminder-line.fired").first).to_be_visible()
        schemes: tuple[Scheme, ...] = SCHEMES if screen == "laptop" else ("light",)
        await accessible(page, schemes)
        assert await page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
        if screen == "laptop":
            await page.get_by_role("button", name="Snooze: Cake").click()
            await accessible(page)
        await page.goto(f"/w/{space.id}/calendar")
        await live(page)
        await reminded(space, f"Now on a {screen}", 0.2)
        await expect(card(page, f"Now on a {screen}")).to_be_visible()
        await accessible(page, schemes)


async def test_nothing_yet_says_how_one_is_made(browse: Browse, space: Space) -> None:
    """The empty page teaches."""
    page = await opened(browse, space, "reminders")
    await expect(page.get_by_role("heading", name="Nothing to be reminded of")).to_be_visible()
    await expect(page.locator(".page-body")).to_contain_text("remind me 30 minutes before")
