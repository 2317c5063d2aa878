"""What is in the log and not folded yet is pending, and nobody says that there is no such command."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from streams.topics import COMMANDS
from tests.support.http import OWNER, serving
from tests.support.kafka_broker import KafkaBroker
from tests.support.nodes import running, wipe
from tests.support.waiting import until

pytestmark = pytest.mark.kafka


@asynccontextmanager
async def transaction(kafka: KafkaBroker, key: str, partition: int) -> AsyncIterator[None]:
    """One that stays open, as a timer's whose worker was killed in the middle of it; aborted at the end."""
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, transactional_id="a timer that was killed") as dead:
        await dead.begin_transaction()
        await dead.send_and_wait(COMMANDS.name, b"x", key.encode(), partition)
        yield
        await dead.abort_transaction()


async def test_what_waits_behind_an_open_transaction_is_pending(kafka: KafkaBroker, tmp_path: Path) -> None:
    """The last stable offset does not show it, and for the commands' fold it is not there yet."""
    url = f"kafka://{kafka.bootstrap}"
    await wipe(url)
    async with running(url, tmp_path, agents=("commands", "audit")) as node, serving(node) as site:
        space = await site.space()
        (await space.get("/commands/mine")).problem(404, "not-found")
        async with transaction(kafka, space.id, node.partition(space.id)):
            headers = {"Prefer": "respond-async", "Idempotency-Key": "mine"}
            assert (await space.post("/tasks", {"title": "Milk"}, headers=headers)).status == 202
            assert (await space.get("/commands/mine")).ok["status"] == "pending"

        await until(lambda: node.state.outcome(space.id, OWNER, "mine"))
        assert (await space.get("/commands/mine")).ok["status"] == "accepted"
        (await space.get("/commands/another")).problem(404, "not-found")
