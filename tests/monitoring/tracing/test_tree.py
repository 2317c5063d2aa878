"""One command is one tree: sent over HTTP, folded, told, fired, delivered, on both transports, over both protocols."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from prometheus_client import REGISTRY
from prometheus_client.openmetrics.exposition import generate_latest

from streams import eventlog
from streams.delivery.channels import Channels
from streams.node import Node
from streams.topics import COMMANDS, EVENTS
from tasksys.values import DeliveryState
from tests.contracts.test_deliveries import RING, reached, sending
from tests.monitoring.tracing.conftest import Trace
from tests.support.clocks import Clock
from tests.support.feed import feeding
from tests.support.http import Site, Space, serving
from tests.support.monitoring.otlp import Behaviour, Collector, Spanned
from tests.support.nodes import caught_up, check
from tests.support.receivers import Receiver
from tests.support.waiting import WAIT, until

FAR: Final = "00f067aa0ba902b7"
"""The caller's span."""

TITLE, USER, TARGET = "Buy a surprise for Ada", "olga", "hook-with-a-secret"
"""What no span may say: texts, who somebody is, where channels lead."""


@dataclass
class World:
    """A system that runs, whose spans go to a collector."""

    node: Node
    site: Site
    space: Space
    channels: Channels
    receiver: Receiver
    clock: Clock
    collector: Collector

    async def tree(self, trace: str, expected: list[str]) -> None:
        """The whole of a trace must become that."""
        try:
            await until(lambda: self.collector.tree(trace) == expected, "the tree", WAIT)
        except AssertionError:
            assert self.collector.tree(trace) == expected
            raise


@asynccontextmanager
async def world(url: str, directory: Path, collector: Collector) -> AsyncIterator[World]:
    """A workspace with a channel, of which nothing was traced yet."""
    clock = Clock()
    async with (
        Receiver.listening() as receiver,
        sending(url, directory / "node", clock) as (node, channels),
        serving(node, channels=channels) as site,
    ):
        space = await site.space()
        target = {"kind": "webhook", "target": f"{receiver.url}/{TARGET}"}
        assert (await space.put("/preferences/channels/phone", target)).status == 200
        await space.task("Nothing")
        await caught_up(node)  # else what came before shares a batch, and its transaction, with what is traced
        yield World(node, site, space, channels, receiver, clock, collector)


_traces: Iterator[int] = iter(range(1, 1_000))


def parent() -> tuple[str, dict[str, str]]:
    """A new trace, and the header that says so."""
    trace = f"{next(_traces) << 64 | 7:032x}"
    return trace, {"traceparent": f"00-{trace}-{FAR}-01", "tracestate": "vendor=1"}


def indented(depth: int, *lines: str) -> list[str]:
    """Lines further to the right."""
    return ["  " * depth + line for line in lines]


def folded(url: str, *decided: str, durable: bool = True) -> list[str]:
    """An agent's fold in a tree."""
    written = ["    store write"] if url.startswith("kafka") else []
    return [*decided, *(["  transaction " + decided[0].removeprefix("fold "), *written] if durable else [])]


def command(url: str, kind: str, *after: list[str], told: bool = True) -> list[str]:
    """The tree of a command from its append on; `after` are the agents that do something with its events."""
    agents = {one[0]: one for one in after} | {"fold audit": folded(url, "fold audit")}
    for name in ("fold deliveries", "fold recurrence", "fold reminders"):
        agents.setdefault(name, [name])
    below = [line for name in sorted(agents) for line in agents[name]]
    pushed = ["feed push"] if told else []
    first = [line for name in sorted(agents) if name < "feed push" for line in agents[name]]
    assert not first
    transaction = folded(url, "fold commands")[1:]
    return [
        "append tasksys.commands",
        "  fold commands",
        f"    decide {kind}",
        *indented(3, *pushed, *below),
        *indented(1, *transaction),
    ]


def only(spans: list[Spanned], name: str) -> Spanned:
    """The one span of that name."""
    (one,) = [span for span in spans if span.name == name]
    return one


