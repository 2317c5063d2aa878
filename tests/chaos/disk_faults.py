"""What can break below a worker's tables: its disk, and what is on it."""

from __future__ import annotations

import asyncio
import random
import shutil
from contextlib import suppress
from typing import Final

from tests.chaos.disks import fail, fill, garble, garble_in_place, holds_data, lose, mend, remount
from tests.chaos.faults import LOOK_SECONDS, READY_SECONDS, Fault, Kill, the_worker
from tests.chaos.world import Worker, World

SPOILED: Final = 0.2
LOST: Final = 0.35
"""Below and above which `detail` a disk that fails is damaged as well, or gone."""


class FillDisk(Fault):
    """The disk of a worker's tables is full for a while."""

    kind = "disk full"
    longest = (3.0, 10.0)

    @property
    def ballast(self) -> str:
        """The file that fills it."""
        return "ballast"

    async def begin(self, world: World) -> None:
        the_worker(self, world).may_die = True
        await asyncio.to_thread(fill, the_worker(self, world).directory / self.ballast)

    async def end(self, world: World) -> None:
        (the_worker(self, world).directory / self.ballast).unlink(missing_ok=True)
        await world.until_ready(READY_SECONDS, [the_worker(self, world)])
        the_worker(self, world).may_die = False


class ReadOnlyDisk(Fault):
    """A worker is killed, and finds its disk read-only when it comes back; then it is written to again."""

    kind = "disk read-only"
    longest = (2.0, 6.0)

    async def begin(self, world: World) -> None:
        worker = the_worker(self, world)
        worker.may_die = True
        await worker.kill()
        await asyncio.to_thread(remount, worker.directory, "ro")
        with suppress(OSError):
            await worker.start()

    async def end(self, world: World) -> None:
        worker = the_worker(self, world)
        await worker.kill()
        await asyncio.to_thread(remount, worker.directory, "rw")
        await worker.start()
        await world.until_ready(READY_SECONDS, [worker])
        worker.may_die = False


class FailDisk(Fault):
    """The disk of a running worker becomes read-only, at times with tables that are not what they were, or is gone.

    In the end somebody checks it, which needs the worker's end.
    """

    kind = "disk fails"
    longest = ReadOnlyDisk.longest

    async def begin(self, world: World) -> None:
        worker = the_worker(self, world)
        if self.detail < SPOILED:
            await _spoil(worker, world, self.detail)
        await asyncio.to_thread(lose if self.detail > LOST else fail, worker.directory)

    async def end(self, world: World) -> None:
        worker = the_worker(self, world)
        await worker.kill()
        await asyncio.to_thread(mend, worker.directory)
        await worker.start()
        await world.until_ready(READY_SECONDS, [worker])


class Corrupt(Kill):
    """kill -9, and some bytes of the worker's tables are not what they were when it starts again."""

    kind = "tables corrupted"
    longest = (0.0, 3.0)

    async def begin(self, world: World) -> None:
        worker = the_worker(self, world)
        await worker.kill()
        rng = random.Random(self.detail)
        files = sorted(path for path in (worker.directory / "tables").rglob("*") if holds_data(path))
        for path in rng.sample(files, min(len(files), 3)):
            garble(path, rng)


class Spoil(Fault):
    """The tables of a worker are not what they were, while it runs; nobody mends anything."""

    kind = "tables spoiled"
    longest = Corrupt.longest

    async def begin(self, world: World) -> None:
        await _spoil(the_worker(self, world), world, self.detail)

    async def end(self, world: World) -> None:
        await world.until_ready(READY_SECONDS, [the_worker(self, world)])


class Wipe(Kill):
    """kill -9, and the worker's tables are gone when it starts again."""

    kind = "tables wiped"
    longest = (0.0, 3.0)

    async def begin(self, world: World) -> None:
        await the_worker(self, world).kill()
        shutil.rmtree(the_worker(self, world).directory / "tables", ignore_errors=True)


async def _spoil(worker: Worker, world: World, detail: float) -> None:
    """Damages the tables of a worker that runs, but has not read everything yet: it has just started.

    A start after a kill puts into files what was in memory; who reads a block for the first time finds the damage.
    """
    await worker.kill()
    before = {path: path.stat().st_size for path in worker.tables}
    await worker.start()
    rng, ready = random.Random(detail), asyncio.create_task(world.until_ready(READY_SECONDS, [worker]))
    while not ready.done():
        await asyncio.wait({ready}, timeout=LOOK_SECONDS)
        for path in worker.tables:
            with suppress(FileNotFoundError):  # put together with others meanwhile
                size = path.stat().st_size
                if size and size == before.get(path):  # it is whole
                    await asyncio.to_thread(garble_in_place, path, rng)
                    before[path] = -1
                elif before.get(path) != -1:
                    before[path] = size
