"""The commands: wishes that `decide` answers with events or a refusal. A closed union, told apart by `type`.

A command names everything it needs: ids are chosen before it is appended, so that deciding it twice gives the same
events. `UNSET` fields were not mentioned. In an edit, `null` makes a field what it is on a new thing that leaves it
out; a field that is never empty, such as a title or the order, takes none.

Why so long: it is one list of the kinds of commands, a few fields each, and their union; they are read side by side.
"""

from typing import Annotated, Final

from msgspec import UNSET, Meta, Struct, UnsetType

from tasksys import limits
from tasksys.events import EventRecord
from tasksys.series.shapes import GivenFields, GivenTemplate, Missed, Original, Scope
from tasksys.values import (
    CATCH_UP,
    Actor,
    CatchUp,
    ChannelKind,
    Duration,
    Hour,
    Id,
    Instant,
    Labels,
    LinkType,
    Markdown,
    Minutes,
    Name,
    Order,
    Priority,
    QuietHours,
    Repeat,
    Role,
    Status,
    Title,
    Trigger,
    User,
    Users,
    When,
    Zone,
    bounded,
)

Rule = Annotated[str, Meta(description="RFC 5545, such as FREQ=WEEKLY;BYDAY=MO,TH")]
Originals = Annotated[tuple[Original, ...], Meta(description="At most 366 local times of the anchor's kind")]
Completions = Annotated[int, Meta(ge=1, le=10_000)]
ChannelNames = Annotated[tuple[Id, ...], Meta(description="`feed`, and names of the user's own channels")]
Key = Annotated[Id, Meta(description="The command's own id, which is its Idempotency-Key; not that of the thing")]


class Base(
    Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="type",
    tag=True,
):
    """What every command has: `id`, its idempotency key within workspace and actor, and a version to insist on."""

    id: Key = ""
    expected_version: Annotated[int, Meta(ge=0)] | None = None


class CreateWorkspace(Base, frozen=True, kw_only=True):
    """The actor becomes its owner. `reminder_hour`: from when a date counts, for reminders; null, from midnight.

    `catch_up`: how late a reminder still fires after an outage.
    """

    name: Name
    time_zone: Zone = "UTC"
    reminder_hour: Hour | None = None
    catch_up: CatchUp = CATCH_UP


class EditWorkspace(Base, frozen=True, kw_only=True):
    """Changes the fields that are mentioned; reminders that go by its zone or its hour are set anew."""

    name: Name | UnsetType = UNSET
    time_zone: Zone | None | UnsetType = UNSET
    reminder_hour: Hour | None | UnsetType = UNSET
    catch_up: CatchUp | None | UnsetType = UNSET


class SetMember(Base, frozen=True, kw_only=True):
    """Adds the user, or changes the role."""

    user: User
    role: Role


class RemoveMember(Base, frozen=True, kw_only=True):
    user: User


class RenewCalendarToken(Base, frozen=True, kw_only=True):
    """The address of the actor's own calendar becomes another one; the former never works again."""


class CreateProject(Base, frozen=True, kw_only=True):
    project: Id = ""
    name: Name
    description: Markdown = ""
    colour: Name = ""
    order: Order | UnsetType = UNSET


class EditProject(Base, frozen=True, kw_only=True):
    project: Id
    name: Name | UnsetType = UNSET
    description: Markdown | None | UnsetType = UNSET
    colour: Name | None | UnsetType = UNSET
    order: Order | UnsetType = UNSET


class TrashProject(Base, frozen=True, kw_only=True):
    """Its tasks are in the trash with it, and come back with it."""

    project: Id


class RestoreProject(Base, frozen=True, kw_only=True):
    project: Id


class AddSection(Base, frozen=True, kw_only=True):
    project: Id
    section: Id = ""
    name: Name
    order: Order | UnsetType = UNSET


class EditSection(Base, frozen=True, kw_only=True):
    project: Id
    section: Id
    name: Name | UnsetType = UNSET
    order: Order | UnsetType = UNSET


class RemoveSection(Base, frozen=True, kw_only=True):
    """Its tasks stay in the project, without a section."""

    project: Id
    section: Id


class CreateTask(Base, frozen=True, kw_only=True):
    task: Id = ""
    title: Title
    description: Markdown = ""
    status: Status = Status.OPEN
    priority: Priority = Priority.NONE
    labels: Labels = ()
    assignees: Users = ()
    start: When | None = None
    due: When | None = None
    estimate_minutes: Minutes | None = None
    project: Id | None = None
    section: Id | None = None
    parent: Id | None = None
    order: Order | UnsetType = UNSET


