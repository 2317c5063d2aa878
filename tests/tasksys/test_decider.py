"""The whole decider: roles, purity, idempotence, replay, and what holds after any story."""

from collections import Counter
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasksys import codec, decider, firing
from tasksys.commands import (
    CLOCK_COMMANDS,
    AddComment,
    Command,
    CommandRecord,
    CreateTask,
    CreateWorkspace,
    EditTask,
    EditWorkspace,
    MoveTask,
    PostponeTask,
    RenewCalendarToken,
    SettleReminder,
)
from tasksys.events import (
    OF_DELIVERIES,
    OF_FILTERS,
    OF_PREFERENCES,
    OF_REMINDERS,
    Event,
    Fact,
    TaskMoved,
    TaskTrashed,
)
from tasksys.refusals import Code, Refusal
from tasksys.rows import Link, Member, Project, Reminder, SavedFilter, Subtasks, Task, TaskReminders
from tasksys.series.evolving import SeriesEvent
from tasksys.state import State
from tasksys.values import CLOCK, CLOSED, OPPOSITE, Priority, ReminderState, Role, Status, When
from tests.support.domain import ACTORS, OWNER, STRANGER, World, furnished, replayed
from tests.tasksys.examples import EXAMPLES, name
from tests.tasksys.strategies import ANY_COMMAND, QUICK, STORIES, STORY, SURROGATES, WILD
from tests.tasksys.test_trees import counted

Story = list[tuple[Command, str]]


def told(story: Story) -> World:
    """A furnished workspace in which a story happened, refusals and all."""
    world = furnished()
    for command, actor in story:
        world.when(command, actor)
    return world


def test_examples_cover_every_command() -> None:
    """The tables below leave no command out."""
    others = {kind.__name__ for kind in (CreateWorkspace, RenewCalendarToken, *CLOCK_COMMANDS)}
    assert {type(command).__name__ for command, _ in EXAMPLES} | others == set(codec.COMMAND_TYPES)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(("command", "least"), EXAMPLES, ids=name)
def test_every_command_needs_its_role(command: Command, least: Role, role: Role) -> None:
    """The least role and all above it may; all below it are told so, and nothing happens."""
    world = furnished()
    if role.may(least):
        assert world.accepted(command, ACTORS[role])
    else:
        assert world.refused(command, ACTORS[role]).code is Code.FORBIDDEN


@pytest.mark.parametrize(("command", "least"), EXAMPLES, ids=name)
def test_a_stranger_learns_nothing(command: Command, least: Role) -> None:
    """To a stranger every command gives the same answer as in a workspace that is not there."""
    assert furnished().refused(command, STRANGER) == World().refused(command, STRANGER)


@pytest.mark.parametrize(("command", "least"), EXAMPLES, ids=name)
def test_envelopes_say_who_when_and_what(command: Command, least: Role) -> None:
    """Positions follow each other, ids count within the command's place in the log, versions are the row's."""
    world = furnished()
    before = world.workspace().position
    record = world.record(command)
    facts = decider.decide(record, world.state)
    assert not isinstance(facts, Refusal)
    events = decider.enact(facts, msgspec.structs.replace(record, source="203.0.113.7"), "3-17", world.state)
    assert [event.position for event in events] == [before + 1 + index for index in range(len(events))]
    assert [event.id for event in events] == [f"3-17-{event.position}" for event in events]
    assert {(event.at, event.actor, event.command) for event in events} == {(record.at, OWNER, record.command.id)}
    assert {(event.source, event.schema) for event in events} == {("203.0.113.7", 1)}
    assert world.workspace().position == events[-1].position
    assert world.workspace().at == record.at
    of_command = events[: len(facts)]  # what follows from them for series and reminders is behind
    assert [Fact(codec.event(event), event.task, event.undoes or None) for event in of_command] == facts
    last = events[-1]
    if last.task is not None:
        assert last.version == world.task(last.task).version
    elif "series" in msgspec.json.decode(last.data):
        assert last.version == world.series(msgspec.json.decode(last.data)["series"]).version
    elif "project" in msgspec.json.decode(last.data):
        assert last.version == world.project(msgspec.json.decode(last.data)["project"]).version
    elif "saved" in msgspec.json.decode(last.data):
        row = world.state.get(SavedFilter, msgspec.json.decode(last.data)["saved"])
        assert last.version == (row.version if row else None)
    else:
        assert last.version == world.workspace().version


def test_a_version_is_left_out_where_there_is_no_row() -> None:
    """An event on something that never was cannot be recorded, but its version would be unknown."""
    assert decider._version(TaskTrashed(), "nowhere", State()) is None
    assert decider._version(TaskTrashed(), None, State()) is None


