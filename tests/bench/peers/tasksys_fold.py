"""This system's own fold of commands, with its real rules, as one more peer.

Per command it does what production does: the idempotency key is looked up, rights and fields are checked; the task's
row, the workspace's row, an outcome row, the changelog of all three and the event go out in Kafka transactions together
with the position. The other peers write one row and one event, and check nothing. All settings are production's:
`streams.app` makes the app, uvloop runs it, and the collector is as calm. Only the agent's name is new in each run, and
with it the group, the changelog and the transactional ids, so that every run starts from nothing. The audit agent, HTTP
and the query index are not there.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import uvloop

from streams import admin
from streams.agents import commands
from streams.agents.committed import Committed
from streams.app import build
from streams.broker import Broker
from streams.fold import AgentSpec, Effects, PartitionFold, Record, Rows
from tasksys.cli.process import calm_collector
from tasksys.outcomes import OutcomeStatus
from tests.bench.domain_workload import FOUNDING
from tests.bench.peers.command_line import PARTITIONS, Arguments, Stopwatch, arguments


@dataclass
class Progress:
    """Tells the watch what all partitions take, and when everything is committed."""

    watch: Stopwatch
    total: int
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    done: int = 0

    def committed(self, committed: Committed) -> None:
        """Told when a batch and its position are committed. A command that is not accepted fails the run."""
        refused = [one.outcome for one in committed.decided if one.outcome.status is not OutcomeStatus.ACCEPTED]
        if refused:
            raise RuntimeError(f"{len(refused)} commands were refused, such as {refused[0]}")
        self.done += len(committed.decided)
        if self.done >= self.total:
            self.finished.set()


class Watched:
    """The fold of one partition, watched."""

    def __init__(self, fold: PartitionFold, watch: Stopwatch) -> None:
        self._watch = watch
        self._fold = fold.fold
        self.committed = fold.committed
        self.aborted = fold.aborted

    def fold(self, records: Sequence[Record]) -> Effects:
        """Folds."""
        self._watch.take(len(records))
        return self._fold(records)


def watched(progress: Progress) -> AgentSpec:
    """The agent with its folds watched, under a name of this run's own."""
    spec = commands.agent(progress.committed)

    def opened(partition: int, rows: Rows) -> PartitionFold:
        return Watched(spec.open(partition, rows), progress.watch)

    return replace(spec, name=f"bench-{uuid.uuid4().hex}", open=opened)


async def run(given: Arguments) -> None:
    """Fold everything, and report as soon as the last position is committed."""
    broker = Broker(servers=given.bootstrap)
    calm_collector()
    progress = Progress(Stopwatch("tasksys", FOUNDING + given.warm_up), FOUNDING + given.total)
    spec = watched(progress)
    await admin.create_topics(broker, [spec.name], PARTITIONS, 1)
    with tempfile.TemporaryDirectory() as directory:
        app = build(spec, broker, Path(directory), PARTITIONS, "http://127.0.0.1:3001")
        await app.start()
        ended = asyncio.create_task(app.wait_until_stopped())
        finished = asyncio.create_task(progress.finished.wait())
        await asyncio.wait((finished, ended), return_when=asyncio.FIRST_COMPLETED)
        if not progress.finished.is_set():
            raise RuntimeError(f"the agent stopped after {progress.done} commands: {app.crash_reason!r}")
        progress.watch.report(progress.done)
        await app.stop()
        await app.transport.close_rows()


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    uvloop.run(run(arguments()))
