"""The rows of tables in one RocksDB."""

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rocksdict import Rdict, WriteBatch

from streams.transport.database import DatabaseCorrupt, open_database
from streams.transport.rows import SAMPLED, RowStore
from tasksys.errors import NotOwned
from tests.support.scraping import Since
from views.problems import foreseen

LAST_PARTITION = 0xFFFF_FFFF


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rdict]:
    """One database for every example of the properties."""
    database = open_database(tmp_path_factory.mktemp("rows"))
    yield database
    database.close()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Rdict]:
    """A database of the test's own."""
    database = open_database(tmp_path / "rows")
    yield database
    database.close()


def write(database: Rdict, table: str, partition: int, rows: dict[bytes, bytes | None]) -> None:
    """Stage and write."""
    batch = WriteBatch(raw_mode=True)
    RowStore(database).stage(batch, table, partition, rows)
    database.write(batch)


def test_staged_rows_are_there_once_their_batch_is_written(database: Rdict) -> None:
    """Staging alone changes nothing; the batch brings rows and deletions."""
    rows = RowStore(database)
    write(database, "tasks", 1, {b"old": b"1"})
    batch = WriteBatch(raw_mode=True)
    rows.stage(batch, "tasks", 1, {b"new": b"2", b"old": None})
    assert (rows.get("tasks", 1, b"new"), rows.get("tasks", 1, b"old")) == (None, b"1")
    database.write(batch)
    assert (rows.get("tasks", 1, b"new"), rows.get("tasks", 1, b"old")) == (b"2", None)


def test_tables_and_partitions_do_not_mix(database: Rdict) -> None:
    """Tables whose names begin alike, and neighbouring or last partitions, see their own rows only."""
    places = [("a", 0), ("a", 1), ("a", LAST_PARTITION), ("ab", 0), ("a.", 0)]
    for number, (table, partition) in enumerate(places):
        write(database, table, partition, {b"": b"empty", b"\xff\xff": b"high", b"k": b"%d" % number})
    rows = RowStore(database)
    for number, (table, partition) in enumerate(places):
        found = list(rows.scan(table, partition))
        assert found == [(b"", b"empty"), (b"k", b"%d" % number), (b"\xff\xff", b"high")]
        assert list(rows.scan(table, partition, reverse=True)) == found[::-1]


nasty = st.binary(max_size=4).map(lambda key: bytes(b"\x00a\xfe\xff"[byte % 4] for byte in key))


@given(
    kept=st.dictionaries(nasty, st.binary(max_size=3)),
    prefix=nasty,
    start=st.none() | nasty,
    reverse=st.booleans(),
)
def test_a_scan_is_the_sorted_rows_between_its_bounds(
    shared: Rdict, kept: dict[bytes, bytes], prefix: bytes, start: bytes | None, reverse: bool
) -> None:
    """For keys full of 0x00 and 0xff, any prefix, any start and both directions."""
    rows = RowStore(shared)
    for place in (("t", 0), ("t", 1), ("u", 0)):
        rows.clear(shared, *place)
    write(shared, "t", 0, {b"\xff" * 5: b"below", b"": b"below"})
    write(shared, "t", 1, dict(kept))
    write(shared, "u", 0, {b"": b"above"})
    expected = sorted(
        ((key, row) for key, row in kept.items() if key.startswith(prefix)), key=lambda row: row[0], reverse=reverse
    )
    if start is not None:
        expected = [row for row in expected if (row[0] <= start if reverse else row[0] >= start)]
    assert list(rows.scan("t", 1, prefix, start, reverse)) == expected


def test_a_scan_shows_the_rows_as_they_were_at_the_call(database: Rdict) -> None:
    """Also when nothing was read from it before the next write."""
    write(database, "t", 0, {b"a": b"1", b"b": b"1"})
    scan = RowStore(database).scan("t", 0)
    write(database, "t", 0, {b"a": b"2", b"b": None, b"c": b"2"})
    assert list(scan) == [(b"a", b"1"), (b"b", b"1")]


def test_a_scan_ends_at_its_bound_whatever_memory_is_reused(database: Rdict) -> None:
    """RocksDB reads the bound from the bytes object it was given: that object must live as long as the scan."""
    write(database, "t", 0, {b"%03d" % number: b"" for number in range(100)})
    write(database, "t", 1, {b"next": b"partition"})
    scans = [RowStore(database).scan("t", 0) for _ in range(50)]
    gc.collect()
    junk = [bytes([255]) * size for size in range(5, 60) for _ in range(50)]
    assert [len(list(scan)) for scan in scans] == [100] * 50
    assert junk


