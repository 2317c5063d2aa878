"""This one and those that follow: the old series ends before it, and a new one goes on."""

from msgspec import structs

from tasksys.commands import CompleteTask, EditTask, SkipOccurrence, Undo
from tasksys.refusals import Code
from tasksys.series.shapes import GivenFields, Missed, Scope, SeriesState
from tasksys.values import When
from tests.tasksys.series.calendar import (
    SERIES,
    Calendar,
    became,
    complete,
    daily,
    dated,
    edit,
    identifier,
    opened,
    pass_time,
    settled,
    split,
    task_of,
    undo,
    workspace,
)

TEA = GivenFields(title="Tea")
FOURTH = "2026-03-04T09:00"


def titles(world: Calendar, series: str) -> list[str]:
    """The titles of the open tasks of a series, in their order."""
    return [task_of(world, original, series).title for original in opened(world, series)]


def test_the_old_series_ends_before_it() -> None:
    """Each knows the other; what is done stays where it was done."""
    world = workspace().given(daily(), CompleteTask(task=identifier("2026-03-02T09:00")), split(FOURTH, template=TEA))
    old, new = world.series(SERIES), world.series("t")
    assert (old.ends_before, old.following, old.next, new.previous) == (FOURTH, "t", None, SERIES)
    assert (new.anchor, new.next, new.rule) == (When(local=FOURTH, zone="UTC"), FOURTH, "FREQ=DAILY")
    assert (became(world), opened(world, "t")) == ({"2026-03-02T09:00": "done", "2026-03-03T09:00": "open"}, [])
    pass_time(world, "2026-03-03T09:00")
    assert (opened(world), opened(world, "t")) == ([], [FOURTH])
    pass_time(world, "2026-03-06T10:00")
    assert became(world) == {"2026-03-02T09:00": "done", "2026-03-03T09:00": "missed"}
    assert list(became(world, "t").values()) == ["missed", "missed", "open"]
    assert titles(world, "t") == ["Tea"]
    settled(world)


def test_what_is_open_goes_over() -> None:
    """And stays the task that it is, with what a person changed of it."""
    world = workspace().given(daily(missed=Missed.ALL, ahead="P3DT1H"))
    world.given(EditTask(task=identifier(FOURTH), title="Mine"), CompleteTask(task=identifier("2026-03-05T09:00")))
    world.given(split(FOURTH, template=TEA))
    assert opened(world) == ["2026-03-02T09:00", "2026-03-03T09:00"]
    assert opened(world, "t") == [FOURTH]
    assert (task_of(world, FOURTH, "t").id, task_of(world, FOURTH, "t").title) == (identifier(FOURTH), "Mine")
    assert became(world)["2026-03-05T09:00"] == "done"
    assert world.series("t").next == "2026-03-06T09:00"


def test_count_is_what_is_left() -> None:
    """Those taken out by an exception were counted; it is not counted down anywhere else."""
    world = workspace().given(dated(rule="FREQ=DAILY;COUNT=6", exdate=("2026-03-03", "2026-03-06"), missed=Missed.ALL))
    world.given(split("2026-03-05", template=TEA))
    assert (world.series(SERIES).rule, world.series("t").rule) == ("FREQ=DAILY;COUNT=6", "FREQ=DAILY;COUNT=3")
    pass_time(world, "2026-03-20T10:00")
    assert (list(became(world)), list(became(world, "t"))) == (
        ["2026-03-02", "2026-03-04"],
        ["2026-03-05", "2026-03-07"],
    )


def test_a_day_that_was_moved_back_does_not_drift() -> None:
    """From the 28th of February on it is the 31st still, where a month has it."""
    anchor, rule = When(date="2026-01-31"), "RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD"
    world = workspace("2026-01-31T08:00").given(daily(rule=rule, anchor=anchor, missed=Missed.ALL))
    world.given(split("2026-02-28", template=TEA))
    pass_time(world, "2026-04-30T10:00")
    assert list(became(world, "t")) == ["2026-02-28", "2026-03-31", "2026-04-30"]


def test_exceptions_move_over() -> None:
    """What is different about one, what is left out, EXDATE and RDATE: those from there on."""
    world = workspace().given(
        dated(rule="FREQ=WEEKLY", exdate=("2026-03-23",), rdate=("2026-03-25",)),
        SkipOccurrence(series=SERIES, occurrence="2026-03-30"),
        edit(scope=Scope.THIS, occurrence="2026-03-09", template=GivenFields(title="Before")),
        edit(scope=Scope.THIS, occurrence="2026-04-06", due=When(date="2026-04-07")),
        split("2026-03-16", template=TEA),
    )
    old, new = world.series(SERIES), world.series("t")
    assert [one.original for one in old.overrides] == ["2026-03-09"]
    assert sorted(one.original for one in new.overrides) == ["2026-03-30", "2026-04-06"]
    assert (new.exdate, new.rdate) == (("2026-03-23",), ("2026-03-25",))
    pass_time(world, "2026-03-15T10:00")
    for original in ("2026-03-16", "2026-03-25"):
        complete(world, original, "t")
    assert task_of(world, "2026-04-06", "t").due == When(date="2026-04-07")


