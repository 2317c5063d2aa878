"""An agent of a simulated worker: what Faust does for a real one; lanes and folds are the real ones.

It joins its group; takes over what it is given: fences the writer before, then recovers the table from the changelog;
folds; and gives everything away when the group shares out anew. A fault of any kind starts it anew.

Why so long: what one agent does from an assignment to the next one, with its readers and writers, is read in one piece.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from streams.applied import APPLIED, applied, whole
from streams.fold import Effects, Record
from streams.runner import FoldFailed, PartitionRunner
from streams.topics import changelog, group
from streams.transport.kafka.lease import Lease
from streams.transport.lanes import Lane
from tests.simulation.broker import SESSION_SECONDS, Assignment, Group
from tests.simulation.disk import Table
from tests.simulation.log import Entry
from tests.simulation.loop import Line

if TYPE_CHECKING:
    from tests.simulation.worker import Worker

RESTART_SECONDS: Final = 0.5
JOIN_SECONDS: Final = 6.0
"""A join that is not answered for so long is sent again."""
BATCH_SECONDS: Final = 2.0
"""How long a batch in hand may take when its partition is to be given away."""


class Agent:
    """One, from the start of its worker to its end."""

    def __init__(self, worker: Worker, name: str) -> None:
        self.worker, self.name = worker, name
        self.spec = worker.parts.spec(name)
        self.member = ""
        self.assignment: Assignment | None = None
        self.recovered = False
        self.lease = Lease(SESSION_SECONDS, lambda: worker.world.now)
        self.writers: dict[int, Writer] = {}
        self.runners: dict[int, PartitionRunner] = {}
        self.lanes: dict[int, Lane] = {}
        self.readers: list[Reader] = []
        self._again = asyncio.Event()
        """Set when it must join again."""
        self._fault: asyncio.Future[None] | None = None

    # --- what the worker asks

    @property
    def leased(self) -> bool:
        """Whether nobody else can have its partitions."""
        return self.lease.held

    @property
    def serves(self) -> bool:
        """Whether its partitions are recovered, and it has them still."""
        return self.recovered and self.leased

    def table(self, partition: int) -> Table:
        """The rows on the worker's disk."""
        return self.worker.disk.table(self.name, partition)

    def copy(self, partition: int) -> Table | None:
        """The rows of a partition as they were after some batch, whosever it is by now; None if there are none here."""
        if self.assignment is None:
            return None
        own = self.recovered and partition in self.assignment.active
        return self.table(partition) if own or partition in self.assignment.standby else None

    def position(self, partition: int) -> int:
        """The offset of the next record of the source to apply."""
        runner = self.runners.get(partition)
        return applied(self.table(partition)) if runner is None else runner.position

    def beaten(self, sent: float, generation: int, answer: bool | None) -> None:
        """What the group answered to a sign of life of that generation: None where it does not know the member."""
        if self.assignment is None or self.assignment.generation != generation:
            return
        if answer:
            self.lease.renew(sent)
        else:
            if answer is None:
                self.lease.end()
            self._again.set()

    def fail(self, error: Exception) -> None:
        """The agent stops, and starts anew."""
        if self._fault is not None and not self._fault.done():
            self._fault.set_exception(error)

    # --- life

    async def run(self) -> None:
        """For ever; at a stop in good order it finishes what it has, and says goodbye."""
        try:
            while True:
                if self.name in self.worker.disk.damaged:
                    self.worker.disk.put_aside(self.name)
                self._fault = asyncio.get_running_loop().create_future()
                self.member = f"{self.worker.name}-{self.worker.world.number()}"
                try:
                    while True:
                        await self._term(self._fault)
                except Exception as error:
                    self.worker.say(f"{self.name} stops: {error!r}")
                finally:
                    self._fault.cancel()
                await self._give_away()
                await asyncio.sleep(RESTART_SECONDS * (0.5 + self.worker.world.rng.random()))
        finally:
            if self.worker.stopping:
                await self._give_away(finish=True)
                with suppress(Exception):
                    await self.worker.wire.ask(None, self._group.leave, self.member)

    @property
    def _group(self) -> Group:
        return self.worker.broker.groups[self.name]

    async def _term(self, fault: asyncio.Future[None]) -> None:
        """From an assignment to the next one."""
        sent, self._again = self.worker.world.now, asyncio.Event()
        assignment = await self._join()
        self.assignment = assignment
        self.spec.elsewhere({*assignment.owners} - {*assignment.active})
        self.lease.renew(sent)
        again = asyncio.create_task(self._again.wait())
        serving = asyncio.create_task(self._take_over(assignment))
        waited: set[asyncio.Future[Any]] = {again, fault, serving}
        try:
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                serving.result()
                await asyncio.wait(waited - {serving}, return_when=asyncio.FIRST_COMPLETED)
            if fault.done():
                fault.result()
        finally:
            again.cancel()
            serving.cancel()
            await asyncio.wait({serving})
        await self._give_away()

    async def _join(self) -> Assignment:
        told: asyncio.Future[Assignment] = asyncio.get_running_loop().create_future()
        worker = self.worker
        line = Line()

        def assigned(assignment: Assignment) -> None:
            worker.wire.tell(line, answered, assignment)

        def answered(assignment: Assignment) -> None:
            if not told.done():
                told.set_result(assignment)

        await worker.wire.ask(None, self._group.join, self.member, worker.url, assigned)
        async with asyncio.timeout(JOIN_SECONDS):
            return await told

    async def _take_over(self, assignment: Assignment) -> None:
        """Becomes the writer of its partitions, recovers their tables, and begins to fold."""
        for number in assignment.standby:
            self._keep_warm(number)
        ends = await self._fence(assignment.active)
        await asyncio.gather(*(self._recover(*one) for one in zip(assignment.active, ends, strict=True)))
        self.recovered = True
        for number in assignment.active:
            self._fold(number)
        self.worker.say(f"{self.name} serves {assignment.active}")

    async def _fence(self, numbers: Sequence[int]) -> list[int]:
        """Fences whoever wrote before; the ends of the changelogs, to which nobody else can write now."""
        await self._open_all(numbers)
        return [await self._changelog_end(number) for number in numbers]

    async def _open_all(self, numbers: Sequence[int]) -> None:
        await asyncio.gather(*(self._open(number) for number in numbers))

    async def _changelog_end(self, partition: int) -> int:
        end: int = await self.worker.wire.ask(None, self.worker.broker.log.end_of, changelog(self.name).name, partition)
        return end

    async def _open(self, partition: int) -> None:
        writer = Writer(self, partition)
        await writer.open()
        self.writers[partition] = writer

    async def _recover(self, partition: int, end: int) -> None:
        """Applies what the changelog has and the table has not."""
        table, read = self.table(partition), self.worker.broker.log.read
        while table.offset + 1 < end:
            found, position = await self.worker.wire.ask(
                None, read, changelog(self.name).name, partition, table.offset + 1
            )
            self._store(partition, found, position)

    def _store(self, partition: int, found: Sequence[Record], position: int) -> None:
        rows = {record.key or b"": record.value for record in found}
        self.worker.disk.write(self.name, partition, rows, position - 1)

    def _keep_warm(self, partition: int) -> None:
        held: list[Record] = []

        def put(found: Sequence[Record], position: int) -> None:
            """A copy moves in its owner's steps, each of which ends with the row of its position."""
            held.extend(found)
            count = whole(held)
            try:
                if count:
                    end = position if count == len(held) else held[count - 1].offset + 1
                    self._store(partition, held[:count], end)
                    del held[:count]
            except Exception as error:
                self.fail(error)

        start = self.table(partition).offset + 1
        self.readers.append(Reader(self.worker, changelog(self.name).name, partition, start, put, lambda: True))

    def _fold(self, partition: int) -> None:
        reader: Reader

        def put(found: Sequence[Record], position: int) -> None:
            if found:
                lane.put(found)

        lane = Lane(partial(self._batch, partition), lambda: reader.go_on(), self.spec.linger)
        self.lanes[partition] = lane
        start = applied(self.table(partition))
        reader = Reader(self.worker, self.spec.source.name, partition, start, put, lambda: not lane.full)
        self.readers.append(reader)

    async def _batch(self, partition: int, records: Sequence[Record]) -> bool:
        """Folds a batch; False if nothing more is to be folded here."""
        try:
            runner = self.runners.get(partition)
            if runner is None:
                writer = self.writers[partition]
                runner = PartitionRunner(self.spec, partition, self.table(partition), writer.commit)
                self.runners[partition] = runner
            await runner.run(records)
        except FoldFailed as error:
            self.worker.world.complaints.append(f"{self.worker.name}: {error}")
            return False
        except Exception as error:
            self.fail(error)
            return False
        return True

    async def _give_away(self, finish: bool = False) -> None:
        """Finishes the batches in hand, or gives them up after a while; nothing that was remembered holds any more."""
        self.recovered = False
        for reader in self.readers:
            reader.close()
        for lane in self.lanes.values():
            lane.end() if finish else lane.empty()
        working = {lane.work for lane in self.lanes.values() if lane.work is not None}
        if working:
            _, late = await asyncio.wait(working, timeout=BATCH_SECONDS)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
        given, self.writers = list(self.writers), {}
        self.readers, self.lanes, self.runners, self.assignment = [], {}, {}, None
        for number in given:
            self.spec.close(number)


