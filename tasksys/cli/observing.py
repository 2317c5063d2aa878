"""What watches a process of `tasksys serve` while it runs: its event loop, its disk, its node, and the groups."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry

from monitoring.group_lag import GroupCollector, Monitor
from monitoring.process import Disk, ProcessCollector, pulse
from streams.collector import NodeCollector
from streams.node import Node
from streams.transport.kafka.survey import KafkaSurveyor


@asynccontextmanager
async def observing(node: Node, data: Path, registry: CollectorRegistry = REGISTRY) -> AsyncIterator[Disk]:
    """Metrics of the node are in the registry meanwhile; `data` is where it keeps what it has.

    Where the log is Kafka, its brokers are asked for the lag of our groups in the background.
    """
    disk = Disk(data)
    await disk.looked()
    kafka = node.broker.directory is None
    monitor = Monitor(KafkaSurveyor(node.broker)) if kafka else None
    collectors = [NodeCollector(node, monitor), ProcessCollector(disk, "kafka" if kafka else "embedded")]
    work = [pulse(), disk.watch()]
    if monitor is not None:
        collectors.append(GroupCollector(monitor))
        work.append(monitor.run())
    watching = [asyncio.create_task(one, name="observing") for one in work]
    for collector in collectors:
        registry.register(collector)
    try:
        yield disk
    finally:
        for collector in collectors:
            registry.unregister(collector)
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
