"""Preferences: whose they are, what they hold, and what they mean for reminders."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasksys import codec, decider, limits, preferences
from tasksys.commands import (
    AddReminder,
    Command,
    CompleteTask,
    CreateSeries,
    CreateTask,
    EditWorkspace,
    RemoveChannel,
    SetChannel,
    SetPreferences,
    SettleReminder,
    Undo,
)
from tasksys.refusals import Code
from tasksys.rows import Channels, Preferences, Reminder, TaskReminders, Workspace
from tasksys.series.shapes import GivenTemplate
from tasksys.values import CLOCK, UTC, ChannelKind, QuietHours, Status, Trigger, When, instant
from tests.support.domain import EDITOR, OWNER, VIEWER, World, furnished, replayed
from tests.tasksys.strategies import QUICK

GOLDEN = Path(__file__).parent.parent / "golden"
NIGHT = QuietHours("22:00", "07:00")
BERLIN, YORK, LORD_HOWE = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")


def wanted(world: World, user: str = OWNER) -> Preferences:
    """The user's preferences now."""
    return preferences.of(user, world.state)


def test_they_are_set_field_by_field_and_are_ones_own() -> None:
    """Null gives a field back its default; what is so already is no event."""
    world = furnished().given(SetPreferences(zone="Europe/Berlin", reminder_hour=8), SetPreferences(quiet_hours=NIGHT))
    assert (wanted(world).zone, wanted(world).reminder_hour, wanted(world).quiet_hours) == ("Europe/Berlin", 8, NIGHT)
    assert world.accepted(SetPreferences(reminder_hour=8)) == []
    assert wanted(world, EDITOR) == Preferences(EDITOR)
    world.given(SetPreferences(zone=None, reminder_hour=None, quiet_hours=None))
    assert world.state.get(Preferences, OWNER) is None
    world.accepted(SetPreferences(channels=("phone", "feed", "phone")), VIEWER)
    assert wanted(world, VIEWER).channels == ("phone", "feed")
    assert replayed(world.log) == world.rows()


@pytest.mark.parametrize(
    ("command", "pointer"),
    [
        (SetPreferences(zone="Nowhere/Land"), "/zone"),
        (SetPreferences(quiet_hours=QuietHours("22:00", "24:00")), "/quiet_hours"),
        (SetPreferences(quiet_hours=QuietHours("7", "8")), "/quiet_hours"),
        (SetPreferences(quiet_hours=QuietHours("07:00", "07:00")), "/quiet_hours"),
        (SetPreferences(channels=("telepathy",)), "/channels"),
        (SetPreferences(default_reminders=(Trigger(at="2026-03-09T09:00:00Z"),)), "/default_reminders"),
        (SetPreferences(default_reminders=(Trigger(before="soon"),)), "/default_reminders"),
        (SetPreferences(default_reminders=(Trigger(before="P1D"),) * 6), "/default_reminders"),
        (SetChannel(channel="feed", kind=ChannelKind.EMAIL, target="", sealed=("v1.x", "x")), "/channel"),
        (SetChannel(channel="new", kind=ChannelKind.EMAIL, target="a@example.org", sealed=("v1.x", "x")), "/target"),
        (SetChannel(channel="new", kind=ChannelKind.EMAIL, target=""), "/target"),
        (AddReminder(task="milk", reminder="r", trigger=Trigger(before="P1D"), channels=("telepathy",)), "/channels"),
    ],
)
def test_what_is_wrong(command: Command, pointer: str) -> None:
    """The field is named."""
    assert [one.pointer for one in furnished().refused(command).errors] == [pointer]