@pytest.mark.parametrize("at", ["2026-01-01T00:00:00.000Z", "2026-03-08T09:00:00.000Z"])
def test_instants_never_run_backwards(at: str) -> None:
    """An event is dated no earlier than the one before it, in the envelope and in its data."""
    world = furnished()
    newest = world.workspace().at
    (event,) = world.accepted(AddComment(task="tax", comment="c1", body="When?"), at=at)
    assert event.at == newest == world.comment("tax", "c1").created_at
    (event,) = world.accepted(EditTask(task="tax", title="Taxes"), at="2030-01-01T00:00:00.000Z")
    assert event.at == "2030-01-01T00:00:00.000Z" == world.task("tax").updated_at


def test_facts_of_one_command_share_its_place_in_the_log() -> None:
    """No facts, no records, no change."""
    world = furnished()
    before = world.rows()
    assert decider.enact([], world.record(EditTask(task="milk")), "0-0", world.state) == []
    assert world.rows() == before


def test_the_state_says_what_changed() -> None:
    """Only the rows that the events are about, and the workspace's counter."""
    world = furnished()
    world.state.changed.clear()
    world.given(EditTask(task="milk", title="Oat milk"))
    assert world.state.changed == {("t", "milk"): world.task("milk"), ("w", ""): world.workspace()}


def test_an_event_of_no_task_is_a_bug() -> None:
    """An event that must belong to a task stops the fold instead of being skipped."""
    world = furnished()
    with pytest.raises(AssertionError):
        decider.enact([Fact(TaskTrashed())], world.record(EditTask(task="milk")), "0-0", world.state)


@STORIES
@given(STORY)
def test_replay_gives_the_same_rows(story: Story) -> None:
    """The log alone, read back from its bytes, folds into exactly the rows that deciding left behind."""
    world = told(story)
    assert replayed(world.log) == world.rows()


@STORIES
@given(STORY, ANY_COMMAND)
def test_a_command_decided_twice_acts_once(story: Story, command: Command) -> None:
    """Again the same command: refused, or no events.

    Only a move to an end of the list may take the end again, what is put off by a day is put off by another, and the
    address of a calendar is renewed once more.
    """
    world = told(story)
    record = world.record(command)
    facts = decider.decide(record, world.state)
    if isinstance(facts, Refusal):
        return
    decider.enact(facts, record, "0-0", world.state)
    again = decider.decide(record, world.state)
    if isinstance(command, RenewCalendarToken) or (isinstance(command, PostponeTask) and command.by is not None):
        return
    if isinstance(command, MoveTask) and not isinstance(again, Refusal):
        assert all(only_reordered(event) for event, _, _ in again)
    else:
        assert isinstance(again, Refusal) or again == []


def only_reordered(event: Event) -> bool:
    """True for a move within one list."""
    return (
        isinstance(event, TaskMoved) and msgspec.structs.replace(event.before, order=event.after.order) == event.after
    )


@STORIES
@given(STORY, st.sampled_from(sorted(WILD)).flatmap(WILD.__getitem__), st.text(SURROGATES, max_size=5))
def test_deciding_never_raises_and_changes_nothing(story: Story, command: Command, actor: str) -> None:
    """Whatever is in the command, the answer is a value; it can be stored, and so can the facts."""
    world = told(story)
    before = world.rows()
    world.state.changed.clear()
    for who in (actor, OWNER):
        record = world.record(command, who)
        answer = decider.decide(record, world.state)
        assert world.rows() == before
        assert not world.state.changed
        if isinstance(answer, Refusal):
            assert codec.encode_json(answer)
        elif sendable(record):
            assert all(codec.encode_event(event) for event in decider.enact(answer, record, "0-0", world.state))


def sendable(record: CommandRecord) -> bool:
    """True if the decoder lets the command through: it alone checks the alphabet of ids, users and order keys."""
    try:
        return codec.decode_command(codec.encode_command(record)) == record
    except (UnicodeEncodeError, msgspec.DecodeError):
        return False


@STORIES
@given(STORY)
def test_what_holds_after_any_story(story: Story) -> None:
    """Trees, counters, links, versions and positions agree with the rows and the log."""
    world = told(story)
    for row in world.rows().values():
        if isinstance(row, Reminder):
            world.accepted(SettleReminder(reminder=row.id), CLOCK)  # what the clock does when a zone has changed
    rows = list(world.rows().values())
    assert {row.task: row.levels for row in rows if isinstance(row, Subtasks)} == counted(world)
    check_members(world, [row for row in rows if isinstance(row, Member)])
    for row in rows:
        if isinstance(row, Task):
            check_task(world, row)
    check_reminders(world, [row for row in rows if isinstance(row, Reminder)])
    check_log(world, [row for row in rows if isinstance(row, Task)], [row for row in rows if isinstance(row, Project)])


def check_members(world: World, members: list[Member]) -> None:
    """The workspace's counters are the numbers of rows, and an owner is left."""
    workspace = world.workspace()
    owners = [member for member in members if member.role is Role.OWNER]
    assert (workspace.members, workspace.owners) == (len(members), len(owners))
    assert owners


