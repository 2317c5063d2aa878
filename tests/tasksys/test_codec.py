"""How commands, events and rows are stored, and that what was ever stored stays readable."""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasksys import codec, decider
from tasksys.commands import (
    CancelTask,
    Command,
    CommandRecord,
    CompleteTask,
    CreateTask,
    EditTask,
    ReopenTask,
    StartTask,
    Undo,
)
from tasksys.events import OF_DELIVERIES, OF_REMINDERS, EventRecord, TaskCompleted, TaskEdited, TaskFields, TaskTrashed
from tasksys.rows import ROW_TYPES, Project, Row, Section, Task
from tasksys.upcasters import UPCASTERS, Upcaster
from tasksys.values import Priority, Role, Status, When
from tests.support.domain import WORKSPACE, furnished
from tests.tasksys.examples import EXAMPLES, name
from tests.tasksys.strategies import COMMANDS, EVENTS, QUICK, of

GOLDEN = Path(__file__).parent.parent / "golden"
AT = "2026-03-08T09:00:00.000Z"


RICH = (
    CreateTask(
        task="cake",
        title="Cake 🎂",
        description="Free *range*",
        status=Status.DONE,
        priority=Priority.URGENT,
        labels=("food", "Süßes"),
        assignees=("olga", "edda"),
        start=When(date="2026-03-08"),
        due=When(local="2026-03-08T09:00", zone="Europe/Berlin"),
        estimate_minutes=30,
        project="home",
        section="todo",
    ),
    EditTask(
        task="milk",
        title="Oat milk",
        description="Not *cow*",
        priority=Priority.LOW,
        start=When(local="2026-03-08T09:00"),
        due=When(local="2026-03-08T09:00", zone="Europe/Berlin"),
        estimate_minutes=5,
        labels=("vegan",),
        assignees=("olga",),
        parent="tax",
    ),
    ReopenTask(task="rent"),
    StartTask(task="rent"),
    CompleteTask(task="rent"),
    CancelTask(task="rent"),
)


def write_golden() -> None:
    """Wrote `events-v1.jsonl`: of each type the longest event of a workspace in which each example was done and undone.

    It is run again only to add a type. A line that is there already is never changed: it stands for what users stored.
    """
    world = furnished()
    for command, _ in EXAMPLES:
        done = tuple(world.accepted(command))
        world.given(Undo(events=done))
    world.given(*RICH)
    lines: dict[str, bytes] = {}
    for event in world.log:
        lines[event.type] = max(lines.get(event.type, b""), codec.encode_event(event), key=len)
    (GOLDEN / "events-v1.jsonl").write_bytes(b"".join(line + b"\n" for line in lines.values()))


RELEASED: Final = {
    "events-v1-calendars.jsonl": (1, "912a594a146c11a0e0c7d0bf21a5fee3b4da10d5550115a9267793e6541f5e96"),
    "events-v1.jsonl": (66, "efb0fda7b6b64f3ce6c6b4e6ec1bf89b44b88efe6d25a437256e5cfad2340af2"),
}
"""Of each golden file how many of its lines are released, and their SHA-256: neither ever becomes another.

Lines are added at the end, and then here.
"""


def golden() -> list[bytes]:
    """The stored events of every golden file, in order."""
    return [line for path in sorted(GOLDEN.glob("events-*.jsonl")) for line in path.read_bytes().splitlines()]


def stored(**changes: Any) -> EventRecord:
    """A stored event with some of its envelope changed."""
    fields: dict[str, Any] = {
        "position": 1,
        "id": "0-0-0",
        "type": "TaskTrashed",
        "at": AT,
        "actor": "olga",
        "command": "c1",
        "task": "milk",
        "version": 1,
        "data": {},
        "schema": 1,
    }
    return codec.decode_event(json.dumps(fields | changes).encode())


@QUICK
@given(st.data(), st.sampled_from(sorted(COMMANDS)))
def test_commands_survive_the_log(data: st.DataObject, kind: str) -> None:
    """Every type of command, with any fields, is read back as it was written."""
    record = CommandRecord(WORKSPACE, "olga", AT, data.draw(COMMANDS[kind]), "203.0.113.7", "digest")
    assert codec.decode_command(codec.encode_command(record)) == record


@pytest.mark.parametrize(("command", "least"), EXAMPLES, ids=name)
def test_looked_up_events_survive_the_log(command: Command, least: Role) -> None:
    """An undo carries the events it is about, and compensates them after it was stored."""
    world = furnished()
    record = world.record(Undo(events=tuple(world.accepted(command))))
    read = codec.decode_command(codec.encode_command(record))
    assert read == record
    assert decider.decide(read, world.state) == decider.decide(record, world.state)


