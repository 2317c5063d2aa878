"""Given, when, then for decisions: one workspace in memory, with ids and instants that a test can foresee.

world = furnished()
world.given(TrashTask(task="milk"))
assert world.refused(CompleteTask(task="milk")).code is Code.TRASHED
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final, Self, TypeVar

from msgspec import structs

from tasksys import codec, decider
from tasksys.commands import (
    AddChecklistItem,
    AddComment,
    AddReminder,
    AddSection,
    Command,
    CommandRecord,
    CreateFilter,
    CreateProject,
    CreateSeries,
    CreateTask,
    CreateWorkspace,
    DisableChannel,
    EditTask,
    LinkTask,
    MoveTask,
    PauseSeries,
    SetChannel,
    SetMember,
    TrashProject,
    TrashTask,
    Undo,
)
from tasksys.events import Event, EventRecord
from tasksys.recurrence import occurrence_id
from tasksys.refusals import Refusal
from tasksys.rows import Comment, Member, Project, Row, Series, Task, Workspace
from tasksys.series.shapes import GivenTemplate
from tasksys.state import Key, State
from tasksys.values import ChannelKind, LinkType, Role, Status, Trigger, When, instant

WORKSPACE: Final = "acme"
START: Final = datetime(2026, 3, 8, 9, tzinfo=UTC)
OWNER: Final = "olga"
ADMIN: Final = "adam"
EDITOR: Final = "edda"
COMMENTER: Final = "carl"
VIEWER: Final = "vera"
LEAVER: Final = "mia"
STRANGER: Final = "sam"
ACTORS: Final = {
    Role.OWNER: OWNER,
    Role.ADMIN: ADMIN,
    Role.EDITOR: EDITOR,
    Role.COMMENTER: COMMENTER,
    Role.VIEWER: VIEWER,
}
"""One member of each role in a founded workspace."""

CHORE: Final = occurrence_id("chores", "2026-03-12T18:00")
"""The task of the first occurrence of `chores` in a furnished workspace."""
NEXT_CHORE: Final = "2026-03-19T18:00"
"""The original time of the second one, which is no task yet."""

Rows = dict[Key, Row]
R = TypeVar("R", bound=Row)


class World:
    """A workspace's state and log. Every command is one second later than the one before it, and not before `now`."""

    def __init__(self) -> None:
        self.state = State()
        self.log: list[EventRecord] = []
        self.sent = 0
        self.now = ""

    def record(self, command: Command, actor: str = OWNER, at: str | None = None) -> CommandRecord:
        """The command as the way in would append it: with an id and an instant, and what Undo names looked up."""
        self.sent += 1
        moment = max(self.now, instant(START + timedelta(seconds=self.sent))) if at is None else at
        if isinstance(command, Undo) and not command.events:
            command = structs.replace(command, events=self.named(command))
        if isinstance(command, MoveTask) and command.gap is None:
            command = structs.replace(command, gap=self.gap(command))
        command = structs.replace(command, id=command.id or f"command-{self.sent}")
        return CommandRecord(WORKSPACE, actor, moment, command)

    def named(self, command: Undo) -> tuple[EventRecord, ...]:
        """The events of the command that an Undo names by position or by id."""
        names = {event.command for event in self.log if event.position == command.position} | {command.command}
        return tuple(event for event in self.log if event.command in names)

    def gap(self, command: MoveTask) -> tuple[str, str] | None:
        """The order of the one neighbour that a move names, and of what stands beyond."""
        named = self.state.task(command.after or command.before or "")
        if named is None or (command.after and command.before):
            return None
        listed = self.listed(named.project, named.section, named.parent)
        listed = [one for one in listed if one == named.id or one != command.task]
        at = listed.index(named.id) + (1 if command.after else -1)
        return named.order, self.task(listed[at]).order if 0 <= at < len(listed) else ""

    def when(self, command: Command, actor: str = OWNER, at: str | None = None) -> list[EventRecord] | Refusal:
        """Decides the command and, if it is not refused, records its events."""
        record = self.record(command, actor, at)
        answer = decider.decide(record, self.state)
        if isinstance(answer, Refusal):
            return answer
        events = decider.enact(answer, record, f"0-{self.sent}", self.state)
        self.log += events
        return events

    def accepted(self, command: Command, actor: str = OWNER, at: str | None = None) -> list[EventRecord]:
        """The records of a command that must not be refused."""
        answer = self.when(command, actor, at)
        assert not isinstance(answer, Refusal), answer
        return answer

    def events(self, command: Command, actor: str = OWNER, at: str | None = None) -> list[Event]:
        """The typed events of a command that must not be refused."""
        return [codec.event(event) for event in self.accepted(command, actor, at)]

    def refused(self, command: Command, actor: str = OWNER) -> Refusal:
        """The refusal of a command that must be refused, and change nothing."""
        before = self.rows()
        answer = self.when(command, actor)
        assert isinstance(answer, Refusal), answer
        assert self.rows() == before
        return answer

    def given(self, *commands: Command, actor: str = OWNER) -> Self:
        """Commands that must not be refused, by one actor."""
        for command in commands:
            self.accepted(command, actor)
        return self

    def rows(self) -> Rows:
        """All rows as they are now."""
        return {key: row for key, row in self.state.rows.items() if row is not None}

    def workspace(self) -> Workspace:
        """The workspace, which must be there."""
        return there(self.state.workspace)

    def member(self, user: str) -> Member:
        """A member, who must be there."""
        return there(self.state.member(user))

    def project(self, identifier: str) -> Project:
        """A project, which must be there."""
        return there(self.state.project(identifier))

    def task(self, identifier: str) -> Task:
        """A task, which must be there."""
        return there(self.state.task(identifier))

    def series(self, identifier: str) -> Series:
        """A series, which must be there."""
        return there(self.state.series(identifier))

    def comment(self, task: str, identifier: str) -> Comment:
        """A comment, which must be there."""
        return there(self.state.comment(task, identifier))

    def listed(self, project: str | None = None, section: str | None = None, parent: str | None = None) -> list[str]:
        """The ids of the tasks of one list in manual order."""
        tasks = [row for row in self.rows().values() if isinstance(row, Task)]
        here = [row for row in tasks if (row.project, row.section, row.parent) == (project, section, parent)]
        return [row.id for row in sorted(here, key=lambda row: (row.order, row.id))]


