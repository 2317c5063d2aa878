"""When occurrences are: the contract's vectors, as the due values of the tasks that a series makes."""

import pytest

from tasksys.commands import AdvanceSeries, CompleteTask, CreateTask, EditWorkspace, SkipOccurrence
from tasksys.rows import Task
from tasksys.series.shapes import Missed
from tasksys.values import CLOCK, When
from tests.support.clockwork import due as due_commands
from tests.tasksys.series.calendar import (
    SERIES,
    Calendar,
    became,
    complete,
    daily,
    dated,
    moment,
    opened,
    pass_time,
    settled,
    task_of,
    workspace,
)

NEW_YORK = "America/New_York"


def dues(world: Calendar) -> list[str]:
    """The due values of all tasks, in order."""
    found = [row.due for row in world.rows().values() if isinstance(row, Task)]
    return sorted(one.date or one.local or "" for one in found if one is not None)


def made(rule: str, anchor: When, until: str, **fields: object) -> Calendar:
    """A workspace in which a series whose occurrences all stay open has gone on, from its anchor's day on."""
    day = (anchor.date or anchor.local or "")[:10]
    world = workspace(f"{day}T00:30").given(daily(rule=rule, anchor=anchor, missed=Missed.ALL, **fields))
    pass_time(world, until)
    return world


def test_monthly_from_the_31st() -> None:
    """Months without a 31st have no occurrence."""
    world = made("FREQ=MONTHLY", When(date="2026-01-31"), "2026-05-31T12:00")
    assert dues(world) == ["2026-01-31", "2026-03-31", "2026-05-31"]


def test_monthly_from_the_31st_moved_back() -> None:
    """The 31st does not drift: each month's is found from the anchor."""
    world = made("RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD", When(date="2026-01-31"), "2026-04-30T12:00")
    assert dues(world) == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]


def test_daily_over_the_gap_in_new_york() -> None:
    """02:30 on the ninth of March 2025 is not there: it is 03:30 daylight time, and counts."""
    anchor = When(local="2025-03-07T02:30", zone=NEW_YORK)
    world = workspace("2025-03-07T00:30").given(daily(rule="FREQ=DAILY;COUNT=5", anchor=anchor, ahead="PT0S"))
    opens = []
    while due_commands(world):
        opens.append(due_commands(world)[0][0])
        pass_time(world, opens[-1][:19])
        (name,) = world.series(SERIES).open_tasks
        world.given(CompleteTask(task=name))
    times = ["07T07:30", "08T07:30", "09T07:30", "10T06:30", "11T06:30"]
    assert opens == [moment(f"2025-03-{one}") for one in times]
    assert dues(world) == [f"2025-03-{day:02}T02:30" for day in range(7, 12)]


def test_count_with_an_exception() -> None:
    """What EXDATE takes out was counted: two of three are left."""
    world = made("FREQ=DAILY;COUNT=3", When(date="2026-03-02"), "2026-03-20T00:00", exdate=("2026-03-03",))
    assert dues(world) == ["2026-03-02", "2026-03-04"]
    assert (world.series(SERIES).next, world.series(SERIES).at) == (None, None)


def test_count_with_one_more_date() -> None:
    """RDATE adds to what is counted."""
    world = made("FREQ=WEEKLY;COUNT=2", When(date="2026-03-02"), "2026-04-20T00:00", rdate=("2026-03-04",))
    assert dues(world) == ["2026-03-02", "2026-03-04", "2026-03-09"]


@pytest.mark.parametrize(
    ("until", "anchor", "last"),
    [
        ("20260305", When(date="2026-03-02"), "2026-03-05"),
        ("20260305T090000", When(local="2026-03-02T09:00"), "2026-03-05T09:00"),
        ("20260305T140000Z", When(local="2026-03-02T09:00", zone=NEW_YORK), "2026-03-05T09:00"),
        ("20260305T135959Z", When(local="2026-03-02T09:00", zone=NEW_YORK), "2026-03-04T09:00"),
    ],
)
def test_until_is_inclusive(until: str, anchor: When, last: str) -> None:
    """And of the anchor's kind, or an instant if that has a zone."""
    assert dues(made(f"FREQ=DAILY;UNTIL={until}", anchor, "2026-03-20T00:00"))[-1] == last


def test_every_four_weeks_on_sunday_after_completion() -> None:
    """Done on a Tuesday, it is the fourth Sunday from then."""
    world = workspace("2022-04-17T08:00")
    rule = "FREQ=WEEKLY;INTERVAL=4;BYDAY=SU"
    world.given(daily(rule=rule, anchor=When(date="2022-04-17"), after_completion=True))
    pass_time(world, "2022-04-19T10:00")
    complete(world, "2022-04-17")
    assert became(world) == {"2022-04-17": "done", "2022-05-15": "open"}


