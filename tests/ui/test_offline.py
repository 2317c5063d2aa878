"""Without a network: reading goes on, what is changed is kept and sent later, once, and never silently over others'."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

from playwright.async_api import WebSocketRoute, expect

from tests.support.http import Space
from tests.support.serving import Serving
from tests.support.waiting import until
from tests.ui.browsing import Browse, Served
from tests.ui.steps import add, offline, rows, settled, shows
from tests.ui.watching import Watch


async def created(space: Space) -> list[str]:
    """The titles of all tasks that were ever made, in the order of the log."""
    return [
        one["data"]["title"]
        for one in (await space.get("/events", limit=1000)).ok["items"]
        if one["type"] == "TaskCreated"
    ]


async def test_what_is_written_offline_is_sent_once(browse: Browse, space: Space, watch: Watch) -> None:
    """Words are understood later, by the time of writing; ticks and titles too; the order stays."""
    await space.task("Milk")
    page = await browse(f"/w/{space.id}/inbox")
    await settled(page)
    await shows(page, "Milk")
    async with watch.offline(page):
        await offline(page)
        await add(page, "Bread tomorrow 9am !high")
        await add(page, "Cheese")
        await page.get_by_role("checkbox", name="Complete Milk").click()
        await shows(page, "Bread tomorrow 9am !high", "Cheese")
        await expect(page.locator(".connection-state")).to_contain_text("3 to send")
        assert await created(space) == ["Milk"]
    await settled(page)
    await shows(page, "Bread", "Cheese")
    assert await created(space) == ["Milk", "Bread", "Cheese"]
    tasks = {one["title"]: one for one in (await space.get("/tasks")).ok["items"]}
    assert tasks["Bread"]["priority"] == "high"
    assert tasks["Milk"]["status"] == "done"


async def test_it_opens_without_a_network(browse: Browse, space: Space, watch: Watch) -> None:
    """The page, its tasks and what waits to be sent are on the device; opened again, nothing is lost or doubled."""
    await space.task("Milk")
    page = await browse(f"/w/{space.id}/inbox", new=True)
    await settled(page)
    await page.evaluate("() => navigator.serviceWorker.ready.then(() => null)")
    await page.wait_for_function("() => caches.keys().then((names) => names.length === 1)")
    async with watch.offline(page):
        await offline(page)
        await add(page, "Bread")
        await shows(page, "Milk", "Bread")
        await page.reload()
        await shows(page, "Milk", "Bread")
        second = await page.context.new_page()
        await second.goto(f"/w/{space.id}/inbox")
        await shows(second, "Milk", "Bread")
        await add(second, "Cheese")
        await shows(page, "Milk", "Bread", "Cheese")
        await page.close()
    await settled(second)
    await shows(second, "Milk", "Bread", "Cheese")
    assert await created(space) == ["Milk", "Bread", "Cheese"]


async def test_what_others_changed_is_not_overwritten(browse: Browse, space: Space, watch: Watch) -> None:
    """Another field is merged; the same field is a conflict, which a person decides."""
    milk = await space.task("Milk")
    page = await browse(f"/w/{space.id}/inbox?task={milk['id']}")
    await settled(page)
    async with watch.offline(page):
        await offline(page)
        title = page.get_by_role("textbox", name="Title")
        await title.fill("Oat milk")
        await title.press("Enter")
        await space.patch(f"/tasks/{milk['id']}", {"title": "Soy milk", "priority": "high"})
    await settled(page)
    await expect(page.get_by_text("changed this while you did").first).to_be_visible()
    assert (await space.get(f"/tasks/{milk['id']}")).ok["title"] == "Soy milk"
    await page.get_by_role("button", name="Use mine").first.click()
    await expect(page.get_by_text("changed this while you did")).to_have_count(0)
    await shows(page, "Oat milk")

    async def decided() -> bool:
        task = (await space.get(f"/tasks/{milk['id']}")).ok
        return (task["title"], task["priority"]) == ("Oat milk", "high")

    await until(decided)  # what is shown is guessed before


async def test_two_fields_are_both_kept(browse: Browse, space: Space, watch: Watch) -> None:
    """What one did offline and another online to the same task, without a question."""
    milk = await space.task("Milk")
    page = await browse(f"/w/{space.id}/inbox")
    await settled(page)
    async with watch.offline(page):
        await offline(page)
        await page.keyboard.press("j")
        await page.keyboard.press("1")
        await space.patch(f"/tasks/{milk['id']}", {"title": "Oat milk"})
    await shows(page, "Oat milk")
    await expect(rows(page).get_by_title("Priority urgent")).to_be_visible()
    await settled(page)
    task = (await space.get(f"/tasks/{milk['id']}")).ok
    assert (task["title"], task["priority"]) == ("Oat milk", "urgent")


async def test_what_is_refused_is_shown_where_it_happened(browse: Browse, space: Space, watch: Watch) -> None:
    """With the reason, at the task; nothing is lost until the person gives it up."""
    milk = await space.task("Milk")
    page = await browse(f"/w/{space.id}/inbox")
    await settled(page)
    async with watch.offline(page):
        await offline(page)
        await page.get_by_role("checkbox", name="Complete Milk").click()
        await space.delete(f"/tasks/{milk['id']}")
    await settled(page)
    await page.get_by_role("button", name="1 to look at").click()
    await expect(page.get_by_role("dialog")).to_contain_text("was refused")
    await page.get_by_role("dialog").get_by_role("button", name="Give it up").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Everything you did has been saved")


async def test_a_killed_server_loses_nothing(browse: Browse, watch: Watch, tmp_path: Path) -> None:
    """What is written while it is away is there when it is back, once; the page goes on by itself."""
    watch.allow_no_network()
    watch.allow("WebSocket connection to")
    with Serving(tmp_path / "own") as own:
        page = await browse("/", base=own.url)
        await page.get_by_role("button", name="Start").click()
        await settled(page)
        await page.keyboard.press("g")
        await page.keyboard.press("i")
        await add(page, "Before")
        await shows(page, "Before")
        own.kill()
        await offline(page)
        await add(page, "During")
        await shows(page, "Before", "During")
        own.start()
        await settled(page)
        await shows(page, "Before", "During")
        await add(page, "After")
        await shows(page, "Before", "During", "After")


async def test_an_answer_that_is_lost_is_asked_for_again(browse: Browse, space: Space, watch: Watch) -> None:
    """The same command goes again under its key, with what it was sent with; it acts once, and is no conflict."""
    milk = await space.task("Milk")
    page = await browse("", user="local")
    cut: list[str] = []

    def through(line: WebSocketRoute) -> None:
        server = line.connect_to_server()

        async def answered(message: str | bytes) -> None:
            text = message if isinstance(message, str) else message.decode()
            if len(cut) < 2 and json.loads(text)["op"] == "outcome":
                cut.append(text)
                await line.close(code=1001)
            else:
                line.send(message)

        server.on_message(lambda message: asyncio.ensure_future(answered(message)))
        line.on_message(server.send)

    await page.route_web_socket(re.compile("/feed$"), through)
    await page.goto(f"/w/{space.id}/inbox?task={milk['id']}")
    await settled(page)
    title = page.get_by_role("textbox", name="Title")
    await title.fill("Oat milk")
    await title.press("Enter")
    await shows(page, "Oat milk")
    await expect(page.locator(".connection-state")).to_have_text("Live")
    assert len(cut) == 2
    await expect(page.locator(".trouble, .trouble-box")).to_have_count(0)
    events = (await space.get("/events", limit=100)).ok["items"]
    assert [one["type"] for one in events].count("TaskEdited") == 1


async def test_half_a_character_holds_nothing_up(browse: Browse, space: Space, watch: Watch) -> None:
    """An emoji that was cut in two, by a field's bound or in a paste: it is sent, and so is what follows it."""
    watch.allow_status(400)  # of the request that understands a line
    page = await browse(f"/w/{space.id}/inbox")
    await settled(page)
    await page.evaluate("""async () => {
      const input = document.querySelector(".quick-add-input");
      input.value = "Milk \\ud83d";
      input.dispatchEvent(new InputEvent("input"));
      input.form.requestSubmit();
    }""")
    await add(page, "Bread")
    await shows(page, "Milk \ufffd", "Bread")
    await page.evaluate("() => new Promise((done) => setTimeout(done, 300))")
    await settled(page)
    assert await created(space) == ["Milk \ufffd", "Bread"]


