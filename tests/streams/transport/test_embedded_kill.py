"""kill -9 at any moment: what was acknowledged is there once, and nothing is there by halves.

Run as a program this module is the victim: it writes without end and says what was acknowledged.
"""

import asyncio
import os
import random
import subprocess
import sys
from collections import Counter
from itertools import count
from pathlib import Path

from streams.transport.embedded.config import TopicConfig
from streams.transport.embedded.log import EmbeddedLog
from streams.transport.embedded.transaction import Transaction

PARTITIONS = 3
WRITERS = 8
ROUNDS = 12
GROUP = "group"


def transaction_of(number: int) -> Transaction:
    """A record in each of two partitions, a row, a deleted row and the writer's position: all carry the number."""
    transaction = Transaction()
    value = b"%d" % number
    for partition in (number % PARTITIONS, (number + 1) % PARTITIONS):
        transaction.append("transactions", partition, value, value + b" " * (number % 4000))
    transaction.put_rows("rows", number % PARTITIONS, {value: value, b"%d" % (number - WRITERS): None})
    transaction.commit_offset(GROUP, "transactions", number % WRITERS, number)
    return transaction


async def write_for_ever(directory: Path) -> None:
    """Each writer has every WRITERS-th number, and goes on where its position says."""
    log = EmbeddedLog.open(directory)
    log.create_topic("transactions", TopicConfig(max(PARTITIONS, WRITERS)))
    log.create_topic("appends", TopicConfig(1))

    async def write(writer: int) -> None:
        done = log.committed(GROUP, "transactions", writer)
        for number in count(writer if done is None else done + WRITERS, WRITERS):
            await log.append("appends", 0, b"%d" % number, None)
            await log.commit(transaction_of(number))
            os.write(1, b"%d\n" % number)

    async def change_files() -> None:
        while True:  # so that kills also meet RocksDB between one write-ahead log and the next
            await asyncio.to_thread(log._database.flush)

    await asyncio.gather(change_files(), *(write(writer) for writer in range(WRITERS)))


def killed_after(directory: Path, lines: int) -> set[int]:
    """Run the victim, kill it once it has said so many numbers, and return all it said."""
    command = [sys.executable, "-m", __name__, str(directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]) as victim:
        assert victim.stdout is not None
        said = [victim.stdout.readline() for _ in range(lines)]
        victim.kill()
        said += victim.stdout.readlines()
    return {int(line) for line in said if line.endswith(b"\n")}


async def check(directory: Path, acknowledged: set[int]) -> int:
    """Everything that must hold after a kill. Returns how many transactions there are."""
    log = EmbeddedLog.open(directory)
    found: Counter[int] = Counter()
    for partition in range(PARTITIONS):
        records = log.read("transactions", partition, 0, 10**6, 10**9)
        assert [record.offset for record in records] == list(range(log.end_offset("transactions", partition)))
        for record in records:
            number = int(record.key or b"")
            assert partition in (number % PARTITIONS, (number + 1) % PARTITIONS)
            found[number] += 1
    assert set(found.values()) <= {2}, "a transaction is there by half, or twice"
    assert acknowledged <= set(found), "an acknowledged transaction is lost"

    newest: dict[int, int] = {}
    for number in found:
        newest[number % WRITERS] = max(number, newest.get(number % WRITERS, -1))
    positions = {writer: log.committed(GROUP, "transactions", writer) for writer in newest}
    assert positions == newest, "a position does not fit its transaction"
    rows = {int(key) for partition in range(PARTITIONS) for key, _ in log.rows.scan("rows", partition)}
    # A writer's row replaces its last one only where both are in the same partition of the table.
    assert rows == {n for n in found if n + WRITERS not in found or (n + WRITERS) % PARTITIONS != n % PARTITIONS}

    appended = [int(record.key or b"") for record in log.read("appends", 0, 0, 10**6, 10**9)]
    assert set(found) <= set(appended), "an append before its transaction is lost"
    assert len(appended) == log.end_offset("appends", 0)
    await log.close()
    return len(found)


async def test_kill_at_any_moment(tmp_path: Path) -> None:
    """Twelve lives of one directory, each ended by kill -9 after a random number of acknowledgements."""
    moments = random.Random(20_240_229)
    acknowledged: set[int] = set()
    for _ in range(ROUNDS):
        said = killed_after(tmp_path, moments.choice([1, 1, moments.randrange(2, 300)]))
        assert not said & acknowledged, "a number was acknowledged twice"
        acknowledged |= said
        assert await check(tmp_path, acknowledged) >= len(acknowledged)


if __name__ == "__main__":
    asyncio.run(write_for_ever(Path(sys.argv[1])))
