"""Peer: the fold in Quix Streams (Python, librdkafka, RocksDB) with changelog topics, exactly once.

Quix commits every `--commit-seconds`; until then nobody sees its events.
"""

from __future__ import annotations

import tempfile
import threading
import time
import uuid
from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions  # type: ignore[import-not-found]
from confluent_kafka.admin import AdminClient  # type: ignore[import-not-found]
from quixstreams import Application  # type: ignore[import-not-found]
from quixstreams.models import TopicConfig  # type: ignore[import-not-found]

from tests.bench.peers.command_line import PARTITIONS, Stopwatch, arguments, fold


def committed(admin: Any, group: str) -> int:
    """How many commands the group has put behind it, in all partitions."""
    asked = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])
    return sum(max(place.offset, 0) for place in asked[group].result().topic_partitions)


def main() -> None:
    """Fold, and report as soon as the position is committed."""
    given = arguments()
    group = f"quix-{uuid.uuid4().hex}"
    watch = Stopwatch("quix-streams", given.warm_up)

    def step(command: dict[str, Any], state: Any) -> dict[str, Any]:
        watch.take()
        row, event = fold(command, state.get(command["task"]))
        state.set(command["task"], row)
        return event

    def report() -> None:
        admin = AdminClient({"bootstrap.servers": given.bootstrap})
        while (done := committed(admin, group)) < given.total:
            time.sleep(0.05)
        watch.report(done)

    reporter = threading.Thread(target=report)
    reporter.start()
    with tempfile.TemporaryDirectory() as directory:
        app = Application(
            broker_address=given.bootstrap,
            consumer_group=group,
            auto_offset_reset="earliest",
            state_dir=directory,
            processing_guarantee="exactly-once",
            loglevel="ERROR",
            commit_interval=given.commit_seconds,
        )
        events = app.topic(
            f"{given.topic}-{group}",
            key_serializer="str",
            value_serializer="json",
            config=TopicConfig(num_partitions=PARTITIONS, replication_factor=1),
        )
        source = app.topic(given.topic, key_deserializer="str", value_deserializer="json")
        app.dataframe(source).apply(step, stateful=True).to_topic(events)
        app.run(count=given.total, collect=False)
        reporter.join()


if __name__ == "__main__":
    main()
