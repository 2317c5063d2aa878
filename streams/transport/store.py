"""The table store, found by Faust under `tasksys://`: a thin view on the rows that folds write in their transactions.

Faust's own table interface can read them; it cannot write: a write outside of a fold's transaction would be lost or
doubled by the next failure, so it is refused.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from faust.stores.base import SerializedStore
from faust.types import TP

from streams.transport.rows import RowStore


class Store(SerializedStore):
    """Rows of one table over all partitions of this process."""

    @property
    def rows(self) -> RowStore:
        """The store of the transport."""
        rows: RowStore = self.app.transport.rows(self.app)
        return rows

    @property
    def _table(self) -> str:
        return f"{self.app.conf.id}-{self.table_name}"

    def _partitions(self) -> list[int]:
        return sorted(tp.partition for tp in self.app.assignor.assigned_actives() if self._owns(tp))

    def _owns(self, tp: TP) -> bool:
        owns: bool = tp.topic == self.table.changelog_topic.get_topic_name()
        return owns

    def persisted_offset(self, tp: TP) -> int | None:
        """The changelog offset that the rows on disk contain; what comes after it is recovered."""
        offset: int | None = self.app.transport.persisted_offset(self.app, tp)
        return offset

    def set_persisted_offset(self, tp: TP, offset: int) -> None:
        """Nothing to do: the offset is written with the rows."""

    def apply_changelog_batch(
        self, batch: Iterable[Any], to_key: Callable[[Any], Any], to_value: Callable[[Any], Any]
    ) -> None:
        """Refuses: recovery applies whole fetches, see the Kafka driver."""
        assert not list(batch), "changelog records reach the rows through the driver"

    def _get(self, key: bytes) -> bytes | None:
        found = (self.rows.get(self._table, partition, key) for partition in self._partitions())
        return next((row for row in found if row is not None), None)

    def _contains(self, key: bytes) -> bool:
        return self._get(key) is not None

    def _iteritems(self) -> Iterator[tuple[bytes, bytes]]:
        for partition in self._partitions():
            yield from self.rows.scan(self._table, partition)

    def _iterkeys(self) -> Iterator[bytes]:
        return (key for key, _ in self._iteritems())

    def _itervalues(self) -> Iterator[bytes]:
        return (row for _, row in self._iteritems())

    def _size(self) -> int:
        return sum(1 for _ in self._iteritems())

    def _set(self, key: bytes, value: bytes | None) -> None:
        raise TypeError("rows are written by folds only; return them as Effects")

    def _del(self, key: bytes) -> None:
        raise TypeError("rows are written by folds only; return them as Effects")

    def _clear(self) -> None:
        raise TypeError("rows are written by folds only; rebuild a table with `tasksys replay`")

    def reset_state(self) -> None:
        """Nothing to do: there is no state in memory."""

    async def backup_partition(self, tp: Any, flush: bool = True, purge: bool = False, keep: int = 1) -> None:
        """Refused: the event log is the backup, and `tasksys replay` rebuilds tables from it."""
        raise TypeError("tables are rebuilt from the log; there is nothing to back up")

    def restore_backup(self, tp: Any, latest: bool = True, backup_id: int = 0) -> None:
        """Refused, as above."""
        raise TypeError("tables are rebuilt from the log; there is nothing to restore")
