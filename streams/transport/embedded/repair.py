"""`python -m streams.transport.embedded.repair DIRECTORY`: save what can be read of a damaged embedded log."""

import shutil
import sys
from pathlib import Path

import msgspec
from rocksdict import Options, Rdict, WriteBatch

from streams.transport.database import after_prefix, entries, open_database
from streams.transport.embedded.arrivals import Place
from streams.transport.embedded.config import TopicConfig
from streams.transport.embedded.errors import LogCorrupt, LogError
from streams.transport.embedded.opening import lock_directory
from streams.transport.embedded.partition import State
from streams.transport.embedded.records import (
    FORMAT,
    FORMAT_KEY,
    NEWEST,
    OFFSET,
    RECORDS,
    STATES,
    TOMBSTONES,
    TOPICS,
    parse_place,
    place,
)


def repair_directory(directory: Path) -> Path:
    """Copy the directory, let RocksDB rebuild what it can read in it, and make the rest agree. Returns the copy.

    RocksDB drops every file with an unreadable block: records, rows and positions may be missing afterwards, and
    whatever is derived from records should be built anew. Offsets that were given are not given again as far as
    anything still shows them. Raises DirectoryInUse, and LogCorrupt when nothing helps.
    """
    lock = lock_directory(directory)
    try:
        copy = _unused(directory)
        shutil.copytree(directory, copy)
        try:
            Rdict.repair(str(directory), Options(raw_mode=True))
            database = open_database(directory, repaired=True)
            try:
                _mend(database)
            finally:
                database.close()
        except Exception as error:
            raise LogCorrupt(f"{directory} cannot be repaired: {error}. Its copy is {copy}.") from error
        return copy
    finally:
        lock.release()


def _unused(directory: Path) -> Path:
    number = 1
    while True:
        copy = directory.with_name(f"{directory.name}.before-repair-{number}")
        if not copy.exists():
            return copy
        number += 1


def _mend(database: Rdict) -> None:
    """Make topics and partitions' states fit the records that are left, and let compaction begin anew."""
    states: dict[Place, State] = {}
    for key, packed in entries(database, STATES, strip=len(STATES)):
        states[parse_place(key)] = State.unpack(packed)._replace(records=0, size=0, cleaned=0)
    for key, encoded in entries(database, RECORDS, strip=len(RECORDS)):
        at, offset = parse_place(key[: -OFFSET.size]), OFFSET.unpack(key[-OFFSET.size :])[0]
        state = states.get(at) or State(start=offset)
        states[at] = state._replace(
            end=max(state.end, offset + 1), records=state.records + 1, size=state.size + len(encoded)
        )
    batch = WriteBatch(raw_mode=True)
    batch.put(FORMAT_KEY, str(FORMAT).encode())
    for topic in {topic for topic, _ in states}:
        if database.get(TOPICS + topic.encode()) is None:
            partitions = 1 + max(number for name, number in states if name == topic)
            batch.put(TOPICS + topic.encode(), msgspec.msgpack.encode(TopicConfig(partitions)))
    for (topic, number), state in states.items():
        batch.put(place(STATES, topic, number), state.pack())
    for kind in (NEWEST, TOMBSTONES):
        batch.delete_range(kind, after_prefix(kind))
    database.write(batch)


def main(arguments: list[str]) -> int:
    """Exit status 0 when the directory was rebuilt, 1 when that failed, 2 when it was not named."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        sys.stderr.write(f"{__doc__}\n")
        return 2
    directory = Path(arguments[0]).resolve()
    try:
        copy = repair_directory(directory)
    except (LogError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{directory} was rebuilt from what can be read. As it was, it is in {copy}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