def test_another_rule_from_here_on() -> None:
    """With another time of day: the open one from there on moves."""
    world = workspace().given(daily(missed=Missed.ALL, ahead="P2DT1H"))
    world.given(split("2026-03-03T09:00", anchor=When(local="2026-03-03T18:00", zone="UTC")))
    assert (opened(world), opened(world, "t")) == (["2026-03-02T09:00"], ["2026-03-03T18:00", "2026-03-04T18:00"])
    assert task_of(world, "2026-03-04T18:00", "t").due == When(local="2026-03-04T18:00", zone="UTC")


def test_from_the_first_is_all() -> None:
    """There is nothing that would stay in the old series."""
    world = workspace().given(daily(), split("2026-03-02T09:00", template=TEA))
    assert (world.state.series("t"), titles(world, SERIES)) == (None, ["Tea"])


def test_a_split_of_a_split() -> None:
    """Each piece ends before the next, and the last goes on."""
    world = workspace().given(daily(), split("2026-03-07T09:00", template=TEA))
    assert world.refused(split("2026-03-08T09:00")).code is Code.INVALID
    world.given(structs.replace(split("2026-03-05T09:00", template=GivenFields(title="Soup")), into="u"))
    assert (world.series("u").ends_before, world.series("u").following) == ("2026-03-07T09:00", "t")
    pass_time(world, "2026-03-09T10:00")
    pieces = [[int(one[8:10]) for one in became(world, name)] for name in (SERIES, "u", "t")]
    assert pieces == [[2, 3, 4], [5, 6], [7, 8, 9]]


def test_stop_after_is_what_is_left() -> None:
    """Of five completions two are done."""
    world = workspace().given(daily(stop_after=5))
    for day in (2, 3):
        complete(world, f"2026-03-0{day}T09:00")
    world.given(split("2026-03-06T09:00", template=TEA))
    assert world.series("t").stop_after == 3


def test_undo_at_once() -> None:
    """All is as if it had not been; the new series is kept for its history."""
    world = workspace().given(daily(missed=Missed.ALL, ahead="P3DT1H"))
    before = world.series(SERIES)
    done = world.accepted(split(FOURTH, template=TEA))
    undone = undo(world, done)
    after = world.series(SERIES)
    assert (after.next, after.at, sorted(after.open_tasks), after.following, after.ends_before) == (
        before.next, before.at, sorted(before.open_tasks), None, None
    )  # fmt: skip
    assert (world.series("t").state, became(world, "t")) == (SeriesState.ENDED, {})
    assert titles(world, SERIES) == ["Water"] * 4
    undo(world, undone)
    assert (titles(world, SERIES), titles(world, "t")) == (["Water"] * 2, ["Tea"] * 2)


def test_undo_later() -> None:
    """What the new series has opened since goes over to the old one: there is one task for an occurrence."""
    world = workspace().given(daily())
    pass_time(world, "2026-03-04T08:00")
    done = world.accepted(split(FOURTH, template=TEA))
    pass_time(world, "2026-03-06T10:00")
    undo(world, done)
    assert (opened(world, "t"), world.series("t").state) == ([], SeriesState.ENDED)
    assert "2026-03-06T09:00" in opened(world)
    settled(world)
    pass_time(world, "2026-03-07T10:00")
    assert opened(world) == ["2026-03-07T09:00"]


def test_undo_when_one_of_the_new_is_done() -> None:
    """It would be in no series that goes on: that is to be undone first."""
    world = workspace().given(daily())
    done = world.accepted(split(FOURTH, template=TEA))
    pass_time(world, "2026-03-03T09:00")
    complete(world, FOURTH, "t")
    assert world.refused(Undo(events=tuple(done))).code is Code.UNDO_CONFLICT


def test_another_time_of_day_before_a_split() -> None:
    """Where the old series ends goes along: no day has an occurrence of both."""
    world = workspace().given(daily(), split(FOURTH, template=TEA))
    world.given(edit(anchor=When(local="2026-03-02T08:30", zone="UTC")))
    assert world.series(SERIES).ends_before == "2026-03-04T08:30"
    pass_time(world, "2026-03-05T08:00")
    assert list(became(world)) == ["2026-03-02T08:30", "2026-03-03T08:30"]
    assert list(became(world, "t")) == [FOURTH]
