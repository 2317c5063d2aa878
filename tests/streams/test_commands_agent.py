"""The fold of commands on rows in a dict: outcomes, events, dead letters, and what a cache must never change."""

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams import keys
from streams.agents import commands
from streams.agents.commands import REQUEST, RETRY, CommandsFold
from streams.agents.committed import Committed
from streams.agents.states import States
from streams.fold import Effects, Headers, Record
from streams.topics import DEAD_LETTERS, EVENTS
from streams.transport.database import DatabaseCorrupt
from tasksys import codec, decider, reminders
from tasksys.commands import (
    Command,
    CommandRecord,
    CompleteTask,
    CreateTask,
    CreateWorkspace,
    EditTask,
    RemoveMember,
    SetMember,
)
from tasksys.outcomes import DeadLetter, Outcome, OutcomeStatus
from tasksys.refusals import Code
from tasksys.values import Role
from tests.support.domain import OWNER
from tests.support.kill_child import stream
from tests.support.nodes import MemoryRows, record, there

NOW_MS = 4_928_000_000_000  # after the instants in the commands


class Partition:
    """A partition: its fold, its rows, and all that it has told."""

    def __init__(self) -> None:
        self.rows = MemoryRows()
        self.told: list[Committed] = []
        self.outputs: list[Any] = []
        self.offset = 0
        self.states = States(50_000)
        self.fold = CommandsFold(3, self.rows, self.told.append, self.states)

    def record(self, key: bytes | None, value: bytes | None, headers: Headers = ()) -> Record:
        """The next record of the source."""
        self.offset += 1
        return Record(self.offset - 1, NOW_MS, key, value, headers)

    def sent(self, workspace: str, command: Command, headers: Headers = (), digest: str = "") -> Record:
        """The record of a command."""
        return self.encoded(record(workspace, command, digest=digest), headers)

    def encoded(self, command: CommandRecord, headers: Headers = ()) -> Record:
        """The record of a command record."""
        return self.record(command.workspace.encode(), codec.encode_command(command), headers)

    def commit(self, *records: Record) -> Committed:
        """Folds and commits; what it told."""
        self.apply(self.fold.fold(records))
        return self.told[-1]

    def apply(self, effects: Effects) -> None:
        """Makes the effects durable."""
        self.rows.apply(effects.rows)
        self.outputs += effects.outputs
        self.fold.committed()

    def letters(self) -> list[DeadLetter]:
        """The dead letters."""
        return [msgspec.msgpack.decode(row, type=DeadLetter) for _, row in self.rows.scan(keys.DEAD_LETTER)]

    def outcome(self, workspace: str, command: str) -> Outcome | None:
        """A stored outcome."""
        row = self.rows.get(keys.outcome(workspace, OWNER, command))
        return None if row is None else msgspec.msgpack.decode(row, type=Outcome)


@pytest.fixture
def partition() -> Partition:
    """A partition with the workspace `w`."""
    partition = Partition()
    partition.commit(partition.sent("w", CreateWorkspace(id="found", name="Acme")))
    return partition


def test_a_command_becomes_events_rows_and_an_outcome(partition: Partition) -> None:
    """All in one batch of effects; who waits is told by the request's name, with the events."""
    told = partition.commit(partition.sent("w", CreateTask(id="c", task="t", title="Milk"), ((REQUEST, b"r1"),)))
    [decided] = told.decided
    assert (decided.request, decided.replayed, decided.outcome.status) == ("r1", False, OutcomeStatus.ACCEPTED)
    assert [event.id for event in decided.events] == ["3-1-3"]
    assert partition.outcome("w", "c") == decided.outcome
    assert codec.decode_event(partition.outputs[-1].value) == decided.events[-1]
    assert (partition.outputs[-1].topic, partition.outputs[-1].key) == (EVENTS.name, b"w")
    assert there(partition.rows.get(keys.row("w", "t", "t")))
    assert set(told.changed) == {"w"}


def test_nothing_is_told_before_the_commit(partition: Partition) -> None:
    """Nor if there is none: the batch is then folded again as if it had never been."""
    one = partition.sent("w", CreateTask(id="c", task="t", title="Milk"))
    told = len(partition.told)
    first = partition.fold.fold([one])
    assert len(partition.told) == told
    partition.fold.aborted()
    assert partition.fold.fold([one]) == first


