"""Reads of one's own preferences and channels, and of the ledger of deliveries."""

from functools import partial
from typing import Final

from aiohttp import web
from msgspec import structs

from tasksys.rows import Channel, Channels, Firing
from tasksys.values import DeliveryState
from views import reads, shapes
from views.context import CHANNELS, identity, named, one_of, parameters, system, workspace
from views.problems import not_found
from views.routes import WS, Route

LEDGER: Final = ("channel", "delivery", "user", *reads.LISTED)
CHANNEL: Final = f"{WS}/preferences/channels/{{channel}}"


async def preferences(request: web.Request) -> web.StreamResponse:
    """Your own preferences, with your channels."""
    parameters(request, *reads.NOW)
    name, member = await workspace(request)
    shown = shapes.own(member.user, system(request).state.state(name), partial(_channel, request, name))
    return reads.positioned(shown, system(request).state.position(name))


async def one_channel(request: web.Request) -> web.StreamResponse:
    """One of your channels, with the secret of a webhook."""
    parameters(request, *reads.NOW)
    name, _ = await workspace(request)
    user, wanted = identity(request).user, named(request, "channel")
    channels = system(request).state.state(name).get(Channels, user)
    found = channels.named(wanted) if channels else None
    if found is None:
        raise not_found("channel", wanted)
    known = request.app[CHANNELS]
    secret = known.secret(name, user, found) if known is not None else None
    return reads.positioned(_channel(request, name, found, secret), system(request).state.position(name))


def _channel(request: web.Request, name: str, channel: Channel, secret: str | None = None) -> shapes.ChannelShape:
    """The channel, disabled where nobody has the key that has sealed it: it came with a log that was moved, say."""
    known, shown = request.app[CHANNELS], shapes.channel(channel, secret)
    if shown.disabled is not None or known is None:
        return shown
    return structs.replace(shown, disabled=known.unusable(name, identity(request).user, channel))


async def ledger(request: web.Request) -> web.StreamResponse:
    """A page of what became of firings on their channels, oldest first."""
    given = parameters(request, *LEDGER)
    name, _ = await workspace(request)
    return await _page(request, name, given)


async def ledger_of_reminder(request: web.Request) -> web.StreamResponse:
    """A page of what became of the firings of a reminder, oldest first; also of one that was removed."""
    given = parameters(request, *LEDGER)
    name, _ = await workspace(request)
    return await _page(request, name, given, f"{named(request, 'reminder')}/")


async def _page(request: web.Request, name: str, given: dict[str, str], prefix: str = "") -> web.StreamResponse:
    state, channel, user = one_of(given, "delivery", DeliveryState), given.get("channel"), given.get("user")

    def wanted(row: Firing) -> bool:
        on = [one for one in row.deliveries if channel in (None, one.channel)]
        return user in (None, row.user) and any(state in (None, one.state) for one in on)

    items, cursor, position = await reads.page(request, name, given, Firing, wanted, prefix)
    return reads.positioned(shapes.Firings([shapes.firing(row, name) for row in items], cursor, position), position)


ROUTES: Final = [
    Route(
        "GET", f"{WS}/preferences", preferences, "Your preferences", "preferences", shapes.PreferencesShape,
        parameters=reads.NOW,
    ),
    Route("GET", CHANNEL, one_channel, "A channel of yours", "preferences", shapes.ChannelShape, parameters=reads.NOW),
    Route("GET", f"{WS}/deliveries", ledger, "Deliveries", "reminders", shapes.Firings, parameters=LEDGER),
    Route(
        "GET", f"{WS}/reminders/{{reminder}}/deliveries", ledger_of_reminder, "Deliveries of a reminder", "reminders",
        shapes.Firings, parameters=LEDGER, name="list_deliveries_of_reminder",
    ),
]  # fmt: skip
