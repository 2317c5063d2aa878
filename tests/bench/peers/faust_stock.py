"""Peer: the fold as a stock Faust agent: at least once, a RocksDB table with its changelog, one topic of events."""

from __future__ import annotations

import logging
import os
import tempfile
import uuid
from typing import Any

import faust
from aiokafka.admin import AIOKafkaAdminClient

from tests.bench.peers.command_line import PARTITIONS, Arguments, Stopwatch, arguments, fold


def build(given: Arguments, directory: str) -> Any:
    """The app, which reports once the position is committed and ends the process."""
    app = faust.App(
        f"faust-{uuid.uuid4().hex}",
        broker=f"kafka://{given.bootstrap}",
        store="rocksdb://",
        datadir=directory,
        web_enabled=False,
        topic_partitions=PARTITIONS,
        topic_replication_factor=1,
        consumer_auto_offset_reset="earliest",
    )
    commands = app.topic(given.topic, key_type=bytes, value_serializer="json")
    events = app.topic(f"{app.conf.id}-events", key_type=bytes, value_serializer="json", partitions=PARTITIONS)
    tasks = app.Table("tasks", partitions=PARTITIONS)
    watch = Stopwatch("faust-stock", given.warm_up)

    @app.agent(commands)  # type: ignore[untyped-decorator]
    async def step(stream: Any) -> None:
        await events.maybe_declare()  # Faust creates the topics it reads and its changelogs, not those it only writes
        async for key, command in stream.items():
            watch.take()
            row, event = fold(command, tasks.get(command["task"]))
            tasks[command["task"]] = row
            await events.send(key=key, value=event)

    @app.timer(0.1)  # type: ignore[untyped-decorator]
    async def report() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=given.bootstrap)
        await admin.start()
        places = await admin.list_consumer_group_offsets(app.conf.id)
        await admin.close()
        done = sum(place.offset for partition, place in places.items() if partition.topic == given.topic)
        if done >= given.total:
            watch.report(done)
            os._exit(0)  # a shutdown in good order takes seconds, and there is nothing to keep

    return app


def main() -> None:
    """Run the worker until `report` ends the process."""
    given = arguments()
    with tempfile.TemporaryDirectory() as directory:
        app = build(given, directory)
        faust.Worker(app, loglevel=logging.WARNING, redirect_stdouts=False).execute_from_commandline()


if __name__ == "__main__":
    main()