def test_a_refusal_changes_nothing_but_its_outcome(partition: Partition) -> None:
    """The outcome carries the workspace's position and no events."""
    effects = partition.fold.fold([partition.sent("w", CompleteTask(id="c", task="nowhere"))])
    assert list(effects.rows) == [keys.outcome("w", OWNER, "c")]
    assert not effects.outputs


def test_a_command_twice_in_one_batch_is_decided_once(partition: Partition) -> None:
    """The second finds the outcome of the first before it is in the store."""
    command = CreateTask(id="c", task="t", title="Milk")
    told = partition.commit(partition.sent("w", command), partition.sent("w", command))
    assert [one.replayed for one in told.decided] == [False, True]
    assert len({one.outcome for one in told.decided}) == 1
    assert len(partition.outputs) == 3


def test_a_key_with_another_payload_is_refused_and_not_stored(partition: Partition) -> None:
    """In the same batch and later; the first outcome stays."""
    partition.commit(
        partition.sent("w", CreateTask(id="c", task="t", title="Milk"), digest="one"),
        partition.sent("w", CreateTask(id="c", task="u", title="Bread"), digest="two"),
    )
    partition.commit(partition.sent("w", CreateTask(id="c", task="u", title="Bread"), digest="three"))
    codes = [
        there(one.outcome.refusal).code for told in partition.told[1:] for one in told.decided if one.outcome.refusal
    ]
    assert codes == [Code.KEY_REUSED, Code.KEY_REUSED]
    assert there(partition.outcome("w", "c")).digest == "one"


def test_memberships_are_rows_by_user(partition: Partition) -> None:
    """So that the workspaces of a user are one scan; they go when the member goes."""
    partition.commit(partition.sent("w", SetMember(user="adam", role=Role.EDITOR)))
    assert partition.rows.get(keys.membership("adam", "w")) == b""
    partition.commit(partition.sent("w", RemoveMember(user="adam")))
    assert partition.rows.get(keys.membership("adam", "w")) is None