async def test_workspaces_opened_in_quick_succession_stay_apart(
    browse: Browse, space: Space, site: Served, watch: Watch
) -> None:
    """The one that was left before it was there says nothing in the other, on the device neither."""
    watch.allow("WebSocket is closed before")
    other = await site.space()
    for number in range(5):
        await other.task(f"Theirs {number}")
    await space.task("Milk")
    page = await browse(f"/w/{other.id}/inbox")
    await settled(page)
    connections: list[str] = []
    page.on("websocket", lambda socket: connections.append(socket.url.split("/")[-2]))
    go = """(places) => {
      for (const place of places) {
        history.pushState(null, "", place);
        dispatchEvent(new PopStateEvent("popstate"));
      }
    }"""
    for _ in range(5):
        await page.evaluate(go, [f"/w/{space.id}/inbox", f"/w/{other.id}/inbox", f"/w/{space.id}/inbox"])
        await settled(page)
        await shows(page, "Milk")
        await page.evaluate(go, [f"/w/{other.id}/inbox", f"/w/{space.id}/inbox", f"/w/{other.id}/inbox"])
        await settled(page)
    await page.evaluate(go, [f"/w/{space.id}/inbox"])
    await settled(page)
    await other.task("Theirs, later")
    await space.task("Bread")
    await shows(page, "Milk", "Bread")
    assert connections.count(space.id) <= 6
    assert connections.count(other.id) <= 5