def there(row: R | None) -> R:
    """The row, which must be there."""
    assert row is not None
    return row


def replayed(log: Iterable[EventRecord]) -> Rows:
    """The rows that the events of a log fold into, each read back from its stored bytes."""
    world = World()
    for event in log:
        decider.replay(codec.decode_event(codec.encode_event(event)), WORKSPACE, world.state)
    return world.rows()


def founded() -> World:
    """A workspace with a member of each role, and one more editor."""
    world = World().given(CreateWorkspace(name="Acme"))
    for role, user in ACTORS.items():
        world.given(SetMember(user=user, role=role))
    return world.given(SetMember(user=LEAVER, role=Role.EDITOR))


def furnished() -> World:
    """A founded workspace with something of everything in it.

    Project `home` with sections `todo` and `doing`, project `work`, project `attic` in the trash. Task `milk` in
    `home`, `todo`, with all details and the subtask `jam`; `bread` in `home`, with the reminder `bell`; `tax` in no
    project; `rent` is done; `junk` is in the trash. Series `chores` has the open task CHORE, and NEXT_CHORE is to
    come; `paused` is paused. Everybody has the channel `phone`, and `pager`, which is disabled. The owner saved the
    filters `urgent`, which is shared, and `mine`, which is not.
    """
    world = founded().given(
        CreateProject(project="home", name="Home"),
        AddSection(project="home", section="todo", name="To do"),
        AddSection(project="home", section="doing", name="Doing"),
        CreateProject(project="work", name="Work"),
        CreateProject(project="attic", name="Attic"),
        TrashProject(project="attic"),
        CreateTask(
            task="milk", title="Milk", project="home", section="todo", labels=("food", "shop"), assignees=(EDITOR,)
        ),
        CreateTask(task="bread", title="Bread", project="home"),
        CreateTask(task="jam", title="Jam", parent="milk"),
        CreateTask(task="tax", title="Tax"),
        CreateTask(task="rent", title="Rent", status=Status.DONE),
        CreateTask(task="junk", title="Junk"),
        TrashTask(task="junk"),
        AddChecklistItem(task="milk", item="item", title="Full fat"),
        AddComment(task="milk", comment="remark", body="From the corner shop"),
        LinkTask(task="milk", link=LinkType.BLOCKS, other="bread"),
        AddReminder(task="bread", reminder="bell", trigger=Trigger(at="2026-04-01T09:00:00Z")),
        EditTask(id="rename-bread", task="bread", title="Rye bread"),
        CreateSeries(
            series="chores",
            template=GivenTemplate(title="Chores"),
            rule="FREQ=WEEKLY",
            anchor=When(local="2026-03-12T18:00", zone="Europe/Berlin"),
        ),
        CreateSeries(
            series="paused", template=GivenTemplate(title="Swim"), rule="FREQ=DAILY", anchor=When(date="2026-04-01")
        ),
        PauseSeries(series="paused"),
    )
    for user in ACTORS.values():
        world.given(
            SetChannel(
                channel="phone", kind=ChannelKind.WEBHOOK, target="", sealed=("v1.xyz", "https://phone.example/…")
            ),
            SetChannel(channel="pager", kind=ChannelKind.APPRISE, target="", sealed=("v1.zyx", "ntfy://ntfy.sh/…")),
            DisableChannel(channel="pager"),
            actor=user,
        )
    return world.given(
        CreateFilter(saved="urgent", name="Urgent", filter="priority >= high", sort="due", shared=True),
        CreateFilter(saved="mine", name="Mine", filter="assignee = me"),
    )
