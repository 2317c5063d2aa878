"""Forgets outcomes that are old enough: a few rows with each batch, so that no batch waits for it.

Goes by the log's own time (the records' timestamps), not by a clock: folding the same records does the same again.
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
        self._due_ms = 0

    def expired(self, now_ms: int) -> list[bytes]:
        """Keys to delete now; `now_ms` is the time of the newest record of the batch."""
        now_ms = max(0, min(now_ms, LATEST_MS))
        if self._cursor is None:
            if now_ms < self._due_ms:
                return []
            self._cursor, self._due_ms = self._prefix, now_ms + EVERY_MS
        found = list(islice(self._rows.scan(self._prefix, self._cursor), LOOKED_AT))
        self._cursor = found[-1][0] + b"\0" if len(found) == LOOKED_AT else None
        limit = instant(datetime.fromtimestamp(max(0, now_ms - KEPT_MS) / 1000, UTC))
        return [key for key, row in found if self._instant_of(row) < limit]
