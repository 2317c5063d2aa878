"""The tests of the page see what they should: the page as it is, and everything that goes wrong in it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.support.http import Space
from tests.support.waiting import until
from tests.ui.browsing import Browse, Served
from tests.ui.devices import SOMEWHERE, Devices
from tests.ui.looking import SCHEMES, SCREENS, Scheme, accessible, shot
from tests.ui.watching import Watch


async def hears(watch: Watch, complaint: str) -> None:
    """Waits until there is a complaint that matches; then all are expected."""
    try:
        await until(lambda: any(re.search(complaint, line) for line in watch.complaints))
    except TimeoutError:
        pytest.fail(f"heard only: {watch.complaints}")
    watch.allow("")


async def test_the_page_loads_and_complains_of_nothing(browse: Browse, site: Served, space: Space) -> None:
    """From both kinds of its addresses, under its policy."""
    for path in ("/", f"/w/{space.id}/inbox"):
        page = await browse(path)
        await expect(page.get_by_role("heading").first).to_be_visible()
    assert page.url == f"{site.url}/w/{space.id}/inbox"


async def test_it_is_accessible_and_looks(browse: Browse) -> None:
    """axe finds nothing, and there are pictures of all sizes."""
    page = await browse("/")
    await expect(page.get_by_role("heading").first).to_be_visible()
    await accessible(page)
    made = await shot(page, "front", wanted=True)
    assert len(made) == len(SCREENS) * len(SCHEMES)
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in made)
    assert page.viewport_size == SCREENS["laptop"]


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("console.warn('so so')", r"console warning: so so"),
        ("console.error('bad')", r"console error: bad"),
        ("setTimeout(() => { throw new Error('thrown') })", r"uncaught: Error: thrown"),
        ("Promise.reject(new Error('rejected'))", r"uncaught: Error: rejected"),
        ("fetch('/assets/nothing.js')", r"console error: .* status of 404"),
        ("fetch('http://127.0.0.1:1/')", r"Content-Security-Policy: connect-src http://127.0.0.1:1"),
        ("document.body.append(Object.assign(document.createElement('script'), {src: '/x.js'}))", "rusted"),
        ("document.body.innerHTML = '<p>'", "require-trusted-types-for"),
        ("document.body.setAttribute('style', 'color: red')", "Content-Security-Policy: style-src"),
        ("document.head.append(Object.assign(document.createElement('style'), {textContent: 'a{}'}))", "style-src"),
        ("new Image().src = 'http://127.0.0.1:1/a.png'", "Content-Security-Policy: img-src"),
    ],
)
async def test_what_goes_wrong_is_heard(browse: Browse, watch: Watch, script: str, complaint: str) -> None:
    """Each of these would fail its test."""
    page = await browse("/")
    await page.evaluate(f"() => {{ setTimeout(() => {{ {script} }}) }}")
    await hears(watch, complaint)


async def test_complaints_are_allowed_by_name(browse: Browse, watch: Watch) -> None:
    """A refusal that a test brings about is on the console, and no fault."""
    page = await browse("/")
    watch.allow_status(404)
    assert await page.evaluate("() => fetch('/nowhere').then((answer) => answer.status)") == 404
    await page.evaluate("() => console.warn('more')")
    await until(lambda: bool(watch.complaints))
    assert [line.partition(" (")[0] for line in watch.complaints] == ["console warning: more"]
    watch.allow("more")


async def test_the_policy_allows_what_the_page_needs(browse: Browse) -> None:
    """Requests and WebSockets to this server, and the one policy of trusted types, which names its service worker."""
    page = await browse("/", new=True)
    assert await page.evaluate("() => fetch('/health').then((answer) => answer.status)") == 200
    await page.evaluate("() => navigator.serviceWorker.ready.then(() => null)")


async def test_a_websocket_of_this_server_is_within_the_policy(browse: Browse, watch: Watch) -> None:
    """Where there is none it is refused by the server, not by the policy."""
    page = await browse("/")
    opened = "() => new Promise((done) => { new WebSocket(`ws://${location.host}/nowhere`).onerror = () => done(1) })"
    await page.evaluate(opened)
    await until(lambda: bool(watch.complaints))
    assert all("Unexpected response code: 404" in line for line in watch.complaints)
    watch.allow("Unexpected response code: 404")


async def test_offline_is_without_network(browse: Browse, watch: Watch) -> None:
    """The page notices, its requests fail, and afterwards it is as before."""
    page = await browse("/")
    state = "() => fetch('/health').then((answer) => `${navigator.onLine} ${answer.status}`, () => navigator.onLine)"
    async with watch.offline(page):
        assert await page.evaluate(state) is False
    assert await page.evaluate(state) == "true 200"
    watch.allow("WebSocket is closed before the connection is established")  # where the feed was just connecting


async def failing(page: Page, **how: Any) -> str:
    """What an audit of the page fails with."""
    with pytest.raises(pytest.fail.Exception) as failure:
        await accessible(page, **how)
    return str(failure.value)


async def test_what_is_not_accessible_is_told(browse: Browse) -> None:
    """With the rule, the element and what to do; what has nothing to do with colours once for both schemes."""
    page = await browse("/")
    await page.evaluate("() => document.body.append(document.createElement('button'))")
    told = await failing(page)
    assert "button-name (critical)" in told
    assert "<button></button>" in told
    assert told.endswith("in light")
    assert "button-name" in await failing(page, schemes=("dark", "light"))
    await accessible(page, but=["button-name"])
    await page.reload()
    await accessible(page)


@pytest.mark.parametrize(("scheme", "shade"), [("light", "#eee"), ("dark", "#222")])
async def test_colours_are_looked_at_in_each_scheme(browse: Browse, scheme: Scheme, shade: str) -> None:
    """What cannot be read is told, whether it is so in the first scheme, in the second or in both."""
    page = await browse("/")
    words = """([shade, both]) => {
      const words = Object.assign(document.createElement("p"), { textContent: "Hardly to be read", className: "hint" });
      words.style.color = both ? "#777" : shade;
      words.style.background = both ? "#888" : "";
      document.body.replaceChildren(words);
    }"""
    await page.evaluate(words, [shade, False])
    told = await failing(page)
    assert "color-contrast (serious)" in told
    assert told.endswith(f"in {scheme}")
    await page.evaluate(words, [shade, True])
    assert (await failing(page)).endswith("in light and dark")
    await accessible(page, but=["color-contrast"])


async def test_a_page_is_somebodys(browse: Browse) -> None:
    """The name under which its requests go is there before its scripts run, and may be changed by them."""
    page = await browse("/", user="anna@example.org")
    kept = "() => localStorage.getItem('tasksys.actor')"
    assert await page.evaluate(kept) == "anna@example.org"
    await page.evaluate("() => localStorage.setItem('tasksys.actor', 'ben')")
    await page.reload()
    assert await page.evaluate(kept) == "ben"


async def test_each_page_has_a_device_of_its_own(browse: Browse) -> None:
    """What one browser keeps, another does not know; a second tab does."""
    first, other = await browse("/"), await browse("/")
    await first.evaluate("() => localStorage.setItem('a', '1')")
    tab = await first.context.new_page()
    await tab.goto("/")
    kept = "() => localStorage.getItem('a')"
    assert [await page.evaluate(kept) for page in (first, tab, other)] == ["1", "1", None]


async def test_a_device_is_used_again_once_nothing_is_left_in_it(browse: Browse, devices: Devices) -> None:
    """What a page keeps, in whatever way, and what it was given, is not there for the next one."""
    keep = """() => new Promise((done) => {
      localStorage.setItem("a", "1");
      sessionStorage.setItem("a", "1");
      document.cookie = "a=1";
      window.a = 1;
      indexedDB.open("a").onsuccess = () => caches.open("a").then(done);
    })"""
    left = """async () => [
      localStorage.length, sessionStorage.length, document.cookie, typeof window.a, (await caches.keys()).length,
      (await indexedDB.databases()).length, String(matchMedia("(prefers-color-scheme: dark)").matches), innerWidth,
    ]"""
    first = await browse(SOMEWHERE, scheme="dark", screen="wide")
    await first.evaluate(keep)
    assert (await first.evaluate(left))[:2] == [1, 1]
    device = browse.used.pop()
    await devices.give_back(device)
    again = await browse(SOMEWHERE)
    assert again is first
    assert await again.evaluate(left) == [0, 0, "", "undefined", 0, 0, "false", SCREENS["laptop"]["width"]]


async def test_what_lasts_longer_than_a_test_ends_a_device(browse: Browse, devices: Devices) -> None:
    """A script that runs in every page, a route, a permission: nobody else gets them. Nor a page that has crashed."""
    spoil: list[Callable[[Page], Awaitable[object]]] = [
        lambda page: page.add_init_script("window.a = 1"),
        lambda page: page.route("**/a", lambda route: route.abort()),
        lambda page: page.context.grant_permissions(["notifications"]),
        lambda page: page.close(),
    ]
    for each in spoil:
        page = await browse(SOMEWHERE)
        await each(page)
        await devices.give_back(browse.used.pop())
        assert page.is_closed()