def test_a_fault_in_decide_is_a_letter(partition: Partition, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command is refused, and the batch's other commands are decided."""
    decide = decider.decide

    def broken(command: CommandRecord, state: Any) -> Any:
        if command.command.id == "poison":
            raise ZeroDivisionError("broken")
        return decide(command, state)

    monkeypatch.setattr(decider, "decide", broken)
    told = partition.commit(
        partition.sent("w", CreateTask(id="before", task="t", title="x")),
        partition.sent("w", CreateTask(id="poison", task="u", title="x")),
        partition.sent("w", CreateTask(id="after", task="v", title="x")),
    )
    assert [one.outcome.status for one in told.decided] == ["accepted", "refused", "accepted"]
    [letter] = partition.letters()
    assert (letter.offset, letter.workspace, letter.actor, letter.command) == (2, "w", OWNER, "poison")
    assert "ZeroDivisionError" in letter.reason
    [output] = [output for output in partition.outputs if output.topic == DEAD_LETTERS.name]
    assert dict(output.headers)["offset"] == b"2"
    for _ in range(3):  # as a timer does whose command is never folded
        told = partition.commit(partition.sent("w", CreateTask(id="poison", task="u", title="x")))
        assert [(one.outcome.status, one.replayed) for one in told.decided] == [("refused", True)]
    assert partition.letters() == [letter]

    monkeypatch.undo()
    retry = ((RETRY, b"2"),)
    again = CreateTask(id="poison", task="u", title="x")
    told = partition.commit(partition.sent("w", again, retry), partition.sent("w", again, retry))
    assert [(one.outcome.status, one.replayed) for one in told.decided] == [("accepted", False), ("accepted", True)]
    assert not partition.letters()


@pytest.mark.parametrize("where", ["decide", "what follows"])
def test_rows_that_cannot_be_read_are_no_fault_of_the_command(
    partition: Partition, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """It is decided once they can be: a disk that fails may refuse nobody's command for good."""

    def unreadable(*_: Any) -> Any:
        raise DatabaseCorrupt("a block is garbled")

    with monkeypatch.context() as patched:
        patched.setattr(*((decider, "decide") if where == "decide" else (reminders, "by_default")), unreadable)
        with pytest.raises(DatabaseCorrupt):
            partition.fold.fold([partition.sent("w", CreateTask(id="c", task="t", title="x"))])
        partition.fold.aborted()
    told = partition.commit(partition.sent("w", CreateTask(id="c", task="t", title="x")))
    assert told.decided[0].outcome.first == 3
    assert not partition.letters()


def test_a_fault_in_evolve_is_raised(partition: Partition, monkeypatch: pytest.MonkeyPatch) -> None:
    """Facts are never skipped; what the batch has cached is forgotten with it."""
    with monkeypatch.context() as patched:
        patched.setattr(decider, "evolve", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            partition.fold.fold([partition.sent("w", CreateTask(id="c", task="t", title="x"))])
        partition.fold.aborted()
    told = partition.commit(partition.sent("w", CreateTask(id="c", task="t", title="x")))
    assert told.decided[0].outcome.first == 3


def test_a_fault_in_what_follows_is_a_dead_letter(partition: Partition, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the command is recorded, the partition goes on, and an operator can retry it."""
    broken = CreateTask(id="poison", task="u", title="x")
    with monkeypatch.context() as patched:
        patched.setattr(reminders, "by_default", lambda task, *_: 1 / 0 if task.id == "u" else [])
        told = partition.commit(
            partition.sent("w", CreateTask(id="before", task="t", title="x")),
            partition.sent("w", broken),
            partition.sent("w", EditTask(id="after", task="t", title="y")),
            partition.sent("w", EditTask(id="none", task="u", title="y")),
        )
    assert [one.outcome.status for one in told.decided] == ["accepted", "refused", "accepted", "refused"]
    assert [one.outcome.first for one in told.decided] == [3, 0, 4, 0]
    [letter] = partition.letters()
    assert (letter.command, "ZeroDivisionError" in letter.reason) == ("poison", True)
    told = partition.commit(partition.sent("w", broken, ((RETRY, str(letter.offset).encode()),)))
    assert [(one.outcome.status, one.outcome.first) for one in told.decided] == [("accepted", 5)]
    assert not partition.letters()


def test_a_batch_is_bounded_by_its_events(partition: Partition, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes behind is left for the next one."""
    made = [partition.sent("w", CreateTask(id=f"c-{n}", task=f"t-{n}", title="x")) for n in range(5)]
    monkeypatch.setattr(commands, "EVENTS_AT_ONCE", 3)
    effects = partition.fold.fold(made)
    partition.apply(effects)
    assert (effects.folded, len(partition.told[-1].decided)) == (3, 3)
    effects = partition.fold.fold(made[3:])
    assert (effects.folded, len(effects.outputs)) == (None, 2)
    partition.fold.aborted()
    monkeypatch.setattr(commands, "EVENT_BYTES_AT_ONCE", 1)
    assert partition.fold.fold(made[3:]).folded == 1


HEADERS = st.lists(
    st.tuples(st.sampled_from([REQUEST, RETRY, "other"]), st.none() | st.binary(max_size=30) | st.just(b"1")),
    max_size=3,
)


@given(key=st.none() | st.binary(max_size=20), value=st.none() | st.binary(max_size=200), headers=HEADERS)
@settings(max_examples=300, deadline=None)
def test_no_record_can_stop_a_partition(key: bytes | None, value: bytes | None, headers: list[Any]) -> None:
    """Whatever its bytes: it becomes a letter as it was."""
    partition = Partition()
    partition.commit(partition.record(key, value, tuple(headers)))
    [letter] = partition.letters()
    assert (letter.key, letter.value) == (key, value)


SHAPES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    command=st.dictionaries(
        st.sampled_from(["type", "id", "task", "title", "name", "at", "project"]),
        SHAPES | st.sampled_from(["CreateTask", "CreateWorkspace", "w"]),
    ),
    workspace=SHAPES | st.just("w"),
)
@settings(max_examples=300, deadline=None)
def test_no_json_can_stop_a_partition(command: dict[str, Any], workspace: Any) -> None:
    """It is a letter, or decided; the record after it is decided in any case."""
    partition = Partition()
    try:
        value = msgspec.json.encode({"workspace": workspace, "actor": "olga", "at": "x", "command": command})
    except UnicodeEncodeError:  # a lone surrogate is no UTF-8
        return
    key = workspace.encode() if isinstance(workspace, str) else b"w"
    told = partition.commit(partition.record(key, value), partition.sent("w", CreateWorkspace(id="after", name="x")))
    assert told.decided[-1].outcome.id == "after"
    assert len(partition.letters()) + len(told.decided) >= 2


@pytest.mark.parametrize("seed", range(5))
def test_batches_abortions_and_forgotten_caches_change_nothing(seed: int) -> None:
    """However the same records are cut into batches, and whatever is cached or not: same rows, same outputs."""
    rng = random.Random(seed)
    streams = [stream(seed, number, 120) for number in range(3)]
    mixed = [one for together in zip(*streams, strict=True) for one in together]

    whole, cut = Partition(), Partition()
    for one in mixed:
        whole.commit(whole.encoded(one))
    records = [cut.encoded(one) for one in mixed]
    while records:
        size = rng.randrange(1, 40)
        effects = cut.fold.fold(records[:size])
        if rng.random() < 0.3:
            cut.fold.aborted()
        elif rng.random() < 0.2:  # committed, but nobody was told: another worker goes on
            cut.rows.apply(effects.rows)
            cut.outputs += effects.outputs
            cut.fold = CommandsFold(3, cut.rows, cut.told.append, cut.states)
            records = records[size:]
        else:
            cut.apply(effects)
            records = records[size:]
    assert cut.rows.rows == whole.rows.rows
    assert cut.outputs == whole.outputs
    assert 0 <= cut.states.size <= 50_000


def test_a_retried_letter_does_not_apply_a_command_again(partition: Partition) -> None:
    """Its client may have repeated the command meanwhile: the outcome that it heard stands."""
    partition.commit(partition.record(b"w", b"unreadable"))
    [letter] = partition.letters()
    command = CreateTask(id="c", task="t", title="Milk")
    partition.commit(partition.sent("w", command))
    heard = partition.outcome("w", "c")
    told = partition.commit(partition.sent("w", command, ((RETRY, str(letter.offset).encode()),)))
    assert [one.replayed for one in told.decided] == [True]
    assert partition.outcome("w", "c") == heard
    assert partition.letters() == []


@pytest.mark.parametrize(
    "fields", [{"at": "zzz"}, {"at": "2026-02-30T00:00:00.000Z"}, {"actor": "a b"}, {"workspace": "w\0e"}], ids=repr
)
def test_a_forged_record_is_a_letter(partition: Partition, fields: dict[str, str]) -> None:
    """Whoever writes to the topic cannot put what no request could into the rows."""
    forged: dict[str, Any] = {"workspace": "w", "actor": OWNER, "at": "2026-03-08T09:00:00.000Z", **fields}
    forged["command"] = {"type": "CreateTask", "id": "f", "task": "f", "title": "x"}
    partition.commit(partition.record(forged["workspace"].encode(), msgspec.json.encode(forged)))
    assert len(partition.letters()) == 1


def test_a_record_from_the_year_9999_forgets_no_outcome(partition: Partition) -> None:
    """Its time is claimed by who sent it; in a batch of its own, or with others, it deletes no young outcome."""
    partition.commit(partition.sent("w", CreateTask(id="c", task="t", title="Milk")))
    late = partition.sent("w", CreateTask(id="d", task="u", title="Tea"))._replace(timestamp_ms=253_402_300_799_000)
    partition.commit(late)
    partition.commit(partition.sent("w", CreateTask(id="e", task="v", title="Oats")), late)
    partition.commit(partition.sent("w", CreateTask(id="f", task="x", title="Jam")))
    assert all(partition.outcome("w", command) for command in ("found", "c", "d", "e", "f"))


def test_a_fold_that_fails_leaves_no_trace_behind(partition: Partition, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is folded next belongs to no trace, unless it says so."""
    parent = ("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    one = partition.sent("w", CreateTask(id="c", task="t", title="Milk"), (parent,))
    with monkeypatch.context() as patch:
        patch.setattr(codec, "encode_event", lambda event: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            partition.fold.fold([one])
    partition.fold.aborted()
    partition.commit(partition.sent("w", CreateTask(id="d", task="u", title="Tea")))
    assert partition.outputs[-1].headers == ()
    partition.commit(one)
    assert partition.outputs[-1].headers == (parent,)
