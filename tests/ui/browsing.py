"""People in browsers: each has a context of their own, as if on a device of their own."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
from playwright.async_api import Browser, BrowserContext, Error, Page, Playwright

from tests.support.chromium.find import REMEDY, on_path
from tests.support.http import Client, Space, new_space
from tests.support.serving import Serving
from tests.ui.looking import SCREENS, SCREENSHOTS, Scheme, Screen
from tests.ui.watching import Watch

USER: Final = "local"
"""Who a browser is that does not say who: the server of these tests runs without authentication."""

IS: Final = """
try {
  if (!localStorage.getItem("tasksys.actor")) localStorage.setItem("tasksys.actor", %s);
} catch {}  // about:blank keeps nothing
"""
"""Where the page keeps under what name its user goes."""

BOUND_MS: Final = 20_000
"""Milliseconds after which what a page should show counts as never shown; the machine may be busy."""


@dataclass(frozen=True)
class Served:
    """A `tasksys serve`, and HTTP clients to prepare with and to look behind the page."""

    serving: Serving
    session: aiohttp.ClientSession

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.serving.url

    def client(self, user: str = USER) -> Client:
        """A user."""
        return Client(self.session, {"Tasksys-Actor": user})

    async def space(self, user: str = USER, **fields: Any) -> Space:
        """A new workspace of that user."""
        return await new_space(self.client(user), **fields)


@dataclass
class Browse:
    """Opens pages: `page = await browse("/w/ws_1", screen="phone")`. Each in a new context of the one browser."""

    browser: Browser
    base: str
    watch: Watch
    contexts: list[BrowserContext] = field(default_factory=list)

    async def __call__(
        self,
        path: str = "/",
        *,
        user: str = USER,
        screen: Screen = "laptop",
        scheme: Scheme = "light",
        base: str = "",
        **options: Any,
    ) -> Page:
        """A page of that user at that address, loaded, on a device of their own; "" opens none.

        `base` is another server than that of the tests; `options` are those of Playwright's `Browser.new_context`. A
        second tab of the same person is `page.context.new_page()`.
        """
        given: dict[str, Any] = {
            "viewport": SCREENS[screen],
            "has_touch": screen == "phone",
            "color_scheme": scheme,
            "reduced_motion": "reduce",
            "locale": "en-GB",
            "timezone_id": "UTC",
        }
        context = await self.browser.new_context(base_url=base or self.base, **{**given, **options})
        self.contexts.append(context)
        context.set_default_timeout(BOUND_MS)
        await self.watch.over(context)
        if user != USER:
            await context.add_init_script(IS % json.dumps(user))
        page = await context.new_page()
        if path:
            await page.goto(path)
        return page

    async def close(self, failed_as: str = "") -> None:
        """Closes all contexts, once all that they had to say is heard; of a test that failed there are pictures."""
        for number, page in enumerate(page for context in self.contexts for page in context.pages):
            with suppress(Error):  # one that has crashed, or shows a dialogue
                await page.evaluate("() => null")
                if failed_as:
                    name = re.sub(r"[^\w.-]+", "-", failed_as)
                    await page.screenshot(path=SCREENSHOTS / f"failed-{name}-{number}.png", timeout=5_000)
        for context in self.contexts:
            await context.close()


async def launched(playwright: Playwright) -> Browser:
    """Chromium, without a window. Raises RuntimeError that says what to do where there is none."""
    path = on_path()
    try:
        return await playwright.chromium.launch(executable_path=path)
    except Error as error:
        raise RuntimeError(f"Chromium does not start. {REMEDY}\n{error}") from error