async def test_a_command_is_one_tree(url: str, tmp_path: Path, collector: Collector, trace: Trace) -> None:
    """From the caller's span to the push of its event; each span says where it was and what came of it."""
    trace(collector.url)
    async with world(url, tmp_path, collector) as here, feeding(here.site, here.space) as feed:
        await feed.subscribe(0)
        given, headers = parent()
        answer = await here.space.post("/tasks", {"title": TITLE}, headers=headers)
        assert answer.status == 201
        route = "HTTP POST /api/v1/workspaces/{ws}/tasks"
        await here.tree(given, [route, *indented(1, *command(url, "CreateTask"))])
        spans = collector.trace(given)
        assert {one.state for one in spans} == {"vendor=1"}
        assert not any(one.failed for one in spans)
        assert not any(one.links for one in spans)
        http, append, fold = (only(spans, name) for name in (route, "append tasksys.commands", "fold commands"))
        decide, push = only(spans, "decide CreateTask"), only(spans, "feed push")
        kinds = [one.kind for one in (http, append, fold, decide, push)]
        assert kinds == ["server", "producer", "consumer", "internal", "producer"]
        assert http.parent == FAR
        assert http.attributes == {
            "http.request.method": "POST", "http.route": "/api/v1/workspaces/{ws}/tasks",
            "tasksys.workspace": here.space.id, "http.response.status_code": 201,
        }  # fmt: skip
        partition = str(here.node.partition(here.space.id))
        assert append.attributes == {
            "messaging.operation.type": "send", "messaging.destination.name": COMMANDS.name,
            "messaging.destination.partition.id": partition,
        }  # fmt: skip
        assert fold.attributes == {
            "messaging.operation.type": "process", "messaging.destination.name": COMMANDS.name,
            "messaging.destination.partition.id": partition, "messaging.batch.message_count": 1,
            "tasksys.agent": "commands",
        }  # fmt: skip
        assert decide.attributes.keys() == {"tasksys.command", "tasksys.outcome", "tasksys.events"}
        assert (decide.attributes["tasksys.outcome"], decide.attributes["tasksys.events"]) == ("accepted", 1)
        assert push.attributes["tasksys.clients"] == 1
        audit = only(spans, "fold audit")
        assert audit.attributes["messaging.destination.name"] == EVENTS.name
        assert http.began <= append.began <= fold.began <= decide.began <= decide.ended <= fold.ended
        assert exemplars(given) >= {
            "http_request_duration", "command_duration", "fold_duration", "transaction_duration", "feed_delay",
        }  # fmt: skip
        await silent(here)


async def test_a_reminder_and_its_delivery(url: str, tmp_path: Path, collector: Collector, trace: Trace) -> None:
    """Its firing is a trace of its own, which links to the one that set it, and goes on to the ledger's record."""
    trace(collector.url)
    async with world(url, tmp_path, collector) as here:
        task = await here.space.task(TITLE)
        setting, headers = parent()
        reminder = {"trigger": {"at": RING}, "channels": ["phone"], "reminder": "ring"}
        answer = await here.space.post(f"/tasks/{task['id']}/reminders", reminder, headers=headers)
        assert answer.status == 201, answer.raw
        armed = folded(url, "fold reminders")
        route = "HTTP POST /api/v1/workspaces/{ws}/tasks/{task}/reminders"
        known = folded(url, "fold deliveries")
        tree = command(url, "AddReminder", armed, known, told=False)
        await here.tree(setting, [route, *indented(1, *tree)])
        here.receiver.stall()
        here.clock.advance(here.node, hours=1)
        await until(lambda: here.receiver.posts, "a post")
        await until(lambda: collector.named("timer reminders"), "the timer")
        timer = collector.named("timer reminders")[0]
        decided = only(collector.trace(setting), "decide AddReminder")
        assert timer.links == ((setting, decided.id),)
        assert (timer.parent, timer.trace == setting) == ("", False)
        assert timer.attributes["tasksys.due"] == RING
        recorded = command(url, "RecordDelivery", folded(url, "fold deliveries"), told=False)
        fired = command(url, "FireReminder", folded(url, "fold deliveries"), folded(url, "fold reminders"), told=False)
        await here.tree(timer.trace, ["timer reminders", *indented(1, *fired)])
        here.receiver.go_on()  # what is recorded now shares no batch with what was folded before
        at = fired.index("    decide FireReminder") + 1
        fired[at:at] = indented(3, "deliver webhook", *indented(1, *recorded))
        await here.tree(timer.trace, ["timer reminders", *indented(1, *fired)])
        spans = collector.trace(timer.trace)
        deliver = only(spans, "deliver webhook")
        assert (deliver.kind, deliver.failed) == ("client", False)
        (post,) = here.receiver.posts
        assert post.headers["traceparent"].startswith(f"00-{timer.trace}-{deliver.id}-")
        assert "tracestate" not in post.headers
        await reached(here.node, here.space.id, DeliveryState.DELIVERED, "ring")
        await here.site.settled(here.space)
        assert exemplars(timer.trace) >= {"reminder_lateness", "delivery_duration"}
        report = [one async for one in here.node.replay(True, None, None)]
        assert report[-1]["different"] == 0
        await silent(here)


