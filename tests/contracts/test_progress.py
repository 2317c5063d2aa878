"""Where an agent stands is told alike by all who tell of it, on both transports, also of what is not fetched."""

import asyncio
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from streams import watchdog
from streams.app import fold_agent
from streams.node import Node
from streams.topics import EVENTS
from tasksys.cli.status import cluster
from tasksys.commands import CreateTask
from tests.contracts.test_metrics import Watched, watched
from tests.support.http import serving
from tests.support.kafka_broker import KafkaBroker
from tests.support.nodes import accepted, founded, last_offset, wipe
from tests.support.waiting import until

QUESTION = 1.0
"""Seconds that brokers have to say where a partition ends."""


async def stopped(found: Watched) -> tuple[str, int]:
    """A workspace whose partition the audit does not fold any more, and the partition."""
    node = found.node
    workspace = await founded(node)
    await found.idle()
    partition = node.partition(workspace)
    with patch.object(fold_agent(node.apps["audit"]).runner(partition)._fold, "fold", side_effect=ZeroDivisionError):
        await accepted(node, workspace, CreateTask(task="milk", title="Milk"))
        await until(lambda: node.apps["audit"].consumer.stopped_partitions, "it stops")
    return workspace, partition


async def behind(node: Node, workspace: str, stem: str, count: int) -> None:
    """So many more tasks, and so events, that the audit does not fold."""
    await accepted(node, workspace, *(CreateTask(task=f"{stem}-{number}", title="x") for number in range(count)))


def row(told: dict[str, Any], partition: int) -> dict[str, Any]:
    """What a status says of the audit's partition."""
    [found] = [one for one in told["agents"]["audit"]["partitions"] if one["partition"] == partition]
    return dict(found)


async def test_who_tells_of_a_stopped_partition_tells_the_same(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Metrics, status, the list of lags and the command line: what came behind it counts, though nobody fetches it."""
    monkeypatch.setattr(watchdog, "LOOK_SECONDS", 0.1)
    async with watched(url, tmp_path / "node") as found, serving(found.node) as site:
        node = found.node
        workspace, partition = await stopped(found)
        await behind(node, workspace, "more", 7)
        last, position = await last_offset(node, EVENTS, partition), fold_agent(node.apps["audit"]).position(partition)
        client = site.client()
        told = row((await client.get("/admin/status")).ok, partition)
        assert told["end"] in (last, last + 1)  # with the mark of a transaction
        assert (told["position"], told["lag"], told["at_least"]) == (position, told["end"] - position, False)
        assert told["lag"] >= 8
        items = (await client.get("/admin/lag")).ok["items"]
        [item] = [one for one in items if (one["agent"], one["partition"]) == ("audit", partition)]
        assert (item["lag"], item["at_least"]) == (told["lag"], False)
        assert cluster((await client.get("/admin/status")).ok).places[partition].lags["audit"] == told["lag"]
        assert found.lag("audit", partition) == told["lag"]
        await behind(node, workspace, "again", 3)
        await until(lambda: found.lag("audit", partition) >= told["lag"] + 3, "a scrape hears of it without a question")


@pytest.mark.kafka
async def test_brokers_that_do_not_answer_hold_nobody_up(kafka: KafkaBroker, tmp_path: Path) -> None:
    """The status is what is known, and says of what that may be too little; it is whole again with the brokers."""
    url = f"kafka://{kafka.bootstrap}"
    await wipe(url)
    async with watched(url, tmp_path / "node", session_timeout=30.0, partitions=2) as found:
        node = found.node
        workspace, partition = await stopped(found)
        await behind(node, workspace, "more", 3)
        before = row(await node.status(), partition)
        assert before["at_least"] is False
        kafka.freeze()
        try:
            async with asyncio.timeout(3 * QUESTION):
                told = await node.status()
        finally:
            kafka.thaw()
        assert row(told, partition) == before | {"at_least": True}
        others = [one for name in node.agents for one in told["agents"][name]["partitions"] if one["fault"] is None]
        assert not any(one["at_least"] for one in others)
        async with asyncio.timeout(60):
            while row(await node.status(), partition) != before:  # noqa: ASYNC110  (they may take a moment to be back)
                await asyncio.sleep(0.05)
