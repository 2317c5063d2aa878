"""How the page for people and its files are served."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from tests.support.http import Answer, Site
from views import pages

pytestmark = pytest.mark.asyncio(loop_scope="module")

UI: Final = Path(pages.__file__).parent / "ui"
FILES: Final = {path: path.read_bytes() for path in sorted(UI.rglob("*")) if path.suffix in pages.TYPES}
INDEX: Final = FILES[UI / "index.html"]


def served_at(path: Path) -> str:
    """The address of a file."""
    return pages.address(path.relative_to(UI).as_posix())


async def plain(site: Site, path: str, **headers: str) -> Answer:
    """A file as it is sent to who takes no gzip."""
    return await site.client().get(path, headers={"Accept-Encoding": "identity", **headers})


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
async def test_each_file_is_served_with_its_type(site: Site, path: Path) -> None:
    """Every file of the folder is at its address, as it is; a service worker has a line more."""
    answer = await plain(site, served_at(path))
    assert answer.status == 200
    assert answer.headers["Content-Type"] == pages.TYPES[path.suffix]
    assert answer.headers["Content-Length"] == str(len(answer.raw))
    body = FILES[path]
    assert answer.raw.startswith(body) if path.name == pages.WORKER else answer.raw == body


@pytest.mark.parametrize("path", ["/", "/?view=today", "/w/", "/w/ws_1", "/w/ws_1/tasks/t%2F1", "/w/a/b/c/../d"])
async def test_the_page_is_at_the_addresses_that_it_makes(site: Site, path: str) -> None:
    """Whoever opens or reloads an address below /w/ gets the page, which knows what to show."""
    assert (await plain(site, path)).raw == INDEX


async def test_the_page_runs_nothing_but_its_own_files(site: Site) -> None:
    """Every file has the policy: no script or style but from files of this server, and nobody frames it."""
    for path in ("/", "/w/ws_1", pages.BUILD, *(served_at(path) for path in FILES)):
        headers = (await site.client().get(path)).headers
        policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
        assert policy == {
            "default-src": "'none'",
            "script-src": "'self'",
            "style-src": "'self'",
            "img-src": "'self' data:",
            "connect-src": "'self'",
            "manifest-src": "'self'",
            "worker-src": "'self'",
            "base-uri": "'none'",
            "form-action": "'none'",
            "frame-ancestors": "'none'",
            "require-trusted-types-for": "'script'",
            "trusted-types": "tasksys",
        }
        assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_what_a_browser_has_is_not_sent_again(site: Site, encoding: str) -> None:
    """It asks each time, so that a new release is seen at once, and is answered 304 while nothing is new."""
    for path in ("/", "/w/ws_1", pages.BUILD, *(served_at(path) for path in FILES)):
        first = await site.client().get(path, headers={"Accept-Encoding": encoding})
        assert first.headers["Cache-Control"] == "no-cache"
        assert first.headers["Vary"] == "Accept-Encoding"
        assert not first.etag.startswith("W/")
        for known in (first.etag, f'"other", {first.etag}', f"W/{first.etag}", "*"):
            again = await site.client().get(path, headers={"Accept-Encoding": encoding, "If-None-Match": known})
            assert (again.status, again.raw, again.etag) == (304, b"", first.etag)
            assert again.headers["Content-Security-Policy"] == first.headers["Content-Security-Policy"]
        for other in ('"other"', "nonsense", ""):
            again = await site.client().get(path, headers={"Accept-Encoding": encoding, "If-None-Match": other})
            assert (again.status, again.raw) == (200, first.raw)


@pytest.mark.parametrize(
    ("accepted", "packs"),
    [
        ("gzip, deflate, br, zstd", True),
        ("GZIP;q=0.5", True),
        ("br, *", True),
        ("*;q=0, gzip", True),
        ("gzip;q=0, *", False),
        ("gzip; q=0.000", False),
        ("br", False),
        ("", False),
    ],
)
async def test_files_are_packed_for_who_takes_that(site: Site, accepted: str, packs: bool) -> None:
    """Packed they are fewer bytes, and have a tag of their own."""
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.get(f"{site.url}/", headers={"Accept-Encoding": accepted}) as response,
    ):
        raw = await response.read()
        assert (response.headers.get("Content-Encoding") == "gzip") == packs
        assert (gzip.decompress(raw) if packs else raw) == INDEX
        assert len(raw) < len(INDEX) or not packs
        assert (response.headers["ETag"] == (await plain(site, "/")).etag) == (not packs)


@pytest.mark.parametrize(
    "path",
    [
        "/index.html",
        "/assets",
        "/assets/",
        "/assets/js",
        "/assets/js/",
        "/assets/index.html",
        "/assets/sw.js",
        "/assets/nothing.js",
        "/assets/JS/main.js",
        "/assets/js/main.js/",
        "/assets//js/main.js",
        "/assets/../pages.py",
        "/assets/..%2Fpages.py",
        "/assets/%2e%2e/pages.py",
        "/assets/js/..%5C..%5Cpages.py",
        "/assets/%2Fetc%2Fpasswd",
        "/assets/js/main.js%00.css",
        "/w",
        "/js/main.js",
    ],
)
async def test_what_is_not_there_is_a_problem(site: Site, path: str) -> None:
    """An address that is no file's leads nowhere, however it is spelled."""
    status, _, raw = await site.raw(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert (status, json.loads(raw)["code"]) == (404, "not-found")


async def test_nothing_is_written_there(site: Site) -> None:
    """Files are read only."""
    for path in ("/", "/w/ws_1", "/assets/js/main.js"):
        (await site.client().post(path, {})).problem(405, "method-not-allowed")
        head = await site.client().send("HEAD", path)
        assert (head.status, head.raw) == (200, b"")


async def test_the_build_names_every_file(site: Site) -> None:
    """Each one that the page is made of, so that a service worker can keep them all, but itself."""
    build = (await site.client().get(pages.BUILD)).ok
    assert build.keys() == {"version", "files"}
    assert build["files"] == sorted(set(build["files"]))
    assert set(build["files"]) == {served_at(path) for path in FILES} - {f"/{pages.WORKER}"}
    for path in build["files"]:
        assert (await site.client().get(path)).status == 200


def laid_out(folder: Path, **files: str) -> dict[str, pages.File]:
    """What is served of a folder of these files; two underscores are a slash, one before the suffix a dot."""
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return pages.read(folder)


def build(files: dict[str, pages.File]) -> Any:
    """What the service worker is told."""
    return json.loads(files[pages.BUILD].body)


async def test_any_change_is_a_new_version_and_a_new_worker(tmp_path: Path) -> None:
    """Browsers compare the worker's bytes only: they must differ when any file does, and not otherwise."""
    first = laid_out(tmp_path, index_html="<p>", sw_js="self", js__main_js="1")
    assert laid_out(tmp_path) == first
    assert build(first)["files"] == ["/", "/assets/js/main.js"]
    second = laid_out(tmp_path, js__main_js="2")
    assert build(second)["version"] != build(first)["version"]
    assert second["/sw.js"] != first["/sw.js"]
    assert second["/"] == first["/"]
    third = laid_out(tmp_path, sw_js="other")
    assert build(third)["version"] not in (build(second)["version"], build(first)["version"])


async def test_only_known_types_are_served(tmp_path: Path) -> None:
    """What else lies in the folder is not: sources, editors' copies, hidden files."""
    found = laid_out(tmp_path, index_html="", js__a_py="", js__a_js_bak="", tsconfig_json="", _x_js="", _git__a_js="")
    assert set(found) == {"/", pages.BUILD}


async def test_a_browser_that_asks_for_an_icon_gets_one(site: Site) -> None:
    """Pages that name none, such as the reference, have one too."""
    icon = await site.client().get("/favicon.ico")
    assert icon.raw == FILES[UI / "favicon.svg"]
    assert icon.headers["Content-Type"] == "image/svg+xml"
