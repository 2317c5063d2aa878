"""Filters as predicates, also against an interpreter that follows the documentation and shares no code with them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasksys.query import Context, FilterError, bounds, compile_filter, entry, parse_filter
from tasksys.query.compile import mentions
from tasksys.query.fields import DUE, FIELDS, LABEL, STATUS
from tasksys.query.generate import _code
from tasksys.query.syntax import Expression
from tasksys.rows import ChecklistItem, Link, Task
from tasksys.values import LinkType, Priority, Status, When
from tests.support.naive_filter import Reader
from tests.support.queries import BERLIN, IDS, NOW, USERS, ZONES, conditions, expressions, local, on, task, tasks

NOWS = st.sampled_from(
    [
        NOW,
        datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
        datetime(2026, 1, 31, 23, 30, tzinfo=UTC),
        datetime(2028, 2, 29, 12, tzinfo=UTC),
        datetime(2011, 12, 29, 12, tzinfo=UTC),
    ]
)
ROWS = tasks(st.sampled_from(IDS))


def parsed(text: str) -> Expression:
    """A filter that is right."""
    expression = parse_filter(text)
    assert not isinstance(expression, FilterError), expression
    return expression


def takes(text: str, row: Task, user: str | None = "olga", zone: ZoneInfo = BERLIN) -> bool:
    """True if the filter takes the task, on Sunday 8 March 2026, 13:00 in Berlin."""
    return bool(compile_filter(parsed(text), Context(NOW, zone, user))(entry(row, zone)))


def agrees(expression: Expression, row: Task, now: datetime, name: str, user: str | None) -> bool:
    """True if the predicate says what the naive interpreter says."""
    zone = ZoneInfo(name)
    found = compile_filter(expression, Context(now, zone, user))(entry(row, zone))
    return bool(found) is Reader(now, zone, user).holds(expression, row)


@settings(deadline=None, max_examples=300)
@given(expressions, ROWS, NOWS, st.sampled_from(ZONES), st.sampled_from([None, *USERS]))
def test_filters_mean_what_is_documented(
    expression: Expression, row: Task, now: datetime, zone: str, user: str | None
) -> None:
    """A predicate gives what the naive interpreter gives."""
    assert agrees(expression, row, now, zone, user)


@pytest.mark.parametrize("field", FIELDS)
def test_conditions_mean_what_is_documented(field: str) -> None:
    """The same for each field, with each of its operators."""

    @settings(deadline=None, max_examples=150)
    @given(conditions(FIELDS[field]), ROWS, NOWS, st.sampled_from(ZONES))
    def check(expression: Expression, row: Task, now: datetime, zone: str) -> None:
        assert agrees(expression, row, now, zone, "olga")

    check()


@pytest.mark.parametrize(
    ("text", "due", "expected"),
    [
        ("due < 2026-03-08", on("2026-03-07"), True),
        ("due < 2026-03-08", on("2026-03-08"), False),
        ("due < 2026-03-08", local("2026-03-07T23:59"), True),
        ("due < 2026-03-08", local("2026-03-08T00:00"), False),
        ("due < 2026-03-08", local("2026-03-07T23:59", "America/New_York"), False),
        ("due <= today", local("2026-03-08T23:59"), True),
        ("due <= today", on("2026-03-08"), True),
        ("due <= today", local("2026-03-09T00:00"), False),
        ("due = today", local("2026-03-08T09:00"), True),
        ("due = today", local("2026-03-08T09:00", "Asia/Kathmandu"), True),
        ("due = today", local("2026-03-08T04:00", "Asia/Kathmandu"), False),
        ("due > today", on("2026-03-08"), False),
        ("due > today", on("2026-03-09"), True),
        ("due >= today", local("2026-03-08T00:00"), True),
        ("due < now", on("2026-03-08"), False),
        ("due < now", on("2026-03-07"), True),
        ("due < now", local("2026-03-08T12:59"), True),
        ("due < now", local("2026-03-08T13:00"), False),
        ("due = now", on("2026-03-08"), True),
        ("due = 2026-03-08T09:00", local("2026-03-08T09:00", "Europe/Berlin"), True),
        ("due = 2026-03-08T08:00Z", local("2026-03-08T09:00"), True),
        ("due = 2026-03-08T09:00", local("2026-03-08T09:00:30"), False),
        ("due < 2026-03-08T09:00", local("2026-03-08T09:00"), False),
        ("due <= 2026-03-08T09:00", local("2026-03-08T09:00"), True),
        ("due >= 2026-03-08T09:00", local("2026-03-08T09:00"), True),
        ("due > 2026-03-08T09:00", local("2026-03-08T09:00"), False),
        ("due in (yesterday, monday)", on("2026-03-09"), True),
        ("due in (yesterday, monday)", on("2026-03-08"), False),
        ("due < today+3d", on("2026-03-10"), True),
        ("due < today+3d", on("2026-03-11"), False),
        ("due < today", None, False),
        ("due >= today", None, False),
        ("due = today", None, False),
        ("due != today", None, True),
        ("due not in (today)", None, True),
        ("not due < today", None, True),
        ("due is empty", None, True),
        ("due is not empty", on("2026-03-08"), True),
    ],
)
def test_due(text: str, due: When | None, expected: bool) -> None:
    """Days are compared as days, instants as instants; a date is due until its day is over."""
    assert takes(text, task(due=due)) is expected
    assert takes(text.replace("due", "start"), task(start=due)) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("created = 2026-03-08", True),
        ("created < 2026-03-08", False),
        ("created <= 2026-03-08", True),
        ("created > 2026-03-07", True),
        ("created >= 2026-03-09", False),
        ("created > now-4h", True),
        ("completed = today", False),
        ("completed is empty", True),
        ("updated != today", True),
    ],
)
def test_instants(text: str, expected: bool) -> None:
    """An instant is compared with a day as the local day it is in."""
    assert takes(text, task(created_at="2026-03-08T22:59:59.999Z")) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("status = in-progress", True),
        ("status != in-progress", False),
        ("status in (open, in-progress)", True),
        ("status not in (open, in-progress)", False),
        ("priority >= high", True),
        ("priority > high", False),
        ("priority in (none, high)", True),
        ("priority is empty", False),
        ("label = HOME", True),
        ("label = cafe", False),
        ("label = CAFÉ", True),
        ("label ~ cafe", True),
        ("label != garden", True),
        ("label in (garden, home)", True),
        ("label not in (garden, home)", False),
        ("labels is empty", False),
        ("assignee = me", True),
        ('assignee = "me"', False),
        ("assignee in (me, edda)", True),
        ("assignee ~ OLG", True),
        ("assignee ~ me", True),
        ("assignee = Olga", False),
        ("project = p1", True),
        ("project = P1", False),
        ("section is empty", True),
        ("parent = none", True),
        ("id = a", True),
        ("series != s", True),
        ("estimate = 90", True),
        ("estimate < 2h", True),
        ("estimate in (30, 90min)", True),
        ("checklist = 2 and unchecked = 1", True),
        ("unchecked >= 2", False),
        ("title = 'brötchen und MILCH'", True),
        ("title ~ brot", True),
        ("title in (x, 'Brotchen und Milch')", True),
        ("title ~ bread", False),
        ("description ~ ECK", True),
        ("description is empty", False),
        ("description = 'vom backer am eck'", True),
        ("text ~ milch and text ~ backer and text ~ caf", True),
        ("text ~ 'milch vom'", False),
        ("link = blocked-by", True),
        ("link in (relates, duplicates)", False),
        ("link is empty", False),
        ("blocked = true", True),
        ("blocked != true", False),
        ("trashed = false", True),
        ("trashed != false", False),
    ],
)
def test_values(text: str, expected: bool) -> None:
    """Names are compared without case, text also without accents, ids as they are."""
    row = task(
        title="Brötchen und Milch",
        description="Vom Bäcker am Eck",
        status=Status.IN_PROGRESS,
        priority=Priority.HIGH,
        labels=("Home", "Café"),
        assignees=("olga", "adam"),
        project="p1",
        estimate_minutes=90,
        checklist=(ChecklistItem("1", "One", True), ChecklistItem("2", "Two")),
        links=(Link(LinkType.BLOCKED_BY, "b"),),
    )
    assert takes(text, row) is expected


@pytest.mark.parametrize("text", ["assignee = me", "assignee in (me)", "assignee ~ me"])
def test_nobody_is_not_me(text: str) -> None:
    """Without a user, nothing is mine."""
    assert not takes(text, task(assignees=("olga", "me")), user=None)
    assert not takes("assignee = me", task(), user=None)


def test_names_of_places() -> None:
    """A project or section is meant by its id, or by a name that the context knows."""
    names = {("project", "home"): {"p1", "p2"}, ("section", "home"): {"s1"}}
    context = Context(NOW, BERLIN, named=lambda field, name: names.get((field, name), ()))
    row = entry(task(project="p2", section="s2"), BERLIN)
    for text, expected in [
        ("project = home", True),
        ("project in (home)", True),
        ("project = p2", True),
        ("project != home", False),
        ("section = home", False),
        ("project = work", False),
    ]:
        assert bool(compile_filter(parsed(text), context)(row)) is expected


def test_mentions() -> None:
    """A field is mentioned wherever a condition is about it."""
    expression = parsed("not (label = a and (due is empty or label in (b))) and not due < now")
    assert mentions(expression, LABEL)
    assert mentions(expression, DUE)
    assert not mentions(expression, STATUS)


def test_nothing_of_the_client_is_in_the_source() -> None:
    """The source of a predicate is made of fixed pieces, whatever strings the filter holds."""
    evil = '") or __import__("os") or ("'
    fields = ["label", "assignee", "project", "id", "title", "description"]
    text = " or ".join([*(f"{field} = '{evil}'" for field in fields), f"text ~ '{evil}'", f"label in ('{evil}', b)"])
    assert not takes(text, task())
    compiled = _code.cache_info().misses
    assert takes(text.replace(evil, "a"), task())
    assert _code.cache_info().misses == compiled


@pytest.mark.parametrize(
    "text",
    [
        "(" * bounds.NESTING + "id=b" + ")" * bounds.NESTING,
        "not " * bounds.NESTING + "id=b",
        "(id=b or id=c and" * bounds.NESTING + " id=a" + ")" * bounds.NESTING,
        "not(id=b or id=c and " * (bounds.NESTING // 2) + "id=a" + ")" * (bounds.NESTING // 2),
        " or ".join(["id=b"] * bounds.TERMS),
        " and ".join(["not id in (b,c)"] * 200),
        f"label in ({','.join(['a'] * bounds.LIST_VALUES)})",
        f"due in ({','.join(['now+1d'] * bounds.LIST_VALUES)})",
        " or ".join(["text ~ x"] * bounds.TEXT_TERMS),
    ],
)
def test_everything_that_parses_compiles(text: str) -> None:
    """Filters at the bounds of depth and size have predicates."""
    assert takes(text, task()) in (True, False)