def test_channels_are_bounded_and_keep_what_made_them() -> None:
    """Another address keeps the secret; one that was removed and comes back by undo does, too."""
    world = furnished()

    def channels() -> Channels:
        found = world.state.get(Channels, OWNER)
        assert found is not None
        return found

    made = channels().channels[0].made
    moved = SetChannel(channel="phone", kind=ChannelKind.WEBHOOK, target="", sealed=("v1.new", "https://new.example/…"))
    world.given(moved)
    assert (channels().channels[0].sealed, channels().channels[0].made) == ("v1.new", made)
    gone = world.accepted(RemoveChannel(channel="phone"))
    world.given(Undo(events=tuple(gone)))
    assert {one.name: one.made for one in channels().channels}["phone"] == made
    assert world.refused(RemoveChannel(channel="nope")).code is Code.NOT_FOUND
    for number in range(limits.CHANNELS_PER_USER - 2):
        world.given(SetChannel(channel=f"c{number}", kind=ChannelKind.WEBHOOK, target="", sealed=("v1.x", "x")))
    full = world.refused(SetChannel(channel="one-more", kind=ChannelKind.WEBHOOK, target="", sealed=("v1.x", "x")))
    assert full.code is Code.LIMIT
    for one in channels().channels:
        world.given(RemoveChannel(channel=one.name))
    assert world.state.get(Channels, OWNER) is None


def test_dates_and_floating_times_are_the_users() -> None:
    """By their zone and hour, else the workspace's zone and midnight; each user has their own."""
    world = furnished().given(EditWorkspace(time_zone="America/New_York"))
    date, floating = When(date="2026-04-08"), When(local="2026-04-08T09:00")
    world.given(CreateTask(task="a", title="A", due=date), CreateTask(task="b", title="B", due=floating))
    world.accepted(SetPreferences(zone="Europe/Berlin", reminder_hour=8), EDITOR)
    for user in (OWNER, EDITOR):
        for task in ("a", "b"):
            ring = AddReminder(task=task, reminder=f"{task}-{user}", trigger=Trigger(before="PT30M"), user=user)
            world.given(ring)
    rows = {row.id: row.scheduled_for for row in world.rows().values() if isinstance(row, Reminder)}
    assert rows["a-olga"] == "2026-04-08T03:30:00.000Z"
    assert rows["b-olga"] == "2026-04-08T12:30:00.000Z"
    assert rows["a-edda"] == "2026-04-08T05:30:00.000Z"
    assert rows["b-edda"] == "2026-04-08T06:30:00.000Z"
    world.accepted(SetPreferences(reminder_hour=10), EDITOR)
    assert [one.type for one in world.accepted(SettleReminder(reminder="a-edda"), CLOCK)] == ["ReminderRescheduled"]
    assert world.accepted(SettleReminder(reminder="a-olga"), CLOCK) == []
    moved = world.state.reminder("a-edda")
    assert moved is not None
    assert moved.scheduled_for == "2026-04-08T07:30:00.000Z"


def rings(world: World, before: str, due: When, user: str = OWNER) -> str | None:
    """When a reminder so long before a new task is due fires for the user."""
    task, name = f"task-{world.sent}", f"ring-{world.sent}"
    world.given(
        CreateTask(task=task, title="A", due=due),
        AddReminder(task=task, reminder=name, trigger=Trigger(before=before), user=user),
    )
    found = world.state.reminder(name)
    assert found is not None
    return found.scheduled_for


def test_a_date_counts_from_the_users_hour_or_else_the_workspaces() -> None:
    """Midnight where neither has one; a user's own midnight is an hour, too."""
    date, timed = When(date="2026-04-08"), When(local="2026-04-08T12:00", zone="UTC")
    world = furnished()
    assert rings(world, "PT30M", date) == "2026-04-07T23:30:00.000Z"
    world.given(EditWorkspace(reminder_hour=9))
    assert rings(world, "PT30M", date) == "2026-04-08T08:30:00.000Z"
    assert rings(world, "PT30M", timed) == "2026-04-08T11:30:00.000Z"
    world.accepted(SetPreferences(reminder_hour=0), EDITOR)
    assert rings(world, "PT30M", date, EDITOR) == "2026-04-07T23:30:00.000Z"
    world.accepted(SetPreferences(reminder_hour=20), EDITOR)
    assert rings(world, "PT30M", date, EDITOR) == "2026-04-08T19:30:00.000Z"
    world.given(EditWorkspace(reminder_hour=None))
    assert rings(world, "PT30M", date) == "2026-04-07T23:30:00.000Z"
    assert replayed(world.log) == world.rows()


