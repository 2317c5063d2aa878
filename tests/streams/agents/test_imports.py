"""An import as the fold of commands does it: staged, shown at once, events behind it; cut, repeated, interrupted."""

import random
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams import keys
from streams.agents import import_parts, imports
from streams.agents.import_parts import Begin, Events, Finish, Letter, Outcomes, Part, Proceed
from streams.agents.imports import IMPORT, Import, Stage
from streams.agents.state_rows import StateFold
from streams.fold import Record
from streams.topics import EVENTS
from tasksys import codec
from tasksys.commands import CreateTask, CreateWorkspace, EditTask
from tasksys.outcomes import DeadLetter, Outcome, OutcomeStatus
from tasksys.refusals import Code
from tests.streams.test_commands_agent import Partition
from tests.support.kill_child import stream
from tests.support.nodes import MemoryRows, there

DIGEST = b"all of it"
LETTER = DeadLetter(7, 1, "broken", b"w", b"?", workspace="w")


def lived(seed: int = 1, commands: int = 60) -> Partition:
    """A partition of another log, with one workspace whose people were at work."""
    there = Partition()
    for one in stream(seed, 0, commands):
        there.commit(there.encoded(one))
    return there


def events(partition: Partition) -> list[bytes]:
    """What its event log has."""
    return [one.value for one in partition.outputs if one.topic == EVENTS.name]


def name_of(partition: Partition) -> str:
    """Its only workspace."""
    key: bytes = partition.outputs[0].key
    return key.decode()


def parts_of(partition: Partition, size: int) -> list[Part]:
    """The records of an import of that workspace, so many events each."""
    name, log = name_of(partition), events(partition)
    prefix = keys.OUTCOME + f"{name}\0".encode()
    outcomes = [(*key[len(prefix) :].decode().split("\0"), row) for key, row in partition.rows.scan(prefix)]
    pages: list[Part] = [Events(1 + start, log[start : start + size]) for start in range(0, len(log), size)]
    outcome_page = Outcomes(outcomes)  # type: ignore[arg-type]
    return [Begin(), *pages, outcome_page, Letter(0, LETTER), Finish(len(log), 1), Proceed()]


def sent(to: Partition, workspace: str, parts: Sequence[Part], digest: bytes = DIGEST) -> list[Record]:
    """The records of these parts."""
    return [to.record(workspace.encode(), import_parts.encode(one), ((IMPORT, digest),)) for one in parts]


def mark(partition: Partition, workspace: str) -> Import:
    """How far an import is."""
    return imports.decode(there(partition.rows.get(keys.imported(workspace))))


def settled(partition: Partition) -> dict[bytes, bytes]:
    """All rows but those of imports and dead letters."""
    return {key: row for key, row in partition.rows.rows.items() if not key.startswith((keys.IMPORT, keys.DEAD_LETTER))}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_an_import_is_the_workspace_whatever_comes_between(seed: int) -> None:
    """Cut anywhere, each record again and again, batches that fail: the rows and the log are those of the other log."""
    choose = random.Random(seed)
    source = lived(seed % 5)
    name, to = name_of(source), Partition()
    parts = parts_of(source, choose.choice([1, 3, 40]))
    step = 0
    while step < len(parts):
        again = choose.randrange(3) if choose.random() < 0.3 else 0
        cut = step + choose.randint(1, 5)
        records = sent(to, name, parts[max(0, step - again) : cut])
        while records:
            effects = to.fold.fold(records)
            if choose.random() < 0.2:
                to.fold.aborted()
                continue
            to.apply(effects)
            records = records[effects.folded or len(records) :]
        step = cut
    while mark(to, name).stage is not Stage.DONE:
        to.commit(*sent(to, name, [Proceed()]))
    assert settled(to) == settled(source)
    assert events(to) == events(source)
    [letter] = to.letters()
    assert letter == msgspec.structs.replace(LETTER, offset=letter.offset)


def test_nothing_is_seen_before_the_last_page() -> None:
    """Neither the workspace, nor its members, nor its events; and nobody can make it in between."""
    source = lived()
    name, to = name_of(source), Partition()
    parts = parts_of(source, 10)
    to.commit(*sent(to, name, parts[:-2]))
    assert not events(to)
    assert to.rows.get(keys.row(name, "w", "")) is None
    assert not list(to.rows.scan(keys.rows(name, "m")))
    assert not list(to.rows.scan(keys.MEMBERSHIP))
    told = to.commit(to.sent(name, CreateWorkspace(id="mine", name="Mine")))
    assert there(told.decided[0].outcome.refusal).code is Code.EXISTS
    assert to.outcome(name, "mine") is None
    told = to.commit(*sent(to, name, parts[-2:-1]))
    assert told.changed[name][("w", "")] is not None
    assert events(to)


