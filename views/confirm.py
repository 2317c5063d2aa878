"""The page behind the link of a mail that asks whether an address is its user's. Its button says so."""

from datetime import UTC, datetime
from functools import partial
from html import escape
from http import HTTPStatus
from typing import Final

from aiohttp import web

from tasksys.commands import CommandRecord, ConfirmChannel
from tasksys.rows import Channels
from tasksys.values import CLOCK, instant
from views.acknowledge import TOKEN_CHARACTERS, page, sent_token
from views.context import CHANNELS, system
from views.forwarding.forwarder import at_owner
from views.ports import Confirmation
from views.sending import WAIT, digest, submit

ADDRESS: Final = "/confirm"


def pages() -> list[web.RouteDef]:
    """The page, and what its button does."""
    return [web.get(ADDRESS, look), web.post(ADDRESS, press)]


async def look(request: web.Request) -> web.StreamResponse:
    """Shows whose channel it is, and a button; changes nothing."""
    token = request.query.get("token", "")
    sent = _sent(request, token)
    return _over() if sent is None else await at_owner(request, sent.workspace, partial(_look, request, sent, token))


async def _look(request: web.Request, sent: Confirmation, token: str) -> web.StreamResponse:
    asked = _asked(request, sent)
    if asked is None:
        return _over()
    if _confirmed(request, asked):
        return _done()
    said = f"<p>Reminders of the user {escape(asked.user)} will be sent to the address to which the link was sent.</p>"
    button = f'<input type="hidden" name="token" value="{escape(token)}"><button type="submit">Confirm</button>'
    return page("Confirm this address", f'{said}<form method="post" action="{ADDRESS}">{button}</form>')


async def press(request: web.Request) -> web.StreamResponse:
    """Confirms; a second time it is answered the same."""
    token = await sent_token(request)
    sent = _sent(request, token or "")
    return _over() if sent is None else await at_owner(request, sent.workspace, partial(_press, request, sent))


async def _press(request: web.Request, sent: Confirmation) -> web.StreamResponse:
    asked = _asked(request, sent)
    if asked is None:
        return _over()
    command = ConfirmChannel(
        id=f"confirm-{asked.asked}", user=asked.user, channel=asked.channel, asked=int(asked.asked)
    )  # fmt: skip
    at = instant(datetime.now(UTC))
    record = CommandRecord(asked.workspace, CLOCK, at, command, "link of a mail", digest(command))
    decided = await submit(request, record, WAIT)
    if decided is not None and decided.outcome.refusal is not None:
        detail = f"<p>{escape(decided.outcome.refusal.detail)}</p>"
        return page("Not confirmed", detail, HTTPStatus.CONFLICT)
    return _done()


def _sent(request: web.Request, token: str) -> Confirmation | None:
    """What the link of a mail asks, if it is one of ours."""
    channels = request.app[CHANNELS]
    return channels.confirmation(token) if channels is not None and len(token) <= TOKEN_CHARACTERS else None


def _asked(request: web.Request, asked: Confirmation) -> Confirmation | None:
    """The same, while the channel waits for that, or has it; None otherwise."""
    state = system(request).state.state(asked.workspace)
    row = state.get(Channels, asked.user)
    channel = row.named(asked.channel) if row is not None else None
    if channel is None or state.member(asked.user) is None:
        return None
    return asked if str(channel.asked) == asked.asked else None


def _confirmed(request: web.Request, asked: Confirmation) -> bool:
    row = system(request).state.state(asked.workspace).get(Channels, asked.user)
    channel = row.named(asked.channel) if row is not None else None
    return channel is not None and channel.confirmed


def _done() -> web.Response:
    return page("The address is confirmed", "<p>Reminders can be sent to it from now on.</p>")


def _over() -> web.Response:
    said = "<p>It is too old, or another address was set since. Set the channel again to get another mail.</p>"
    return page("This link is not valid", said, HTTPStatus.GONE)
