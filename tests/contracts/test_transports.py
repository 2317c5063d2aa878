"""What every transport does, shown on the embedded log and on a real Kafka by the same tests.

One node per transport serves all tests of this file; each test has workspaces of its own.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from streams import keys
from streams.agents.commands import REQUEST, RETRY
from streams.app import fold_agent
from streams.node import Node
from streams.topics import COMMANDS, DEAD_LETTERS, EVENTS
from tasksys import codec, decider
from tasksys.commands import CompleteTask, CreateTask, CreateWorkspace, EditTask, LabelTask
from tasksys.errors import BrokerUnavailable, RecordTooLarge
from tasksys.limits import DESCRIPTION_BYTES
from tasksys.outcomes import DeadLetter, Decided, OutcomeStatus
from tasksys.refusals import Code
from tasksys.rows import Task
from tests.support.domain import OWNER
from tests.support.kafka_broker import KafkaBroker
from tests.support.nodes import (
    accepted,
    append,
    check,
    events_of,
    founded,
    read,
    ready,
    record,
    running,
    submit,
    there,
    wipe,
    workspace_name,
    workspace_on,
)
from tests.support.waiting import WAIT, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(
    loop_scope="module", scope="module", params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)]
)
async def broker_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An empty log on each transport."""
    if request.param == "embedded":
        return f"embedded://{tmp_path_factory.mktemp('log')}"
    kafka: KafkaBroker = request.getfixturevalue("kafka")
    url = f"kafka://{kafka.bootstrap}"
    await wipe(url)
    return url


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def node(broker_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    """One node for all tests of the file."""
    async with running(broker_url, tmp_path_factory.mktemp("node"), session_timeout=2.0) as started:
        yield started


async def letters(node: Node, partition: int) -> list[DeadLetter]:
    """The dead letters of a partition."""
    return [letter for number, letter in node.state.dead_letters() if number == partition]


async def request_outcome(node: Node, partition: int, key: bytes | None, value: bytes | None) -> Decided:
    """Appends a record as somebody who waits for its outcome."""
    request = f"request-{workspace_name()}"
    waiting = node.parts.outcomes.expect(request, "")
    await append(node, partition, key, value, ((REQUEST, request.encode()),))
    return there(await asyncio.wait_for(waiting, WAIT))


# --- commands, events, outcomes


async def test_commands_are_folded_in_their_order(node: Node) -> None:
    """Positions follow the order of the appends, without a gap, and events carry the place of their command."""
    workspace = await founded(node)
    first = node.state.position(workspace)
    records = [record(workspace, CreateTask(task=f"t{number}", title=f"{number}")) for number in range(50)]
    decided = await node.gateway.submit_all(records, WAIT)
    outcomes = [one.outcome for one in decided if isinstance(one, Decided)]
    assert [outcome.id for outcome in outcomes] == [one.command.id for one in records]
    assert [outcome.first for outcome in outcomes] == list(range(first + 1, first + 51))
    events = await events_of(node, workspace)
    assert [event.position for event in events] == list(range(1, first + 51))
    assert [event.command for event in events[-50:]] == [one.command.id for one in records]
    places = [tuple(int(part) for part in event.id.split("-")) for event in events]
    assert places == sorted(places)
    assert {place[0] for place in places} == {node.partition(workspace)}


async def test_an_outcome_is_kept_by_its_id(node: Node) -> None:
    """What was answered can be asked for again, accepted or refused."""
    workspace = await founded(node)
    good = await submit(node, workspace, CreateTask(id="good", task="milk", title="Milk"))
    bad = await submit(node, workspace, CompleteTask(id="bad", task="nowhere"))
    assert bad.outcome.status is OutcomeStatus.REFUSED
    assert node.state.outcome(workspace, OWNER, "good") == good.outcome
    assert node.state.outcome(workspace, OWNER, "bad") == bad.outcome
    assert node.state.outcome(workspace, OWNER, "other") is None
    assert node.state.outcome(workspace, "somebody", "good") is None


async def test_the_same_key_again_gives_the_first_outcome(node: Node) -> None:
    """A repeated command changes nothing and is marked as replayed."""
    workspace = await founded(node)
    command = CreateTask(id="once", task="milk", title="Milk")
    first = await submit(node, workspace, command, digest="one")
    again = await submit(node, workspace, command, digest="one")
    assert (first.replayed, again.replayed) == (False, True)
    assert again.outcome == first.outcome
    assert [event.command for event in await events_of(node, workspace)].count("once") == 1


async def test_the_same_key_with_another_payload_is_refused(node: Node) -> None:
    """It was meant as another command; the first outcome stands."""
    workspace = await founded(node)
    first = await submit(node, workspace, CreateTask(id="key", task="milk", title="Milk"), digest="one")
    other = await submit(node, workspace, CreateTask(id="key", task="bread", title="Bread"), digest="two")
    assert there(other.outcome.refusal).code is Code.KEY_REUSED
    assert node.state.outcome(workspace, OWNER, "key") == first.outcome
    assert node.state.state(workspace).task("bread") is None


async def test_keys_are_the_actors_own(node: Node) -> None:
    """Two actors may use the same key in one workspace, and one actor in two workspaces."""
    workspace, other = await founded(node), await founded(node)
    command = CreateTask(id="key", task="milk", title="Milk")
    await accepted(node, workspace, command)
    await accepted(node, other, command)
    stranger = await node.gateway.submit(record(workspace, command, actor="sam"), WAIT)
    assert there(there(stranger).outcome.refusal).code is not Code.KEY_REUSED


async def test_workspaces_do_not_disturb_each_other(node: Node) -> None:
    """Interleaved on two partitions, each has its own gapless positions and its own rows."""
    left, right = workspace_on(node, 0), workspace_on(node, 1)
    await founded(node, left)
    await founded(node, right)
    records = [
        record(workspace, CreateTask(task=f"t{number}", title=workspace))
        for number in range(30)
        for workspace in (left, right)
    ]
    await node.gateway.submit_all(records, WAIT)
    for workspace in (left, right):
        events = await events_of(node, workspace)
        assert [event.position for event in events] == list(range(1, len(events) + 1))
        assert {task.title for task in node.state.all(workspace, Task)} == {workspace}


async def test_a_command_waits_for_nobody_elses(node: Node) -> None:
    """Hundreds of requests at once: each gets its own outcome."""
    workspace = await founded(node)
    tasks = [f"t{number}" for number in range(300)]
    found = await asyncio.gather(
        *(submit(node, workspace, CreateTask(id=task, task=task, title=task)) for task in tasks)
    )
    assert [one.outcome.id for one in found] == tasks
    assert len({one.outcome.first for one in found}) == len(tasks)


# --- size


async def test_large_commands_and_batches(node: Node) -> None:
    """Descriptions of 64 KiB, so many at once that one transaction takes several record batches."""
    workspace = await founded(node)
    texts = {f"t{number}": f"{number}" * DESCRIPTION_BYTES for number in range(10)}
    records = [
        record(workspace, CreateTask(task=task, title=task, description=text[:DESCRIPTION_BYTES]))
        for task, text in texts.items()
    ]
    more = [
        record(workspace, EditTask(task=task, description=text[:DESCRIPTION_BYTES].replace("0", "x")))
        for task, text in texts.items()
        for _ in range(4)
    ]
    decided = await node.gateway.submit_all([*records, *more], WAIT)
    assert all(isinstance(one, Decided) and one.outcome.status is OutcomeStatus.ACCEPTED for one in decided)
    state = node.state.state(workspace)
    assert all(len(there(state.task(task)).description) == DESCRIPTION_BYTES for task in texts)
    assert len(await events_of(node, workspace)) == node.state.position(workspace)


async def test_a_dead_letter_as_large_as_a_record_can_be(node: Node) -> None:
    """The letter and its row are larger than the command's own topic takes, and the partition goes on all the same."""
    workspace = await founded(node)
    partition = node.partition(workspace)
    value = b"\xff" * (COMMANDS.record_bytes - 2048)
    decided = await request_outcome(node, partition, workspace.encode(), value)
    assert there(decided.outcome.refusal).code is Code.UNREADABLE
    assert (await letters(node, partition))[-1].value == value
    await accepted(node, workspace, CreateTask(task="milk", title="Milk"))


# --- dead letters

BAD = {
    "not JSON": (b"k", b"\x00\x01\x02"),
    "bad UTF-8": (b"k", b'{"workspace":"\xff\xfe"}'),
    "nothing": (b"k", b""),
    "another shape": (b"k", b"[1,2,3]"),
    "unknown type": (b"k", b'{"workspace":"k","actor":"olga","at":"x","command":{"type":"Explode","id":"1"}}'),
    "deep": (b"k", b"[" * 5000),
    "another key": (b"k", codec.encode_command(record("elsewhere", CreateWorkspace(id="c", name="x")))),
    "no text key": (b"\xff\x00", codec.encode_command(record("elsewhere", CreateWorkspace(id="c", name="x")))),
}


@pytest.mark.parametrize("kind", BAD)
async def test_what_cannot_be_read_becomes_a_dead_letter(node: Node, kind: str) -> None:
    """A row, a record with the reason, an outcome for who waits; and the partition goes on."""
    key, value = BAD[kind]
    workspace = await founded(node, workspace_on(node, 2))
    decided = await request_outcome(node, 2, key, value)
    assert there(decided.outcome.refusal).code is Code.UNREADABLE
    letter = (await letters(node, 2))[-1]
    assert (letter.key, letter.value) == (key, value)
    assert letter.reason.startswith("not a command: ")
    topic = (await read(node, DEAD_LETTERS))[2][-1]
    assert (topic.key, topic.value) == (key, value)
    assert dict(topic.headers)["offset"] == str(letter.offset).encode()
    assert dict(topic.headers)["reason"] == letter.reason.encode()
    await accepted(node, workspace, CreateTask(task="milk", title="Milk"))


async def test_a_fault_in_decide_is_a_dead_letter_that_can_be_retried(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command is refused as a fault of ours; mended, it is decided by a retry: once, however often."""
    workspace = await founded(node)
    command = CreateTask(id="poison", task="milk", title="Milk")
    with monkeypatch.context() as patched:
        patched.setattr(decider, "decide", broken_for(command.id, decider.decide))
        refused = await submit(node, workspace, command)
        await accepted(node, workspace, CreateTask(task="bread", title="Bread"))
    assert there(refused.outcome.refusal).code is Code.INTERNAL
    partition = node.partition(workspace)
    letter = (await letters(node, partition))[-1]
    assert (letter.workspace, letter.actor, letter.command) == (workspace, OWNER, command.id)
    assert "it is broken" in letter.reason

    for _ in range(2):
        await node.retry(partition, letter)
    await until(lambda: node.state.state(workspace).task("milk") is not None)
    await accepted(node, workspace, LabelTask(task="milk", add=("food",)))
    assert letter not in await letters(node, partition)
    assert there(node.state.outcome(workspace, OWNER, command.id)).status is OutcomeStatus.ACCEPTED
    assert [event.command for event in await events_of(node, workspace)].count(command.id) == 1


def broken_for(identifier: str, decide: Any) -> Any:
    """A `decide` that raises for one command."""

    def broken(command: Any, state: Any) -> Any:
        if command.command.id == identifier:
            raise ZeroDivisionError("it is broken")
        return decide(command, state)

    return broken


async def test_a_retry_of_what_is_no_letter_is_an_ordinary_command(node: Node) -> None:
    """Headers that name no letter, or are no numbers, or far too large ones, do nothing."""
    workspace = await founded(node)
    for index, name in enumerate((b"999999", b"", b"x", b"9" * 5000)):
        command = CreateTask(id=f"c{index}", task=f"t{index}", title="Milk")
        first = await submit(node, workspace, command, headers=((RETRY, name),))
        again = await submit(node, workspace, command, headers=((RETRY, name),))
        assert (first.replayed, again.replayed) == (False, True)


# --- headers, followers


async def test_headers_arrive(node: Node) -> None:
    """What the way in adds stands in the log beside the record, in its order."""
    workspace = await founded(node)
    headers = (("traceparent", b"00-aa-bb-01"), ("twice", b"1"), ("twice", b"2"), ("empty", b""))
    await submit(node, workspace, CreateTask(task="milk", title="Milk"), headers=headers)
    stored = [one for one in (await read(node, COMMANDS))[node.partition(workspace)] if one.key == workspace.encode()]
    assert stored[-1].headers[1:] == headers


async def test_followers_hear_of_durable_batches_in_order(node: Node) -> None:
    """Each with its events and its changed rows, also if another follower is broken."""
    heard: list[int] = []
    workspace = await founded(node)

    def follower(committed: Any) -> None:
        heard.extend(
            event.position for one in committed.decided for event in one.events if workspace in committed.changed
        )

    def broken(committed: Any) -> None:
        raise ZeroDivisionError("a follower's own fault")

    node.parts._followers += [(one, lambda partition: None) for one in (follower, broken)]
    try:
        for number in range(5):
            await accepted(node, workspace, CreateTask(task=f"t{number}", title="Milk"))
    finally:
        node.parts._followers[-2:] = []
    last = node.state.position(workspace)
    assert heard == list(range(last - 4, last + 1))


# --- faults


async def test_a_failing_append_is_told(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """BrokerUnavailable, nothing is left waiting, and the next append works."""
    workspace = await founded(node)
    appender: Any = node._appender
    with monkeypatch.context() as patched:
        if node.broker.directory is not None:
            from streams.transport.embedded.errors import LogWriteError

            def refuse(transaction: object) -> None:
                raise LogWriteError("the disk is full")

            patched.setattr(appender.log, "submit", refuse)
        else:

            async def refuse_too(*_: object, **__: object) -> None:
                raise OSError("the network is gone")

            patched.setattr(appender._producer, "send", refuse_too)
        with pytest.raises(BrokerUnavailable, match=r"full|gone"):
            await submit(node, workspace, CreateTask(task="milk", title="Milk"))
        records = [record(workspace, CreateTask(task="bread", title="Bread"))]
        assert [type(one) for one in await node.gateway.submit_all(records, WAIT)] == [BrokerUnavailable]
    assert len(node.parts.outcomes) == 0
    assert not node.gateway._in_flight
    await accepted(node, workspace, CreateTask(task="milk", title="Milk"))


async def test_a_record_that_is_too_large_is_told_so(node: Node) -> None:
    """Not as something that passes; alone or among others, which go on."""
    workspace = await founded(node)
    large = CreateTask(id="large", task="large", title="Large", description="x" * 1_100_000)
    for attempt in (submit(node, workspace, large), node.gateway.append(record(workspace, large))):
        with pytest.raises(RecordTooLarge, match=r"1,1\d\d,\d\d\d bytes"):
            await attempt
    records = [record(workspace, one) for one in (large, CreateTask(task="milk", title="Milk"))]
    first, second = await node.gateway.submit_all(records, WAIT)
    assert isinstance(first, RecordTooLarge)
    assert isinstance(second, Decided)
    assert not node.gateway._in_flight


async def test_a_bug_in_an_append_is_no_condition_of_the_moment(node: Node) -> None:
    """It is raised as what it is."""
    value: Any = "text, where bytes belong"
    with pytest.raises(Exception) as raised:  # noqa: PT011  (each transport has its own)
        await node.append(COMMANDS.name, 0, b"key", value, ())
    assert not isinstance(raised.value, BrokerUnavailable | RecordTooLarge)
    await founded(node)


async def test_a_fold_that_fails_stops_its_partition_only(
    node: Node, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Loudly: readiness says which and why, a critical log entry too; others go on; mended, nothing is lost."""
    stopped, other = workspace_on(node, 0), workspace_on(node, 3)
    await founded(node, stopped)
    await founded(node, other)
    evolve = decider.evolve

    def broken(event: Any, task: Any, state: Any, stamp: Any) -> None:
        if stamp.workspace == stopped:
            raise ZeroDivisionError("evolve is broken")
        evolve(event, task, state, stamp)

    with monkeypatch.context() as patched, caplog.at_level(logging.CRITICAL):
        patched.setattr(decider, "evolve", broken)
        late = asyncio.create_task(submit(node, stopped, CreateTask(id="late", task="milk", title="Milk")))
        await until(lambda: "commands" in node.ready())
        assert "evolve is broken" in node.ready()["commands"]
        assert "the partition stops here" in caplog.text
        await accepted(node, other, CreateTask(task="milk", title="Milk"))
        assert not late.done()
        assert await node.pending(stopped)
        late.cancel()
    await restart(node)
    await until(lambda: node.state.outcome(stopped, OWNER, "late") is not None)
    assert there(node.state.outcome(stopped, OWNER, "late")).status is OutcomeStatus.ACCEPTED
    assert not node.ready()


async def restart(node: Node) -> None:
    """Stops and starts the node in this process."""
    await node.stop()
    await node.start()
    await ready(node)


async def test_an_agent_that_crashes_is_started_again(node: Node) -> None:
    """In the same process, by itself; what is sent meanwhile is decided afterwards."""
    workspace = await founded(node)
    app = node.apps["commands"]
    await app.crash(RuntimeError("a fault that a test made"))
    await until(lambda: "commands" in node.faults)
    assert "a fault that a test made" in node.ready()["commands"]
    await accepted(node, workspace, CreateTask(task="milk", title="Milk"))
    await ready(node)
    assert node.apps["commands"] is not app
    assert node.state.state(workspace).task("milk") is not None


async def test_a_batch_is_finished_before_a_stop(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop in the middle of a commit waits for it, and tells who waits."""
    workspace = await founded(node)
    agent = fold_agent(node.apps["commands"])
    runner = agent.runner(node.partition(workspace))
    reached, go_on = asyncio.Event(), asyncio.Event()
    commit = runner._commit

    async def slow(effects: Any, position: int) -> None:
        reached.set()
        await go_on.wait()
        await commit(effects, position)

    monkeypatch.setattr(runner, "_commit", slow)
    sent = asyncio.create_task(submit(node, workspace, CreateTask(task="milk", title="Milk")))
    await asyncio.wait_for(reached.wait(), WAIT)
    stopping = asyncio.create_task(node.stop())
    await until(lambda: agent.app.should_stop)
    assert not sent.done()
    go_on.set()
    assert (await sent).outcome.status is OutcomeStatus.ACCEPTED
    await stopping
    await node.start()
    await ready(node)


# --- restarts


async def test_everything_survives_a_restart(node: Node) -> None:
    """State, history, outcomes and dead letters; and all of it is what the events topic says."""
    workspace = await founded(node)
    await accepted(node, workspace, *(CreateTask(task=f"t{number}", title=f"{number}") for number in range(20)))
    refused = await submit(node, workspace, CompleteTask(task="nowhere"))
    before = await check(node)
    dead = list(node.state.dead_letters())
    position, tasks = node.state.position(workspace), list(node.state.all(workspace, Task))

    await restart(node)

    assert node.state.position(workspace) == node.history.position(workspace) == position
    assert list(node.state.all(workspace, Task)) == tasks
    assert node.state.outcome(workspace, OWNER, refused.outcome.id) == refused.outcome
    assert list(node.state.dead_letters()) == dead
    after = await check(node)
    assert (after.events, after.outcomes) == (before.events, before.outcomes)
    assert await node.history.verify(workspace) == (position, None)
    then = await node.history.state_at(workspace, position)
    assert [then.task(one.id) for one in tasks] == tasks
    await accepted(node, workspace, CreateTask(task="after", title="After"))


async def test_the_chain_of_every_workspace_verifies(node: Node) -> None:
    """Whatever the tests before have done to this node."""
    truth = await check(node)
    assert truth.events
    for workspace, events in truth.events.items():
        assert await node.history.verify(workspace) == (len(events), None)


async def test_rows_of_outputs_and_positions_are_one(node: Node) -> None:
    """The offset that an agent has applied is in its own table: that of the newest source record with an effect."""
    await check(node)
    for name, topic in (("commands", COMMANDS), ("audit", EVENTS), ("reminders", EVENTS), ("recurrence", EVENTS)):
        agent = fold_agent(node.apps[name])
        for partition, records in enumerate(await read(node, topic)):
            end = records[-1].offset + 1 if records else 0
            applied = int.from_bytes(agent.rows(partition).get(b"\x00applied") or b"")
            assert applied == end if name == "audit" else applied <= end
            assert agent.position(partition) >= end  # past markers, on Kafka
            letter_rows = list(fold_agent(node.apps["commands"]).rows(partition).scan(keys.DEAD_LETTER))
            assert all(msgspec.msgpack.decode(row, type=DeadLetter) for _, row in letter_rows)
