"""The page behind the link of a mail. Who opens it only looks, as mail scanners do; its button acknowledges."""

import asyncio
import hashlib
from datetime import UTC, datetime
from functools import partial
from html import escape
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs

from aiohttp import web

from tasksys.commands import AcknowledgeReminder, CommandRecord
from tasksys.rows import Reminder, Task
from tasksys.values import instant
from views.context import BOUNDS, CHANNELS, system
from views.docs import POLICY
from views.forwarding.forwarder import at_owner
from views.ports import Ticket
from views.sending import WAIT, digest, submit

ADDRESS: Final = "/acknowledge"
TOKEN_CHARACTERS: Final = 1_000
BODY_BYTES: Final = 4_096
FORM: Final = "application/x-www-form-urlencoded"


def pages() -> list[web.RouteDef]:
    """The page, and what its button does."""
    return [web.get(ADDRESS, look), web.post(ADDRESS, press)]


async def look(request: web.Request) -> web.StreamResponse:
    """Shows the reminder and a button; changes nothing."""
    ticket = _ticket(request, request.query.get("token", ""))
    if ticket is None:
        return _over()
    return await at_owner(request, ticket.workspace, partial(_look, request, ticket))


async def _look(request: web.Request, ticket: Ticket) -> web.StreamResponse:
    found = _shown(request, ticket)
    if found is None:
        return _answered()
    token = escape(request.query["token"])
    button = f'<input type="hidden" name="token" value="{token}"><button type="submit">Acknowledge</button>'
    return page(found[1].title, f'<form method="post" action="{ADDRESS}">{button}</form>')


async def press(request: web.Request) -> web.StreamResponse:
    """Acknowledges, as the user to whom the mail went; a second time it is answered the same."""
    token = await sent_token(request)
    ticket = _ticket(request, token or "")
    if ticket is None:
        return _over()
    return await at_owner(request, ticket.workspace, partial(_press, request, ticket))


async def _press(request: web.Request, ticket: Ticket) -> web.StreamResponse:
    if _shown(request, ticket) is None:
        return _answered()
    firing = f"{ticket.reminder}\0{ticket.scheduled_for}".encode()
    command = AcknowledgeReminder(id=f"mail-{hashlib.sha256(firing).hexdigest()[:32]}", reminder=ticket.reminder)
    at = instant(datetime.now(UTC))
    record = CommandRecord(ticket.workspace, ticket.user, at, command, "link of a mail", digest(command))
    decided = await submit(request, record, WAIT)
    if decided is not None and decided.outcome.refusal is not None:
        return page("Not acknowledged", f"<p>{escape(decided.outcome.refusal.detail)}</p>", HTTPStatus.CONFLICT)
    return page("Acknowledged", "<p>You will not be reminded of this again.</p>")


async def sent_token(request: web.Request) -> str | None:
    """The token that the form of such a page sends; None if that is not what came."""
    if request.content_length is None or request.content_length > BODY_BYTES or request.content_type != FORM:
        return None
    try:
        async with asyncio.timeout(request.app[BOUNDS].body):
            return parse_qs((await request.read()).decode()).get("token", [""])[0]
    except (TimeoutError, ValueError, web.RequestPayloadError):
        return None


def _ticket(request: web.Request, token: str) -> Ticket | None:
    channels = request.app[CHANNELS]
    return channels.admitted(token) if channels is not None and len(token) <= TOKEN_CHARACTERS else None


def _shown(request: web.Request, ticket: Ticket) -> tuple[Reminder, Task] | None:
    """The reminder and its task, while this firing of it waits for an answer and the user is a member."""
    state = system(request).state.state(ticket.workspace)
    reminder = state.reminder(ticket.reminder)
    task = state.task(reminder.task) if reminder is not None else None
    if reminder is None or task is None or state.member(ticket.user) is None or reminder.user != ticket.user:
        return None
    return (reminder, task) if ticket.scheduled_for in reminder.shown else None


def _over() -> web.Response:
    return page("This link is not valid", "<p>It is too old, or not whole. Open the newest mail.</p>", HTTPStatus.GONE)


def _answered() -> web.Response:
    return page("There is nothing to acknowledge", "<p>It was answered already, or is not needed any more.</p>")


def page(title: str, body: str, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    """A page of a title and what it says, in HTML."""
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">'
        f'<link rel="stylesheet" href="/api/docs.css"></head>'
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
    policy = {"Content-Security-Policy": f"{POLICY}; form-action 'self'"}
    return web.Response(text=text, content_type="text/html", charset="utf-8", status=status.value, headers=policy)
