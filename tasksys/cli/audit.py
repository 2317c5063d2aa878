"""`tasksys audit`: who changed what; the hash chains, checked by a server, or in a stopped log without one."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import click

from tasksys.cli import moments, names, output
from tasksys.cli.client import Json, path
from tasksys.cli.failures import Exit, Failure
from tasksys.cli.options import connected, in_workspace, option
from tasksys.cli.session import Session
from tasksys.cli.tasks import place_names

R = TypeVar("R")


@dataclass(frozen=True)
class Chain:
    """A workspace's chain: so many events hold; `position` and `detail` say where it breaks first, if it does."""

    workspace: str
    events: int
    position: int | None = None
    detail: str = ""

    @property
    def ok(self) -> bool:
        """True if every link holds."""
        return self.position is None


@click.group()
def audit() -> None:
    """The record of who did what."""


@audit.command("list")
@option("--task", metavar="TASK", help="What happened to this task only.")
@option("--actor", metavar="USER", help="What this user did only.")
@option("--since", metavar="INSTANT", help="Not before then, such as 2026-03-08 or 2026-03-08T09:00Z.")
@option("--until", metavar="INSTANT", help="Not after then.")
@option("--limit", type=click.IntRange(1, 200), default=50, help="How many at most.")
@option("--cursor", metavar="CURSOR", help="Go on from there: the next_cursor of the JSON before.")
@in_workspace
def list_entries(
    session: Session,
    task: str | None,
    actor: str | None,
    since: str | None,
    until: str | None,
    limit: int,
    cursor: str | None,
) -> None:
    """Who changed what in a workspace, newest first: when, and what was before and after."""
    query = {
        "task": session.task(task)["id"] if task else None,
        "actor": actor,
        "since": moments.instant_of(since, "--since") if since else None,
        "until": moments.instant_of(until, "--until") if until else None,
    }
    items: list[Json] = []
    while True:  # a page may have fewer than its limit and lead on
        page = session.client.get(session.path("audit"), limit=limit - len(items), cursor=cursor, **query)
        items += page["items"]
        cursor = page["next_cursor"]
        if not cursor or len(items) >= limit:
            break
    said = [f"There are more; see them with --cursor {cursor}."] if cursor else []
    shown = output.history(items, place_names(session, items), with_task=not task) if items else "Nothing happened."
    session.show({**page, "items": items}, shown, *said)


@audit.command()
@option("--workspace", "-w", envvar="TASKSYS_WORKSPACE", metavar="ID|NAME", help="This one only; without, all yours.")
@option("--broker", envvar="TASKSYS_AUDIT_BROKER", metavar="URL",
        help="Check a stopped embedded log itself, without a server: embedded://DIRECTORY.")  # fmt: skip
@connected
def verify(session: Session, broker: str | None, workspace: str | None) -> None:
    """Recompute the hash chain of every event. Exit code 5, and where, if anything was changed or is missing."""
    chains = offline(broker, workspace) if broker else online(session, workspace)
    found = [
        {"workspace": one.workspace, "ok": one.ok, "events": one.events,
         **({} if one.ok else {"position": one.position, "detail": one.detail})}
        for one in chains
    ]  # fmt: skip
    rows = [
        (one.workspace, str(one.events), "holds" if one.ok else f"breaks at position {one.position}: {one.detail}")
        for one in chains
    ]
    shown = output.table(("workspace", "events", "chain"), rows, wide="chain") if rows else "No workspaces."
    session.show({"items": found}, shown)
    if not all(one.ok for one in chains):
        raise Failure("The audit record does not hold: it was changed, or is damaged. Compare with a backup.",
                      Exit.UNVERIFIED)  # fmt: skip


def online(session: Session, workspace: str | None) -> list[Chain]:
    """Asks the server."""
    everyone = session.workspaces()
    wanted = [names.one(workspace, everyone, "workspace", "name")] if workspace else everyone
    chains = []
    for one in wanted:
        answer = session.client.get(path("workspaces", one["id"], "audit", "verify"))
        chains.append(Chain(one["id"], answer["events"], answer.get("position"), answer.get("detail", "")))
    return chains


def offline(broker: str, workspace: str | None) -> list[Chain]:
    """Opens the log's directory. Failure if it is no embedded log, or in use."""
    from streams.broker import Broker
    from streams.transport.database import DatabaseError
    from streams.transport.embedded.errors import LogError
    from tasksys.cli import damage

    try:
        directory = Broker.parse(broker).directory
    except ValueError as error:
        raise click.BadParameter(f"{error}.", param_hint="--broker") from error
    if directory is None:
        raise click.UsageError(
            "Without a server only an embedded log can be checked: give --broker embedded://DIRECTORY, or leave "
            "--broker out to ask the server."
        )
    if not (directory / "CURRENT").is_file():
        below = directory / "log"
        hint = f"give embedded://{below}" if (below / "CURRENT").is_file() else "check the directory"
        raise Failure(f"There is no embedded log in {directory}; {hint}.", Exit.NOT_FOUND)
    try:
        chains = asyncio.run(_check(directory, workspace))
    except Failure:
        raise
    except Exception as error:
        if damaged := damage.failure(error, directory, Exit.UNVERIFIED):
            raise damaged from error
        if isinstance(error, LogError | DatabaseError):
            raise Failure(str(error)) from error
        raise
    if workspace and not chains:
        raise Failure(f"There is no workspace of id {workspace!r} in {directory}.", Exit.NOT_FOUND)
    return chains


async def _check(directory: Path, workspace: str | None) -> list[Chain]:
    """Each history by itself, and whether it goes as far as the events that were folded into it."""
    from streams import ends
    from streams.applied import applied
    from streams.broker import Broker
    from streams.history import HistoryReader
    from streams.topics import EVENTS, group, table
    from streams.transport.embedded.log import EmbeddedLog
    from streams.transport.partition_rows import PartitionRows

    log = EmbeddedLog.open(directory)
    try:
        topic = log.topics().get(EVENTS.name)
        chains = []
        for number in range(topic.partitions if topic else 0):
            rows = PartitionRows(log.rows, table(group("audit")), number)
            folded = max(applied(rows), log.committed(group("audit"), EVENTS.name, number) or 0)
            known = await ends.newest(Broker(directory=directory), number, 0, folded, workspace)
            reader = HistoryReader(partial(_same, rows))
            for name in sorted({*_workspaces(rows.scan), *known}):
                if workspace in (None, name):
                    held, broken = await reader.verify(name, known.get(name, 0))
                    chains.append(Chain(name, held, *broken) if broken else Chain(name, held))
        return chains
    finally:
        await log.close()


def _same(rows: R, workspace: str) -> R:
    """All workspaces are in these rows."""
    return rows


def _workspaces(scan: Callable[..., Iterator[tuple[bytes, bytes]]]) -> Iterator[str]:
    """The workspaces in a partition, found by skipping from one's rows to the next one's."""
    start = b"\x01"  # what begins with NUL is the agent's own
    while (found := next(iter(scan(b"", start)), None)) is not None:
        name, _, _ = found[0].partition(b"\0")
        yield name.decode()
        start = name + b"\x01"


COMMANDS = (audit,)
