"""Opening a directory: lock it, open the database, check the format, read what there is."""

from pathlib import Path
from typing import NamedTuple

import msgspec
from rocksdict import Rdict, WriteOptions

from streams.transport.database import DatabaseCorrupt, DatabaseError, database_error, entries, open_database
from streams.transport.embedded.arrivals import Place
from streams.transport.embedded.config import TopicConfig
from streams.transport.embedded.errors import LogCorrupt, LogOpenError, LogTooNew
from streams.transport.embedded.lock import DirectoryLock
from streams.transport.embedded.partition import Partition, State
from streams.transport.embedded.records import COMMITS, FORMAT, FORMAT_KEY, OFFSET, TOPICS, parse_commit_key


class Opened(NamedTuple):
    """Everything the log keeps in memory."""

    lock: DirectoryLock
    database: Rdict
    topics: dict[str, TopicConfig]
    partitions: dict[Place, Partition]
    committed: dict[tuple[str, str, int], int]


def open_directory(directory: Path) -> Opened:
    """Open it, creating it if need be. Raises a LogOpenError; the directory is then as it was, and unlocked."""
    lock = lock_directory(directory)
    try:
        database = open_database(directory)
        try:
            _check_format(directory, database)
            topics, partitions = _load_topics(database)
            return Opened(lock, database, topics, partitions, _load_commits(database))
        except BaseException:
            database.close()
            raise
    except (DatabaseCorrupt, msgspec.DecodeError) as error:
        lock.release()
        raise LogCorrupt(
            f"{directory} is damaged: {error}. Nothing in it was changed or deleted. Restore it from a backup, or "
            f"save what can be read with `python -m streams.transport.embedded.repair {directory}`, which keeps a copy."
        ) from error
    except (DatabaseError, OSError) as error:
        lock.release()
        raise LogOpenError(
            f"{directory} cannot be opened: {error}. Look at the disk's free space and state and the directory's "
            "permissions; nothing was deleted."
        ) from error
    except BaseException:
        lock.release()
        raise


def lock_directory(directory: Path) -> DirectoryLock:
    """Make the directory if need be, and hold it. Raises DirectoryInUse, or LogOpenError when it cannot be used."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        return DirectoryLock(directory)
    except OSError as error:
        raise LogOpenError(f"{directory} cannot be used: {error}. Is it writable, and a directory?") from error


def _check_format(directory: Path, database: Rdict) -> None:
    """Write our format's number into a new database; refuse one that is not ours, or newer than ours."""
    found: bytes | None = database.get(FORMAT_KEY)
    if found is None:
        cursor = database.iter()
        cursor.seek_to_first()
        if cursor.valid():
            raise LogOpenError(f"{directory} holds a RocksDB that is no embedded log. Name another directory.")
        durable = WriteOptions()
        durable.sync = True
        try:
            database.put(FORMAT_KEY, str(FORMAT).encode(), durable)
        except Exception as error:
            raise database_error(error) from error
    elif int(found) > FORMAT:
        raise LogTooNew(
            f"{directory} was written in format {int(found)}; this version knows formats up to {FORMAT}. "
            "Run the version that wrote it, or a later one."
        )


def _load_topics(database: Rdict) -> tuple[dict[str, TopicConfig], dict[Place, Partition]]:
    topics: dict[str, TopicConfig] = {}
    partitions: dict[Place, Partition] = {}
    for name, config in entries(database, TOPICS, strip=len(TOPICS)):
        topic = name.decode()
        topics[topic] = msgspec.msgpack.decode(config, type=TopicConfig)
        for number in range(topics[topic].partitions):
            partition = partitions[topic, number] = Partition(topic, number)
            state: bytes | None = database.get(partition.state_key)
            if state is not None:
                partition.resume(database, State.unpack(state))
    return topics, partitions


def _load_commits(database: Rdict) -> dict[tuple[str, str, int], int]:
    return {
        parse_commit_key(key): OFFSET.unpack(offset)[0]
        for key, offset in entries(database, COMMITS, strip=len(COMMITS))
    }