class EditTask(Base, frozen=True, kw_only=True):
    """Changes the fields that are mentioned; two edits of different fields both win."""

    task: Id
    title: Title | UnsetType = UNSET
    description: Markdown | None | UnsetType = UNSET
    status: Status | None | UnsetType = UNSET
    priority: Priority | None | UnsetType = UNSET
    labels: Labels | None | UnsetType = UNSET
    assignees: Users | None | UnsetType = UNSET
    start: When | None | UnsetType = UNSET
    due: When | None | UnsetType = UNSET
    estimate_minutes: Minutes | None | UnsetType = UNSET
    project: Id | None | UnsetType = UNSET
    section: Id | None | UnsetType = UNSET
    parent: Id | None | UnsetType = UNSET
    order: Order | UnsetType = UNSET


class MoveTask(Base, frozen=True, kw_only=True):
    """To another place: a project, section or parent, and there between the neighbours `after` and `before`.

    `after` alone means directly behind that task, `before` alone directly in front of it. For that the server looks up,
    before the command is appended, the `gap`: that task's order, and the order of what stands beyond (blank: nothing).
    What a client sends there is refused.
    """

    task: Id
    project: Id | None | UnsetType = UNSET
    section: Id | None | UnsetType = UNSET
    parent: Id | None | UnsetType = UNSET
    after: Id | None = None
    before: Id | None = None
    gap: tuple[str, str] | None = None


class StartTask(Base, frozen=True, kw_only=True):
    task: Id


class CompleteTask(Base, frozen=True, kw_only=True):
    task: Id


class CancelTask(Base, frozen=True, kw_only=True):
    task: Id


class ReopenTask(Base, frozen=True, kw_only=True):
    task: Id


class SkipTask(Base, frozen=True, kw_only=True):
    """Leaves this occurrence of a series out."""

    task: Id


class PostponeTask(Base, frozen=True, kw_only=True):
    """Puts a task off: to the due value `to`, or `by` a duration from its due value or, if that is past, from today.

    Its start goes along. How often it was put off is counted. A due value that is past, and before the one that it has,
    is refused: edit the task.
    """

    task: Id
    to: When | None = None
    by: Duration | None = None


class TrashTask(Base, frozen=True, kw_only=True):
    """Its subtasks are in the trash with it, and come back with it."""

    task: Id


class RestoreTask(Base, frozen=True, kw_only=True):
    task: Id


class AssignTask(Base, frozen=True, kw_only=True):
    task: Id
    add: Users = ()
    remove: Users = ()


class LabelTask(Base, frozen=True, kw_only=True):
    task: Id
    add: Labels = ()
    remove: Labels = ()


class LinkTask(Base, frozen=True, kw_only=True):
    """Both tasks get their side of the link. POSTed to a task's links, `{"type", "task"}` says the same."""

    task: Id
    link: LinkType
    other: Id


class UnlinkTask(Base, frozen=True, kw_only=True):
    task: Id
    link: LinkType
    other: Id


class AddChecklistItem(Base, frozen=True, kw_only=True):
    task: Id
    item: Id = ""
    title: Title
    done: bool = False


class EditChecklistItem(Base, frozen=True, kw_only=True):
    task: Id
    item: Id
    title: Title | UnsetType = UNSET
    done: bool | None | UnsetType = UNSET


class RemoveChecklistItem(Base, frozen=True, kw_only=True):
    task: Id
    item: Id


class AddComment(Base, frozen=True, kw_only=True):
    task: Id
    comment: Id = ""
    body: Markdown


class EditComment(Base, frozen=True, kw_only=True):
    """By its author, or an admin."""

    task: Id
    comment: Id
    body: Markdown


class RemoveComment(Base, frozen=True, kw_only=True):
    """By its author, or an admin."""

    task: Id
    comment: Id


class AddReminder(Base, frozen=True, kw_only=True):
    """Reminds the user, by default who asks, on these channels, or else on those of the user's preferences."""

    task: Id
    reminder: Id = ""
    trigger: Trigger
    repeat: Repeat | None = None
    user: User | UnsetType = UNSET
    channels: ChannelNames = ()


class RemoveReminder(Base, frozen=True, kw_only=True):
    task: Id
    reminder: Id


class SnoozeReminder(Base, frozen=True, kw_only=True):
    """A new reminder, `into`, fires after `duration` from now or at the instant `until`; this one is done with."""

    reminder: Id
    duration: str | None = None
    until: str | None = None
    into: Id = ""


