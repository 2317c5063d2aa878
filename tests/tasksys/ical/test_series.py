"""Series in calendars: nothing of them is lost, other programs see what they understand, and files make them."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Component
from msgspec import structs

from tasksys.commands import (
    CompleteTask,
    CreateProject,
    CreateSeries,
    EditSeries,
    EndSeries,
    PauseSeries,
    SkipOccurrence,
    SkipTask,
)
from tasksys.ical import bounds, events, uids
from tasksys.ical import calendar as calendars
from tasksys.ical.calendar import View
from tasksys.ical.series import cut
from tasksys.ical.todos import Whole
from tasksys.recurrence import occurrence_id
from tasksys.rows import Series, Task
from tasksys.series.shapes import Before, GivenFields, GivenTemplate, Missed, OfEach, Scope, SeriesState, Template
from tasksys.values import Of, Priority, Repeat, Status, When
from tests.support.domain import EDITOR, OWNER, WORKSPACE, World, founded
from tests.tasksys.ical.made import calendar, file, imported, steps, vtodo
from tests.tasksys.ical.test_files import text
from tests.tasksys.ical.test_round_trip import LINE, TEXT

MONDAY: Final = When(local="2026-03-09T09:00", zone="Europe/Berlin")
BERLIN: Final = "DTSTART;TZID=Europe/Berlin:20260309T090000"
RULES: Final = (
    ("FREQ=WEEKLY;BYDAY=MO", MONDAY),
    ("FREQ=WEEKLY;COUNT=20;BYDAY=MO", MONDAY),
    ("FREQ=DAILY;UNTIL=20270101T080000Z", MONDAY),
    ("RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=31;SKIP=BACKWARD", When(local="2026-03-31T09:00")),
    ("FREQ=YEARLY", When(date="2026-04-01")),
    ("FREQ=DAILY;INTERVAL=3", When(local="2026-03-09T09:00", zone="UTC")),
)
EACH: Final = st.builds(
    OfEach,
    st.builds(Before, st.sampled_from(["PT30M", "P1D", "-PT5M"]), st.sampled_from(Of)),
    st.none() | st.just(Repeat("PT10M", 3)),
    st.sampled_from([None, EDITOR]),
)
TEMPLATES: Final = st.builds(
    GivenTemplate,
    title=LINE.map(str.strip),
    description=TEXT,
    priority=st.sampled_from(Priority),
    labels=st.lists(LINE.map(str.strip), max_size=2, unique=True).map(tuple),
    assignees=st.lists(st.sampled_from([OWNER, EDITOR]), unique=True).map(tuple),
    estimate_minutes=st.none() | st.integers(0, 600),
    project=st.sampled_from([None, "home"]),
    checklist=st.lists(LINE, max_size=2).map(tuple),
    start_before=st.sampled_from([None, "P1D", "PT2H"]),
    reminders=st.lists(EACH, max_size=2).map(tuple),
)


def world_with(**fields: Any) -> World:
    """A world with one series."""
    given: dict[str, Any] = {"rule": "FREQ=WEEKLY", "anchor": MONDAY, "template": GivenTemplate(title="Bins"), **fields}
    return founded().given(CreateProject(project="home", name="Home"), CreateSeries(series="bins", **given))


def there(row: Series | None) -> Series:
    """The series, which must be there."""
    assert row is not None
    return row


def model(world: World) -> dict[str, Any]:
    """What we model of the series: all but when, by whom and how often it was written, and who it stems from."""
    row = structs.asdict(there(world.state.series("bins")))
    for name in ("created_at", "created_by", "updated_at", "version", "position", "completions", "previous"):
        row.pop(name)
    template = row["template"]
    project = world.state.project(template.project) if template.project else None
    each = tuple(structs.replace(one, user=one.user or OWNER) for one in template.reminders)
    row["template"] = structs.replace(template, project=project and project.name, reminders=each)
    row["overrides"] = sorted(row["overrides"], key=lambda one: one.original)
    return row


@given(TEMPLATES, st.sampled_from(RULES), st.sampled_from(Missed), st.sampled_from([None, "P2D"]), st.data())
@settings(max_examples=60, deadline=None)
def test_nothing_is_lost(
    template: GivenTemplate, rule: tuple[str, When], missed: Missed, ahead: str | None, data: st.DataObject
) -> None:
    """Rule, exceptions, template, policy, what is different about occurrences to come, and whether it is paused."""
    before = world_with(template=template, rule=rule[0], anchor=rule[1], missed=missed, ahead=ahead)
    coming = upcoming(before)
    series = there(before.state.series("bins"))
    if data.draw(st.booleans()):
        before.given(EditSeries(series="bins", exdate=(coming[0],), rdate=("2026-06-03" + coming[0][10:],)))
        coming = coming[1:]
    title = data.draw(LINE.map(str.strip))
    before.given(SkipOccurrence(series="bins", occurrence=coming[1]))
    before.given(EditSeries(series="bins", scope=Scope.THIS, occurrence=coming[2], template=GivenFields(title=title)))
    due = When(date="2026-07-01") if series.anchor.date else structs.replace(series.anchor, local="2026-07-01T11:00")
    before.given(EditSeries(series="bins", scope=Scope.THIS, occurrence=coming[3], due=due))
    if data.draw(st.booleans()):
        before.given(PauseSeries(series="bins"))
    after = founded()
    assert imported(calendar(before), after) == []
    assert model(after) == model(before)
    assert {step.action for step in steps(calendar(before), before)} == {"skip"}
    assert {step.action for step in steps(calendar(after), after)} == {"skip"}


def upcoming(world: World) -> list[str]:
    """The next times of the series that are no tasks."""
    from tasksys.series.rules import times_of

    series = there(world.state.series("bins"))
    assert series.next is not None
    found = times_of(series, world.state).between(None, None)
    coming = [one for one, _ in zip(found, range(20), strict=False)]
    return [one for one in coming if one >= series.next]


def test_a_series_after_completion() -> None:
    """Others see no rule, for its times depend on when it is done; we know it all."""
    before = world_with(after_completion=True, stop_after=5, rule="FREQ=DAILY;INTERVAL=3")
    assert "RRULE" not in calendar(before)
    after = founded()
    assert imported(calendar(before), after) == []
    assert model(after) == model(before)


def test_what_another_program_sees() -> None:
    """A rule from its anchor on; what was left out is an exception, and what is a task a time of its own."""
    world = world_with(exdate=("2026-03-23T09:00",), template=GivenTemplate(title="Bins", start_before="P1D"))
    world.given(SkipOccurrence(series="bins", occurrence="2026-03-16T09:00"))
    found = calendar(world).replace("\r\n ", "").split("\r\n")
    assert "RRULE:FREQ=WEEKLY" in found
    assert "DTSTART;TZID=Europe/Berlin:20260309T090000" in found
    assert "EXDATE;TZID=Europe/Berlin:20260316T090000,20260323T090000" in found
    assert "RECURRENCE-ID;TZID=Europe/Berlin:20260309T090000" in found
    assert found.count("UID:bins@acme.series.tasksys") == 2
    assert found.count("BEGIN:VTIMEZONE") == 1


def test_the_next_times_are_events() -> None:
    """Each by itself, with what is different about it; no more of an ended or paused one."""
    world = world_with(rule="FREQ=WEEKLY;COUNT=5")
    world.given(
        SkipOccurrence(series="bins", occurrence="2026-03-16T09:00"),
        EditSeries(
            series="bins", scope=Scope.THIS, occurrence="2026-03-23T09:00", template=GivenFields(title="All the bins")
        ),
    )
    found = calendar(world, View.EVENTS)
    assert found.count("BEGIN:VEVENT") == 4
    assert found.count("SUMMARY:All the bins") == 1
    assert f"UID:{occurrence_id('bins', '2026-03-30T09:00')}@acme.events.tasksys" in found.replace("\r\n ", "")
    world.given(PauseSeries(series="bins"))
    assert calendar(world, View.EVENTS).count("BEGIN:VEVENT") == 1
    assert calendar(world_with(), View.EVENTS).count("BEGIN:VEVENT") == 61


def test_a_series_that_another_goes_on_with_ends_there() -> None:
    """Its rule ends before the other begins, of whatever kind its times are."""
    for anchor, until in (
        (MONDAY, "UNTIL=20260330T065959Z"),
        (When(local="2026-03-09T09:00"), "UNTIL=20260330T085959"),
        (When(date="2026-03-09"), "UNTIL=20260329"),
    ):
        world = world_with(anchor=anchor, rule="FREQ=WEEKLY;COUNT=9")
        at = (anchor.date and "2026-03-30") or "2026-03-30T09:00"
        fields = GivenFields(title="Rest")
        split = EditSeries(series="bins", scope=Scope.THIS_AND_FOLLOWING, occurrence=at, into="rest", template=fields)
        world.given(split)
        rules = [line for line in calendar(world).split("\r\n") if line.startswith("RRULE")]
        assert sorted(rules) == [f"RRULE:FREQ=WEEKLY;{until}", "RRULE:FREQ=WEEKLY;COUNT=6"] or rules == [
            f"RRULE:FREQ=WEEKLY;{until}", "RRULE:FREQ=WEEKLY;COUNT=6",
        ]  # fmt: skip
        after = founded()
        assert imported(calendar(world), after) == []
        assert there(after.state.series("bins")).next == there(world.state.series("bins")).next


def test_occurrences_that_are_past_or_done_become_tasks() -> None:
    """Elsewhere they cannot be of the series any more, but nothing of them is lost."""
    before = world_with(rule="FREQ=DAILY")
    first = there(before.state.series("bins")).open_tasks[0]
    before.given(CompleteTask(task=first))
    second = there(before.state.series("bins")).open_tasks[0]
    before.given(SkipTask(task=second))
    after = founded()
    assert imported(calendar(before), after) == []
    alone = [row for row in after.rows().values() if isinstance(row, Task) and row.series is None]
    assert sorted(row.status for row in alone) == [Status.CANCELLED, Status.DONE]
    series = there(after.state.series("bins"))
    assert series.state is SeriesState.ACTIVE
    assert [after.task(one).original for one in series.open_tasks] == ["2026-03-11T09:00"]
    assert {step.action for step in steps(calendar(before), before)} == {"skip"}


def test_thunderbird_s_is_over() -> None:
    """All of its times have passed, with that which is different."""
    assert [step.reason for step in steps(text("thunderbird"), founded())] == [
        "all of its times have passed",
        "its time has passed, and only what is to come is taken over",
    ]


def test_a_file_makes_a_series() -> None:
    """With what is different about its times to come: another title or time, or nothing at all."""
    world = founded()
    one = vtodo(BERLIN, "DUE;TZID=Europe/Berlin:20260309T100000", "SUMMARY:Bins", "RRULE:FREQ=WEEKLY;BYDAY=MO",
                "BEGIN:VALARM", "TRIGGER;RELATED=END:-PT15M", "END:VALARM")  # fmt: skip
    moved = vtodo("RECURRENCE-ID;TZID=Europe/Berlin:20260316T090000", "SUMMARY:All the bins",
                  "DTSTART;TZID=Europe/Berlin:20260317T090000", "DUE;TZID=Europe/Berlin:20260317T100000")  # fmt: skip
    gone = vtodo("RECURRENCE-ID:20260323T080000Z", "STATUS:CANCELLED", "SUMMARY:Bins")
    same = vtodo("RECURRENCE-ID;TZID=Europe/Berlin:20260330T090000", "DUE;TZID=Europe/Berlin:20260330T100000")
    past = vtodo("RECURRENCE-ID;TZID=Europe/Berlin:20260302T090000", "SUMMARY:Old")
    lost = vtodo("RECURRENCE-ID:20260330T070000Z", uid="other")
    written = file(one, moved, gone, same, past, lost)
    found = steps(written, world)
    assert [(step.action, step.reason) for step in found] == [
        ("create", ""),
        ("update", ""),
        ("update", ""),
        ("skip", "it is as its series has it"),
        ("skip", "its time has passed, and only what is to come is taken over"),
        ("skip", "what repeats is not in the file, and this is one time of it"),
    ]
    assert imported(written, world) == []
    series = there(world.state.series(uids.identifier(WORKSPACE, "one@test", uids.SERIES)))
    assert (series.anchor.local, series.template.start_before) == ("2026-03-09T10:00", "PT60M")
    assert series.template.reminders == (OfEach(Before("PT15M")),)
    title, due = "All the bins", When(local="2026-03-17T10:00", zone="Europe/Berlin")
    assert [(one.original, one.skipped, one.fields.title == title, one.due) for one in series.overrides] == [
        ("2026-03-16T10:00", False, True, due),
        ("2026-03-23T10:00", True, False, None),
    ]
    assert {step.action for step in steps(written, world)} == {"skip"}


def test_a_newer_file_changes_a_series() -> None:
    """Its fields and its rule, of all times; an older one nothing."""
    world = founded()
    first = vtodo(BERLIN, "SUMMARY:Bins", "RRULE:FREQ=WEEKLY;BYDAY=MO", "LAST-MODIFIED:20260101T000000Z")
    assert imported(file(first), world) == []
    newer = first.replace("Bins", "All the bins").replace("WEEKLY", "WEEKLY;INTERVAL=2")
    assert {step.action for step in steps(file(newer), world)} == {"skip"}
    newer = newer.replace("20260101T", "21260101T")
    assert [step.action for step in steps(file(newer), world)] == ["update"]
    assert imported(file(newer), world) == []
    series = there(world.state.series(uids.identifier(WORKSPACE, "one@test", uids.SERIES)))
    assert (series.template.title, series.rule) == ("All the bins", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO")
    assert [step.reason for step in steps(file(newer), world)] == ["it is here already, and the same"]


def test_an_ended_series_leaves_its_tasks() -> None:
    """It is not in the calendar any more; what was done of it is."""
    world = world_with()
    first = there(world.state.series("bins")).open_tasks[0]
    world.given(CompleteTask(task=first), EndSeries(series="bins"))
    found = calendar(world)
    assert "RRULE" not in found
    after = founded()
    assert imported(found, after) == []
    assert isinstance(after.task(first), Task)


@pytest.mark.parametrize(
    "value", ["[]", "{}", '{"rule": 1}', '{"rule": "FREQ=DAILY", "anchor": {"date": "soon"}}', "{"]
)
def test_what_only_we_say_may_be_wrong(value: str) -> None:
    """A file that says it badly is read by what the standard has."""
    made = vtodo("SUMMARY:Bins", BERLIN, "RRULE:FREQ=WEEKLY", f"X-TASKSYS-REPEATING:{value}")
    assert [step.action for step in steps(file(made), founded())] == ["create"]


def test_what_was_left_out_before_its_time_stays_out() -> None:
    """Also where the series has gone past it already."""
    before = world_with(rule="FREQ=DAILY")
    before.given(SkipOccurrence(series="bins", occurrence="2026-03-10T09:00"))
    assert there(before.state.series("bins")).next == "2026-03-11T09:00"
    after = founded()
    assert imported(calendar(before), after) == []
    assert there(after.state.series("bins")).next == "2026-03-11T09:00"


def test_other_programs_are_not_told_of_what_they_would_show_wrong() -> None:
    """A series that is paused, or after completion, is a component that only we read; its tasks are to-dos."""
    for world in (world_with(after_completion=True, rule="FREQ=DAILY"), world_with().given(PauseSeries(series="bins"))):
        found = calendar(world).replace("\r\n ", "").split("\r\n")
        assert (found.count("BEGIN:VTODO"), found.count("BEGIN:X-TASKSYS-SERIES")) == (1, 1)
        begin = found.index("BEGIN:VTODO")
        first = there(world.state.series("bins")).open_tasks[0]
        assert f"UID:{first}@acme.tasksys" in found[begin:]
        assert not [line for line in found[begin:] if line.startswith(("RRULE", "RECURRENCE-ID"))]
        after = founded()
        assert imported(calendar(world), after) == []
        assert model(after) == model(world)
        assert {step.action for step in steps(calendar(after), after)} == {"skip"}


def test_a_series_after_completion_goes_on_with_what_is_open() -> None:
    """Its anchor is then that one's time; what was done is a task by itself."""
    before = world_with(after_completion=True, rule="FREQ=DAILY;INTERVAL=3")
    before.given(CompleteTask(task=there(before.state.series("bins")).open_tasks[0]))
    series = there(before.state.series("bins"))
    (second,) = series.open_tasks
    original = before.task(second).original
    assert original is not None
    assert original > "2026-03-09T09:00"
    after = founded()
    assert imported(calendar(before), after) == []
    again = there(after.state.series("bins"))
    assert (again.anchor, again.open_tasks) == (structs.replace(MONDAY, local=original), (second,))
    tasks = [row for row in after.rows().values() if isinstance(row, Task)]
    assert sorted((row.status, row.series) for row in tasks) == [(Status.DONE, None), (Status.OPEN, "bins")]


def test_where_another_series_goes_on_in_a_zone_that_is_none_any_more() -> None:
    """A release of the zones may drop a name: the rule still ends before the other one begins."""
    anchor = structs.replace(MONDAY, zone="Mars/Olympus")
    row = Series("s", Template("Bins"), "FREQ=DAILY", anchor, "", "", ends_before="2026-03-11T09:00")
    assert cut(row) == "FREQ=DAILY;UNTIL=20260311T085959Z"


def test_what_has_no_room_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """A calendar that is full says how much is left out, and costs no more for it."""
    world = founded()
    for name in "abcdef":
        world.given(CreateSeries(series=name, template=GivenTemplate(title="Bins"), rule="FREQ=WEEKLY", anchor=MONDAY))
    made = list[Whole]()

    def event(whole: Whole, workspace: str, user: str) -> Component | None:
        made.append(whole)
        return events.event(whole, workspace, user)

    monkeypatch.setattr(calendars, "event", event)
    monkeypatch.setattr(bounds, "FEED_BYTES", 3_000)
    assert "X-TASKSYS-LEFT-OUT" in calendar(world, View.EVENTS)
    assert len(made) < 30
