"""A demonstration: thousands of commands over HTTP, kill -9 in the middle, and nothing lost or doubled.

    python -m tests.demo                                      10,000 commands on the embedded log, then on Kafka
    python -m tests.demo --commands 600 --transports embedded

People of several teams create, edit, label, move, complete and discuss tasks against a real `tasksys serve`. They give
up early now and then and send again, and sometimes send again what was answered. In the middle the server is killed and
started anew; whoever had no answer sends the same request under the same idempotency key. At the end every answered
command must stand in the event log exactly once, positions must have no gap, `tasksys replay --verify` must find no row
that is not what the events say, and `tasksys audit verify` no break of the hash chain. Otherwise the exit code is 1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.results import table
from tests.support.insistent import API, Insistent, Ledger
from tests.support.kafka_broker import ROOT, KafkaBroker, install
from tests.support.serving import COMMAND, Serving, environment
from tests.support.story import FURNISHING, OWNER, TEAMS, Person, founding, furnishing

TRANSPORTS = ("embedded", "kafka")
PEOPLE = 6  # at work at once in each team
PAGE = 1000
CHECK_SECONDS = 600.0

HEAD = ("log", "commands", "answered", "retried", "replayed", "kills", "events", "differences", "seconds")


@dataclass(frozen=True)
class Told:
    """What came of one demonstration. `differences` are rows that are not what the events say."""

    transport: str
    commands: int
    ledger: Ledger
    kills: int
    events: int
    differences: int
    seconds: float

    @property
    def violations(self) -> list[str]:
        """Everything that must not be."""
        unanswered = self.commands - len(self.ledger.answered)
        rows = [f"{self.differences} rows are not what the events say"] if self.differences else []
        return [*([f"{unanswered} commands were not answered"] if unanswered else []), *rows, *self.ledger.violations]

    def cells(self) -> tuple[str, ...]:
        """Its line of the table."""
        ledger = self.ledger
        numbers = (self.commands, len(ledger.answered), ledger.retried, ledger.replayed, self.kills, self.events)
        return (self.transport, *(f"{number:,}" for number in (*numbers, self.differences)), f"{self.seconds:.1f}")


@contextmanager
def broker_options(transport: str, directory: Path) -> Iterator[tuple[str, ...]]:
    """What `tasksys serve` must be told for that kind of log."""
    if transport == "embedded":
        yield ()
        return
    install()
    with KafkaBroker(directory / "broker") as broker:
        yield ("--broker", f"kafka://{broker.bootstrap}")


def demonstrate(transport: str, commands: int, kills: int = 1, seed: int = 1) -> Told:
    """One demonstration, from an empty directory."""
    with ExitStack() as running:
        directory = Path(running.enter_context(tempfile.TemporaryDirectory()))
        options = running.enter_context(broker_options(transport, directory))
        server = running.enter_context(Serving(directory / "data", "--log-level", "warning", *options))
        return asyncio.run(_demonstrated(server, transport, commands, kills, seed))


async def _demonstrated(server: Serving, transport: str, commands: int, kills: int, seed: int) -> Told:
    async with Insistent(server.url, seed) as client:
        began = time.monotonic()
        moments = [client.milestone(commands * (number + 1) // (kills + 1)) for number in range(kills)]
        killing = asyncio.create_task(_kill(server, moments))
        teams = await _work(client, commands, seed)
        await killing
        seconds = time.monotonic() - began
        events = 0
        for workspace in teams:
            found = await _events(client, workspace)
            events += len(found)
            client.ledger.violations += faults(workspace, found, client.ledger)
        differences = await asyncio.to_thread(_differences, server, client.ledger)
        return Told(transport, commands, client.ledger, kills, events, differences, seconds)


async def _work(client: Insistent, commands: int, seed: int) -> list[str]:
    """Everybody at work at once; the teams' workspaces."""
    names = TEAMS[: max(2, min(len(TEAMS), commands // 150))]
    people = len(names) * PEOPLE
    left = commands - len(names) * (1 + FURNISHING)

    async def person(workspace: str, team: str, index: int) -> None:
        number = names.index(team) * PEOPLE + index
        for step in Person(team, index, seed).steps(left // people + (number < left % people)):
            await client.send(workspace, step)

    async def team(name: str) -> str:
        workspace = await client.found(founding(name))
        for step in furnishing(name):
            await client.send(workspace, step)
        await asyncio.gather(*(person(workspace, name, index) for index in range(PEOPLE)))
        return workspace

    return await asyncio.gather(*(team(name) for name in names))


async def _kill(server: Serving, moments: Sequence[asyncio.Event]) -> None:
    """Kills and starts the server at those moments."""
    for moment in moments:
        await moment.wait()
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)


async def _events(client: Insistent, workspace: str) -> list[dict[str, Any]]:
    """Every event of the workspace."""
    found: list[dict[str, Any]] = []
    while True:
        path = f"{API}/{workspace}/events?after={len(found)}&limit={PAGE}"
        page = (await client.get(path, OWNER))["items"]
        found += page
        if len(page) < PAGE:
            return found


def faults(workspace: str, events: Sequence[dict[str, Any]], ledger: Ledger) -> Iterator[str]:
    """What is wrong with the workspace's events, given what was sent and answered.

    A command that was folded twice would have events of two places in the log: their ids say which.
    """
    if [event["position"] for event in events] != list(range(1, len(events) + 1)):
        yield f"{workspace}: the positions have gaps or repeats"
    origins: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for event in events:
        origins[workspace, event["actor"], event["command"]].add(event["id"].rpartition("-")[0])
    for name in sorted(name for name in ledger.answered if name[0] == workspace):
        if len(origins[name]) != 1:
            yield f"{name}: answered, but {len(origins[name])} times among the events"
    for name in sorted(set(origins) - ledger.sent):
        yield f"{name}: nobody sent this"
    for name in sorted(name for name, places in origins.items() if len(places) > 1 and name not in ledger.answered):
        yield f"{name}: {len(origins[name])} times among the events"


def _differences(server: Serving, ledger: Ledger) -> int:
    """Has the server check its tables and its audit chains, by the program that people use."""
    replayed = _program(server, "replay", "--verify", "--json")
    lines = [json.loads(line) for line in replayed.stdout.splitlines() if line.startswith("{")]
    if not lines or lines[-1].get("phase") != "done":
        ledger.violations.append(f"replay --verify: {replayed.stdout[-300:]} {replayed.stderr[-300:]}")
    audited = _program(server, "audit", "verify", "--json")
    if audited.returncode:
        ledger.violations.append(f"audit verify: {audited.stdout[-300:]} {audited.stderr[-300:]}")
    return int(lines[-1].get("different", 0)) if lines else 0


def _program(server: Serving, *arguments: str) -> subprocess.CompletedProcess[str]:
    given = [*COMMAND, *arguments, "--server", server.url, "--user", OWNER]
    return subprocess.run(
        given, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=CHECK_SECONDS, check=False
    )


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commands", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--transports", nargs="+", choices=TRANSPORTS, default=TRANSPORTS)
    given = parser.parse_args()
    told = []
    for transport in given.transports:
        sys.stderr.write(f"{given.commands:,} commands on {transport} …\n")
        told.append(demonstrate(transport, given.commands, given.kills, given.seed))
    sys.stdout.write(table([one.cells() for one in told], HEAD))
    for one in told:
        for violation in one.violations[:20]:
            sys.stdout.write(f"{one.transport}: {violation}\n")
    return int(any(one.violations for one in told))


if __name__ == "__main__":
    sys.exit(main())