class AcknowledgeReminder(Base, frozen=True, kw_only=True):
    reminder: Id


class FireReminder(Base, frozen=True, kw_only=True):
    """The time of a reminder has come. The clock alone sends this; see `streams.timers`."""

    reminder: Id
    scheduled_for: Instant


class SettleReminder(Base, frozen=True, kw_only=True):
    """The zone or hour has changed by which its time may go. The clock alone sends this.

    See `streams.agents.timeline`, and for a user's own `streams.agents.deliveries`.
    """

    reminder: Id


class NoteZones(Base, frozen=True, kw_only=True):
    """Instants are computed by another release of the zone database from now on. The clock alone sends this."""

    zones: str


class CreateSeries(Base, frozen=True, kw_only=True):
    """Tasks that come again: each occurrence of the rule, from the `anchor` on, becomes one, made of the template.

    Given a `task`, that is the first occurrence, and what is not given is taken from it. `after_completion`: the next
    one is so long after the last one was done. `stop_after` is a number of completions. `ahead`: how long before its
    time an occurrence becomes a task; left out, as soon as no other is open, or (with `missed` all) a day.
    """

    series: Id = ""
    task: Id | None = None
    template: GivenTemplate | None = None
    rule: Rule
    anchor: When | None = None
    rdate: Originals = ()
    exdate: Originals = ()
    missed: Missed = Missed.NEXT
    after_completion: bool = False
    stop_after: Completions | None = None
    ahead: Duration | None = None


class EditSeries(Base, frozen=True, kw_only=True):
    """Changes this occurrence, this one and those that follow, or all: of the fields, those that are mentioned.

    `due` moves one occurrence. From `occurrence` on, a new series `into` begins where the rest of the old one was.
    """

    series: Id
    scope: Scope = Scope.ALL
    occurrence: Original | None = None
    into: Id = ""
    template: GivenFields | UnsetType = UNSET
    due: When | UnsetType = UNSET
    rule: Rule | UnsetType = UNSET
    anchor: When | UnsetType = UNSET
    rdate: Originals | UnsetType = UNSET
    exdate: Originals | UnsetType = UNSET
    missed: Missed | UnsetType = UNSET
    stop_after: Completions | None | UnsetType = UNSET
    ahead: Duration | None | UnsetType = UNSET


class SkipOccurrence(Base, frozen=True, kw_only=True):
    """Leaves an occurrence out, whether it is a task yet or not. Undo brings it back."""

    series: Id
    occurrence: Original


class PauseSeries(Base, frozen=True, kw_only=True):
    """No more occurrences until it is resumed; what is open stays."""

    series: Id


class ResumeSeries(Base, frozen=True, kw_only=True):
    """It goes on today: what would have come in between was not missed; one at a time, it goes on where it was."""

    series: Id


class EndSeries(Base, frozen=True, kw_only=True):
    """No more occurrences. Open ones whose time has not come go to the trash, what was due stays. Undo restarts it."""

    series: Id


class AdvanceSeries(Base, frozen=True, kw_only=True):
    """The time of an occurrence has come, or the zone has changed. The clock alone sends this; see `streams.timers`."""

    series: Id


class RecordDelivery(Base, frozen=True, kw_only=True):
    """What came of an attempt to deliver a firing; without an error it came through. The clock alone sends this.

    `retry_at` is when it may be tried again; without, it never will. See `streams.outbox`.
    """

    reminder: Id
    scheduled_for: Instant
    channel: Id
    attempt: Annotated[int, Meta(ge=1)]
    error: str = ""
    retry_at: Instant | None = None


class SetPreferences(Base, frozen=True, kw_only=True):
    """Changes what the user who asks wants of reminders: the fields that are mentioned."""

    zone: Zone | None | UnsetType = UNSET
    reminder_hour: Hour | None | UnsetType = UNSET
    quiet_hours: QuietHours | None | UnsetType = UNSET
    channels: ChannelNames | None | UnsetType = UNSET
    default_reminders: tuple[Trigger, ...] | None | UnsetType = UNSET


class SetChannel(Base, frozen=True, kw_only=True):
    """Adds a channel of the user who asks, or changes where it leads; one that was disabled is used again.

    `target` is an address of the web, an e-mail address or a URL of Apprise's. The server seals it before the command
    is appended: it stands in no log. What a client sends as `sealed` or `marks` is refused. To an e-mail address a mail
    goes first, with a link; nothing else does until it was opened.
    """

    channel: Id
    kind: ChannelKind
    target: Annotated[str, bounded(limits.TARGET_CHARACTERS, "An https:// URL, an e-mail address, or a URL of Apprise")]
    sealed: tuple[str, str] | None = None
    marks: tuple[str, ...] = ()