class Writer:
    """Commits effects, as `streams.transport.kafka.transaction` does: changelog and outputs, then the rows on disk."""

    def __init__(self, agent: Agent, partition: int) -> None:
        self._agent, self._partition = agent, partition
        self._name = f"{group(agent.name)}-{partition}"
        self._line = Line()
        self._epoch = 0

    async def open(self) -> None:
        """Fences whoever wrote before."""
        self._epoch = await self._ask(self._agent.worker.broker.log.open, self._name)

    def _ask(self, call: Callable[..., object], *args: object) -> asyncio.Future[int]:
        return self._agent.worker.wire.ask(self._line, call, *args)

    async def commit(self, effects: Effects, position: int) -> None:
        """See `streams.runner.Commit`."""
        log, number, mine = self._agent.worker.broker.log, self._partition, (self._name, self._epoch)
        assert next(reversed(effects.rows)) == APPLIED
        outputs: dict[str, list[Entry]] = {}
        for topic, key, value, headers in effects.outputs:
            outputs.setdefault(topic, []).append(Entry(key, value, headers))
        for topic, entries in outputs.items():
            await self._ask(log.write, *mine, topic, number, entries)
        rows = [Entry(key, row) for key, row in effects.rows.items()]
        last = await self._ask(log.write, *mine, changelog(self._agent.name).name, number, rows)
        await self._ask(log.end, *mine, True)
        self._agent.worker.disk.write(self._agent.name, number, effects.rows, last + 1)