@QUICK
@given(st.data(), st.sampled_from(sorted(EVENTS)))
def test_events_survive_the_log(data: st.DataObject, kind: str) -> None:
    """Every type of event, with any fields, is read back as it was written."""
    event = data.draw(EVENTS[kind])
    record = EventRecord(1, "0-0-0", kind, AT, "olga", "c1", None, None, codec.data(event), codec.schema(type(event)))
    again = codec.decode_event(codec.encode_event(record))
    assert again == record
    assert codec.event(again) == event


@QUICK
@given(st.data(), st.sampled_from(ROW_TYPES))
def test_rows_survive_the_table(data: st.DataObject, kind: type[Row]) -> None:
    """Every type of row, with any fields, is read back as it was written."""
    row = data.draw(of(kind))
    assert codec.decode_row(row.kind, codec.encode_row(row)) == row


def test_rows_of_earlier_releases_are_readable() -> None:
    """A field that was added since has its default; one that this release does not know is left out."""
    old = msgspec.msgpack.encode({"id": "milk", "title": "Milk", "created_at": AT, "mood": "good"})
    assert codec.decode_row("t", old) == Task("milk", "Milk", AT)


def test_rows_have_keys_of_their_own() -> None:
    """Kind and key together name a row; a row that forgets its key is a bug."""
    rows = furnished().rows()
    assert all((row.kind, row.key) == key for key, row in rows.items())
    assert len({kind.kind for kind in ROW_TYPES}) == len(ROW_TYPES)
    with pytest.raises(TypeError, match="Row has no key"):
        _ = Row().key


def test_a_project_finds_its_sections() -> None:
    """Also removed ones."""
    section = Section("todo", "To do", "V", removed=True)
    project = Project("home", "Home", AT, sections=(section,))
    assert project.section("todo") is section
    assert project.section("doing") is None


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"null",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"workspace":"w","actor":"a","at":"x"}',
        b'{"workspace":"w","actor":"a","at":"x","command":{"type":"CreateTask","title":"\xff"}}',
        b'{"workspace":"w","actor":"a","at":"x","command":{"type":"CreateTask","title":"\\ud800"}}',
        b'{"workspace":"w","actor":"a","at":"x","command":{"type":"Explode"}}',
        b'{"workspace":"w","actor":"a","at":"x","command":{"title":"Milk"}}',
        b'{"workspace":"w","actor":"a","at":"x","command":{"type":"CreateTask","title":"Milk","mood":"good"}}',
        b'{"workspace":"w","actor":"a","at":"x","command":{"type":"CreateTask","title":"Milk","due":{"day":"soon"}}}',
        b'{"workspace":"w","actor":"a","at":"x","command":{"type":"CompleteTask","task":"a/b"}}',
        b'{"workspace":"w","actor":"a","at":"x","command":{"type":"CompleteTask","task":"a","expected_version":-1}}',
        b'{"workspace":"w","actor":"a","at":"x","command":{"type":"EditTask","task":"a","estimate_minutes":1e400}}',
        b'{"more":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"more":' + b'{"a":' * 100_000,
    ],
    ids=lambda value: value[:90].decode(errors="replace"),
)
def test_what_is_no_command_is_a_decode_error(value: bytes) -> None:
    """Broken bytes, deep nesting, unknown types and fields, bad values: one kind of error, for the dead letters."""
    with pytest.raises(msgspec.DecodeError):
        codec.decode_command(value)


@QUICK
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_noise_is_a_decode_error(value: bytes) -> None:
    """Whatever the bytes are, nothing else is raised."""
    with pytest.raises(msgspec.DecodeError):
        codec.decode_command(value)


@pytest.mark.parametrize("line", golden(), ids=lambda line: str(json.loads(line)["type"]))
def test_golden_events_are_readable(line: bytes) -> None:
    """An event that was ever stored decodes to its type, and is served byte for byte as it was written."""
    record = codec.decode_event(line)
    assert codec.encode_event(record) == line
    event = codec.event(record)
    assert type(event).__name__ == record.type
    assert codec.data(event) == record.data


def test_golden_lines_never_change() -> None:
    """They stand for what users stored: an edited one would hide that theirs has become unreadable."""
    assert {path.name for path in GOLDEN.glob("*.jsonl")} == set(RELEASED)
    for file, (count, digest) in RELEASED.items():
        lines = (GOLDEN / file).read_bytes().splitlines(keepends=True)
        assert hashlib.sha256(b"".join(lines[:count])).hexdigest() == digest
        assert len(lines) == count, "new lines are released with this commit: give their number and hash"


def test_every_type_has_a_golden_event() -> None:
    """Whoever adds an event type adds a line; the current schema of each type is among them."""
    written = {(record.type, record.schema) for record in map(codec.decode_event, golden())}
    assert {(name, codec.schema(kind)) for name, kind in codec.EVENT_TYPES.items()} <= written
    assert {name for name, _ in written} == set(codec.EVENT_TYPES)