async def test_a_delivery_that_is_tried_again(tmp_path: Path, collector: Collector, trace: Trace) -> None:
    """Each attempt is below the record of the one before it, and says that it failed, but not where it led."""
    trace(collector.url)
    async with world(f"embedded://{tmp_path / 'log'}", tmp_path, collector) as here:
        task = await here.space.task(TITLE)
        _, headers = parent()
        here.receiver.then(503)
        reminder = {"trigger": {"at": RING}, "channels": ["phone"], "reminder": "ring"}
        await here.space.post(f"/tasks/{task['id']}/reminders", reminder, headers=headers)
        here.clock.advance(here.node, hours=1)
        await reached(here.node, here.space.id, DeliveryState.FAILED, "ring")
        here.clock.advance(here.node, hours=1)
        await reached(here.node, here.space.id, DeliveryState.DELIVERED, "ring")
        await until(lambda: len(collector.named("decide RecordDelivery")) == 2)
        first, second = sorted(collector.named("deliver webhook"), key=lambda one: one.began)
        assert (first.failed, first.reason, second.failed) == (True, "not delivered", False)
        assert [one.attributes["tasksys.attempt"] for one in (first, second)] == [1, 2]
        assert first.trace == second.trace
        recorded = {one.id for one in collector.named("decide RecordDelivery")}
        assert second.parent in recorded
        await silent(here)


async def test_what_is_folded_at_once(url: str, tmp_path: Path, collector: Collector, trace: Trace) -> None:
    """Each trace is whole; the first one's fold links to the others' records, and theirs to it."""
    trace(collector.url)
    async with world(url, tmp_path, collector) as here:
        held = here.site.held(here.space)
        given = [parent() for _ in range(5)]
        async with held:
            posts = [
                asyncio.create_task(here.space.post("/tasks", {"title": TITLE}, headers=headers))
                for _, headers in given
            ]
            unsampled = asyncio.create_task(here.space.post("/tasks", {"title": TITLE}))
            await until(lambda: here.site.waiting() == 6)
        answers = await asyncio.gather(*posts, unsampled)
        assert {one.status for one in answers} == {201}
        await here.site.settled(here.space)
        traces = [one for one, _ in given]

        def batches() -> list[list[Spanned]]:
            folds = [one for one in collector.named("fold commands") if one.trace in traces]
            return [[one for one in folds if one.began == began] for began in sorted({one.began for one in folds})]

        await until(lambda: sum(map(len, batches())) == 5 and len(collector.named("decide CreateTask")) == 5)
        assert any(len(one) > 1 for one in batches()), batches()
        for batch in batches():
            leaders = [one for one in batch if collector_has_transaction(collector, one)]
            (leader,) = leaders
            others = [one for one in batch if one is not leader]
            assert set(leader.links) == {(one.trace, one.parent) for one in others}
            assert all(one.links == ((leader.trace, leader.id),) for one in others)
        for one in traces:
            names = [span.name for span in collector.trace(one)]
            assert names.count("fold commands") == names.count("decide CreateTask") == 1
            await until(partial(traced, collector, one, "fold audit"))
        await silent(here)


def exemplars(trace: str) -> set[str]:
    """The histograms that lead to a trace, as Prometheus reads them."""
    page = generate_latest(REGISTRY).decode()  # type: ignore[no-untyped-call]
    lines = [line for line in page.splitlines() if f'trace_id="{trace}"' in line]
    return {line.partition("_seconds_bucket{")[0].removeprefix("tasksys_") for line in lines}


def traced(collector: Collector, trace: str, name: str) -> bool:
    """Whether a span of that name has come in a trace."""
    return any(span.name == name for span in collector.trace(trace))


def collector_has_transaction(collector: Collector, fold: Spanned) -> bool:
    """Whether a batch's transaction is below that span."""
    return any(one.parent == fold.id for one in collector.named("transaction commands"))


async def test_what_is_not_sampled_leaves_nothing(url: str, tmp_path: Path, collector: Collector, trace: Trace) -> None:
    """No span, no header in the log, no trace in a row: by chance, by the caller's word, by a malformed header."""
    trace(collector.url)
    async with world(url, tmp_path, collector) as here:
        no = {"traceparent": f"00-{1:032x}-{FAR}-00"}
        for number, headers in enumerate(({}, no, {"traceparent": "00-nonsense"})):
            task = (await here.space.post("/tasks", {"title": TITLE}, headers=headers)).ok
            reminder = {"trigger": {"at": RING}, "channels": ["phone"], "reminder": f"ring-{number}"}
            await here.space.post(f"/tasks/{task['id']}/reminders", reminder, headers=headers)
        here.clock.advance(here.node, hours=1)
        for number in range(3):
            await reached(here.node, here.space.id, DeliveryState.DELIVERED, f"ring-{number}")
        assert len(here.receiver.posts) == 3
        assert not any("traceparent" in one.headers for one in here.receiver.posts)
        await here.site.settled(here.space)
        for topic in (COMMANDS.name, EVENTS.name):
            async for records in eventlog.read(here.node.broker, topic, here.node.partition(here.space.id)):
                assert not any(name == "traceparent" for one in records for name, _ in one.headers)
        await check(here.node)
    assert collector.requests == 0


