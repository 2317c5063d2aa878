"""Peer: one record appended at a time, at a fixed rate, and nothing else: what is left when there is no server.

    python -m tests.bench.peers.single_append --embedded DIRECTORY --rate 200 --seconds 5
    python -m tests.bench.peers.single_append --bootstrap HOST:PORT --rate 200 --seconds 5

Embedded: `EmbeddedLog.append` with fsync, as the server's gateway uses it. Kafka: plain aiokafka, acks=all, idempotent.
Times count from the moment at which each append was due. Without a rate each waits for the one before.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import uvloop
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.transport.embedded.config import TopicConfig
from streams.transport.embedded.log import EmbeddedLog
from tests.bench.load import pause
from tests.bench.percentiles import Times

TOPIC = "bench-single"
VALUE = b"x" * 400
WARM_UP = 100  # appends

Append = Callable[[], Awaitable[object]]


@asynccontextmanager
async def embedded(directory: Path) -> AsyncIterator[Append]:
    """Appends to an embedded log."""
    log = EmbeddedLog.open(directory)
    log.create_topic(TOPIC, TopicConfig(1))
    try:
        yield lambda: log.append(TOPIC, 0, b"key", VALUE)
    finally:
        await log.close()


@asynccontextmanager
async def kafka(bootstrap: str) -> AsyncIterator[Append]:
    """Appends to Kafka."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(TOPIC, 1, 1)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        yield lambda: producer.send_and_wait(TOPIC, VALUE, b"key", 0)
    finally:
        await producer.stop()


async def at_rate(append: Append, rate: float, seconds: float) -> list[float]:
    """The seconds each append took from when it was due, whatever the others did."""
    start = time.perf_counter()

    async def one(due: float) -> float:
        await append()
        return time.perf_counter() - due

    tasks = []
    for number in range(int(rate * seconds)):
        due = start + number / rate
        await pause(due)
        tasks.append(asyncio.create_task(one(min(due, time.perf_counter()))))
    return await asyncio.gather(*tasks)


async def in_turn(append: Append, seconds: float) -> list[float]:
    """The seconds each append took, one after the other."""
    times, end = [], time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        await append()
        times.append(time.perf_counter() - began)
    return times


async def run(given: argparse.Namespace) -> None:
    """Measures, and prints one line of JSON."""
    async with embedded(given.embedded) if given.embedded else kafka(given.bootstrap) as append:
        for _ in range(WARM_UP):
            await append()
        rate = given.rate
        times = await (at_rate(append, rate, given.seconds) if rate else in_turn(append, given.seconds))
    found = {"peer": "single-append", "per_second": len(times) / given.seconds}
    sys.stdout.write(json.dumps({**found, **msgspec.to_builtins(Times.of(times))}) + "\n")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--embedded", type=Path, metavar="DIRECTORY")
    where.add_argument("--bootstrap", metavar="HOST:PORT")
    parser.add_argument("--rate", type=float)
    parser.add_argument("--seconds", type=float, default=5.0)
    uvloop.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
