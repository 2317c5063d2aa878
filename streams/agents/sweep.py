"""Forgets outcomes that are old enough: a few rows with each batch, so that no batch waits for it.

Goes by the log's own time (the records' timestamps), not by a clock. Where a walk has got to is in memory only: after a
restart it begins anew, so when an old row goes differs between runs; that it is old does not.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from streams.fold import Rows
from tasksys.values import instant

DAY_MS: Final = 86_400_000
KEPT_MS: Final = 8 * DAY_MS
"""An idempotency key is good for 7 days at least; a day more, for clocks that differ."""

EVERY_MS: Final = DAY_MS // 4
LATEST_MS: Final = 253_402_300_799_000
"""The end of the year 9999: a record may claim any time."""

LOOKED_AT: Final = 500
"""Rows looked at with one batch: under a millisecond."""


class Sweep:
    """Walks the rows under a prefix again and again, as time goes on, and names those that have expired."""

    def __init__(self, rows: Rows, prefix: bytes, instant_of: Callable[[bytes], str]) -> None:
        """`instant_of` reads from a row when it was made, as instants are stored."""
        self._rows = rows
        self._prefix = prefix
        self._instant_of = instant_of
        self._cursor: bytes | None = None
        self._due_ms, self._told_ms = EVERY_MS, 0
        self._before: tuple[bytes | None, int, int] = (self._cursor, self._due_ms, self._told_ms)

    def expired(self, oldest_ms: int) -> list[bytes]:
        """Keys to delete now; `oldest_ms` is the time of the oldest record of the batch.

        The oldest, and no later than the batch before told: one record that claims a time to come must not make young
        rows look old. So the first batch deletes nothing, and after a pause rows go one batch later.
        """
        self._before = (self._cursor, self._due_ms, self._told_ms)
        told_ms = max(0, min(oldest_ms, LATEST_MS))
        now_ms, self._told_ms = min(told_ms, self._told_ms), told_ms
        self._due_ms = min(self._due_ms, now_ms + EVERY_MS)  # a walk at a time yet to come puts none off for ever
        if self._cursor is None:
            if now_ms < self._due_ms:
                return []
            self._cursor, self._due_ms = self._prefix, now_ms + EVERY_MS
        found = list(islice(self._rows.scan(self._prefix, self._cursor), LOOKED_AT))
        self._cursor = found[-1][0] + b"\0" if len(found) == LOOKED_AT else None
        limit = instant(datetime.fromtimestamp(max(0, now_ms - KEPT_MS) / 1000, UTC))
        return [key for key, row in found if self._instant_of(row) < limit]

    def aborted(self) -> None:
        """What the last batch was told to delete is still there: it is looked at again."""
        self._cursor, self._due_ms, self._told_ms = self._before
