"""One server and one Chromium for all tests of the page; workspaces, contexts and complaints are each test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path
from typing import Final

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.support.http import Space
from tests.support.serving import Serving
from tests.ui.browsing import Browse, Served, launched
from tests.ui.devices import BOUND_MS, Devices
from tests.ui.looking import SCREENSHOTS
from tests.ui.watching import Watch

HERE: Final = Path(__file__).parent
FAILED: Final = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests here are of the page, and share the loop that the browser was started in."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.ui)
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Notes whether the test itself failed, for the fixtures that end after it."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture(scope="session")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """The server of all tests here. A test that stops one starts its own: `with Serving(tmp_path / "own") as own`."""
    with Serving(tmp_path_factory.mktemp("served")) as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site(serving: Serving) -> AsyncIterator[Served]:
    """The server, and users of it over HTTP."""
    async with aiohttp.ClientSession(serving.url) as session:
        yield Served(serving, session)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium."""
    for old in SCREENSHOTS.glob("failed-*.png"):
        old.unlink()
    expect.set_options(timeout=BOUND_MS)
    async with async_playwright() as playwright:
        chromium = await launched(playwright)
        yield chromium
        await chromium.close()


@pytest.fixture(scope="session")
def devices(browser: Browser, serving: Serving) -> Devices:
    """The devices that tests use one after the other."""
    return Devices(browser, serving.url)


@pytest.fixture
def watch() -> Watch:
    """What the test's pages complain of; what is not allowed fails the test in the end."""
    return Watch()


@pytest_asyncio.fixture(loop_scope="session")
async def browse(devices: Devices, watch: Watch, request: pytest.FixtureRequest) -> AsyncIterator[Browse]:
    """Opens pages, each on a device of its own: see `Browse`."""
    opened = Browse(devices, watch)
    yield opened
    failed = request.node.stash.get(FAILED, True)
    await opened.close(request.node.name if failed or watch.complaints else "")
    if watch.complaints:
        pytest.fail("The browser complained:\n" + "\n".join(watch.complaints), pytrace=False)


@pytest_asyncio.fixture(loop_scope="session")
async def space(site: Served) -> Space:
    """A new workspace of who opens a page."""
    return await site.space()
