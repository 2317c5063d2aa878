"""What stands still without a fault is started anew, and loses nothing; what has nothing to do is left alone."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from streams import watchdog
from streams.agent import End
from streams.app import fold_agent
from streams.node import Node
from streams.topics import COMMANDS
from streams.transport.kafka.consumer import Consumer
from streams.watchdog import Watchdog
from tasksys.commands import CreateTask
from tasksys.errors import BrokerUnavailable
from tasksys.outcomes import Decided, OutcomeStatus
from tests.support.nodes import SETTLE, accepted, check, founded, record, running
from tests.support.waiting import until


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks often; what is in hand is given up soon."""
    monkeypatch.setattr(watchdog, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr("streams.transport.folding.BATCH_SECONDS", 0.5)


def hang(node: Node, where: str) -> asyncio.Event:
    """Has the agent of commands hang from now on, until it is built anew; set once it does."""
    app, hanging = node.apps["commands"], asyncio.Event()

    async def for_ever(*_: Any) -> None:
        hanging.set()
        await asyncio.Event().wait()

    if where == "commit":
        agent = fold_agent(app)
        for number in agent.owned():
            agent.runner(number)._commit = for_ever
    else:
        app.consumer._drain_once = for_ever
    return hanging


@pytest.mark.parametrize("where", ["commit", "fetch"])
async def test_a_stuck_agent_is_started_anew(
    url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """A batch that never ends, and a consumer that is dead without a word: the commands that waited are decided."""
    async with running(url, tmp_path / "node") as node:
        workspace = await founded(node)
        await check(node)
        app, hanging = node.apps["commands"], hang(node, where)
        if where == "fetch":
            await hanging.wait()
        waiting = node.gateway.start(record(workspace, CreateTask(task="t", title="x")))
        await hanging.wait()
        with caplog.at_level(logging.CRITICAL, "streams.watchdog"):
            monkeypatch.setattr(watchdog, "STUCK_SECONDS", 1.0)
            await until(lambda: "agent commands is stuck" in caplog.text)
            monkeypatch.setattr(watchdog, "STUCK_SECONDS", 60.0)
        decided = await waiting(SETTLE)
        assert isinstance(decided, Decided)
        assert decided.outcome.status is OutcomeStatus.ACCEPTED
        assert node.apps["commands"] is not app
        assert f"agent commands is stuck: {COMMANDS.name}[{node.partition(workspace)}]" in caplog.text
        await until(lambda: not node.ready())
        await accepted(node, workspace, CreateTask(task="more", title="x"))
        await check(node)


async def test_an_agent_that_its_group_does_not_hear_of_is_started_anew(
    url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where brokers answer; while they do not, there is no group to be heard by."""
    async with running(url, tmp_path / "node") as node:
        workspace = await founded(node)
        app = node.apps["commands"]

        async def unanswered() -> str:
            raise BrokerUnavailable("nobody is there")

        with monkeypatch.context() as lost, caplog.at_level(logging.CRITICAL, "streams.watchdog"):
            lost.setattr(type(app.consumer), "leased", property(lambda consumer: consumer.app is not app))
            lost.setattr(watchdog, "UNHEARD_SECONDS", 0.5)
            watching = Watchdog(node.begun, unanswered, lambda name: None)
            assert await watching._standing(app) == {}
            await until(lambda: "agent commands is stuck: its place in the group" in caplog.text)
            await until(lambda: node.apps.get("commands") not in (None, app), bound=SETTLE)
        await until(lambda: not node.ready(), bound=SETTLE)
        await accepted(node, workspace, CreateTask(task="more", title="x"))
        await check(node)


async def test_what_is_at_rest_is_left_alone(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Markers at the end of a partition, and partitions where nothing was ever, are nothing to do."""
    async with running(url, tmp_path / "node") as node:
        workspace = await founded(node)
        await accepted(node, workspace, CreateTask(task="t", title="x"))
        await check(node)
        told = list[str]()
        watching = Watchdog(node.begun, node.reach, told.append)

        async def nothing() -> bool:
            return not any([await watching._standing(app) for app in node.apps.values()])

        async with asyncio.timeout(SETTLE):
            while not await nothing():  # noqa: ASYNC110  (a fetch is to pass the last markers)
                await asyncio.sleep(0.05)
        monkeypatch.setattr(watchdog, "STUCK_SECONDS", 0.05)
        for _ in range(3):
            for name, app in node.apps.items():
                await watching.look(name, app)
            await asyncio.sleep(0.06)
        assert told == []
        assert not node.faults


async def test_brokers_that_do_not_answer_are_no_reason(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What they said before is not held against an agent that is as far as it can know."""
    async with running(url, tmp_path / "node") as node:
        workspace = await founded(node)
        await check(node)
        app, told = node.apps["commands"], list[str]()
        agent, watching = fold_agent(app), Watchdog(node.begun, node.reach, told.append)

        async def unanswered(*_: Any, **__: Any) -> int:
            raise OSError("nobody is there")

        monkeypatch.setattr(app.consumer, "end_of", unanswered)
        monkeypatch.setattr(watchdog, "STUCK_SECONDS", 0.05)
        number = node.partition(workspace)
        async with asyncio.timeout(SETTLE):
            while await watching._standing(app):  # noqa: ASYNC110  (a fetch is to pass the last markers)
                await asyncio.sleep(0.05)
        agent.ends[number] = End(agent.position(number) + 3, True)
        for _ in range(3):
            await watching.look("commands", app)
            await asyncio.sleep(0.06)
        assert agent.ends[number].heard is False
        assert told == []


async def test_fausts_own_watchdog_is_silent(url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It takes a fold that has nothing to do for streams that hang: there are no streams here."""
    async with running(url, tmp_path / "node") as node:
        for app in node.apps.values():
            if isinstance(app.consumer, Consumer):
                app.consumer._thread.time_started -= 1e6
                for tp in app.consumer.assignment():
                    app.consumer._state(tp).timestamp = 1
        caplog.clear()
        for app in node.apps.values():
            await app.consumer.verify_all_partitions_active()
        assert [one.getMessage() for one in caplog.records if one.levelname == "ERROR"] == []
