"""People in browsers: each has a context of their own, as if on a device of their own."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
from playwright.async_api import Browser, Error, Page, Playwright

from tests.support.chromium.find import REMEDY, on_path
from tests.support.http import Client, Space, new_space
from tests.support.serving import Serving
from tests.ui.devices import Device, Devices
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
    """Opens pages: `page = await browse("/w/ws_1", screen="phone")`. Each on a device of its own: see `Device`."""

    devices: Devices
    watch: Watch
    used: list[Device] = field(default_factory=list)

    async def __call__(
        self,
        path: str = "/",
        *,
        user: str = USER,
        screen: Screen = "laptop",
        scheme: Scheme = "light",
        base: str = "",
        new: bool = False,
        **options: Any,
    ) -> Page:
        """A page of that user at that address, loaded, on a device of their own; "" opens none.

        `base` is another server than that of the tests; `options` are those of Playwright's `Browser.new_context`. With
        either of them, or where a `new` one is asked for, nobody had the device before, and it has service workers. A
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
        if base or new or options:
            made = {"base_url": base or self.devices.base, **given, **options}
            device = await Device.made(self.devices.browser, again=False, **made)
            if user != USER:
                await device.context.add_init_script(IS % json.dumps(user))
        else:
            device = await self.devices.take({"base_url": self.devices.base, **given})
            await device.page.set_viewport_size(SCREENS[screen])
            await device.page.emulate_media(color_scheme=scheme)
            if user != USER:
                await device.page.evaluate("(user) => localStorage.setItem('tasksys.actor', user)", user)
        self.used.append(device)
        self.watch.over(device.context)
        if path:
            await device.page.goto(path)
        return device.page

    async def close(self, failed_as: str = "") -> None:
        """Gives all devices back, once all that they had to say is heard; of a test that failed there are pictures."""
        for number, page in enumerate(page for device in self.used for page in device.context.pages):
            with suppress(Error):  # one that has crashed, or shows a dialogue
                await page.evaluate("() => null")
                if failed_as:
                    name = re.sub(r"[^\w.-]+", "-", failed_as)
                    await page.screenshot(path=SCREENSHOTS / f"failed-{name}-{number}.png", timeout=5_000)
        for device in self.used:
            device.again = device.again and not failed_as
            await self.devices.give_back(device)
            self.watch.away_from(device.context)


async def launched(playwright: Playwright) -> Browser:
    """Chromium, without a window. Raises RuntimeError that says what to do where there is none."""
    path = on_path()
    try:
        return await playwright.chromium.launch(executable_path=path)
    except Error as error:
        raise RuntimeError(f"Chromium does not start. {REMEDY}\n{error}") from error
