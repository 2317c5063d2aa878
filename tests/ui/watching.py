"""What goes wrong in a browser without anybody looking: whatever it complains of fails the test."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from playwright.async_api import BrowserContext, ConsoleMessage, Page, Request, WebError

TELL_VIOLATIONS: Final = """
addEventListener("securitypolicyviolation", (event) => {
  const where = `${event.sourceFile ?? ""}:${event.lineNumber}`;
  console.error(`Content-Security-Policy: ${event.effectiveDirective} ${event.blockedURI} ${event.sample} ${where}`);
});
"""
"""Puts on the console what the policy of the page has stopped, reported or not by the browser itself."""

CALLED_OFF: Final = "net::ERR_ABORTED"
"""The failure of a request that the page itself, or its end, has called off."""

NO_WORKERS: Final = "Service Worker registration blocked by Playwright"
"""What is said for a browser that is to have none (see `tests/ui/devices.py`)."""

NO_NETWORK: Final = r"net::ERR_(INTERNET_DISCONNECTED|NETWORK_CHANGED|CONNECTION_(REFUSED|RESET|CLOSED)|EMPTY_RESPONSE)"
"""What a browser says where there is no way to the server."""


class Watch:
    """Everything that the contexts of one test complain of, in order."""

    def __init__(self) -> None:
        self._heard: list[str] = []
        self._allowed: list[str] = []

    def allow(self, pattern: str) -> None:
        """Complaints that match this expression anywhere are expected in this test, earlier ones too."""
        self._allowed.append(pattern)

    def allow_status(self, status: int) -> None:
        """Answers of this status are expected: Chromium puts each that is a problem on the console."""
        self.allow(rf"the server responded with a status of {status}\b")

    def allow_no_network(self) -> None:
        """The server is not always there in this test."""
        self.allow(NO_NETWORK)

    @asynccontextmanager
    async def offline(self, page: Page) -> AsyncIterator[None]:
        """Takes the network from the page's context, its service worker and its WebSockets, and gives it back.

        An open WebSocket is not closed: like behind a cut cable, nothing goes through it any more. New ones fail.
        """
        self.allow_no_network()
        await page.context.set_offline(True)
        try:
            yield
        finally:
            await page.context.set_offline(False)

    def over(self, context: BrowserContext) -> None:
        """Watches a context, and all pages and workers in it; its pages have to run `TELL_VIOLATIONS`."""
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("requestfailed", self._failed)
        context.on("page", self._opened)
        for page in context.pages:
            self._opened(page)

    def away_from(self, context: BrowserContext) -> None:
        """What its first page, which stays, complains of is no matter any more."""
        context.remove_listener("console", self._console)
        context.remove_listener("weberror", self._error)
        context.remove_listener("requestfailed", self._failed)
        context.remove_listener("page", self._opened)
        for page in context.pages:
            page.remove_listener("crash", self._crash)

    @property
    def complaints(self) -> list[str]:
        """What was heard, but what is allowed."""
        return [line for line in self._heard if not any(re.search(pattern, line) for pattern in self._allowed)]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and message.text != NO_WORKERS:
            place = message.location
            where = f"{place['url']}:{place['lineNumber'] + 1}" if place["url"] else "?"
            self._heard.append(f"console {message.type}: {message.text} ({where})")

    def _error(self, error: WebError) -> None:
        told = error.error
        self._heard.append(f"uncaught: {told.stack or told.message}")

    def _failed(self, request: Request) -> None:
        if request.failure != CALLED_OFF:
            self._heard.append(f"request failed: {request.method} {request.url}: {request.failure}")

    def _opened(self, page: Page) -> None:
        page.on("crash", self._crash)

    def _crash(self, page: Page) -> None:
        self._heard.append(f"the page crashed: {page.url}")