def test_clear_empties_one_partition(database: Rdict) -> None:
    """At once, or with a batch; its neighbours stay."""
    rows = RowStore(database)
    for partition in (0, 1, 2, LAST_PARTITION):
        write(database, "t", partition, {b"": b"1", b"\xff\xff\xff": b"1"})
    rows.clear(database, "t", 1)
    batch = WriteBatch(raw_mode=True)
    rows.clear(batch, "t", LAST_PARTITION)
    assert len(list(rows.scan("t", LAST_PARTITION))) == 2
    database.write(batch)
    left = [len(list(rows.scan("t", partition))) for partition in (0, 1, 2, LAST_PARTITION)]
    assert left == [2, 0, 2, 0]


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_a_table_name_that_would_mix_keys_is_refused(database: Rdict, name: str) -> None:
    """The NUL ends the name in the key."""
    with pytest.raises(ValueError, match="not a table name"):
        RowStore(database).get(name, 0, b"k")


def test_an_unreadable_block_is_an_error_and_not_an_end(tmp_path: Path) -> None:
    """Neither a scan nor a get takes damage on the disk for the absence of rows."""
    database = open_database(tmp_path)
    keys = [b"%04d" % number for number in range(1000)]
    write(database, "t", 0, {key: os.urandom(200) for key in keys})
    database.flush()
    database.close()
    [table] = tmp_path.glob("*.sst")
    with table.open("r+b") as file:
        file.seek(table.stat().st_size // 2)
        file.write(b"damaged!" * 16)
    database = open_database(tmp_path)
    rows = RowStore(database)
    with pytest.raises(DatabaseCorrupt, match="checksum"):
        list(rows.scan("t", 0))
    with pytest.raises(DatabaseCorrupt, match="checksum"):
        [rows.get("t", 0, key) for key in keys]
    database.close()


@pytest.mark.parametrize(
    "read",
    [lambda rows: rows.get("t", 0, b"k"), lambda rows: rows.scan("t", 0), lambda rows: rows.count("t", 0, b"", 9)],
)
def test_who_reads_what_is_closed_meanwhile_may_come_again(tmp_path: Path, read: Callable[[RowStore], object]) -> None:
    """An agent that was fenced closes its database while requests read; they are told what passes, not a fault."""
    database = open_database(tmp_path)
    database.close()
    with pytest.raises(NotOwned) as raised:
        read(RowStore(database))
    told = foreseen(raised.value)
    assert told is not None
    assert (told.status, told.code) == (503, "not-ready")


def test_the_estimate_grows_with_the_rows(database: Rdict) -> None:
    """In memory first, then on disk."""
    rows = RowStore(database)
    empty = rows.estimated_bytes()
    write(database, "t", 0, {b"k": os.urandom(1_000_000)})
    assert rows.estimated_bytes() > empty + 900_000
    database.flush()
    assert rows.estimated_bytes() > 900_000


def test_filters_and_indexes_are_kept_in_parts(tmp_path: Path) -> None:
    """A whole one that is larger than a shard of the cache is never in it: each lookup reads and checks it anew."""
    open_database(tmp_path).close()
    (options,) = tmp_path.glob("OPTIONS-*")
    said = options.read_text(encoding="utf-8")
    for setting in ("partition_filters=true", "index_type=kTwoLevelIndexSearch", "cache_index_and_filter_blocks=true"):
        assert said.count(f"  {setting}\n") == 1, setting


def test_keys_are_counted(database: Rdict) -> None:
    """Those of a prefix, from a key to those that begin with another, up to a bound; and the first is told."""
    write(database, "t", 1, dict.fromkeys([b"a%02d" % number for number in range(20)] + [b"b", b""], b"x"))
    write(database, "t", 2, {b"a00": b"other"})
    rows = RowStore(database)
    assert rows.count("t", 1, b"a", 100) == (20, b"a00")
    assert rows.count("t", 1, b"a", 7) == (7, b"a00")
    assert rows.count("t", 1, b"a", 100, start=b"a05") == (15, b"a05")
    assert rows.count("t", 1, b"a", 100, until=b"a1") == (20, b"a00")
    assert rows.count("t", 1, b"a", 100, start=b"a05", until=b"a09") == (5, b"a05")
    assert rows.count("t", 1, b"c", 100) == (0, None)
    assert rows.count("t", 3, b"", 100) == (0, None)


def test_open_scans_are_counted(database: Rdict) -> None:
    """From the call until they are used up, or dropped."""
    write(database, "t", 0, {b"a": b"1", b"b": b"2"})
    rows = RowStore(database)
    used, dropped = rows.scan("t", 0), rows.scan("t", 0)
    next(used)
    assert rows.scans == 2
    del dropped
    gc.collect()
    assert rows.scans == 1
    assert list(used) == [(b"b", b"2")]
    del used
    gc.collect()
    assert rows.scans == 0


def test_one_read_in_some_is_measured(database: Rdict) -> None:
    """Of a store with a name; as few as that cost nothing, and none of a store without."""
    since = Since()
    for name in ("measured", ""):
        rows = RowStore(database, name)
        for _ in range(2 * SAMPLED):
            rows.get("t", 0, b"k")
            rows.scan("t", 0)
    found = since("tasksys_store_read_duration_seconds_count", store="measured")
    assert found == since("tasksys_store_read_duration_seconds_count") == 4
