"""Whatever a file says, it is answered: with commands that can be sent, or with why there are none."""

from __future__ import annotations

import json
from typing import Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasksys import codec
from tasksys.ical.lines import escaped
from tests.support.domain import World, furnished
from tests.tasksys.ical.made import file, steps, todos, vtodo

WORLD: Final = furnished()
NAMES: Final = (
    "SUMMARY", "DESCRIPTION", "CATEGORIES", "STATUS", "PRIORITY", "DUE", "DTSTART", "DURATION", "RRULE", "RDATE",
    "EXDATE", "RECURRENCE-ID", "LAST-MODIFIED", "COMPLETED", "PERCENT-COMPLETE", "RELATED-TO",
    "RELATED-TO;RELTYPE=CHILD",
    "RELATED-TO;RELTYPE=DEPENDS-ON", "ATTENDEE", "COMMENT", "COMMENT;X-TASKSYS-ID=?", "URL", "X-TASKSYS-START",
    "X-TASKSYS-ESTIMATE", "X-TASKSYS-ORDER", "X-TASKSYS-PROJECT", "X-TASKSYS-PROJECT;X-TASKSYS-ID=home",
    "X-TASKSYS-SECTION", "X-TASKSYS-ASSIGNEE", "X-TASKSYS-LINK;X-TASKSYS-TYPE=blocks", "X-TASKSYS-CHECKLIST",
    "X-TASKSYS-REMINDER", "X-TASKSYS-REPEATING", "X-TASKSYS-UID", "X-TASKSYS-FIELDS", "X-TASKSYS-STATUS",
    "X-TASKSYS-DESCRIPTION", "X-TASKSYS-OCCURRENCE;X-TASKSYS-ORIGINAL=2026-05-01T09:00",
    "X-TASKSYS-OCCURRENCE;X-TASKSYS-ORIGINAL=2026-05-01", "DUE;TZID=Europe/Berlin", "DTSTART;TZID=America/New_York",
    "RECURRENCE-ID;TZID=Europe/Berlin", "DUE;TZID=Nowhere",
)  # fmt: skip
TIMES: Final = st.sampled_from(
    [
        "20260501",
        "20260501T090000",
        "20260501T090000Z",
        "99991231T235959",
        "99991231T235959Z",
        "00010101T000000",
        "00010101",
    ]
)
RULES: Final = st.sampled_from(
    [
        "FREQ=DAILY",
        "FREQ=WEEKLY;COUNT=3",
        "FREQ=SECONDLY",
        "FREQ=DAILY;UNTIL=99991231",
        "FREQ=DAILY;UNTIL=20260601T000000Z",
    ]
)
UIDS: Final = st.sampled_from(
    ["a", "b", "milk@acme.tasksys", "chores@acme.series.tasksys", "chores@other.series.tasksys"]
)
ANCHORS: Final = st.sampled_from([{"date": "2026-05-01"}, {"local": "2026-05-01T09:00"}, {"local": "soon"}])
REPEATING: Final = st.fixed_dictionaries(
    {
        "rule": RULES,
        "anchor": st.sampled_from([{"date": "2026-05-01"}, {"local": "2026-05-01T09:00"}, {"local": "soon"}]),
    },
    optional={
        "rdate": st.lists(st.sampled_from(["2026-05-02", "x"]), max_size=2),
        "skipped": st.lists(st.sampled_from(["2026-05-02", "x", "9999"]), max_size=2),
        "after_completion": st.booleans(),
        "stop_after": st.integers(-5, 5),
        "ahead": st.sampled_from(["P1D", "x"]),
        "start_before": st.sampled_from(["P1D", "x"]),
        "paused": st.booleans(),
        "lead": st.integers(-(2**40), 2**40),
    },
)
KEPT: Final = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["r", "?", ""]),
        "user": st.sampled_from(["olga", "sam", "", "?"]),
        "trigger": st.sampled_from([{"before": "P1D"}, {"before": "x"}, {"at": "x"}, {}]),
    },
    optional={"repeat": st.just({"every": "x", "times": 3})},
)
VALUES: Final = (
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=30)
    | TIMES
    | RULES
    | UIDS
    | st.sampled_from(["P1D", "-PT1H", "PT999999999S", "5", "due,title", "COMPLETED", "skipped", "mailto:olga", "Home"])
    | (REPEATING | KEPT).map(lambda said: escaped(json.dumps(said)))
)
ALARM: Final = st.sampled_from(["-PT5M", "P1D", "21260501T090000Z", "99991231T235959Z", "x"]).map(
    lambda value: f"BEGIN:VALARM\nTRIGGER:{value}\nEND:VALARM"
)
LINES: Final = st.lists(st.builds("{}:{}".format, st.sampled_from(NAMES), VALUES) | ALARM, max_size=8)
TODOS: Final = st.lists(st.builds(lambda uid, lines: vtodo(*lines, uid=uid), UIDS, LINES), min_size=1, max_size=4)


def check(text: str, world: World) -> None:
    """The plan for a file: every component is in it, and its commands are what the log can read."""
    found = steps(text, world, strict=False)
    assert {one.line for one in found} >= {one.line for one in todos(text, strict=False)}
    for step in found:
        for command in step.commands:
            record = world.record(command)
            assert codec.decode_command(codec.encode_command(record)) == record


@given(TODOS)
@settings(max_examples=500, deadline=None)
def test_any_todos(made: list[str]) -> None:
    """Nothing is raised, and nothing that the log could not read comes of it."""
    check(file(*made), WORLD)


@pytest.mark.parametrize("name", ["REMINDER", "REPEATING", "DESCRIPTION"])
def test_deep_nesting(name: str) -> None:
    """In what is JSON for us, it is wrong as anything else."""
    deep = '{"x": ' * 50_000
    check(file(vtodo("DESCRIPTION:a", f"X-TASKSYS-{name}:{escaped(deep)}")), WORLD)


def test_one_uid_for_two() -> None:
    """The first counts, whether it repeats or the second does."""
    plain, again = vtodo("SUMMARY:A", uid="a"), vtodo("DTSTART:20260501T090000Z", "RRULE:FREQ=DAILY", uid="a")
    assert [one.action for one in steps(file(plain, again), WORLD)] == ["skip", "create"]
    assert [one.action for one in steps(file(again, plain), WORLD)] == ["skip", "create"]


def test_what_no_command_can_say() -> None:
    """An id that is none spoils what it is of, and nothing else."""
    found = steps(file(vtodo("SUMMARY:Milk", 'X-TASKSYS-REPEATING:{"rule": 1}', "COMMENT:x")), WORLD)
    assert [one.action for one in found] == ["create"]
    assert msgspec.json.encode(found[0].commands[0])
