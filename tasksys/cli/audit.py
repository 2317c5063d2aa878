"""`tasksys audit verify`: the hash chains, checked by a server, or in a stopped embedded log without one."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import click

from tasksys.cli import names, output
from tasksys.cli.client import path
from tasksys.cli.failures import Exit, Failure
from tasksys.cli.options import connected, option
from tasksys.cli.session import Session


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
        raise Failure(f"There is no embedded log in {directory}; check the directory.", Exit.NOT_FOUND)
    try:
        chains = asyncio.run(_check(directory, workspace))
    except (LogError, DatabaseError) as error:
        raise Failure(str(error)) from error
    if workspace and not chains:
        raise Failure(f"There is no workspace of id {workspace!r} in {directory}.", Exit.NOT_FOUND)
    return chains


async def _check(directory: Any, workspace: str | None) -> list[Chain]:
    from streams.topics import EVENTS, TABLE, group
    from streams.transport.embedded.log import EmbeddedLog
    from streams.transport.partition_rows import PartitionRows

    log = EmbeddedLog.open(directory)
    try:
        topic = log.topics().get(EVENTS.name)
        table = f"{group('audit')}-{TABLE}"
        return [
            await _chain(rows, name)
            for number in range(topic.partitions if topic else 0)
            for rows in [PartitionRows(log.rows, table, number)]
            for name in _workspaces(rows.scan)
            if workspace in (None, name)
        ]
    finally:
        await log.close()


def _workspaces(scan: Callable[..., Iterator[tuple[bytes, bytes]]]) -> Iterator[str]:
    """The workspaces in a partition, found by skipping from one's rows to the next one's."""
    start = b"\x01"  # what begins with NUL is the agent's own
    while (found := next(iter(scan(b"", start)), None)) is not None:
        name, _, _ = found[0].partition(b"\0")
        yield name.decode()
        start = name + b"\x01"


async def _chain(rows: Any, workspace: str) -> Chain:
    from msgspec import DecodeError

    from streams import keys
    from streams.agents.audit import decode
    from streams.history import HistoryReader

    try:
        held, broken = await HistoryReader(lambda _: rows).verify(workspace)
    except DecodeError as error:
        held = 0
        for key, row in rows.scan(keys.rows(workspace, "e")):
            try:
                decode(row)
            except DecodeError:
                return Chain(workspace, held, keys.last_position(key), f"the record cannot be read: {error}")
            held += 1
        raise
    return Chain(workspace, held, *broken) if broken else Chain(workspace, held)


COMMANDS = (audit,)
