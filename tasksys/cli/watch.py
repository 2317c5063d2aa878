"""`tasksys watch`: what happens in a workspace, a line each, as it happens."""

import asyncio
import sys
from contextlib import aclosing
from typing import Any

import click
import msgspec
from msgspec import UNSET

from tasksys import audit, codec
from tasksys.cli import moments, output
from tasksys.cli.failures import Exit, Failure
from tasksys.cli.options import in_workspace, option
from tasksys.cli.session import Session
from tasksys.client import Client, Event, FeedError, Message, Refused, Reminder, State, Unreachable
from tasksys.client.messages import Json
from tasksys.events import EventRecord


@click.command()
@option("--after", type=click.IntRange(min=0), metavar="POSITION", show_default="what happens from now on",
        help="Begin with what happened after this position; 0 is everything.")  # fmt: skip
@option("--count", type=click.IntRange(min=1), metavar="N", show_default="until Ctrl-C", help="End after so many.")
@in_workspace
def watch(session: Session, after: int | None, count: int | None) -> None:
    """Watch what happens in a workspace, as it happens, until Ctrl-C: who did what, and what is different now.

    It goes on where it was when the connection breaks. --json prints each event as the log has it.
    """
    workspace = session.workspace()
    called = {} if session.as_json else _names(session.projects())
    lines = Lines(called, session.as_json)
    try:
        asyncio.run(_follow(session, workspace["id"], after, count, lines))
    except KeyboardInterrupt:
        return
    except Unreachable as error:
        raise Failure(f"{error} Start a server with `tasksys serve`.", Exit.UNREACHABLE) from error
    except Refused as error:
        raise Failure(f"The feed ended: {error}.", Exit.NOT_FOUND if error.code == 404 else Exit.FAILED) from error
    except FeedError as error:
        raise Failure(f"The feed ended: {error}") from error


async def _follow(session: Session, workspace: str, after: int | None, count: int | None, lines: "Lines") -> None:
    shown = 0
    client = Client(session.client.server, session.token, session.user)
    async with client.workspace(workspace) as live:
        start = live.position if after is None else after
        async with aclosing(live.messages(start, state=True)) as messages:
            async for message in messages:
                for line in lines.of(message):
                    output.plain(line)
                    shown += 1
                    if shown == count:
                        return
                sys.stdout.flush()


class Lines:
    """Messages as lines. Events wait for the state behind them, which says what the tasks are called."""

    def __init__(self, called: dict[str, str], as_json: bool) -> None:
        self._called, self._as_json = called, as_json
        self._titles: dict[str, str] = {}
        self._waiting: list[Event] = []

    def of(self, message: Message) -> list[str]:
        """What is to be printed now."""
        match message:
            case Event():
                self._waiting.append(message)
            case State():
                self._titles |= {task["id"]: task["title"] for task in message.tasks}
                self._called |= _names(message.projects)
                found = [self._line(event) for event in self._waiting if event.position <= message.position]
                self._waiting = [event for event in self._waiting if event.position > message.position]
                return found
            case Reminder() if not self._as_json:
                return [printable(f"Reminder: {message.task['title']}")]
        return []

    def _line(self, event: Event) -> str:
        if self._as_json:
            return msgspec.json.encode(event_json(event)).decode()
        undoes = f" (undoes {event.undoes})" if event.undoes else ""
        title = f"“{output.cut(self._titles[event.task], 60)}”" if event.task in self._titles else ""
        changes = output.changes({"changes": _changes(event)}, self._called).replace("\n", "; ")
        parts = (str(event.position), moments.clock(event.at), event.actor, event.type + undoes, title, changes)
        return printable("  ".join(part for part in parts if part))


def event_json(event: Event) -> Json:
    """The event as the log has it."""
    found: Json = msgspec.to_builtins(event)
    return {name: value for name, value in found.items() if name != "undoes" or value is not None}


def _changes(event: Event) -> list[Json]:
    """What it changed, as the audit tells it; nothing for an event that only a newer release knows."""
    fields: dict[str, Any] = {name: getattr(event, name) for name in event.__struct_fields__}
    fields["data"] = msgspec.Raw(msgspec.json.encode(event.data))
    fields["undoes"] = UNSET if event.undoes is None else event.undoes
    try:
        found = audit.changes(codec.event(EventRecord(**fields)))
    except codec.UnknownEvent:
        return []
    shown: list[Json] = msgspec.json.decode(msgspec.json.encode(found))  # lists, as the server sends them, not tuples
    return shown


def _names(projects: list[Json]) -> dict[str, str]:
    return {one["id"]: one["name"] for project in projects for one in (project, *project["sections"])}


def printable(text: str) -> str:
    """The text without anything that could steer the terminal."""
    return "".join(one if one.isprintable() else " " for one in text)


COMMANDS = (watch,)
