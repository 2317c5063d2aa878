"""What holds of series after any story: commands by people, the passing of time, outages; rules, policies, zones."""

from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tasksys.commands import (
    CancelTask,
    Command,
    CompleteTask,
    CreateSeries,
    EditTask,
    EndSeries,
    PauseSeries,
    PostponeTask,
    ReopenTask,
    RestoreTask,
    ResumeSeries,
    SkipOccurrence,
    SkipTask,
    TrashTask,
    Undo,
)
from tasksys.recurrence import recurrence
from tasksys.rows import Occurrence, Series, Task
from tasksys.series.shapes import Before, GivenFields, GivenTemplate, Missed, OfEach, Scope, SeriesState
from tasksys.series.tracking import is_open
from tasksys.values import CLOCK, Of, When
from tests.support.clockwork import run
from tests.support.domain import replayed
from tests.tasksys.series.calendar import SERIES, Calendar, edit, identifier, later, settled, workspace
from tests.tasksys.strategies import QUICK, STORIES

ZONES: Final = ("UTC", "America/New_York", "Pacific/Apia")
BEGIN: Final = "2026-03-05T06:00"
"""Three days before the clocks change in New York."""

RULES: Final = st.sampled_from(
    [
        "FREQ=DAILY",
        "FREQ=DAILY;INTERVAL=2",
        "FREQ=DAILY;COUNT=6",
        "FREQ=DAILY;UNTIL=2026-03-09",
        "FREQ=WEEKLY",
        "FREQ=WEEKLY;BYDAY=TH,SA,MO",
        "FREQ=MONTHLY;SKIP=BACKWARD",
        "FREQ=DAILY;BYHOUR=2,21",
    ]
)
TEMPLATES: Final = st.sampled_from(
    [
        GivenTemplate("Water"),
        GivenTemplate("Water", reminders=(OfEach(Before("PT30M")), OfEach(Before("P1D")))),
        GivenTemplate("Water", start_before="PT2H", reminders=(OfEach(Before("PT1H", Of.START)),)),
        GivenTemplate("Water", labels=("home",), checklist=("Can", "Tap")),
    ]
)
HOURS: Final = st.sampled_from([1, 5, 11, 24, 60, 170])
"""So long time passes in one step."""


@st.composite
def creations(draw: st.DrawFn) -> CreateSeries:
    """Series of any kind that begin on the fifth of March."""
    rule, kind = draw(RULES), draw(st.sampled_from(["date", "floating", "zoned"]))
    local, zone = draw(st.sampled_from(["02:30", "21:00"])), draw(st.sampled_from(ZONES))
    if "BYHOUR" in rule:
        rule, local, kind = f"{rule};BYMINUTE=30", "02:30", "floating" if kind == "date" else kind
    if "UNTIL" in rule:
        rule = rule.replace("-", "") + {"date": "", "floating": "T233000", "zoned": "T233000Z"}[kind]
    anchor = {
        "date": When(date="2026-03-05"),
        "floating": When(local=f"2026-03-05T{local}"),
        "zoned": When(local=f"2026-03-05T{local}", zone=zone),
    }[kind]
    done = draw(st.booleans()) and "COUNT" not in rule and "BYHOUR" not in rule
    return CreateSeries(
        series=SERIES,
        template=draw(TEMPLATES),
        rule=rule,
        anchor=anchor,
        missed=draw(st.sampled_from(Missed)),
        after_completion=done,
        stop_after=draw(st.sampled_from([None, None, 2])),
        ahead=draw(st.sampled_from([None, None, "PT0S", "PT3H", "P2D"])),
    )


def begun(creation: CreateSeries, zone: str) -> Calendar:
    """A workspace in which the series has just been made."""
    return workspace(BEGIN, zone).given(creation)


Step = tuple[str, int]
"""What happens, and a number that says to what, or for how long."""

DONE: Final = ("complete", "complete", "complete", "cancel", "skip", "postpone")
OFTEN: Final = ("pass", "pass", "pass", "pass", "outage", "outage", "leave out", *DONE)
RARE: Final = ("reopen", "trash", "restore", "rename", "move", "pause", "resume", "resume", "end", "all", "rest")
WHAT: Final = (*OFTEN, *RARE, "undo", "undo", "undo")
QUIET: Final = st.lists(st.tuples(st.sampled_from(OFTEN), st.integers(0, 30)), min_size=4, max_size=20)
"""Time passes, and people do what is there; nobody changes the series, or brings something back."""
WILD: Final = st.lists(st.tuples(st.sampled_from(WHAT), st.integers(0, 30)), min_size=8, max_size=30)


def told(world: Calendar, story: list[Step]) -> Calendar:
    """The world after the story, refusals and all."""
    for what, number in story:
        if what in ("pass", "outage"):
            hours = (3, 11, 24, 30, 60, 170)[number % 6]
            run(world, later(world.now, hours=hours), late=what == "outage")
        elif (command := command_for(world, what, number)) is not None:
            world.when(command)
    return world