class ConfirmChannel(Base, frozen=True, kw_only=True):
    """The link was opened that a mail to the channel's address had: that which was `asked` for at that position.

    The page of the link alone sends this; see `views.confirm`.
    """

    user: User
    channel: Id
    asked: Annotated[int, Meta(ge=1)]


class RemoveChannel(Base, frozen=True, kw_only=True):
    """Removes a channel of the user who asks."""

    channel: Id


class EnableChannel(Base, frozen=True, kw_only=True):
    """A channel of the user who asks is used again."""

    channel: Id


class DisableChannel(Base, frozen=True, kw_only=True):
    """A channel of the user who asks is not used until it is enabled."""

    channel: Id


Condition = Annotated[str, Meta(description="As `filter` of a list of tasks: `due < today+3d and label = home`")]
Search = Annotated[str, Meta(description="As `q` of a list of tasks: words to find")]
Sorting = Annotated[str, Meta(description="As `sort` of a list of tasks: `due,-priority`")]


class CreateFilter(Base, frozen=True, kw_only=True):
    """Saves a query under a name: for the user who asks, or `shared` with all members."""

    saved: Id = ""
    name: Name
    filter: Condition = ""
    q: Search = ""
    sort: Sorting = ""
    colour: Name = ""
    shared: bool = False
    order: Order | UnsetType = UNSET


class EditFilter(Base, frozen=True, kw_only=True):
    """Changes the fields that are mentioned. Whoever made it may; an admin, where it is shared."""

    saved: Id
    name: Name | UnsetType = UNSET
    filter: Condition | None | UnsetType = UNSET
    q: Search | None | UnsetType = UNSET
    sort: Sorting | None | UnsetType = UNSET
    colour: Name | None | UnsetType = UNSET
    shared: bool | None | UnsetType = UNSET
    order: Order | UnsetType = UNSET


class RemoveFilter(Base, frozen=True, kw_only=True):
    """Whoever made it may; an admin, where it is shared."""

    saved: Id


class Undo(Base, frozen=True, kw_only=True):
    """Compensates a past command, named by the position of one of its events or by its id.

    `actor` narrows an id that two actors used. `events` are looked up by the server before the command is appended;
    what a client sends there is refused.
    """

    task: Id | None = None
    position: Annotated[int, Meta(ge=1)] | None = None
    command: Id | None = None
    actor: User | None = None
    events: tuple[EventRecord, ...] = ()


Command = (
    CreateWorkspace
    | EditWorkspace
    | SetMember
    | RemoveMember
    | RenewCalendarToken
    | CreateProject
    | EditProject
    | TrashProject
    | RestoreProject
    | AddSection
    | EditSection
    | RemoveSection
    | CreateTask
    | EditTask
    | MoveTask
    | StartTask
    | CompleteTask
    | CancelTask
    | ReopenTask
    | SkipTask
    | PostponeTask
    | TrashTask
    | RestoreTask
    | AssignTask
    | LabelTask
    | LinkTask
    | UnlinkTask
    | AddChecklistItem
    | EditChecklistItem
    | RemoveChecklistItem
    | AddComment
    | EditComment
    | RemoveComment
    | AddReminder
    | RemoveReminder
    | SnoozeReminder
    | AcknowledgeReminder
    | FireReminder
    | SettleReminder
    | CreateSeries
    | EditSeries
    | SkipOccurrence
    | PauseSeries
    | ResumeSeries
    | EndSeries
    | AdvanceSeries
    | NoteZones
    | RecordDelivery
    | SetPreferences
    | SetChannel
    | ConfirmChannel
    | RemoveChannel
    | EnableChannel
    | DisableChannel
    | CreateFilter
    | EditFilter
    | RemoveFilter
    | Undo
)

CLOCK_COMMANDS: Final = (FireReminder, SettleReminder, AdvanceSeries, NoteZones, RecordDelivery, ConfirmChannel)
"""What no client may send."""


class CommandRecord(Struct, frozen=True, gc=False, omit_defaults=True):
    """A command as it stands in the log: with who asked, when and from where.

    `digest` is of the payload as the client sent it, before ids and facts were filled in: a repeated idempotency key
    must come with the same one.
    """

    workspace: Id
    actor: Actor
    at: Instant
    command: Command
    source: str = ""
    digest: str = ""
