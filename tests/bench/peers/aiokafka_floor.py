"""Peer: no fold and no state, one aiokafka transaction per poll: what plain Python on Kafka can reach at most."""

from __future__ import annotations

import asyncio
import uuid

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.bench.peers.command_line import PARTITIONS, Arguments, Stopwatch, arguments, fold


async def run(given: Arguments) -> None:
    """Parse each command, send its event, and commit with every poll."""
    name = f"aiokafka-{uuid.uuid4().hex}"
    admin = AIOKafkaAdminClient(bootstrap_servers=given.bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(name, PARTITIONS, 1)])
    await admin.close()
    consumer = AIOKafkaConsumer(
        given.topic,
        bootstrap_servers=given.bootstrap,
        group_id=name,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    producer = AIOKafkaProducer(bootstrap_servers=given.bootstrap, transactional_id=name, max_batch_size=262_144)
    await producer.start()
    await consumer.start()
    watch, done = Stopwatch("aiokafka-floor", given.warm_up), 0
    while done < given.total:
        polled = await consumer.getmany(timeout_ms=1000)
        if not polled:
            continue
        watch.take(sum(map(len, polled.values())))
        async with producer.transaction():
            for partition, records in polled.items():
                for record in records:
                    _, event = fold(orjson.loads(record.value), None)
                    await producer.send(name, orjson.dumps(event), key=record.key, partition=partition.partition)
                done += len(records)
            positions = {partition: records[-1].offset + 1 for partition, records in polled.items()}
            await producer.send_offsets_to_transaction(positions, name)
    watch.report(done)
    await consumer.stop()
    await producer.stop()


if __name__ == "__main__":
    asyncio.run(run(arguments()))