def command_for(world: Calendar, what: str, number: int) -> Command | None:
    """The command of a step, as far as there is something that it can be about."""
    tasks = sorted((row for row in world.rows().values() if isinstance(row, Task)), key=lambda task: task.created_at)
    open_ones = [task for task in tasks if is_open(task)]
    of_a_task: dict[str, Any] = {
        "complete": CompleteTask,
        "cancel": CancelTask,
        "skip": SkipTask,
        "reopen": ReopenTask,
        "trash": TrashTask,
        "restore": RestoreTask,
    }
    among = tasks if what in ("reopen", "restore") else open_ones
    named = among[-1 - number % len(among)].id if among else "none"
    if what in of_a_task:
        command: Command = of_a_task[what](task=named)
        return command
    series = [row for row in world.rows().values() if isinstance(row, Series)]
    one = series[number % len(series)]
    match what:
        case "postpone":
            return PostponeTask(task=named, by=("P1D", "P3D")[number % 2])
        case "rename":
            return EditTask(task=named, title=f"Title {number}")
        case "leave out":
            return SkipOccurrence(series=one.id, occurrence=_coming(world, one, number))
        case "move":
            due = When(date=f"2026-03-{6 + number % 20:02}")
            return edit(scope=Scope.THIS, occurrence=_coming(world, one, number), due=due)
        case "pause":
            return PauseSeries(series=one.id)
        case "resume":
            return ResumeSeries(series=one.id)
        case "end":
            return EndSeries(series=one.id)
        case "all":
            rule = ("FREQ=DAILY", "FREQ=WEEKLY;BYDAY=TH", "FREQ=DAILY;INTERVAL=3")[number % 3]
            return structs.replace(edit(rule=rule, template=GivenFields(title=f"All {number}")), series=one.id)
        case "rest":
            into, of = f"s{number}", _coming(world, one, number)
            change = edit(scope=Scope.THIS_AND_FOLLOWING, occurrence=of, into=into, template=GivenFields(title=into))
            return structs.replace(change, series=one.id)
        case "undo":
            by_people = [event.position for event in world.log if event.actor != CLOCK]
            return Undo(position=by_people[-1 - number % min(len(by_people), 12)])
        case _:
            raise AssertionError(what)


def _coming(world: Calendar, series: Series, number: int) -> str:
    """The original time of an occurrence that is open or to come."""
    known = [world.task(name).original or "" for name in series.open_tasks] + ([series.next] if series.next else [])
    original = known[number % len(known)] if known else "2026-03-05"
    days = number % 4
    date = f"{original[:8]}{min(28, int(original[8:10]) + days):02}{original[10:]}"
    return date if number % 2 else original


KINDS: Final = st.tuples(creations(), st.sampled_from(ZONES))


@STORIES
@given(KINDS, WILD)
def test_what_holds_after_any_story_of_series(made: tuple[CreateSeries, str], story: list[Step]) -> None:
    """Nothing is left to do, the log says it all, and rows, tasks and lists agree."""
    world = told(begun(*made), story)
    settled(world)
    assert replayed(world.log) == world.rows()
    check(world)


def check(world: Calendar) -> None:
    """The open lists are the open tasks, each occurrence is one thing, counts are right, and the clock is awaited."""
    rows = list(world.rows().values())
    tasks = [row for row in rows if isinstance(row, Task)]
    known = {(row.series, row.original): row for row in rows if isinstance(row, Occurrence)}
    assert {(task.series, task.original): task.id for task in tasks if task.series} == {
        key: row.task for key, row in known.items() if row.task
    }
    for series in (row for row in rows if isinstance(row, Series)):
        mine = [task for task in tasks if task.series == series.id]
        assert sorted(series.open_tasks) == sorted(task.id for task in mine if is_open(task))
        assert series.at is None or (series.at > world.now and series.state is SeriesState.ACTIVE)
        for one in series.overrides:
            assert (series.id, one.original) not in known, one
        goes_on = series.stop_after is None or series.completions < series.stop_after
        if series.next is not None and series.state is SeriesState.ACTIVE and goes_on:
            assert (series.id, series.next) not in known


@STORIES
@given(KINDS, QUIET)
def test_one_at_most_is_open(made: tuple[CreateSeries, str], story: list[Step]) -> None:
    """But where all stay open; and the tasks' ids are those that any client can compute."""
    creation, zone = made
    world = told(begun(creation, zone), story)
    series = world.series(SERIES)
    if creation.missed is not Missed.ALL or creation.after_completion:
        assert len(series.open_tasks) <= 1
    for row in world.rows().values():
        if isinstance(row, Task):
            assert row.id == identifier(row.original or "")


@STORIES
@given(KINDS, QUIET, HOURS)
def test_late_or_on_time(made: tuple[CreateSeries, str], story: list[Step], hours: int) -> None:
    """After an outage the same tasks are open as if there had been none, and the same ones are missed."""
    outcomes = []
    for late in (False, True):
        world = told(begun(*made), story)
        run(world, later(world.now, hours=hours), late)
        rows = [row for row in world.rows().values() if isinstance(row, Occurrence)]
        became = {row.original: world.task(row.task).status.value if row.task else "missed" for row in rows}
        outcomes.append((became, world.series(SERIES).next, world.series(SERIES).at))
    assert outcomes[0] == outcomes[1]


@QUICK
@given(KINDS, st.integers(1, 12).map(lambda number: number * 29))
def test_every_occurrence_is_accounted_for_once(made: tuple[CreateSeries, str], hours: int) -> None:
    """All that the rule gives until now are rows, and nothing else but what comes next."""
    creation, zone = made
    if creation.after_completion or creation.missed is Missed.ONE_AT_A_TIME:
        return
    world = begun(creation, zone)
    run(world, later(world.now, hours=hours), late=bool(hours % 2))
    rows = {row.original for row in world.rows().values() if isinstance(row, Occurrence)}
    coming = world.series(SERIES).next
    assert all(coming is None or original < coming for original in rows)
    assert rows == given_until(creation, coming)


def given_until(creation: CreateSeries, coming: str | None) -> set[str]:
    """What the rule gives before the occurrence that comes next, by the recurrence alone."""
    assert creation.anchor is not None
    made = recurrence(creation.anchor, creation.rule)
    found = set()
    for one in made.occurrences():
        text = made.anchor.text(one.local)
        if coming is not None and text >= coming:
            break
        found.add(text)
    return found