def check_task(world: World, task: Task) -> None:
    """A task is in a tree without cycles, in a section of its project, and linked from both ends."""
    seen = {task.id}
    above = task
    while above.parent is not None:
        above = world.task(above.parent)
        assert above.id not in seen
        seen.add(above.id)
    if task.parent is not None:
        assert (task.project, task.section) == (None, None)
    if task.section is not None:
        assert task.project is not None
        assert world.project(task.project).section(task.section) is not None
    for link in task.links:
        assert Link(OPPOSITE[link.type], task.id) in world.task(link.task).links
        assert link.type is OPPOSITE[link.type] or Link(OPPOSITE[link.type], link.task) not in task.links
    assert len(set(task.links)) == len(task.links)
    assert len(set(task.labels)) == len(task.labels)
    assert len(set(task.assignees)) == len(task.assignees)
    assert len({item.id for item in task.checklist}) == len(task.checklist)
    assert (task.completed_at is not None) == (task.status in CLOSED)
    assert task.created_at <= task.updated_at
    assert task.completed_at is None or task.created_at <= task.completed_at <= task.updated_at


def check_reminders(world: World, reminders: list[Reminder]) -> None:
    """Each is listed at its task; nobody is to be reminded of what is over, and what is armed has a time."""
    listed = {row.task: set(row.reminders) for row in world.rows().values() if isinstance(row, TaskReminders)}
    assert listed == {
        task: {row.id for row in reminders if row.task == task} for task in {row.task for row in reminders}
    }
    for row in reminders:
        task = world.task(row.task)
        assert row.armed <= (row.scheduled_for is not None and row.state in firing.SHOWN)
        if task.status in CLOSED or task.trashed_at is not None:
            assert row.state not in firing.SHOWN
        elif row.state is ReminderState.PENDING:
            assert row.scheduled_for == firing.schedule(row.trigger, task, row.user, world.state)


def check_log(world: World, tasks: list[Task], projects: list[Project]) -> None:
    """Positions are gapless from 1, instants never run backwards, and versions count events."""
    assert [event.position for event in world.log] == list(range(1, len(world.log) + 1))
    instants = [event.at for event in world.log]
    assert instants == sorted(instants)
    assert len({event.id for event in world.log}) == len(world.log)
    assert world.workspace().position == len(world.log)
    changes = [event for event in world.log if event.type not in OF_REMINDERS | OF_DELIVERIES | OF_PREFERENCES]
    of_task = Counter(event.task for event in changes)
    newest = {event.task: event.position for event in changes}
    for task in tasks:
        assert (task.version, task.position) == (of_task[task.id], newest[task.id])
    of_others = OF_PREFERENCES | OF_FILTERS | {kind.__name__ for kind in get_args(SeriesEvent)}
    of_none = [event for event in world.log if event.task is None and event.type not in of_others]
    of_project = Counter(getattr(codec.event(event), "project", None) for event in of_none)
    for project in projects:
        assert project.version == of_project[project.id]
    assert world.workspace().version == of_project[None]


DIFFERENT: dict[str, list[object]] = {
    "title": ["Oat milk", "Milk"],
    "description": ["", "*cold*"],
    "status": [status for status in Status if status not in (Status.SKIPPED, Status.MISSED)],
    "priority": list(Priority),
    "labels": [(), ("food",), ("b", "a")],
    "assignees": [(), (OWNER,)],
    "start": [None, When(date="2026-03-08")],
    "due": [None, When(local="2026-03-08T09:00")],
    "estimate_minutes": [None, 5],
    "section": [None, "todo", "doing"],
    "order": ["V", "W"],
}


@QUICK
@given(st.data(), st.permutations(sorted(DIFFERENT)), st.integers(1, len(DIFFERENT) - 1))
def test_edits_of_different_fields_both_survive(data: st.DataObject, names: list[str], share: int) -> None:
    """Two people who read the same state and edit different fields both get what they asked for, in any order."""
    wanted = {field: data.draw(st.sampled_from(DIFFERENT[field])) for field in names}
    one = msgspec.structs.replace(EditTask(task="milk"), **{field: wanted[field] for field in names[:share]})
    other = msgspec.structs.replace(EditTask(task="milk"), **{field: wanted[field] for field in names[share:]})
    for commands in ((one, other), (other, one)):
        task = furnished().given(*commands).task("milk")
        for field, value in wanted.items():
            found = getattr(task, field)
            assert set(found) == set(value) if isinstance(value, tuple) else found == value


def test_a_workspace_comes_first() -> None:
    """Before a workspace is created, every other command is refused alike."""
    assert World().refused(EditWorkspace(name="Acme")).code is Code.NOT_FOUND
    assert World().refused(CreateTask(task="t1", title="Milk")).code is Code.NOT_FOUND


def test_a_version_is_not_insisted_on_in_vain() -> None:
    """A command on what has no version of its own is refused if it names one, rather than ignoring it."""
    refusal = furnished().refused(CreateTask(task="new", title="New", expected_version=1))
    assert refusal.code is Code.INVALID
    assert refusal.errors[0].pointer == "/expected_version"
