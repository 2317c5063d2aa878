"""What people write and see: moments, short names, cells."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasksys.cli import moments, names, output, tasks
from tasksys.cli.failures import Exit, Failure


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine is in UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def when(text: str) -> dict[str, str] | None:
    """A moment in a workspace of Berlin."""
    return moments.when(text, lambda: "Europe/Berlin", "--due")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-03-08", {"date": "2026-03-08"}),
        ("2026-03-08T09:00", {"local": "2026-03-08T09:00"}),
        ("2026-03-08 09:00", {"local": "2026-03-08T09:00"}),
        ("2026-03-08T09:00@Asia/Tokyo", {"local": "2026-03-08T09:00", "zone": "Asia/Tokyo"}),
        ("none", None),
        ("", None),
    ],
)
def test_a_moment_is_what_the_api_wants(text: str, value: dict[str, str] | None) -> None:
    """Dates, local times with and without zone, and nothing."""
    assert when(text) == value


def test_days_are_counted_from_today_in_the_zone() -> None:
    """`tomorrow` is the day after `today`, and both are days of the workspace's zone."""
    first, second = when("Today"), when("tomorrow")
    assert first is not None
    assert second is not None
    days = [datetime.fromisoformat(one["date"]) for one in (first, second)]
    assert days[1] - days[0] == timedelta(days=1)
    assert abs(days[0].replace(tzinfo=UTC) - datetime.now(UTC)) < timedelta(days=2)


@pytest.mark.parametrize(
    ("text", "days", "rest"),
    [
        ("today+3d", 3, ""), ("TODAY+1w-1d", 6, ""), ("tomorrow 17:00", 1, "T17:00"), ("tomorrowT9:00", 1, "T09:00"),
        ("today+2d 09:00@Asia/Tokyo", 2, "T09:00"),
    ],
)  # fmt: skip
def test_days_are_counted_as_filters_count_them(text: str, days: int, rest: str) -> None:
    """What `due < today+3d` understands, --due does too, and a time of that day."""
    today, counted = when("today"), when(text)
    assert today is not None
    assert counted is not None
    day = date.fromisoformat(today["date"]) + timedelta(days=days)
    assert counted.get("date", counted.get("local")) == f"{day}{rest}"
    assert counted.get("zone") == ("Asia/Tokyo" if "@" in text else None)


def test_a_weekday_is_the_coming_one() -> None:
    """Today included, as in filters."""
    found = when("monday")
    assert found is not None
    day = date.fromisoformat(found["date"])
    assert day.weekday() == 0
    assert -1 <= (day - datetime.now(UTC).date()).days <= 7


def test_an_instant_may_name_its_zone() -> None:
    """As a due value may, and be counted from today."""
    today = datetime.now(UTC).date()
    assert moments.instant_of("tomorrow 17:00", "WHEN") == f"{today + timedelta(days=1)}T17:00:00.000Z"
    assert moments.as_of("yesterday") == f"{today - timedelta(days=1)}T00:00:00.000Z"
    assert moments.instant_of("2026-03-08T09:00@Asia/Tokyo", "WHEN") == "2026-03-08T00:00:00.000Z"
    with pytest.raises(click.BadParameter, match="no instant"):
        moments.instant_of("2026-03-08T09:00@Mars/X", "WHEN")


@pytest.mark.parametrize(("text", "minutes"), [("90", 90), ("90min", 90), ("2h", 120), ("1h30", 90), ("1H 5m", 65)])
def test_an_estimate_in_minutes_or_hours(text: str, minutes: int) -> None:
    """As filters write it, and both together."""
    assert tasks.Minutes().convert(text, None, None) == minutes


@pytest.mark.parametrize("text", ["", "soon", "-5", "1d"])
def test_what_is_no_estimate(text: str) -> None:
    """The message says what to give."""
    with pytest.raises(click.BadParameter, match="1h30"):
        tasks.Minutes().convert(text, None, None)