def test_a_workspace_from_before_keeps_its_hour() -> None:
    """Its first event says 9, and so does a row that was stored without the field."""
    world = World()
    line = (GOLDEN / "events-v1.jsonl").read_bytes().splitlines()[0]
    decider.replay(codec.decode_event(line), "acme", world.state)
    assert world.workspace().reminder_hour == 9
    kept = msgspec.json.decode(b'{"id":"acme","name":"A","time_zone":"UTC","created_at":""}', type=Workspace)
    assert kept.reminder_hour == 9
    nothing = msgspec.structs.replace(kept, reminder_hour=None)
    assert msgspec.json.decode(msgspec.json.encode(nothing), type=Workspace) == nothing


def by_default(world: World, task: str) -> list[tuple[str, str | None]]:
    """Whom a task's reminders remind, and when."""
    named = world.state.get(TaskReminders, task)
    found = [world.state.reminder(one) for one in named.reminders] if named else []
    return [(one.user, one.scheduled_for) for one in found if one is not None]


def test_a_new_task_gets_the_reminders_that_its_people_want() -> None:
    """Its assignees, or who made it; in the same command, and only where there is something to be reminded of."""
    world = furnished()
    day, hour = Trigger(before="P1D"), Trigger(before="PT1H")
    world.accepted(SetPreferences(default_reminders=(day, hour)))
    world.accepted(SetPreferences(default_reminders=(hour,)), EDITOR)
    due = When(local="2026-04-08T09:00", zone="UTC")
    eve, before = "2026-04-07T09:00:00.000Z", "2026-04-08T08:00:00.000Z"
    events = world.accepted(CreateTask(task="own", title="Own", due=due))
    assert [one.type for one in events] == ["TaskCreated", "ReminderAdded", "ReminderAdded"]
    assert by_default(world, "own") == [(OWNER, eve), (OWNER, before)]
    world.given(CreateTask(task="hers", title="Hers", due=due, assignees=(EDITOR, VIEWER)))
    assert by_default(world, "hers") == [(EDITOR, before)]
    world.given(CreateTask(task="some-day", title="Some day"))
    world.given(CreateTask(task="done", title="Done", due=due, status=Status.DONE))
    world.given(CreateTask(task="late", title="Late", due=When(date="2026-03-01")))
    assert [by_default(world, task) for task in ("some-day", "done", "late")] == [[], [], []]
    assert replayed(world.log) == world.rows()
    world.given(CompleteTask(task="own"))
    world.given(Undo(events=tuple(events)))
    assert world.task("own").trashed_at is not None


def test_undo_is_ones_own_and_stands_against_later_changes() -> None:
    """As everywhere: what was set since stands in the way; somebody else's is forbidden."""
    world = furnished()
    done = tuple(world.accepted(SetPreferences(reminder_hour=8)))
    assert world.refused(Undo(events=done), EDITOR).code is Code.FORBIDDEN
    world.given(SetPreferences(reminder_hour=9))
    assert world.refused(Undo(events=done)).code is Code.UNDO_CONFLICT


