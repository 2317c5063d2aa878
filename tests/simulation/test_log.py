"""The simulated log and disk: what Kafka and RocksDB promise, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import pytest

from streams.transport.database import DatabaseCorrupt, DiskFull
from tests.simulation.disk import Disk
from tests.simulation.log import Entry, Fenced, Log
from tests.support.nodes import MemoryRows


def values(log: Log, topic: str = "t") -> list[bytes | None]:
    """What a reader gets."""
    return [record.value for record in log.all(topic, 0)]


def test_what_is_open_is_not_read_nor_is_what_comes_behind_it() -> None:
    """A reader waits for the first open transaction; then it passes markers, which have offsets."""
    log, woken = Log(lambda: 0), list[int]()
    epoch = log.open("a")
    log.write("a", epoch, "t", 0, [Entry(b"k", b"1")])
    log.append("t", 0, [Entry(b"k", b"2")])
    log.partition("t", 0).waiting.append(lambda: woken.append(1))
    assert (values(log), log.end_of("t", 0), woken) == ([], 0, [])
    log.end("a", epoch, commit=True)
    assert (values(log), log.end_of("t", 0), woken) == ([b"1", b"2"], 3, [1])
    assert log.read("t", 0, 2) == ([], 3)


def test_what_is_aborted_is_never_read() -> None:
    """By its writer, or by who takes its id over."""
    log = Log(lambda: 0)
    first = log.open("a")
    log.write("a", first, "t", 0, [Entry(b"k", b"1")])
    second = log.open("a")
    assert (values(log), log.end_of("t", 0)) == ([], 2)
    for call in (lambda: log.write("a", first, "t", 0, []), lambda: log.end("a", first, True)):
        with pytest.raises(Fenced):
            call()
    log.write("a", second, "t", 0, [Entry(b"k", b"2")])
    log.end("a", second, commit=True)
    assert values(log) == [b"2"]


def test_rows_are_scanned_as_they_are_on_a_real_disk() -> None:
    """Any prefix, start and direction gives what the plain rows of other tests give."""
    rng, table, plain = Random(7), Disk().table("a", 0), MemoryRows()
    for _ in range(300):
        key = bytes(rng.choices(b"\x00\x01ab", k=rng.randrange(1, 4)))
        change: Mapping[bytes, bytes | None] = {key: None if rng.random() < 0.3 else bytes([rng.randrange(9)])}
        table.apply(change)
        plain.apply(change)
        prefix, start = key[: rng.randrange(len(key) + 1)], rng.choice((None, prefix_of(key, rng)))
        start = start if start is None or start.startswith(prefix) else None
        reverse = rng.random() < 0.5
        assert list(table.scan(prefix, start, reverse)) == list(plain.scan(prefix, start, reverse))


def prefix_of(key: bytes, rng: Random) -> bytes:
    """Something like the key."""
    return key[: rng.randrange(len(key) + 1)] + rng.choice((b"", b"a"))


def test_a_power_cut_loses_the_last_writes_whole() -> None:
    """Rows and the offset that they contain go together."""
    lost = 0
    for seed in range(30):
        disk = Disk()
        for number in range(10):
            disk.write("a", 0, {b"k%d" % number: b"", b"last": b"%d" % number}, number)
        disk.cut_power(Random(seed))
        table = disk.table("a", 0)
        kept = table.offset + 1
        assert set(table.rows) == {b"k%d" % number for number in range(kept)} | ({b"last"} if kept else set())
        assert table.get(b"last") == (b"%d" % (kept - 1) if kept else None)
        lost += kept < 10
    assert lost > 10


def test_a_full_disk_takes_nothing() -> None:
    """And loses nothing."""
    disk = Disk()
    disk.write("a", 0, {b"k": b"1"}, 3)
    disk.fault = DiskFull("IO error: No space left on device")
    with pytest.raises(DiskFull):
        disk.write("a", 0, {b"k": b"2"}, 4)
    assert (disk.table("a", 0).get(b"k"), disk.table("a", 0).offset) == (b"1", 3)


def test_rows_that_cannot_be_read_are_found_by_who_reads_them() -> None:
    """A scan gives what comes before. Who has the disk hears of it, and has all of the agent's rows made anew."""
    disk, heard = Disk(), list[str]()
    disk.tell = lambda agent, error: heard.append(agent)
    disk.write("a", 0, {b"k%d" % number: b"1" for number in range(9)}, 8)
    disk.write("b", 0, {b"k": b"1"}, 3)
    table = disk.table("a", 0)
    table.unreadable = {b"k4"}
    assert table.get(b"k3") == b"1"
    assert (heard, disk.rotten, disk.damaged) == ([], ["a"], set())
    with pytest.raises(DatabaseCorrupt):
        table.get(b"k4")
    for reverse, before in ((False, [b"k0", b"k1", b"k2", b"k3"]), (True, [b"k8", b"k7", b"k6", b"k5"])):
        seen, rows = list[bytes](), table.scan(reverse=reverse)
        with pytest.raises(DatabaseCorrupt):
            seen.extend(key for key, _ in rows)
        assert seen == before
    assert [key for key, _ in table.scan(b"k", b"k5")] == [b"k5", b"k6", b"k7", b"k8"]
    assert (heard, disk.damaged) == (["a"] * 3, {"a"})
    disk.put_aside("a")
    assert (disk.table("a", 0).rows, disk.table("a", 0).offset, disk.rotten, disk.damaged) == ({}, -1, [], set())
    assert disk.table("b", 0).get(b"k") == b"1"
    disk.write("b", 0, {b"k": b"2"}, 4)
    assert disk.rot(Random(1), 3)
    assert disk.table("b", 0).unreadable == {b"k"}
    disk.write("b", 0, {b"k": b"3"}, 5)
    assert disk.table("b", 0).get(b"k") == b"3"  # what is written anew can be read
