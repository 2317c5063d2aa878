"""Opening and walking one RocksDB. The embedded log and the table rows live in such databases.

Five things about rocksdict 0.3.29 shape this module:

* Options given for a database apply to its column family only when passed for it by name as well. Otherwise the
  options stored by the previous run win.
* An iterator's upper bound is not copied: RocksDB reads the memory of the bytes object, which must therefore live as
  long as the iterator. Otherwise the iterator runs on into other keys, or reads freed memory.
* `ReadOptions.set_iterate_lower_bound` sets the *upper* bound. Lower bounds are therefore compared here.
* Its ready-made iterators end silently at an unreadable block. Only the raw cursor has a status to ask.
* Every failure is a bare `Exception`. What kind it is stands at the start of the message, in RocksDB's own words.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from rocksdict import (
    AccessType,
    BlockBasedIndexType,
    BlockBasedOptions,
    Cache,
    DBCompressionType,
    DBRecoveryMode,
    Options,
    Rdict,
    RdictIter,
    ReadOptions,
)

from tasksys.errors import NotOwned

MEBI = 1024 * 1024
CACHE_BYTES = 64 * MEBI
"""Blocks, indexes and filters: with 16 MiB the filters of 800,000 tasks did not fit, and the fold of commands fell from
5,000 to 900 a second, most of them spent on reading filters anew."""
WRITE_BUFFER_BYTES = 16 * MEBI
"""Of one memory table. After the disk was full, RocksDB goes on by itself once this much is free."""

NO_SPACE = "IO error: No space left on device"
STALLED = "Result incomplete"
CORRUPTION = "Corruption"
UNFINISHED = "MANIFEST-000001\n"
"""In CURRENT: the process ended while it made the database, before there was a write-ahead log or anything to lose."""
STARVED = "Too many open files"
"""In a message, anywhere: no descriptor was free. RocksDB then takes no more writes until it is opened again."""
MISSING = "IO error: No such file or directory"  # of a file that another one says is there
LOCKED = ("IO error: While lock file", "IO error: lock hold by current process")
"""Somebody has the database open, another process or this one."""
CLOSED = "DB instance already closed"
"""In rocksdict's words."""
FULL = (NO_SPACE, "No space left on device")
"""In RocksDB's words, and in those of rocksdict, which makes the directory."""
WRAPPED = "IO error: DB::Open() failed --- Unable to persist Options file: IO error: Unable to persist options.: "
"""What comes before the message where only the last step of an opening failed."""
UNREADABLE = "Input/output error"
"""How a message of a read ends: the disk cannot give what it has."""
READ_ONLY = ("IO error: Read-only file system", "Read-only file system")


class DatabaseError(Exception):
    """RocksDB could not open or read; the message is RocksDB's and names the file."""


class DatabaseCorrupt(DatabaseError):
    """What is on the disk is not what was written there."""


class DatabaseLocked(DatabaseError):
    """Somebody has it open, and it cannot be shared."""


class DatabaseClosed(DatabaseError, NotOwned):
    """Whoever had it open has closed it under the reader, for its agent ends or begins anew; see `NotOwned`."""


class DiskFull(DatabaseError):
    """There is no room for what was to be written; it is not written."""


class DiskReadOnly(DatabaseError):
    """The file system takes no writes at all."""


KINDS: Final[tuple[tuple[str | tuple[str, ...], type[DatabaseError]], ...]] = (
    ((CORRUPTION, MISSING), DatabaseCorrupt),
    (LOCKED, DatabaseLocked),
    (CLOSED, DatabaseClosed),
    (FULL, DiskFull),
    (READ_ONLY, DiskReadOnly),
)
"""What a message begins with, and what it means. Paths come later in it, whatever words are in them."""


def database_error(error: Exception) -> DatabaseError:
    """The typed error for one of rocksdict's bare exceptions."""
    text = str(error).removeprefix(WRAPPED)
    return next((kind for beginning, kind in KINDS if text.startswith(beginning)), DatabaseError)(text)


def open_database(directory: Path, *, cache_bytes: int = CACHE_BYTES, repaired: bool = False) -> Rdict:
    """Open the RocksDB in `directory`, creating it only where no database was before.

    A write-ahead log whose end is torn (kill -9, power loss) is read up to there: that was not yet acknowledged.
    One that is damaged before its end is refused, where RocksDB's default would drop everything after the damage
    without a word. Raises DatabaseCorrupt, or DatabaseError for everything else, such as a lock held by somebody
    or a disk without room; OSError when the directory cannot be made. `repaired` is for what RocksDB's repair left,
    which has no write-ahead log.
    """
    current = directory / "CURRENT"
    # RocksDB would put a new, empty database over files whose CURRENT is lost, and then delete them as leftovers.
    orphans = [] if current.exists() else [*directory.glob("*.sst"), *directory.glob("*.log")]
    if orphans:
        raise DatabaseCorrupt(f"{current} is missing, but {orphans[0].name} is there")
    # RocksDB would open without a word where the only write-ahead log is lost, and everything that was in it is gone.
    if current.exists() and not repaired and not any(directory.glob("*.log")) and current.read_text() != UNFINISHED:
        raise DatabaseCorrupt(f"there is no write-ahead log (*.log) beside {current}, which always has one")
    try:
        # Takes a log cut off anywhere, as after kill -9, and refuses every other damage.
        return _open(directory, DBRecoveryMode.tolerate_corrupted_tail_records(), cache_bytes)
    except DatabaseCorrupt:
        if not _torn_at_the_end(directory):
            raise
    return _open(directory, DBRecoveryMode.point_in_time(), cache_bytes)