def test_commands_are_decided_while_events_still_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their events come behind those before them; a rebuild leaves the workspace alone until then."""
    monkeypatch.setattr(imports, "SLICE", 7)
    source = lived()
    name, to = name_of(source), Partition()
    for one in sent(to, name, parts_of(source, 10)[:-1]):
        to.commit(one)
    assert mark(to, name).stage is Stage.FOLLOWING
    assert set(imports.under_way(to.rows)) == {name}
    told = to.commit(to.sent(name, CreateTask(id="new", task="new-task", title="New")))
    assert told.decided[0].outcome.status is OutcomeStatus.ACCEPTED
    while mark(to, name).stage is not Stage.DONE:
        to.commit(to.sent("other", EditTask(id="none", task="none", title="")))  # any command brings them on
    told = to.commit(to.sent(name, CreateTask(id="newer", task="newer-task", title="Newer")))
    found = [codec.decode_event(one) for one in events(to)]
    assert [one.position for one in found] == list(range(1, len(found) + 1))
    assert events(to)[: len(events(source))] == events(source)
    rebuilt = MemoryRows()
    fold = StateFold(rebuilt)
    rebuilt.apply(fold.fold([Record(0, 0, name.encode(), one, ()) for one in events(to)]).rows)
    assert rebuilt.rows == {key: row for key, row in settled(to).items() if not key.startswith(keys.OUTCOME)}
    assert not imports.under_way(to.rows)


def test_ids_of_events_are_never_made_twice() -> None:
    """The offsets of the log that a workspace comes to are those of the one that it left, and its ids are others."""
    source = lived(commands=20)
    name, to = name_of(source), Partition()
    to.commit(*sent(to, name, parts_of(source, 100)[:-1]))
    to.offset = 0
    for number in range(40):  # the same partition and offsets again, one event each
        to.commit(to.sent(name, CreateTask(id=f"more-{number}", task=f"more-{number}", title="More")))
    names = [codec.decode_event(one).id for one in events(to)]
    assert len(names) > len(events(source))
    assert len(set(names)) == len(names)


def test_what_is_here_is_left_alone() -> None:
    """A workspace that was not imported, and one that was imported from something else, is not touched."""
    source = lived()
    name, to = name_of(source), Partition()
    to.commit(to.sent(name, CreateWorkspace(id="found", name="Acme")))
    before = settled(to)
    to.commit(*sent(to, name, parts_of(source, 10)))
    assert mark(to, name) == Import(Stage.HERE)
    assert settled(to) == before
    other = Partition()
    other.commit(*sent(other, name, parts_of(source, 10)[:4]))
    staged = other.rows.rows.copy()
    other.commit(*sent(other, name, parts_of(source, 10), digest=b"something else"))
    assert other.rows.rows == staged


@pytest.mark.parametrize("value", [b"", b"no page", import_parts.encode(Events(1, [b"{}"]))])
def test_what_is_no_page_is_a_dead_letter(value: bytes) -> None:
    """The partition goes on, the import says what was wrong, and the right page is taken after it."""
    source = lived()
    name, to = name_of(source), Partition()
    to.commit(*sent(to, name, [Begin()]), to.record(name.encode(), value, ((IMPORT, DIGEST),)))
    [letter] = to.letters()
    assert "import" in letter.reason
    to.commit(*sent(to, name, parts_of(source, 10)))
    assert mark(to, name).stage in (Stage.FOLLOWING, Stage.DONE)
    assert not mark(to, name).fault


def test_a_page_that_unpacks_to_very_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded, whatever a record claims."""
    monkeypatch.setattr(import_parts, "PAGE_BYTES", 1000)
    to = Partition()
    to.commit(*sent(to, "w", [Begin(), Events(1, [bytes(5000)])]))
    assert "larger" in to.letters()[0].reason


def test_a_command_that_was_sent_before_keeps_its_outcome() -> None:
    """A client that repeats one after the move hears what it heard, or would have heard."""
    source = lived()
    name, to = name_of(source), Partition()
    to.commit(*sent(to, name, parts_of(source, 10)))
    before = [msgspec.msgpack.decode(row, type=Outcome) for _, row in source.rows.scan(keys.OUTCOME)]
    for one in stream(1, 0, 60)[:20]:
        decided = to.commit(to.encoded(one)).decided[0]
        assert decided.replayed
        assert decided.outcome in before
