"""Who may open a feed: asked before the connection is one, and answered with problems."""

import time
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from tasksys.rows import Member
from views.context import STOPPING, identity, member, named, parameters
from views.feed.hub import HUB, Hub
from views.feed.protocol import NAME
from views.problems import Problem, bad_request

PUBLIC: Final = web.AppKey("feed_public", str)
"""How others reach this server, if not as they ask."""


def admitted(request: web.Request, *known: str) -> tuple[Hub, str, Member]:
    """The hub, the workspace and the caller's membership. Raises Problem, NotOwned."""
    parameters(request, *known)
    own_pages_only(request)
    name = named(request, "ws")
    found, hub = member(request, name), request.app[HUB]
    if request.app[STOPPING].is_set():
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "not-ready", "The server stops; try again in a moment.")
    if hub.users[identity(request).user] >= hub.limits.sockets_per_user:
        detail = f"You have {hub.limits.sockets_per_user} feeds open here; close some."
        raise Problem(HTTPStatus.TOO_MANY_REQUESTS, "busy", detail, headers={"Retry-After": "5"})
    return hub, name, found


def remaining(request: web.Request) -> float | None:
    """Seconds until the caller's token is accepted no more; None if it never ends."""
    expires = identity(request).expires
    return None if expires is None else max(0.0, expires - time.time())


def own_pages_only(request: web.Request) -> None:
    """Browsers let any page open a feed, and say which one did: it must be this server's own."""
    origin = request.headers.get("Origin")
    if origin is None:
        return
    public = urlsplit(request.app[PUBLIC])
    allowed = {request.host.lower(), public.netloc.lower()} - {""}
    scheme, _, host = origin.lower().partition("://")
    if scheme not in ("http", "https") or host not in allowed:
        detail = "Only this server's own pages may open a feed; programs send no Origin."
        raise Problem(HTTPStatus.FORBIDDEN, "cross-site", detail)


def offered(request: web.Request) -> None:
    """The client must speak our protocol. Raises Problem."""
    if request.headers.get("Upgrade", "").strip().lower() != "websocket":
        detail = f"This is a WebSocket: connect with the subprotocol {NAME}, or read …/events/stream instead."
        raise bad_request("not-websocket", detail)
    names = [one.strip() for one in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
    if NAME not in names:
        raise bad_request("not-websocket", f"Offer the subprotocol {NAME}.")