def _open(directory: Path, recovery: DBRecoveryMode, cache_bytes: int, access: AccessType | None = None) -> Rdict:
    options = _options(cache_bytes)
    options.create_if_missing(True)
    options.set_wal_recovery_mode(recovery)
    try:
        return Rdict(str(directory), options, {"default": options}, access or AccessType.read_write())
    except OSError:
        raise
    except Exception as error:
        raise database_error(error) from error


def _torn_at_the_end(directory: Path) -> bool:
    """Whether nothing that can be read comes after the damage in the write-ahead log. Changes nothing.

    After the loss of power the last batch, the one that was being synced, may be there in parts, or full of zeros.
    (Damage in the last 32 KiB cannot be told from that: RocksDB looks for what follows only from the next block on.)
    """
    numbers: list[int] = []
    for recovery in (DBRecoveryMode.point_in_time(), DBRecoveryMode.skip_any_corrupted_record()):
        try:
            database = _open(directory, recovery, CACHE_BYTES, AccessType.read_only(False))
        except DatabaseError:
            return False
        numbers.append(database.latest_sequence_number())
        database.close()
    return numbers[0] == numbers[1]


def _options(cache_bytes: int) -> Options:
    """Bounded memory, a bounded log to replay, and room enough that writes seldom have to wait for the disk."""
    blocks = BlockBasedOptions()
    blocks.set_block_cache(Cache(cache_bytes))
    blocks.set_cache_index_and_filter_blocks(True)  # else they grow with the data, outside the cache's bound
    blocks.set_pin_l0_filter_and_index_blocks_in_cache(True)
    blocks.set_bloom_filter(10, False)
    # In parts: the cache has 64 shards, and a whole filter that is larger than a shard is read anew by every lookup,
    # which took 100 microseconds instead of 3 from some hundred thousand rows on.
    blocks.set_index_type(BlockBasedIndexType.two_level_index_search())
    blocks.set_partition_filters(True)
    blocks.set_pin_top_level_index_and_filter(True)
    blocks.set_block_size(16 * 1024)

    options = Options(raw_mode=True)
    options.set_block_based_table_factory(blocks)
    options.set_compression_type(DBCompressionType.lz4())
    options.set_bottommost_compression_type(DBCompressionType.zstd())
    options.set_write_buffer_size(WRITE_BUFFER_BYTES)
    options.set_max_write_buffer_number(4)
    options.set_memtable_prefix_bloom_ratio(0.05)  # of the buffer's size; a command asks for two or three keys that are
    options.set_memtable_whole_key_filtering(True)  # not there yet: 0.2 microseconds each instead of 1.4
    options.set_level_zero_slowdown_writes_trigger(32)
    options.set_level_zero_stop_writes_trigger(48)
    options.set_max_total_wal_size(64 * MEBI)  # what an opening after a kill has to replay: about half a second
    options.set_bytes_per_sync(MEBI)  # a flush that is written in one go delays the commits' syncs behind it
    options.set_max_background_jobs(2)
    options.set_max_open_files(256)
    options.set_keep_log_file_num(4)
    options.set_max_log_file_size(4 * MEBI)
    options.set_stats_dump_period_sec(0)
    options.set_stats_persist_period_sec(0)
    return options


def after_prefix(prefix: bytes) -> bytes:
    """The smallest key above every key that begins with `prefix`, which must hold a byte other than 0xff."""
    stem = prefix.rstrip(b"\xff")
    return stem[:-1] + bytes((stem[-1] + 1,))


def entries(
    database: Rdict, prefix: bytes, *, start: bytes | None = None, reverse: bool = False, strip: int = 0
) -> Iterator[tuple[bytes, bytes]]:
    """Keys under `prefix`, each without its first `strip` bytes, with their values, in key order.

    `start` is the whole key to begin at, itself included; `reverse` walks from there, or from the last, down.
    The iterator shows the database as it is at this call, whatever is written later, and keeps it open until
    it is used up or dropped. It raises DatabaseError rather than ending early.
    """
    upper = after_prefix(prefix)
    read = ReadOptions()
    read.set_iterate_upper_bound(upper)
    try:
        cursor = database.iter(read)
    except Exception as error:  # it is closed
        raise database_error(error) from error
    if not reverse:
        cursor.seek(prefix if start is None or start < prefix else start)
    elif start is None:
        cursor.seek_to_last()
    else:
        cursor.seek_for_prev(start)  # never at or above the upper bound
    return _walk(cursor, (prefix, upper), strip, cursor.prev if reverse else cursor.next)


def counted(database: Rdict, lower: bytes, upper: bytes, most: int) -> tuple[int, bytes | None]:
    """How many keys there are from one to before another, counted up to `most`, and the first. Raises DatabaseError."""
    read = ReadOptions()
    read.set_iterate_upper_bound(upper)
    try:
        cursor = database.iter(read)
        cursor.seek(lower)
        first: bytes | None = cursor.key() if cursor.valid() else None
        number = 0
        while number < most and cursor.valid():
            number += 1
            cursor.next()
        cursor.status()
    except Exception as error:
        raise database_error(error) from error
    return number, first


def _walk(
    cursor: RdictIter, bounds: tuple[bytes, bytes], strip: int, step: Callable[[], None]
) -> Iterator[tuple[bytes, bytes]]:
    """Every entry from the cursor on. `bounds` keeps the upper bound's memory; the lower is compared here."""
    valid, key, value = cursor.valid, cursor.key, cursor.value
    lower = bounds[0]
    while valid():
        found = key()
        if found < lower:
            return
        yield found[strip:], value()
        step()
    try:
        cursor.status()
    except Exception as error:
        raise database_error(error) from error
