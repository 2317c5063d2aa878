"""The two addresses of the feed."""

from http import HTTPStatus
from typing import Final, Literal

from aiohttp import web
from msgspec import Struct

from views import shapes
from views.context import system
from views.feed import sse
from views.feed.admission import admitted, offered
from views.feed.session import Session
from views.routes import WS, Route


class ServerSentEvent(Struct):
    """An entry of the stream: `data` is an event as JSON and `id` its position; of `caught-up`, the position alone."""

    data: str
    event: Literal["message", "caught-up"] = "message"
    id: str = ""


async def feed(request: web.Request) -> web.StreamResponse:
    """What happens in the workspace, as it happens: a WebSocket of the subprotocol `tasksys.v1`.

    Messages are JSON objects with `op`. Send `{"op": "subscribe", "after": null}` for a snapshot and then events, or a
    position instead of null for every event after it, once and in order. Commands can be sent over it too.
    """
    hub, name, member = admitted(request)
    offered(request)
    return await Session(request, hub, name, member).run()


async def stream(request: web.Request) -> web.StreamResponse:
    """Every event after a position, once and in order, and then what happens, as Server-Sent Events.

    The header `Last-Event-ID` is the same as `after`, and goes before it. `event: caught-up` comes once, when all that
    was there has been sent.
    """
    hub, name, member = admitted(request, "after")
    after = sse.asked(request)
    sse.position_ahead(after, system(request).state.position(name))
    return await sse.Stream(request, hub, name, member).run(after)


ROUTES: Final = [
    Route(
        "GET", f"{WS}/feed", feed, "The live feed: a WebSocket", "feed", shapes.EventShape,
        status=HTTPStatus.SWITCHING_PROTOCOLS, wrong=(HTTPStatus.TOO_MANY_REQUESTS,), name="open_feed",
    ),
    Route(
        "GET", f"{WS}/events/stream", stream, "Events as they happen: Server-Sent Events", "feed", ServerSentEvent,
        parameters=("after",), wrong=(HTTPStatus.TOO_MANY_REQUESTS,), content_type="text/event-stream",
        name="stream_events",
    ),
]  # fmt: skip
