"""A line of text as the command that it means; nothing is made."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from tasksys.quickadd import TEXT_CHARACTERS, Kind, Named, Names, Understood, parse
from tasksys.refusals import sentence
from tasksys.rows import Member, Project
from tasksys.values import Id, require_zone
from views.context import answer, body, identity, member, parameters, parse_moment, system
from views.decoding import wrong_field
from views.forwarding.forwarder import at_owner
from views.problems import invalid
from views.routes import Route


class ParseRequest(Struct, forbid_unknown_fields=True):
    """A line such as `Buy milk tomorrow 9am #home !high @anna every monday`.

    `zone` is the one whose days and times are meant; without it, the workspace's, or UTC. `now` is an instant, or else
    the server's. With a `workspace`, names are those of its projects, sections and members; without one, a #name is a
    label. Phrases of the kinds in `without` are not looked for, and stay in the title.
    """

    text: Annotated[str, Meta(extra_json_schema={"maxLength": TEXT_CHARACTERS})]
    workspace: Id | None = None
    zone: Annotated[str, Meta(description="An IANA name such as Europe/Berlin")] | None = None
    now: Annotated[str, Meta(extra_json_schema={"format": "date-time"})] | None = None
    without: list[Kind] = []


class ParsedShape(Struct):
    """What the line means: spans of it, as characters from 0, that were understood; the rest is the title.

    `command` is the command to send: CreateTask, or CreateSeries of what comes again. `reminders` are bodies to add
    reminders to the task with, once it is made; a series has them in its template. `description` is all of it in words.
    """

    title: str
    understood: list[Understood]
    command: Annotated[dict[str, Any], Meta(description="Told apart by `type`; to be sent as it is")]
    reminders: list[dict[str, Any]]
    description: str


async def parsed(request: web.Request) -> web.StreamResponse:
    """What a line of text means as a task: what was understood of it, and the command that makes it. Makes nothing."""
    parameters(request)
    try:
        wanted = msgspec.convert(await body(request), ParseRequest)
    except msgspec.ValidationError as error:
        raise wrong_field(str(error)) from error
    if len(wanted.text) > TEXT_CHARACTERS:
        raise invalid("/text", f"This is longer than {TEXT_CHARACTERS:,} characters; shorten it.")
    here = partial(_understood, request, wanted)
    return await here() if wanted.workspace is None else await at_owner(request, wanted.workspace, here)


async def _understood(request: web.Request, wanted: ParseRequest) -> web.StreamResponse:
    names = await _names(request, wanted)
    found = parse(wanted.text, _now(wanted), _zone(request, wanted), names, frozenset(wanted.without))
    return answer(
        ParsedShape(found.title, list(found.understood), found.command(), found.reminder_bodies(), found.description())
    )


def _now(wanted: ParseRequest) -> datetime:
    if wanted.now is None:
        return datetime.now(UTC)
    moment = parse_moment(wanted.now)
    if moment is None:
        raise invalid("/now", "Give an instant with offset such as 2026-03-08T09:00:00Z.")
    return datetime.fromisoformat(moment)


def _zone(request: web.Request, wanted: ParseRequest) -> ZoneInfo:
    """The zone asked for, or that of the workspace; a stored one may have gone with a release of the zones."""
    state = None if wanted.workspace is None else system(request).state.state(wanted.workspace).workspace
    try:
        return require_zone(wanted.zone or (state.time_zone if state is not None else "UTC"))
    except ValueError as error:
        if wanted.zone is None:
            return ZoneInfo("UTC")
        raise invalid("/zone", sentence(error)) from error


async def _names(request: web.Request, wanted: ParseRequest) -> Names:
    """What can be named in the workspace, looked up where the text names anything; its members only may ask."""
    user, name = identity(request).user, wanted.workspace
    if name is None:
        return Names(me=user)
    member(request, name)
    state = system(request).state
    projects, members = list[Named](), list[str]()
    if "#" in wanted.text:
        async for project in state.over(state.all(name, Project)):
            if project.trashed_at is None:
                sections = tuple(Named(one.id, one.name) for one in project.sections if not one.removed)
                projects.append(Named(project.id, project.name, sections))
    if "@" in wanted.text:
        members += [one.user async for one in state.over(state.all(name, Member))]
    member(request, name)  # who was removed meanwhile sees nothing
    return Names(tuple(projects), tuple(members), user)


ROUTES: Final[list[Any]] = [
    Route(
        "POST", "/api/v1/parse", parsed, "What a line of text means as a task", "tasks", ParsedShape,
        body=ParseRequest, name="parse_text",
    ),
]  # fmt: skip
