"""A broker and several `tasksys serve`, and what each of them uses."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.bench.figures.memory import of_status
from tests.bench.running import ask, kafka, processor_seconds
from tests.support.kafka_broker import KafkaBroker
from tests.support.serving import Serving

KEY: Final = "0123456789abcdef0123456789abcdef"
PARTITIONS: Final = 12
SETTLED_SECONDS: Final = 60.0
MEGA: Final = 1_000_000


class Cluster:
    """A started broker, and workers that are started one by one."""

    def __init__(
        self, directory: Path, broker: KafkaBroker, workers: int, partitions: int = PARTITIONS, named: bool = False
    ) -> None:
        self.broker = broker
        self.partitions = partitions
        self.workers: list[Serving] = []
        common = ("--log-level", "warning", "--broker", f"kafka://{broker.bootstrap}", "--partitions", str(partitions))
        for number in range(workers):
            own = ("--member", f"worker-{number}") if named else ()
            settings = {"TASKSYS_SECRET_KEY": KEY}
            self.workers.append(Serving(directory / f"worker-{number}", *common, *own, settings=settings))

    @property
    def up(self) -> list[Serving]:
        """The workers that run, as far as is known."""
        return [one for one in self.workers if one._process is not None and one._process.poll() is None]

    def start(self, count: int) -> None:
        """The first so many workers, one after the other, and until all of it stands still."""
        for worker in self.workers[:count]:
            if worker not in self.up:
                worker.start()
        self.settle()

    def settle(self) -> float:
        """Waits until every partition is served and every copy is as new as what it copies; how long that took.

        RuntimeError with what each said after SETTLED_SECONDS.
        """
        began = time.monotonic()
        while not self._settled():
            if time.monotonic() - began > SETTLED_SECONDS:
                said = "\n".join(one.output()[-600:] for one in self.up)
                raise RuntimeError(f"it does not settle in {SETTLED_SECONDS:.0f} s:\n{said}")
            time.sleep(0.1)
        return time.monotonic() - began

    def _settled(self) -> bool:
        try:
            told = ask(self.up[0], "GET", "/admin/status")["workers"]
        except (OSError, json.JSONDecodeError):
            return False
        return settled(told, len(self.up), self.partitions)

    def processor(self) -> tuple[list[float], float]:
        """Processor seconds used so far, by each worker that runs, and by the broker."""
        return [processor_seconds(one.process.pid) for one in self.up], processor_seconds(self.broker.pid)

    def memory(self) -> tuple[list[float], float]:
        """Megabytes in memory, of each worker that runs, and of the broker."""
        return [resident(one.process.pid) for one in self.up], resident(self.broker.pid)

    def stop(self) -> None:
        """Ends the workers at once."""
        for worker in self.workers:
            worker.kill()


def settled(workers: Sequence[dict[str, Any]], count: int, partitions: int) -> bool:
    """Whether so many workers say that all is served and copied, and nothing is still to be read."""
    if len(workers) != count or not all(one.get("ready") for one in workers):
        return False
    for agent in {name for one in workers for name in one["agents"]}:
        parts = [one["agents"][agent] for one in workers]
        served = [row for part in parts for row in part["partitions"]]
        copies = [row for part in parts for row in part["copies"]]
        if sorted(row["partition"] for row in served) != list(range(partitions)):
            return False
        if len(copies) != (partitions if count > 1 else 0):
            return False
        if any(row["recovering"] for row in served) or any(row["recovering"] for row in copies):
            return False
    return True


def resident(pid: int) -> float:
    """Megabytes that a process has in memory. Linux only."""
    return of_status(Path(f"/proc/{pid}/status").read_text())[0] / MEGA


@contextmanager
def cluster(directory: Path, workers: int, partitions: int = PARTITIONS, named: bool = False) -> Iterator[Cluster]:
    """A new broker, and so many workers of which none runs yet; all of it ends with the block."""
    with kafka(directory / "broker") as broker:
        made = Cluster(directory, broker, workers, partitions, named)
        try:
            yield made
        finally:
            made.stop()
