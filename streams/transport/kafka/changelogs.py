"""Changelog records go into the tables: of partitions that are recovered, and of those that are copied for others.

Commit and abort markers occupy offsets but are never delivered, so Faust's recovery, which counts records, would wait
for ever; here it goes by the consumer's position, which passes them.

A copy is put on in steps that are its owner's: a transaction ends with the row of its position (`streams.applied`), and
what was fetched of the next one waits in memory. So a reader of the copy sees the state as it was after some batch, and
never a part of one. While the copy catches up with what was there before it began, and compaction has taken rows of
positions away, there are no such steps, and it is not to be read.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from faust.types import TP

from streams import measures, progress
from streams.applied import whole

HELD_ROWS: Final = 50_000
"""Rows of one partition that wait for the end of their transaction; one has hundreds. Beyond that they are put on."""


class Changelogs:
    """Those of one app, as they are fetched. `consumer` is the Kafka driver's."""

    def __init__(self, consumer: Any) -> None:
        self._consumer = consumer
        self._held: dict[TP, list[Any]] = {}
        self._whole: set[TP] = set()

    def whole(self, tp: TP) -> bool:
        """Whether the copy of this changelog shows the state after some batch, and has caught up once."""
        return tp in self._whole

    def assigned(self, standbys: set[TP]) -> None:
        """Partitions are assigned anew: what is not in the tables is read again, from where they are.

        A copy that goes on stays one; where there was none for a while, compaction may have been there.
        """
        self._held.clear()
        self._whole &= standbys
        self._recovery.standby_offsets.clear()  # else it would take what was held for read
        self._recovery.standby_highwaters.clear()  # of another beginning

    def lost(self, tp: TP) -> None:
        """The rows are thrown away, and read from the beginning."""
        self._whole.discard(tp)
        self._recovery.active_offsets.pop(tp, None)  # Faust keeps those of a partition that was here before

    def lacking(self) -> dict[int, int]:
        """The partitions that are copied here, and how many records of the changelog each lacks, as far as is known."""
        recovery, found = self._recovery, dict[int, int]()
        for tp in sorted(recovery.standby_tps):
            end = max(self._consumer.highwater(tp), (recovery.standby_highwaters.get(tp) or 0) + 1)
            found[tp.partition] = progress.lacking(end - 1, recovery.standby_offsets.get(tp))
        return found

    def apply(self, records: Mapping[TP, Sequence[Any]]) -> None:
        """Puts fetched records into the tables, and ends the recovery when every position has reached the end."""
        recovery, tables = self._recovery, self._consumer.app.tables
        for tp, found in records.items():
            self._count(tp, found)
        for tp in recovery.active_tps if not tables.actives_ready else ():
            self._recover(tp, records.get(tp, ()))
        for tp in recovery.standby_tps - recovery.active_tps:
            self._copy(tp, records.get(tp, ()))
        if not recovery.need_recovery():
            # A pulse, which only wakes who waits now, and another one after the next fetch: left set, the signal would
            # end the recovery of the next rebalance before it began; set only once, it can come before the waiting.
            recovery.signal_recovery_end.set()
            recovery.signal_recovery_end.clear()
        if tables.actives_ready and not tables.standbys_ready and not recovery.standby_remaining_total():
            tables.on_standbys_ready()

    @property
    def _recovery(self) -> Any:
        return self._consumer.app.tables.recovery

    def _count(self, tp: TP, found: Sequence[Any]) -> None:
        measures.read(tp.topic).count(found)  # as they are: 300,000 records of ours took 0.4 s to make
        if tp in self._recovery.active_tps:
            for agent in self._consumer._agents():
                agent.measures.recovered(len(found))

    def _recover(self, tp: TP, found: Sequence[Any]) -> None:
        new, passed = self._new(tp, found, self._recovery.active_offsets)
        if new or passed is not None:
            self._write(tp, new, passed)

    def _copy(self, tp: TP, found: Sequence[Any]) -> None:
        offsets, end = self._recovery.standby_offsets, self._recovery.standby_highwaters.get(tp)
        new, passed = self._new(tp, found, offsets)
        waiting = [*self._held.pop(tp, ()), *new]
        count = len(waiting)
        if tp in self._whole and count <= HELD_ROWS:
            count = whole(waiting)
            if rest := waiting[count:]:
                self._held[tp], passed = rest, None
        elif waiting or passed is not None:
            self._whole.discard(tp)
        if count or passed is not None:
            self._write(tp, waiting[:count], passed)
        # Up to the end as it was at the beginning every transaction was decided, and all of it is there.
        reached, stands = offsets.get(tp), whole(new[-1:]) == 1
        if end is not None and reached is not None and (reached == end or (reached > end and stands)):
            self._whole.add(tp)

    def _new(self, tp: TP, found: Sequence[Any], offsets: Any) -> tuple[list[Any], int | None]:
        """Records that were not seen yet, and the offset before the consumer's position if it has passed markers.

        Both count as seen from now on.
        """
        seen = offsets.get(tp)
        new = [record for record in found if seen is None or record.offset > seen]
        if new:
            offsets[tp] = new[-1].offset
        position = self._consumer.fetched(tp)
        if position is None or offsets.get(tp) is None or position - 1 <= offsets[tp]:
            return new, None
        offsets[tp] = position - 1
        return new, position - 1

    def _write(self, tp: TP, records: Sequence[Any], passed: int | None) -> None:
        rows = {record.key: record.value for record in records}
        offset = records[-1].offset if passed is None else passed
        self._consumer.transport.write_rows(self._consumer.app, tp.partition, rows, offset)
