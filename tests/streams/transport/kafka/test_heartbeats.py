"""Taking over partitions may last longer than a session."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from streams.agent import FoldAgent
from streams.app import fold_agent
from tests.support.kafka_broker import KafkaBroker
from tests.support.nodes import founded, running, wipe

SESSION_SECONDS = 1.5


@pytest.mark.kafka
async def test_who_takes_over_slowly_stays_a_member(
    kafka: KafkaBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice as long as a session: it is not expelled, and does not begin again for ever."""
    url, opened, opens = f"kafka://{kafka.bootstrap}", FoldAgent.open, dict[str, int]()
    await wipe(url)

    async def slowly(agent: FoldAgent, partitions: set[int]) -> None:
        name = agent.spec.name
        opens[name] = opens.get(name, 0) + bool(partitions)
        if name == "commands":
            await asyncio.sleep(2 * SESSION_SECONDS)  # as brokers that take their time would have it
        await opened(agent, partitions)

    monkeypatch.setattr(FoldAgent, "open", slowly)
    async with running(url, tmp_path, partitions=2, session_timeout=SESSION_SECONDS) as node:
        await founded(node)
        assert opens["commands"] == 1
        assert fold_agent(node.apps["commands"]).leased