@pytest.mark.parametrize(
    "text",
    ["soon", "now+2h", "today+4h", "5pm", "2026-02-30", "09:00", "2026-03-08@Europe/Berlin", "2026-03-08T09:00@Mars/X"],
)
def test_what_is_no_moment_names_the_option_and_the_forms(text: str) -> None:
    """The user sees what is wrong and what could be given."""
    with pytest.raises(click.BadParameter, match=r"2026-03-08T09:00@Europe/Berlin") as raised:
        when(text)
    assert raised.value.param_hint == "--due"


@pytest.mark.parametrize(
    ("value", "shown", "over"),
    [
        (None, "", False),
        ({"date": "2026-03-08"}, "2026-03-08", True),
        ({"date": "9999-03-08"}, "9999-03-08", False),
        ({"local": "2026-03-08T09:00"}, "2026-03-08 09:00", True),
        ({"local": "2026-03-08T09:00", "zone": "Asia/Tokyo"}, "2026-03-08 09:00 Asia/Tokyo", True),
        ({"local": "9999-03-08T09:00", "zone": "Asia/Tokyo"}, "9999-03-08 09:00 Asia/Tokyo", False),
    ],
)
def test_a_due_value_is_readable_and_known_to_be_over(value: dict[str, str] | None, shown: str, over: bool) -> None:
    """As a list shows it."""
    assert moments.readable(value) == shown
    assert moments.past(value) is over


def test_a_past_is_a_position_or_an_instant() -> None:
    """Dates and local times are of this machine's zone, in every option that takes an instant; else it is named."""
    assert [moments.as_of(text) for text in (None, "17", "2026-03-08", "2026-03-08T09:00+02:00")] == [
        None, "17", "2026-03-08T00:00:00.000Z", "2026-03-08T07:00:00.000Z",
    ]  # fmt: skip
    with pytest.raises(click.BadParameter, match="no instant") as raised:
        moments.as_of("soon")
    assert raised.value.param_hint == "--as-of"


def test_an_instant_is_shown_in_this_machines_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    """To the minute; none is nothing."""
    assert moments.clock("2026-03-08T09:00:12.345Z") == "2026-03-08 09:00"
    assert moments.clock(None) == ""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    assert moments.clock("2026-03-08T09:00:12.345Z") == "2026-03-08 18:00"


def test_this_machines_zone_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the environment, by the link to the zone's file, or else it is UTC."""
    monkeypatch.setenv("TZ", ":Europe/Berlin")
    assert moments.machine_zone() == "Europe/Berlin"
    monkeypatch.setenv("TZ", "nonsense of ours")
    monkeypatch.setattr(Path, "resolve", lambda self: Path("/usr/share/zoneinfo/Asia/Tokyo"))
    assert moments.machine_zone() == "Asia/Tokyo"
    monkeypatch.setattr(Path, "resolve", lambda self: Path("/etc/localtime"))
    assert moments.machine_zone() == "UTC"


# --- short names

THINGS = [
    {"id": "01AAAAXY", "name": "Home"},
    {"id": "01BBBBXY", "name": "Work"},
    {"id": "01BBBBZZ", "name": "01AAAAXY"},
]


@pytest.mark.parametrize(
    ("name", "found"), [("01AAAAXY", 0), ("work", 1), ("01aa", 0), ("bbzz", 2), ("01bbbbz", 2)], ids=str
)
def test_a_thing_is_found_by_id_name_or_part_of_its_id(name: str, found: int) -> None:
    """A whole id wins over a name, a name over a part of an id; in any case."""
    assert names.one(name, THINGS, "workspace", "name") is THINGS[found]


@pytest.mark.parametrize(("name", "code"), [("01bbbb", Exit.FAILED), ("qqqq", Exit.NOT_FOUND), ("", 4)])
def test_what_is_not_clear_is_not_guessed(name: str, code: int) -> None:
    """Several are listed, none is said."""
    with pytest.raises(Failure) as raised:
        names.one(name, THINGS, "workspace", "name")
    assert raised.value.exit_code == code