class Reader:
    """Reads a partition on and on: one fetch at a time, which waits at the broker until there is something."""

    def __init__(
        self, worker: Worker, topic: str, partition: int, position: int,
        put: Callable[[Sequence[Record], int], None], room: Callable[[], bool],
    ) -> None:  # fmt: skip
        self._worker, self._topic, self._partition, self._position = worker, topic, partition, position
        self._put, self._room = put, room
        self._line = Line()
        self._open, self._fetch = True, 0
        self._fetching = False
        self.go_on()

    def close(self) -> None:
        """What is under way is not wanted any more."""
        self._open = False

    def go_on(self) -> None:
        """There is room again."""
        if self._open and not self._fetching and self._room():
            self.again()

    def again(self) -> None:
        """Fetches, whatever became of the fetch before."""
        if self._open:
            self._fetching, self._fetch = True, self._fetch + 1
            self._worker.wire.send(self._at_broker, self._fetch)

    def _at_broker(self, number: int) -> None:
        if number != self._fetch:
            return
        log = self._worker.broker.log
        found, position = log.read(self._topic, self._partition, self._position)
        if position > self._position:
            self._worker.wire.tell(self._line, self._came, number, found, position)
        else:
            log.partition(self._topic, self._partition).waiting.append(lambda: self._at_broker(number))

    def _came(self, number: int, found: Sequence[Record], position: int) -> None:
        if self._open and number == self._fetch:
            self._position, self._fetching = position, False
            self._put(found, position)
            self.go_on()