async def test_commands_of_the_feed_and_reads(tmp_path: Path, collector: Collector, trace: Trace) -> None:
    """A command of a feed begins a trace; the connection is over when it is accepted. A query has a part."""
    trace(collector.url, 1.0)
    url = f"embedded://{tmp_path / 'log'}"
    async with world(url, tmp_path, collector) as here, feeding(here.site, here.space) as feed:
        await here.site.settled(here.space)
        outcome = await feed.command("c1", "CreateTask", task="t1", title=TITLE)
        assert outcome["status"] == "accepted"
        await until(lambda: collector.named("feed command"))
        tree = command(url, "CreateTask", told=False)
        await here.tree(collector.named("feed command")[0].trace, ["feed command", *indented(1, *tree)])
        await here.space.get("/tasks", filter=f"title:{TITLE.split()[0]}")
        await here.space.get("/tasks")
        await until(lambda: collector.named("store read"))
        read = collector.named("store read")[0]
        assert collector.tree(read.trace) == ["HTTP GET /api/v1/workspaces/{ws}/tasks", "  store read"]
        missing = await here.site.client().get("/not/there-is-a-secret")
        assert missing.status == 404
        await until(lambda: collector.named("HTTP GET unmatched"))
        await silent(here)
    (connected,) = collector.named("HTTP GET /api/v1/workspaces/{ws}/feed")
    assert connected.attributes["http.response.status_code"] == 101
    assert connected.ended < collector.named("feed command")[0].began


async def test_what_is_refused_and_what_fails(tmp_path: Path, collector: Collector, trace: Trace) -> None:
    """A refusal is an answer; a fault of the server marks the spans."""
    trace(collector.url, 1.0)
    async with world(f"embedded://{tmp_path / 'log'}", tmp_path, collector) as here:
        answer = await here.space.post("/tasks/nothing/complete")
        assert answer.status == 404
        await until(lambda: collector.named("decide CompleteTask"))
        (decided,) = collector.named("decide CompleteTask")
        assert decided.attributes["tasksys.outcome"] == "refused"
        assert decided.attributes["tasksys.refusal"] == "not-found"
        assert not decided.failed
        app = here.node.apps["commands"]
        fold = here.site.agent("commands").runner(here.node.partition(here.space.id))._fold

        def broken(*records: Any) -> None:
            raise RuntimeError(TITLE)

        fold.fold = broken  # type: ignore[method-assign, assignment]
        asking = asyncio.create_task(here.space.post("/tasks", {"title": TITLE}, headers={"Prefer": "wait=1"}))
        await until(lambda: app.consumer.stopped_partitions)
        await asking
        await until(lambda: [one for one in collector.named("fold commands") if one.failed])
        (failed,) = [one for one in collector.named("fold commands") if one.failed]
        assert failed.reason == "RuntimeError"
        await silent(here)


@pytest.mark.parametrize("behaviour", [Behaviour.REFUSE, Behaviour.BUSY, Behaviour.STALL])
async def test_the_collector_is_nobodys_concern(
    tmp_path: Path, collector: Collector, trace: Trace, behaviour: Behaviour
) -> None:
    """Commands go on as before, whatever it does, also while it changes its mind."""
    trace(collector.url, 1.0)
    async with world(f"embedded://{tmp_path / 'log'}", tmp_path, collector) as here:
        for one in (behaviour, Behaviour.TAKE, behaviour):
            collector.behave(one)
            async with asyncio.timeout(10):
                answers = await asyncio.gather(*(here.space.post("/tasks", {"title": TITLE}) for _ in range(100)))
            assert {answer.status for answer in answers} == {201}
        await here.site.settled(here.space)
        await check(here.node)


async def silent(here: World) -> None:
    """What came says nothing that operators should not read."""
    raw = b"".join(here.collector.raw)
    assert raw
    row = await here.space.get("/preferences")
    sealed = json.dumps(row.ok)
    assert TARGET not in sealed
    for secret in (TITLE, USER, TARGET, "surprise", here.receiver.url, "127.0.0.1", "there-is-a-secret", "aiohttp"):
        assert secret.encode() not in raw, secret
