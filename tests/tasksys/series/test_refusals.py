"""What is refused of commands on series, with the field that is wrong and what to do."""

from datetime import date, timedelta
from typing import Any

import pytest

from tasksys import codec, limits
from tasksys.commands import (
    AdvanceSeries,
    Command,
    CompleteTask,
    CreateSeries,
    CreateTask,
    EditTask,
    EndSeries,
    PauseSeries,
    PostponeTask,
    ReopenTask,
    ResumeSeries,
    SkipOccurrence,
    SkipTask,
    StartTask,
    TrashTask,
    Undo,
)
from tasksys.refusals import Code
from tasksys.series.overriding import OVERRIDES, OVERRIDES_BYTES
from tasksys.series.shapes import Before, GivenFields, GivenTemplate, OfEach, Scope
from tasksys.values import Repeat, Status, When
from tests.support.domain import COMMENTER, STRANGER, VIEWER
from tests.tasksys.series.calendar import SERIES, Calendar, daily, dated, edit, identifier, pass_time, split, workspace

TODAY = "2026-03-02T09:00"
NEXT = "2026-03-04T09:00"
ONE: dict[str, Any] = {"scope": Scope.THIS, "occurrence": NEXT}
TITLE = GivenFields(title="Tea")


def furnished() -> Calendar:
    """Series `s`; task `plain`, `done` and `junk`, which is in the trash."""
    return workspace().given(
        daily(),
        CreateTask(task="plain", title="Plain"),
        CreateTask(task="done", title="Done", due=When(date="2026-03-02")),
        CompleteTask(task="done"),
        CreateTask(task="junk", title="Junk", due=When(date="2026-03-02")),
        TrashTask(task="junk"),
    )


def new(**fields: Any) -> CreateSeries:
    """The creation of another series."""
    return daily(**({"series": "n"} | fields))


def each(*reminders: OfEach) -> GivenTemplate:
    """A template with reminders."""
    return GivenTemplate("Water", reminders=reminders)


