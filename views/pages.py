"""The page for people: the files of `views/ui`, each at its address, read and packed once.

`index.html` is at `/` and at the client's own addresses, below `/w/`; what browsers look for at the root is there;
everything else is below `/assets/`. Only what the package has is served: an address is looked up, never a path.
"""

import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath
from typing import Final

from aiohttp import web

from tasksys import codec

TEXT: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
TYPES: Final = TEXT | {".png": "image/png"}
"""What is served, by its suffix; anything else in the folder is not."""

FRONT: Final = "index.html"
WORKER: Final = "sw.js"
ICON: Final = "favicon.svg"
AT_THE_ROOT: Final = frozenset({WORKER, "manifest.webmanifest", ICON})
"""A service worker's scope is where it lies; browsers look for the others there."""

BUILD: Final = "/assets/build.json"

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",  # WebSockets of this host are among them
        "manifest-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types tasksys",  # the one policy that may be made: it names the service worker
    )
)

HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",  # kept, but asked about each time: a new release is seen at once
    "Vary": "Accept-Encoding",
}


@dataclass(frozen=True)
class File:
    """A file as it is sent: whole, and packed if that makes it smaller."""

    type: str
    body: bytes
    packed: bytes | None
    tag: str

    @classmethod
    def of(cls, type: str, body: bytes) -> "File":
        """A file of this type and content."""
        packed = gzip.compress(body, mtime=0) if type != TYPES[".png"] else body
        return cls(type, body, packed if len(packed) < len(body) else None, _hash(body))

    def answer(self, request: web.Request) -> web.Response:
        """The file, or 304 to who has it."""
        packs = self.packed is not None and accepts_gzip(request.headers.get("Accept-Encoding", ""))
        tag = f"{self.tag}-gzip" if packs else self.tag  # a strong tag is of the very bytes that are sent
        headers = {**HEADERS, "ETag": f'"{tag}"'}
        if any(one.value in (tag, "*") for one in request.if_none_match or ()):
            return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        headers["Content-Type"] = self.type
        if packs:
            headers["Content-Encoding"] = "gzip"
        return web.Response(body=self.packed if packs else self.body, headers=headers)


def pages() -> list[web.RouteDef]:
    """The page and its files."""
    files = packaged()

    async def front(request: web.Request) -> web.StreamResponse:
        return files["/"].answer(request)

    async def file(request: web.Request) -> web.StreamResponse:
        found = files.get(request.path)
        if found is None:
            raise web.HTTPNotFound
        return found.answer(request)

    async def icon(request: web.Request) -> web.StreamResponse:
        return files[f"/{ICON}"].answer(request)

    icons = [web.get("/favicon.ico", icon)] if f"/{ICON}" in files else []
    root = [web.get(f"/{name}", file) for name in sorted(AT_THE_ROOT) if f"/{name}" in files]
    return [web.get("/", front), web.get("/w/{address:.*}", front), web.get("/assets/{file:.+}", file), *root, *icons]


@cache
def packaged() -> dict[str, File]:
    """The files of the package, by their addresses."""
    return read(resources.files("views").joinpath("ui"))


def read(folder: Traversable) -> dict[str, File]:
    """The files of a folder, by their addresses, and what the service worker asks for: the version and the files.

    The worker's own text ends with the version, so that browsers see a new worker whenever any file is new.
    """
    files = {address(path): File.of(TYPES[PurePosixPath(path).suffix], body) for path, body in found(folder)}
    files = dict(sorted(files.items()))
    version = _hash("".join(f"{name}\0{file.tag}\0" for name, file in files.items()).encode())
    shell = [name for name in files if name != f"/{WORKER}"]
    files[BUILD] = File.of("application/json", codec.encode_json({"version": version, "files": shell}))
    if worker := files.get(f"/{WORKER}"):
        files[f"/{WORKER}"] = File.of(worker.type, worker.body + f"\n// version {version}\n".encode())
    return files


def found(folder: Traversable, above: str = "") -> Iterator[tuple[str, bytes]]:
    """Path and content of each file of a known type, in all depths, but those that are hidden."""
    for one in folder.iterdir():
        if one.name.startswith("."):
            continue
        if one.is_dir():
            yield from found(one, f"{above}{one.name}/")
        elif PurePosixPath(one.name).suffix in TYPES:
            yield f"{above}{one.name}", one.read_bytes()


def address(path: str) -> str:
    """Where a file of the folder is served."""
    if path == FRONT:
        return "/"
    return f"/{path}" if path in AT_THE_ROOT else f"/assets/{path}"


def accepts_gzip(header: str) -> bool:
    """Whether an Accept-Encoding allows gzip."""
    weights: dict[str, str] = {}
    for part in header.lower().split(","):
        name, _, weight = part.partition(";")
        weights[name.strip()] = weight.strip().removeprefix("q=").strip()
    weight = weights.get("gzip", weights.get("*", "0"))
    return not weight or weight.strip("0.") != ""


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