def test_after_completion_at_the_anchors_time() -> None:
    """However late it was done, and by the date that it then was where the series is."""
    anchor = When(local="2026-03-02T21:00", zone=NEW_YORK)
    world = workspace().given(daily(rule="FREQ=DAILY;INTERVAL=3", anchor=anchor, after_completion=True))
    pass_time(world, "2026-03-06T03:00")
    complete(world, "2026-03-02T21:00")
    assert became(world) == {"2026-03-02T21:00": "done", "2026-03-08T21:00": "open"}


def test_after_completion_waits_with_ahead() -> None:
    """The next is no task before its time, if that is wanted; nothing is missed, however long this takes."""
    world = workspace().given(dated(rule="FREQ=DAILY;INTERVAL=3", after_completion=True, ahead="P1D"))
    pass_time(world, "2026-03-20T10:00")
    assert became(world) == {"2026-03-02": "open"}
    complete(world, "2026-03-02")
    assert (world.series(SERIES).next, world.series(SERIES).at) == ("2026-03-23", moment("2026-03-22T00:00"))
    pass_time(world, "2026-03-22T00:00")
    assert opened(world) == ["2026-03-23"]


def test_after_completion_done_twice_in_a_day() -> None:
    """What was done early is not made again: it goes on behind it."""
    world = workspace().given(dated(after_completion=True))
    for day in (2, 3, 4):
        complete(world, f"2026-03-0{day}")
    assert opened(world) == ["2026-03-05"]


@pytest.mark.parametrize("after_completion", [False, True])
def test_stop_after(after_completion: bool) -> None:
    """It counts what was done, not what was left out or missed; one that is reopened counts no more."""
    world = workspace().given(dated(stop_after=2, after_completion=after_completion))
    complete(world, "2026-03-02")
    pass_time(world, "2026-03-05T10:00")
    (name,) = world.series(SERIES).open_tasks
    world.given(CompleteTask(task=name))
    pass_time(world, "2026-03-20T10:00")
    assert (world.series(SERIES).completions, opened(world), world.series(SERIES).at) == (2, [], None)


@pytest.mark.parametrize(
    ("anchor", "at"),
    [
        (When(date="2026-03-09"), "2026-03-09T04:00"),
        (When(local="2026-03-09T08:00"), "2026-03-09T12:00"),
        (When(local="2026-03-09T08:00", zone="Asia/Tokyo"), "2026-03-08T23:00"),
    ],
)
def test_whose_zone(anchor: When, at: str) -> None:
    """Dates and floating times are the workspace's; times with a zone are that zone's."""
    world = workspace("2026-03-08T12:00", NEW_YORK).given(daily(anchor=anchor, ahead="PT0S"))
    assert world.series(SERIES).at == moment(at)
    pass_time(world, at)
    assert [row.due for row in world.rows().values() if isinstance(row, Task)] == [anchor]


def test_today_is_the_workspaces() -> None:
    """A series begins with the first occurrence of the day that it is where it is, also if its hour is over."""
    world = workspace("2026-03-08T02:00", NEW_YORK).given(
        dated(), daily(series="t", anchor=When(local="2026-03-02T09:00"))
    )
    assert (opened(world), opened(world, "t")) == (["2026-03-07"], ["2026-03-07T09:00"])


def test_the_workspace_moves() -> None:
    """Looked at again, a series of dates goes by the new zone."""
    world = workspace().given(dated(), EditWorkspace(time_zone="Pacific/Apia"))
    world.accepted(AdvanceSeries(series=SERIES), CLOCK)
    assert world.series(SERIES).at == moment("2026-03-02T11:00")
    settled(world)


def test_an_anchor_with_seconds_is_the_same_time() -> None:
    """A whole minute may be spelled with its seconds, in the anchor and in what names an occurrence."""
    world = workspace().given(CreateTask(task="first", title="First"))
    world.given(daily(task="first", anchor=When(local="2026-03-02T09:00:00", zone="UTC")))
    world.given(SkipOccurrence(series=SERIES, occurrence="2026-03-04T09:00:00"))
    pass_time(world, "2026-03-05T10:00")
    assert task_of(world, "2026-03-02T09:00").id == "first"
    assert became(world) == {
        "2026-03-02T09:00": "missed",
        "2026-03-03T09:00": "missed",
        "2026-03-04T09:00": "(skipped)",
        "2026-03-05T09:00": "open",
    }