@pytest.mark.parametrize(
    ("command", "pointers"),
    [
        (new(anchor=None), ["/anchor"]),
        (new(anchor=When()), ["/anchor"]),
        (new(anchor=When(local=TODAY, zone="Mars/Base")), ["/anchor"]),
        (new(task="plain", anchor=None), ["/anchor"]),
        (new(template=None), ["/template"]),
        (new(rule="daily"), ["/rule"]),
        (new(rule="FREQ=DAILY;COUNT=3;UNTIL=20260401T000000Z"), ["/rule"]),
        (new(rule="FREQ=SECONDLY;INTERVAL=1"), ["/rule"]),
        (new(rule="FREQ=WEEKLY;BYDAY=TU"), ["/rule"]),
        (new(rule="FREQ=DAILY;UNTIL=20260303"), ["/rule"]),
        (new(rule="FREQ=DAILY;COUNT=2", anchor=When(local="2026-02-02T09:00")), ["/rule"]),
        (new(rdate=("2026-03-05",)), ["/rdate"]),
        (new(exdate=("soon",)), ["/exdate"]),
        (new(after_completion=True, rule="FREQ=DAILY;COUNT=3"), ["/rule"]),
        (new(after_completion=True, rdate=(NEXT,)), ["/rdate"]),
        (new(after_completion=True, exdate=(NEXT,)), ["/exdate"]),
        (new(ahead="soon"), ["/ahead"]),
        (new(ahead="-P1D"), ["/ahead"]),
        (new(ahead="soon", rule="daily", template=GivenTemplate(" ")), ["/rule", "/ahead"]),
        (new(template=GivenTemplate(" ", labels=("",))), ["/template/title", "/template/labels/0"]),
        (new(template=GivenTemplate("W", assignees=(STRANGER,))), ["/template/assignees/0"]),
        (new(template=GivenTemplate("W", checklist=("A", ""))), ["/template/checklist/1"]),
        (new(template=GivenTemplate("W", start_before="-PT1H")), ["/template/start_before"]),
        (new(template=each(OfEach(Before("soon")))), ["/template/reminders/0/trigger/before"]),
        (
            new(template=each(OfEach(Before("P1D")), OfEach(Before("P1D"), Repeat("PT1S", 2)))),
            ["/template/reminders/1/repeat/every"],
        ),
        (new(template=each(OfEach(Before("P1D"), None, STRANGER))), ["/template/reminders/0/user"]),
        (edit(due=When(date="2026-03-05")), ["/due"]),
        (edit(occurrence=NEXT, into="t"), ["/occurrence"]),
        (edit(scope=Scope.THIS), ["/occurrence"]),
        (edit(scope=Scope.THIS_AND_FOLLOWING, into="t"), ["/occurrence"]),
        (edit(scope=Scope.THIS_AND_FOLLOWING, occurrence=NEXT), ["/into"]),
        (split(NEXT, due=When(date="2026-03-05")), ["/due"]),
        (split("2026-03-04T10:00", template=TITLE), ["/occurrence"]),
        (split("2026-03-01T09:00", template=TITLE), ["/occurrence"]),
        (edit(**ONE, rule="FREQ=WEEKLY", ahead="P1D"), ["/rule", "/ahead"]),
        (edit(**ONE, due=When()), ["/due"]),
        (edit(**ONE, template=GivenFields(checklist=("A",))), ["/template/checklist"]),
        (edit(scope=Scope.THIS, occurrence=TODAY, template=GivenFields(checklist=("A",))), ["/template/checklist"]),
        (edit(scope=Scope.THIS, occurrence="2026-03-04", template=TITLE), ["/occurrence"]),
        (edit(anchor=When(local="2026-03-02T09:00", zone="Mars/Base")), ["/anchor"]),
        (edit(rule="FREQ=DAILY;UNTIL=20260301T000000Z"), ["/rule"]),
        (edit(rdate=("2026-03-01T09:00",)), ["/rdate"]),
        (edit(ahead="soon"), ["/ahead"]),
        (edit(template=GivenFields(title="")), ["/template/title"]),
        (SkipOccurrence(series=SERIES, occurrence="2026-03-04"), ["/occurrence"]),
        (SkipOccurrence(series=SERIES, occurrence="2026-03-04T10:00"), ["/occurrence"]),
        (PostponeTask(task="plain"), ["/to"]),
        (PostponeTask(task="plain", by="P1D"), ["/by"]),
        (PostponeTask(task="plain", by="P1D", to=When(date="2026-03-04")), ["/to"]),
        (PostponeTask(task="plain", to=When()), ["/to"]),
        (PostponeTask(task=identifier(TODAY), by="-P1D"), ["/by"]),
        (PostponeTask(task=identifier(TODAY), by="PT0S"), ["/by"]),
        (PostponeTask(task=identifier(TODAY), by="soon"), ["/by"]),
    ],
)
def test_which_field_is_wrong(command: Command, pointers: list[str]) -> None:
    """Each names the field, and says what to do."""
    refusal = furnished().refused(command)
    assert refusal.code is Code.INVALID
    assert [one.pointer for one in refusal.errors] == pointers
    assert all(one.detail.endswith(".") for one in refusal.errors)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (daily(), Code.EXISTS),
        (new(task="nowhere"), Code.NOT_FOUND),
        (new(task="junk"), Code.TRASHED),
        (new(task="done"), Code.TASK_CLOSED),
        (new(task=identifier(TODAY)), Code.EXISTS),
        (new(template=GivenTemplate("W", project="nowhere")), Code.NOT_FOUND),
        (new(template=GivenTemplate("W", parent="junk")), Code.TRASHED),
        (new(template=GivenTemplate("W", labels=tuple(map(str, range(limits.LABELS_PER_TASK + 1))))), Code.LIMIT),
        (new(template=each(*[OfEach(Before("P1D"))] * (limits.REMINDERS_PER_TASK + 1))), Code.LIMIT),
        (new(expected_version=1), Code.INVALID),
        (edit(expected_version=7, template=TITLE), Code.VERSION_CONFLICT),
        (PauseSeries(series="nowhere"), Code.NOT_FOUND),
        (PauseSeries(series=SERIES, expected_version=2), Code.VERSION_CONFLICT),
        (split(NEXT, template=GivenFields(project="nowhere")), Code.NOT_FOUND),
        (SkipTask(task="plain"), Code.NOT_RECURRING),
        (SkipTask(task="nowhere"), Code.NOT_FOUND),
        (SkipTask(task="junk"), Code.TRASHED),
        (PostponeTask(task="done", by="P1D"), Code.TASK_CLOSED),
        (PostponeTask(task="junk", by="P1D"), Code.TRASHED),
        (AdvanceSeries(series=SERIES), Code.FORBIDDEN),
    ],
)
def test_why_not(command: Command, code: Code) -> None:
    """What is not there, is there already, is over, or is not for people."""
    assert furnished().refused(command).code is code


@pytest.mark.parametrize("actor", [COMMENTER, VIEWER])
@pytest.mark.parametrize(
    "command",
    [
        new(),
        edit(template=TITLE),
        split(NEXT, template=TITLE),
        SkipOccurrence(series=SERIES, occurrence=NEXT),
        EndSeries(series=SERIES),
    ],
)
def test_only_editors(command: Command, actor: str) -> None:
    """Who may not edit tasks may not have them made either."""
    assert furnished().refused(command, actor).code is Code.FORBIDDEN


