"""A rebalance that begins while the recovery of the one before ends: tables count as recovered only when they are."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tasksys.errors import NotOwned
from tests.support.nodes import founded, ready, running


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
