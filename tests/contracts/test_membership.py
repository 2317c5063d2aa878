"""Several workers on one Kafka: each knows who has what, tables are copied beside the folds, and takeovers are warm."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from streams.assignment import plan
from streams.node import Node
from streams.parts import AGENTS
from tasksys.ownership import Ownership
from tests.support.kafka_broker import KafkaBroker
from tests.support.nodes import founded, running, until, wipe

pytestmark = pytest.mark.kafka

PARTITIONS = 6
QUICK: dict[str, Any] = {"session_timeout": 2.0, "partitions": PARTITIONS, "standbys": 1}


@pytest.fixture
async def url(kafka: KafkaBroker) -> str:
    """The broker with no topic of ours on it."""
    url = f"kafka://{kafka.bootstrap}"
    await wipe(url)
    return url


def address(name: str) -> str:
    """The address that a worker of that name is known by."""
    return f"http://{name}:3001"


@asynccontextmanager
async def workers(url: str, directory: Path, *names: str, **settings: Any) -> AsyncIterator[list[Node]]:
    """So many workers, at rest."""
    async with AsyncExitStack() as stack:
        nodes = [
            await stack.enter_async_context(running(url, directory / name, url=address(name), **QUICK, **settings))
            for name in names
        ]
        await settled(*nodes)
        yield nodes


async def settled(*nodes: Node) -> None:
    """Waits until these are all the workers that there are, and each has what it should."""
    planned = plan([one.url for one in nodes], PARTITIONS, 1)

    def agreed(node: Node, name: str) -> bool:
        found = node.ownership(name)
        mine = [number for number, owner in planned.active.items() if owner == node.url]
        return (found.active, found.standby) == planned and node.served(name) == mine

    await until(
        lambda: all(not one.ready() and agreed(one, name) for one in nodes for name in one.agents), "all agree", 60
    )


async def test_all_know_who_has_what(url: str, tmp_path: Path) -> None:
    """In each agent's group, from the first assignment on, through a join and a leave."""
    async with workers(url, tmp_path, "a", "b") as [first, second]:
        for name in AGENTS:
            one, other = first.ownership(name), second.ownership(name)
            assert one == other
            assert one.members == (first.url, second.url)
            assert {one.owner(number) for number in range(PARTITIONS)} == {first.url, second.url}
        before = first.ownership().generation
        async with running(url, tmp_path / "c", url=address("c"), **QUICK) as third:
            await settled(first, second, third)
            assert first.ownership().generation == third.ownership().generation > before
        await settled(first, second)
        for number in range(PARTITIONS):
            workspace = next(
                name for name in (f"w-{count}" for count in range(1000)) if first.partition(name) == number
            )
            owner = first if first.ownership().owner(number) == first.url else second
            await founded(owner, workspace)
    assert first.ownership() == Ownership()


async def test_status_tells_of_copies_and_recovery(url: str, tmp_path: Path) -> None:
    """Who has copies of a worker's partitions, the copies that it has itself, and that nothing is left to read."""
    async with workers(url, tmp_path, "a", "b") as both:
        for number in range(8):
            await founded(
                next(one for one in both if one.partition(f"w-{number}") in one.served("commands")), f"w-{number}"
            )
        for node, other in zip(both, reversed(both), strict=True):
            told = node.status()["agents"]
            for name in AGENTS:
                theirs = [one["partition"] for one in other.status()["agents"][name]["partitions"]]
                assert [one["partition"] for one in told[name]["copies"]] == theirs
                assert all(one["standbys"] == [other.url] for one in told[name]["partitions"])
                assert all(one["recovering"] == 0 for one in told[name]["partitions"])
                assert told[name]["generation"] == node.ownership(name).generation
        await until(
            lambda: not any(one["recovering"] for node in both for one in node.status()["agents"]["commands"]["copies"])
        )
