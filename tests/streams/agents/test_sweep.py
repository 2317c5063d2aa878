"""Old outcomes are forgotten, young ones never."""

from datetime import UTC, datetime, timedelta

from streams.agents.sweep import DAY_MS, EVERY_MS, LATEST_MS, LOOKED_AT, Sweep
from tasksys.values import instant
from tests.support.nodes import MemoryRows

START = datetime(2026, 3, 8, tzinfo=UTC)
START_MS = int(START.timestamp() * 1000)


def made(days: float) -> bytes:
    """A row made so many days after the start."""
    return instant(START + timedelta(days=days)).encode()


def test_only_what_is_older_than_eight_days_goes() -> None:
    """The bound is eight days of the log's own time, and other rows are left alone."""
    rows = MemoryRows()
    rows.rows = {b"\x01old": made(0), b"\x01young": made(1), b"other": made(-100)}
    sweep = Sweep(rows, b"\x01", bytes.decode)
    assert [sweep.expired(START_MS + 8 * DAY_MS) for _ in range(2)] == [[], []]
    assert [sweep.expired(START_MS + 8 * DAY_MS + EVERY_MS) for _ in range(2)] == [[], [b"\x01old"]]


def test_a_sweep_looks_at_a_few_rows_with_each_batch() -> None:
    """A long list is walked over several batches, each row once."""
    rows = MemoryRows()
    rows.rows = {b"\x01%05d" % number: made(0) for number in range(LOOKED_AT * 2 + 3)}
    sweep = Sweep(rows, b"\x01", bytes.decode)
    now = START_MS + 9 * DAY_MS
    assert sweep.expired(now) == []
    found = [sweep.expired(now) for _ in range(4)]
    assert [len(keys) for keys in found] == [LOOKED_AT, LOOKED_AT, 3, 0]
    assert sorted(key for keys in found for key in keys) == sorted(rows.rows)


def test_between_sweeps_nothing_is_read() -> None:
    """Batches that follow at once cost nothing."""
    rows = MemoryRows()
    sweep = Sweep(rows, b"\x01", bytes.decode)
    assert [sweep.expired(START_MS) for _ in range(2)] == [[], []]
    rows.rows = {b"\x01old": made(-100)}
    assert sweep.expired(START_MS + EVERY_MS - 1) == []
    assert [sweep.expired(START_MS + EVERY_MS) for _ in range(2)] == [[], [b"\x01old"]]


def test_a_time_to_come_deletes_nothing_young() -> None:
    """A batch that claims the year 9999, alone or first after a start, does no harm; nor does it stop the walks."""
    rows = MemoryRows()
    rows.rows = {b"\x01old": made(-9), b"\x01young": made(0)}
    sweep = Sweep(rows, b"\x01", bytes.decode)
    times = [LATEST_MS, START_MS, LATEST_MS + 1, START_MS, START_MS + EVERY_MS, LATEST_MS, START_MS + EVERY_MS]
    assert {key for now in times for key in sweep.expired(now)} == {b"\x01old"}
    sweep = Sweep(rows, b"\x01", bytes.decode)
    rows.rows = {}
    assert [sweep.expired(LATEST_MS) for _ in range(2)] == [[], []]
    rows.rows = {b"\x01old": made(-9)}
    assert b"\x01old" in [
        key for now in (START_MS, START_MS + EVERY_MS, START_MS + EVERY_MS) for key in sweep.expired(now)
    ]


def test_what_was_not_committed_is_looked_at_again() -> None:
    """A batch that failed has deleted nothing: its rows are named once more."""
    rows = MemoryRows()
    rows.rows = {b"\x01%05d" % number: made(0) for number in range(LOOKED_AT + 3)}
    sweep = Sweep(rows, b"\x01", bytes.decode)
    now = START_MS + 9 * DAY_MS
    sweep.expired(now)
    first = sweep.expired(now)
    sweep.aborted()
    assert sweep.expired(now) == first
    assert len(sweep.expired(now)) == 3
