"""The ways in: the first visit, a token, and what is said to those who may not."""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path

import jwt
from playwright.async_api import Page, expect

from tests.support.http import Space
from tests.support.serving import Serving
from tests.ui.browsing import Browse, Served
from tests.ui.looking import accessible, shot
from tests.ui.steps import add, offline, settled, shows
from tests.ui.watching import Watch

SECRET = "0123456789abcdef0123456789abcdef"


def token(user: str, seconds: float = 3600) -> str:
    """A token that the server believes for so long."""
    return jwt.encode({"sub": user, "exp": time.time() + seconds}, SECRET, "HS256")


async def enter(page: Page, text: str) -> None:
    """Signs in with a token."""
    await page.get_by_role("textbox", name="Token").fill(text)
    await page.get_by_role("button", name="Sign in").click()


async def test_the_first_visit_makes_a_workspace(browse: Browse, site: Served) -> None:
    """With a name and the zone of the browser; it is found again by the next one."""
    page = await browse("/", user="nora", timezone_id="Europe/Berlin")
    await expect(page.get_by_role("heading", name="Welcome to Tasksys")).to_be_visible()
    await accessible(page)
    await shot(page, "welcome")
    await page.get_by_role("textbox").fill("Nora's tasks")
    await page.get_by_role("button", name="Start").click()
    await settled(page)
    made = (await site.client("nora").get("/api/v1/workspaces")).ok["items"]
    assert [(one["name"], one["time_zone"]) for one in made] == [("Nora's tasks", "Europe/Berlin")]
    again = await page.context.new_page()
    await again.goto("/")
    await expect(again).to_have_url(page.url)


async def test_with_tokens_one_signs_in(browse: Browse, watch: Watch, tmp_path: Path) -> None:
    """A wrong token is refused with the reason; a good one is kept for the tab, and its subject is who one is."""
    watch.allow_status(401)
    watch.allow_no_network()
    with Serving(tmp_path / "own", "--auth", "jwt", settings={"TASKSYS_JWT_SECRET": SECRET}) as own:
        page = await browse("/", base=own.url)
        await enter(page, "not.a.token")
        await expect(page.get_by_role("alert")).to_contain_text("not valid")
        await accessible(page)
        await enter(page, token("nora"))
        await page.get_by_role("button", name="Start").click()
        await settled(page)
        await expect(page.get_by_role("navigation", name="Main")).to_contain_text("nora")
        await add(page, "Milk")
        await shows(page, "Milk")
        await page.reload()
        await settled(page)
        await shows(page, "Milk")


async def test_an_impatient_start_makes_one_workspace(browse: Browse, site: Served) -> None:
    """However often the button is hit before the answer is there."""
    page = await browse("/", user="ines")
    await expect(page.get_by_role("heading", name="Welcome to Tasksys")).to_be_visible()
    await page.evaluate("() => [1, 2, 3].forEach(() => document.querySelector('form').requestSubmit())")
    await settled(page)
    await page.wait_for_timeout(300)
    assert len((await site.client("ines").get("/api/v1/workspaces")).ok["items"]) == 1


async def test_a_token_that_expires_loses_nothing(browse: Browse, watch: Watch, tmp_path: Path) -> None:
    """The page asks for another one; what was written meanwhile is sent with that."""
    watch.allow_status(401)
    watch.allow("WebSocket connection to")
    watch.allow_no_network()
    with Serving(tmp_path / "own", "--auth", "jwt", settings={"TASKSYS_JWT_SECRET": SECRET}) as own:
        page = await browse("/", base=own.url)
        await enter(page, token("nora"))
        await page.get_by_role("button", name="Start").click()
        await settled(page)
        async with watch.offline(page):
            await offline(page)
            await add(page, "Milk")
            await shows(page, "Milk")
            await page.evaluate("text => sessionStorage.setItem('tasksys.token', text)", token("nora", -60))
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        await enter(page, token("nora"))
        await settled(page)
        await shows(page, "Milk")
        await expect(page.get_by_text("to send")).to_have_count(0)


async def test_a_stranger_is_told(browse: Browse, space: Space, watch: Watch) -> None:
    """Of a workspace that is not theirs they see nothing, not even whether it is there."""
    watch.allow_status(404)
    watch.allow_status(403)
    watch.allow("WebSocket connection to")
    page = await browse(f"/w/{space.id}/inbox", user="eve")
    await expect(page.get_by_role("heading", name="This cannot be shown")).to_be_visible()
    await page.get_by_role("button", name="To your workspaces").click()
    await expect(page.get_by_role("heading", name="Welcome to Tasksys")).to_be_visible()


async def test_many_workspaces_are_all_there(browse: Browse, site: Served) -> None:
    """More than one answer of the server holds: the last of them is opened again, and can be chosen."""
    user = site.client("manya")

    async def made(number: int) -> str:
        body = {"name": f"Place {number:03}"}
        return str((await user.post("/api/v1/workspaces", body)).ok["id"])

    ids = [one for first in range(0, 210, 30) for one in await asyncio.gather(*map(made, range(first, first + 30)))]
    last = max(ids)
    name = f"Place {ids.index(last):03}"
    page = await browse(f"/w/{last}/today", user="manya")
    await settled(page)
    again = await page.context.new_page()
    await again.goto("/")
    await expect(again).to_have_url(re.compile(f"/w/{last}/"))
    await settled(again)
    await again.get_by_role("button", name=name).click()
    await again.get_by_placeholder("Find one").fill(name)
    await expect(again.get_by_role("option", name=name)).to_be_visible()
