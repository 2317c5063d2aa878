"""What tests of several pages do in the same way."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.support.http import Space
from tests.ui.browsing import Browse


async def opened(browse: Browse, space: Space, path: str, **options: object) -> Page:
    """A page of the workspace, once it is live."""
    page = await browse(f"/w/{space.id}/{path}", **options)  # type: ignore[arg-type]
    await live(page)
    return page


async def live(page: Page) -> None:
    """Waits until the page is live."""
    await expect(page.locator(".connection-state.live")).to_be_visible()


async def narrow_enough(page: Page) -> None:
    """Fails if the page is wider than its window."""
    width = await page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    assert width <= 0, width