def test_what_is_past() -> None:
    """What was skipped or missed before it was a task cannot be changed; what is done cannot be skipped."""
    world = workspace().given(daily(), SkipOccurrence(series=SERIES, occurrence="2026-03-03T09:00"))
    pass_time(world, "2026-03-08T10:00", late=True)
    for day in (3, 4):
        past = edit(scope=Scope.THIS, occurrence=f"2026-03-0{day}T09:00", template=TITLE)
        assert world.refused(past).code is Code.OCCURRENCE_PAST
    assert world.accepted(SkipOccurrence(series=SERIES, occurrence="2026-03-03T09:00")) == []
    assert world.refused(SkipOccurrence(series=SERIES, occurrence="2026-03-04T09:00")).code is Code.OCCURRENCE_PAST
    world.given(CompleteTask(task=identifier("2026-03-08T09:00")))
    assert world.refused(SkipOccurrence(series=SERIES, occurrence="2026-03-08T09:00")).code is Code.TASK_CLOSED
    world.given(TrashTask(task=identifier("2026-03-09T09:00")))
    assert world.refused(SkipOccurrence(series=SERIES, occurrence="2026-03-09T09:00")).code is Code.TRASHED


def test_not_too_many_are_brought_back() -> None:
    """Reopened, restored, started or undone: a series has no more open tasks than one row should name."""
    world, done = workspace().given(daily()), []
    for _ in range(limits.OPEN_OF_SERIES + 3):
        (name,) = world.series(SERIES).open_tasks
        done.append((name, world.accepted(CompleteTask(task=name))))
    world.given(EditTask(task=done[0][0], status=Status.OPEN), StartTask(task=done[1][0]))
    for name, _ in done[2 : limits.OPEN_OF_SERIES - 1]:
        world.given(ReopenTask(task=name))
    assert len(world.series(SERIES).open_tasks) == limits.OPEN_OF_SERIES
    last, events = done[-1]
    for command in (
        ReopenTask(task=last),
        StartTask(task=last),
        EditTask(task=last, status=Status.OPEN),
        Undo(events=tuple(events)),
    ):
        assert world.refused(command).code is Code.LIMIT
    world.given(CompleteTask(task=done[0][0]), ReopenTask(task=last))


def test_an_ended_series_is_not_changed() -> None:
    """In no way: its end is undone first."""
    world = workspace().given(daily(), EndSeries(series=SERIES))
    for command in (
        PauseSeries(series=SERIES),
        ResumeSeries(series=SERIES),
        edit(template=TITLE),
        edit(**ONE, template=TITLE),
        split(NEXT, template=TITLE),
        SkipOccurrence(series=SERIES, occurrence=NEXT),
    ):
        assert world.refused(command).code is Code.SERIES_ENDED


def test_what_follows_a_completion_is_not_split_off() -> None:
    """When it will be is not known."""
    world = workspace().given(dated(after_completion=True))
    refusal = world.refused(split("2026-03-02", template=TITLE))
    assert [one.pointer for one in refusal.errors] == ["/scope"]


def test_a_series_of_that_name_is_there() -> None:
    """The new series of a split needs a name of its own."""
    assert (
        workspace().given(daily()).refused(edit(scope=Scope.THIS_AND_FOLLOWING, occurrence=NEXT, into=SERIES)).code
        is Code.EXISTS
    )


def test_not_too_many_that_differ() -> None:
    """Before they are tasks; one more change of one of them is none more."""
    world = workspace().given(dated())
    first = date(2027, 1, 1)
    for number in range(OVERRIDES):
        world.given(SkipOccurrence(series=SERIES, occurrence=(first + timedelta(days=number)).isoformat()))
    assert world.refused(SkipOccurrence(series=SERIES, occurrence="2029-01-01")).code is Code.LIMIT
    world.given(edit(scope=Scope.THIS, occurrence="2027-01-01", template=TITLE))


def test_not_too_much_that_differs() -> None:
    """All of it is in one row, which a record of the table's changelog holds; undo brings no more back either."""
    world, first = workspace().given(dated()), date(2027, 1, 1)
    long, short = GivenFields(description="x" * limits.DESCRIPTION_BYTES), GivenFields(description="x")
    days = [(first + timedelta(days=number)).isoformat() for number in range(16)]
    shortened = []
    for day in days[:7]:
        world.given(edit(scope=Scope.THIS, occurrence=day, template=long))
    shortened += [world.accepted(edit(scope=Scope.THIS, occurrence=day, template=short)) for day in days[:7]]
    for day in days[7:14]:
        world.given(edit(scope=Scope.THIS, occurrence=day, template=long))
    assert world.refused(edit(scope=Scope.THIS, occurrence=days[14], template=long)).code is Code.LIMIT
    assert world.refused(Undo(events=tuple(shortened[0]))).code is Code.LIMIT
    assert len(codec.encode_row(world.series(SERIES))) <= OVERRIDES_BYTES