@pytest.mark.parametrize(
    ("at", "quiet", "zone", "end"),
    [
        ("2026-01-10T21:30:00.000Z", NIGHT, BERLIN, "2026-01-11T06:00:00.000Z"),
        ("2026-01-10T20:59:59.999Z", NIGHT, BERLIN, "2026-01-10T20:59:59.999Z"),
        ("2026-01-10T21:00:00.000Z", NIGHT, BERLIN, "2026-01-11T06:00:00.000Z"),
        ("2026-01-11T03:00:00.000Z", NIGHT, BERLIN, "2026-01-11T06:00:00.000Z"),
        ("2026-01-11T06:00:00.000Z", NIGHT, BERLIN, "2026-01-11T06:00:00.000Z"),
        ("2026-01-10T12:15:00.000Z", QuietHours("12:00", "14:00"), UTC, "2026-01-10T14:00:00.000Z"),
        # a night that is an hour shorter, and one that is an hour longer
        ("2026-03-28T23:00:00.000Z", NIGHT, BERLIN, "2026-03-29T05:00:00.000Z"),
        ("2026-10-24T21:00:00.000Z", NIGHT, BERLIN, "2026-10-25T06:00:00.000Z"),
        # an end that the clock jumps over comes as much later
        ("2026-03-08T06:00:00.000Z", QuietHours("23:00", "02:30"), YORK, "2026-03-08T07:30:00.000Z"),
        # an end that comes twice is the first, unless that is past
        ("2026-11-01T04:00:00.000Z", QuietHours("23:00", "01:30"), YORK, "2026-11-01T05:30:00.000Z"),
        ("2026-11-01T06:10:00.000Z", QuietHours("23:00", "01:30"), YORK, "2026-11-01T06:30:00.000Z"),
        # a clock that is set by half an hour
        ("2026-04-04T14:00:00.000Z", QuietHours("22:00", "01:45"), LORD_HOWE, "2026-04-04T14:45:00.000Z"),
        ("9999-12-31T23:30:00.000Z", NIGHT, UTC, "9999-12-31T23:30:00.000Z"),
    ],
)
def test_when_quiet_hours_end(at: str, quiet: QuietHours, zone: ZoneInfo, end: str) -> None:
    """By the wall clock of the zone, whatever is done to it."""
    assert preferences.quiet_end(at, quiet, zone) == end


MINUTES = st.integers(0, 24 * 60 - 1).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(lambda one: instant(one.replace(tzinfo=UTC)))


@QUICK
@given(INSTANTS, MINUTES, MINUTES, st.sampled_from([BERLIN, YORK, LORD_HOWE, UTC]))
def test_quiet_hours_end_soon_and_are_over_then(at: str, start: str, end: str, zone: ZoneInfo) -> None:
    """Never before the instant, at most a day and an hour later, and that is in no quiet hours any more."""
    if start == end:
        return
    quiet = QuietHours(start, end)
    over = preferences.quiet_end(at, quiet, zone)
    assert over >= at
    assert (datetime.fromisoformat(over) - datetime.fromisoformat(at)).total_seconds() <= 25 * 3600
    assert preferences.quiet_end(over, quiet, zone) == over or over == at


def test_occurrences_get_the_reminders_of_their_people() -> None:
    """Of their assignees, or of who made the series, whoever made the occurrence."""
    world = furnished()
    hour = Trigger(before="PT1H")
    for user in (OWNER, EDITOR):
        world.accepted(SetPreferences(default_reminders=(hour,)), user)

    def made(template: GivenTemplate) -> list[tuple[str, str | None]]:
        anchor = When(local="2026-03-09T09:00", zone="UTC")
        events = world.accepted(
            CreateSeries(series=template.title, template=template, rule="FREQ=DAILY", anchor=anchor), OWNER
        )
        (first,) = [one.task for one in events if one.type == "TaskCreated"]
        assert first is not None
        again = world.accepted(CompleteTask(task=first), EDITOR)
        (second,) = [one.task for one in again if one.type == "TaskCreated"]
        assert second is not None
        return [*by_default(world, first), *by_default(world, second)]

    today, tomorrow = "2026-03-09T08:00:00.000Z", "2026-03-10T08:00:00.000Z"
    assert made(GivenTemplate("Plants")) == [(OWNER, today), (OWNER, tomorrow)]
    assert made(GivenTemplate("Cat", assignees=(EDITOR,))) == [(EDITOR, today), (EDITOR, tomorrow)]
    assert replayed(world.log) == world.rows()