@pytest.mark.parametrize("name", ["z", "zz", "01a"])
def test_a_part_of_an_id_has_as_many_characters_as_lists_show(name: str) -> None:
    """A letter that one id happens to end with names nothing; a short name or a whole id still does."""
    with pytest.raises(Failure, match="at least the 4 characters") as raised:
        names.one(name, THINGS, "workspace", "name")
    assert raised.value.exit_code == Exit.NOT_FOUND
    assert names.one("q", [{"id": "q", "name": "x"}], "workspace", "name")["name"] == "x"


def test_candidates_in_the_trash_are_said_to_be_there() -> None:
    """Of two that an id could be, one is perhaps not meant."""
    assert names.listed([{"id": "a", "title": "x", "trashed": True}], "title") == "  a  x (in the trash)"


def test_many_candidates_are_not_all_listed() -> None:
    """The first ones and a sign that there are more."""
    lines = names.listed([{"id": str(number), "name": "x"} for number in range(30)], "name").splitlines()
    assert len(lines) == names.CANDIDATES + 1
    assert lines[-1].strip() == "…"


@given(st.sets(st.text("01A", min_size=8, max_size=8), max_size=60))
def test_short_names_tell_things_apart(identifiers: set[str]) -> None:
    """What a list shows of an id finds that very thing among those listed."""
    things = [{"id": one, "name": ""} for one in identifiers]
    for identifier, short in names.short(identifiers).items():
        ends = [one for one in things if one["id"].endswith(short)]
        assert [one["id"] for one in ends] == [identifier]


# --- cells


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"), ("", "–"), ([], "–"), ({}, "–"), (True, "yes"), (False, "no"), (7, "7"), ("text", "text"),
        (["a", 1], "a, 1"), ({"date": "2026-03-08"}, "2026-03-08"),
        ({"local": "2026-03-08T09:00", "zone": "Asia/Tokyo"}, "2026-03-08 09:00 Asia/Tokyo"),
        ({"id": "x", "done": False}, "id x, done no"),
    ],
    ids=json.dumps,
)  # fmt: skip
def test_a_value_in_a_cell(value: Any, shown: str) -> None:
    """Plain JSON values as people read them."""
    assert output.value(value) == shown


def test_the_place_of_a_new_thing_is_no_news() -> None:
    """The order that a new task gets is left out of its history; a later move is not."""
    entry = {
        "changes": [{"field": "order", "before": None, "after": "a"}, {"field": "title", "before": "", "after": "x"}]
    }
    assert output.changes(entry) == "title: – → x"
    assert output.changes({"changes": [{"field": "order", "before": "a", "after": "b"}]}) == "order: a → b"


@pytest.mark.parametrize(
    ("field", "before", "after", "said"),
    [
        (f"checklist/{'7' * 26}", {"id": "7", "title": "Milk", "done": False},
         {"id": "7", "title": "Milk", "done": True},
         "checklist/7777 “Milk”: done no → done yes"),
        (f"checklist/{'7' * 26}", None, {"id": "7", "title": "Milk", "done": False},
         "checklist/7777: – → title Milk, done no"),
        ("due", {"date": "2026-03-08"}, {"date": "2026-03-09"}, "due: 2026-03-08 → 2026-03-09"),
        ("project", None, "8" * 26, "project: – → Garden"),
        ("title", None, "8" * 26, f"title: – → {'8' * 26}"),
        ("members/anna", None, "editor", "members/anna: – → editor"),
    ],
)  # fmt: skip
def test_a_change_says_what_is_different(field: str, before: Any, after: Any, said: str) -> None:
    """Parts by their title and what changed of them, places by their names, ids as short as in lists."""
    entry = {"changes": [{"field": field, "before": before, "after": after}]}
    assert output.changes(entry, {"8" * 26: "Garden"}) == said


