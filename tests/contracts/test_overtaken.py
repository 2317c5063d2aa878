"""A rebalance that begins while the recovery of the one before ends: tables count as recovered only when they are."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from streams.agent import FoldAgent
from tasksys.commands import CreateTask
from tasksys.errors import NotOwned
from tests.support.kafka_broker import KafkaBroker
from tests.support.nodes import accepted, founded, ready, running, wipe


async def test_the_end_of_an_older_recovery_says_nothing(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the newer one has ended nothing is read, fired or sent: another worker may have written meanwhile."""
    async with running(url, tmp_path / "node") as node:
        workspace = await founded(node)
        partition = node.partition(workspace)
        app: Any = node.apps["commands"]
        recovery, assigned = app.tables.recovery, set(app.consumer.assignment())
        ending, completed = asyncio.Event(), recovery.on_recovery_completed

        async def held(generation: int) -> None:
            await ending.wait()
            await completed(generation)

        monkeypatch.setattr(recovery, "on_recovery_completed", held)
        app.on_rebalance_start()
        await app.consumer.on_partitions_revoked(assigned)
        app.tables.on_actives_ready()  # as the recovery before does, which ends only now
        app.on_rebalance_end()
        app.consumer_generation_id += 1
        await app.consumer.on_partitions_assigned(assigned, app.consumer_generation_id)
        with pytest.raises(NotOwned):
            node.rows("commands", partition)
        assert node.served("commands") == []
        assert "commands" in node.ready()
        ending.set()
        await ready(node)
        assert node.state.position(workspace) >= 1
        assert partition in node.served("commands")


async def test_an_older_recovery_ends_while_partitions_are_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newer one has not begun by then, so that generations do not tell the two apart."""
    async with running(f"embedded://{tmp_path}/log", tmp_path / "node") as node:
        workspace = await founded(node)
        partition = node.partition(workspace)
        app: Any = node.apps["commands"]
        assigned, opened = set(app.consumer.assignment()), FoldAgent.open
        opening, go_on = asyncio.Event(), asyncio.Event()

        async def slowly(agent: FoldAgent, partitions: set[int]) -> None:
            await opened(agent, partitions)
            opening.set()
            await go_on.wait()

        monkeypatch.setattr(FoldAgent, "open", slowly)
        app.on_rebalance_start()
        await app.consumer.on_partitions_revoked(assigned)
        app.on_rebalance_end()
        app.consumer_generation_id += 1
        taking_over = asyncio.create_task(app.consumer.on_partitions_assigned(assigned, app.consumer_generation_id))
        await opening.wait()
        app.tables.on_actives_ready()  # as the recovery before does
        try:
            with pytest.raises(NotOwned):
                node.rows("commands", partition)
            assert node.served("commands") == []
        finally:
            go_on.set()
            await taking_over
        await ready(node)


@pytest.mark.kafka
async def test_an_older_recovery_goes_nowhere_for_a_newer_one(kafka: KafkaBroker, tmp_path: Path) -> None:
    """It finds partitions in its list that are new, and of which nobody has looked up yet where they are to be read."""
    url = f"kafka://{kafka.bootstrap}"
    await wipe(url)
    async with running(url, tmp_path / "node") as node:
        workspace = await founded(node)
        app: Any = node.apps["commands"]
        recovery, places = app.tables.recovery, set(app.tables.recovery.active_tps)
        before = {tp: await app.consumer.position(tp) for tp in places}
        unknown: Any = Counter(dict.fromkeys(places))
        await recovery._seek_offsets(app.consumer, places, unknown, "standby")
        assert {tp: await app.consumer.position(tp) for tp in places} == before
        await accepted(node, workspace, CreateTask(task="t", title="x"))