@pytest.mark.parametrize("line", golden(), ids=lambda line: str(json.loads(line)["type"]))
def test_golden_events_fold(line: bytes) -> None:
    """An event that was ever stored still changes the rows that it is about."""
    world = furnished()
    world.state.changed.clear()
    record = codec.decode_event(line)
    decider.replay(record, WORKSPACE, world.state)
    assert (world.workspace().position, world.workspace().at) == (record.position, record.at)
    if record.task is not None and record.type not in OF_REMINDERS | OF_DELIVERIES:
        assert (world.task(record.task).position, world.task(record.task).updated_at) == (record.position, record.at)
    else:
        assert world.state.changed


def test_unknown_fields_of_an_event_are_ignored_and_kept() -> None:
    """A newer release may add fields: folding does without them, and the bytes still have them."""
    world = furnished()
    line = b"".join(
        [
            b'{"position":99,"id":"0-0-0","type":"TaskEdited","at":"2026-03-08T10:00:00.000Z","actor":"olga",',
            b'"command":"c1","task":"milk","version":9,"mood":"good","schema":1,"data":{"before":{"title":"Milk"},',
            b'"after":{"title":"Oat milk","taste":"fine"},"reason":{"deep":[1,2]}}}',
        ]
    )
    record = codec.decode_event(line)
    assert codec.event(record) == TaskEdited(TaskFields("Milk"), TaskFields("Oat milk"))
    decider.replay(record, WORKSPACE, world.state)
    assert world.task("milk").title == "Oat milk"
    assert bytes(record.data) in line
    assert b'"taste":"fine"' in codec.encode_event(record)
    assert b'"reason":{"deep":[1,2]}' in codec.encode_event(record)


@pytest.mark.parametrize(
    "changes", [{"type": "TaskPainted"}, {"schema": 2}, {"schema": 0}, {"type": "TaskPainted", "schema": 7}]
)
def test_events_of_a_newer_release_stop_the_fold(changes: dict[str, object]) -> None:
    """Facts are never skipped: the error names the event and says what to do."""
    world = furnished()
    before = world.rows()
    with pytest.raises(codec.UnknownEvent, match=r"event 0-0-0 is a .*; upgrade tasksys"):
        decider.replay(stored(**changes), WORKSPACE, world.state)
    assert world.rows() == before


def test_upcasters_are_applied_in_turn() -> None:
    """A type that was renamed and reshaped twice is read as what it is today."""
    seen: list[dict[str, Any]] = []

    def renamed(data: dict[str, Any]) -> tuple[str, int, dict[str, Any]]:
        seen.append(data)
        return "TaskFinished", 2, {"before": data["from"], "when": data["when"]}

    def reshaped(data: dict[str, Any]) -> tuple[str, int, dict[str, Any]]:
        return "TaskCompleted", 1, {"before": data["before"], "completed_at": data["when"]}

    steps: dict[tuple[str, int], Upcaster] = {("TaskTicked", 1): renamed, ("TaskFinished", 2): reshaped}
    data = {"from": "open", "when": AT, "more": None}
    ticked = TaskCompleted(Status.OPEN, AT)
    assert codec.event(stored(type="TaskTicked", data=data), steps) == ticked
    assert seen == [data]
    assert codec.event(stored(type="TaskFinished", schema=2, data={"before": "open", "when": AT}), steps) == ticked
    with pytest.raises(codec.UnknownEvent):
        codec.event(stored(type="TaskFinished", schema=1, data={}), steps)


def test_an_upcaster_that_ends_nowhere_is_noticed() -> None:
    """A chain must end at a type and schema that this release knows."""
    with pytest.raises(codec.UnknownEvent):
        codec.event(stored(type="Old"), {("Old", 1): lambda data: ("TaskTrashed", 7, data)})
    with pytest.raises(codec.UnknownEvent):
        codec.event(stored(type="Old"), {("Old", 1): lambda data: ("Gone", 1, data)})


def test_current_events_are_not_upcast() -> None:
    """A step for the current schema would be a mistake, and is not taken."""
    steps = {("TaskTrashed", 1): lambda data: ("TaskPainted", 1, data)}
    assert codec.event(stored(), steps) == TaskTrashed()
    assert all(schema < codec.schema(codec.EVENT_TYPES[name]) for name, schema in UPCASTERS if name in EVENTS)


def test_anything_of_ours_is_json() -> None:
    """Enums by value, unset fields left out."""
    command = EditTask(task="milk", due=When(date="2026-03-08"), priority=Priority.HIGH, start=None)
    assert json.loads(codec.encode_json(command)) == {
        "type": "EditTask",
        "task": "milk",
        "due": {"date": "2026-03-08"},
        "priority": "high",
        "start": None,
    }