def test_a_terminal_gets_colours_and_a_pipe_does_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And a pipe's lines are not cut to a width, nor padded."""
    long = "x" * 500
    output.show(output.table(("title",), [(long,), ("short",)]))
    assert capsys.readouterr().out == f"title\n{long}\nshort\n"
    monkeypatch.setenv("FORCE_COLOR", "1")
    output.show(output.table(("title",), [("short",)]))
    assert "\x1b[" in capsys.readouterr().out
    output.show("a sentence")
    assert "a sentence" in capsys.readouterr().out


def listed(title: str, **more: Any) -> None:
    """Shows a list of that task."""
    task = {"id": "01AAAAXY", "title": title, "status": "open", "priority": "none", "labels": [], "due": None,
            "project": "p", "section": "s", **more}  # fmt: skip
    output.show(output.tasks([task], {"p": "Work", "p/s": "To do"}))


@pytest.mark.parametrize("title", ["word " * 100, "x" * 500])
def test_a_long_title_stays_in_its_line(
    title: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is cut to the width of a terminal, elsewhere to a bound; the other columns are whole."""
    listed(title)
    _, row = capsys.readouterr().out.splitlines()
    assert len(row) < 200
    assert "…" in row
    assert row.endswith("Work / To do")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    listed(title)
    _, row = capsys.readouterr().out.splitlines()
    assert "…" in row
    assert "AAXY" in row
    assert "Work / To do" in row


def test_many_labels_are_cut(capsys: pytest.CaptureFixture[str]) -> None:
    """The columns after them stay in sight."""
    listed("Milk", labels=["label"] * 30)
    assert len(capsys.readouterr().out.splitlines()[1]) < 100


def test_a_narrow_terminal_cuts_texts_but_no_ids(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Many labels and a long place push neither the id nor the mark nor the title out of the list."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    due = {"local": "2026-12-01T09:00", "zone": "Europe/Berlin"}
    listed("Write the report", labels=["first", "second", "third", "fourth"], due=due, priority="medium")
    row = re.sub("\x1b[^m]*m", "", capsys.readouterr().out.splitlines()[1])
    assert re.match("AAXY  ○  Write the", row)
    assert "2026-12-01 09:00 Berlin" in row
    assert "medium" in row
    assert "#first" in row
    assert "Work /" in row


@pytest.mark.parametrize("zone", ["America/Argentina/Buenos_Aires", "America/New_York", "Etc/UTC"])
def test_a_narrow_terminal_cuts_no_due_time(
    zone: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of its zone the city is named; where there is room, all of it is."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    for columns, named in (("80", zone.rpartition("/")[2]), ("140", zone)):
        monkeypatch.setenv("COLUMNS", columns)
        listed("Write the report", due={"local": "2026-12-01T09:00", "zone": zone}, priority="medium", series="s")
        row = re.sub("\x1b[^m]*m", "", capsys.readouterr().out.splitlines()[1])
        assert f"2026-12-01 09:00 {named} " in row
        assert re.match("AAXY  ○↻  Write the", row)


def test_a_narrow_terminal_wraps_what_changed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An audit list has room for the changes, and the short ids of tasks."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    change = {"field": "status", "before": "done", "after": "open"}
    entry = {"position": 80, "at": "2026-11-26T04:57:00.000Z", "actor": "*clock", "type": "TaskReopened", "undoes": 37,
             "task": "7" * 26, "changes": [change]}  # fmt: skip
    output.show(output.history([entry], {}, with_task=True))
    said = capsys.readouterr().out
    assert "done → open" in said
    assert "  7777  " in said


@pytest.mark.parametrize("status", ["done", "cancelled", "skipped", "missed"])
def test_what_is_over_is_not_overdue(status: str) -> None:
    """An occurrence that was skipped or missed asks for nothing any more."""
    assert not output.overdue({"status": status, "due": {"date": "2020-03-08"}})
    assert output.overdue({"status": "open", "due": {"date": "2020-03-08"}})
