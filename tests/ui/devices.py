"""Browsers for tests to use one after the other: a page takes half the time where what it is made of is there already.

Making a context and its renderer, and fetching and compiling a hundred modules, costs about as much as all that a test
does then. So a device is used again once all that a test left in it is gone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from playwright.async_api import Browser, BrowserContext, CDPSession, Error, Page

from tests.ui.watching import TELL_VIOLATIONS

BOUND_MS: Final = 20_000
"""Milliseconds after which what a page should show counts as never shown; the machine may be busy."""

SOMEWHERE: Final = "/favicon.svg"
"""An address of the server at which no script runs: what a page keeps is looked after from there."""

FORGET: Final = "() => { localStorage.clear(); sessionStorage.clear(); }"

LASTING: Final = ("add_init_script", "expose_function", "expose_binding", "route", "grant_permissions")
"""What changes a context, or a page, for longer than one test may: it is not used again."""


@dataclass
class Device:
    """A context of its own with one page, as if it were somebody's only browser."""

    context: BrowserContext
    page: Page
    session: CDPSession
    touch: bool
    again: bool
    """False once it cannot be used by another test."""

    @classmethod
    async def made(cls, browser: Browser, *, again: bool, **options: Any) -> Device:
        """A new one. One that is to be used again knows no service workers: they cost as much as the page itself."""
        if again:
            options["service_workers"] = "block"
        context = await browser.new_context(**options)
        context.set_default_timeout(BOUND_MS)
        await context.add_init_script(TELL_VIOLATIONS)
        page = await context.new_page()
        device = cls(context, page, await context.new_cdp_session(page), options["has_touch"], again)
        for target in (context, page):
            for name in LASTING:
                if hasattr(target, name):
                    setattr(target, name, device._noted(getattr(target, name)))
        return device

    async def cleared(self) -> bool:
        """Takes out what the last test left. False if that is not possible."""
        try:
            for page in self.context.pages:
                if page is not self.page:
                    await page.close()
            if not self.again or self.page.is_closed():
                return False
            await self.page.mouse.move(0, 0)
            await self.page.goto(SOMEWHERE)
            await self.page.evaluate(FORGET)
            origin = await self.page.evaluate("() => location.origin")
            await self.session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
        except Error:  # it has crashed, or shows a dialogue
            return False
        return True

    def _noted(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*given: Any, **named: Any) -> Any:
            self.again = False
            return method(*given, **named)

        return noted


@dataclass
class Devices:
    """The devices of all tests; those that nobody uses wait here."""

    browser: Browser
    base: str
    idle: list[Device] = field(default_factory=list)

    async def take(self, options: dict[str, Any]) -> Device:
        """One that is as if it were new."""
        for device in reversed(self.idle):  # what was used last is warm
            if device.touch == options["has_touch"]:
                self.idle.remove(device)
                return device
        device = await Device.made(self.browser, again=True, **options)
        await device.page.goto(SOMEWHERE)
        return device

    async def give_back(self, device: Device) -> None:
        """A test needs it no longer."""
        if await device.cleared():
            self.idle.append(device)
        else:
            await device.context.close()
