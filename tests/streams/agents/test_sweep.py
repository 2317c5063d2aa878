"""Old outcomes are forgotten, young ones never."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from streams.agents.sweep import DAY_MS, EVERY_MS, LOOKED_AT, Sweep
from tasksys.values import instant

START = datetime(2026, 3, 8, tzinfo=UTC)
START_MS = int(START.timestamp() * 1000)


class Rows:
    """Rows in a dict; the row is the instant it was made."""

    def __init__(self) -> None:
        self.rows: dict[bytes, bytes] = {}

    def get(self, key: bytes) -> bytes | None:
        return self.rows.get(key)

    def scan(
        self, prefix: bytes = b"", start: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        return iter(
            [(key, self.rows[key]) for key in sorted(self.rows) if key.startswith(prefix) and key >= (start or b"")]
        )


def made(days: float) -> bytes:
    """A row made so many days after the start."""
    return instant(START + timedelta(days=days)).encode()


def test_only_what_is_older_than_eight_days_goes() -> None:
    """The bound is eight days of the log's own time, and other rows are left alone."""
    rows = Rows()
    rows.rows = {b"\x01old": made(0), b"\x01young": made(1), b"other": made(-100)}
    sweep = Sweep(rows, b"\x01", bytes.decode)
    assert sweep.expired(START_MS + 8 * DAY_MS) == []
    assert sweep.expired(START_MS + 8 * DAY_MS + EVERY_MS) == [b"\x01old"]


def test_a_sweep_looks_at_a_few_rows_with_each_batch() -> None:
    """A long list is walked over several batches, each row once."""
    rows = Rows()
    rows.rows = {b"\x01%05d" % number: made(0) for number in range(LOOKED_AT * 2 + 3)}
    sweep = Sweep(rows, b"\x01", bytes.decode)
    now = START_MS + 9 * DAY_MS
    found = [sweep.expired(now) for _ in range(4)]
    assert [len(keys) for keys in found] == [LOOKED_AT, LOOKED_AT, 3, 0]
    assert sorted(key for keys in found for key in keys) == sorted(rows.rows)


def test_between_sweeps_nothing_is_read() -> None:
    """Batches that follow at once cost nothing."""
    rows = Rows()
    sweep = Sweep(rows, b"\x01", bytes.decode)
    sweep.expired(START_MS)
    rows.rows = {b"\x01old": made(-100)}
    assert sweep.expired(START_MS + EVERY_MS - 1) == []
    assert sweep.expired(START_MS + EVERY_MS) == [b"\x01old"]
