"""Tasks and filters for the tests of queries: short to write, or drawn from pools that meet each other."""

from datetime import UTC, date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from msgspec import structs

from tasksys.query import bounds
from tasksys.query.fields import FIELDS, OPERATORS, Field, Kind
from tasksys.query.syntax import (
    And,
    Base,
    Comparison,
    Empty,
    Expression,
    In,
    Me,
    Moment,
    Not,
    Operator,
    Or,
    Relative,
    Text,
    Value,
)
from tasksys.rows import ChecklistItem, Link, Project, Task
from tasksys.values import LinkType, Priority, Status, When

BERLIN: Final = ZoneInfo("Europe/Berlin")
NOW: Final = datetime(2026, 3, 8, 12, tzinfo=UTC)
"""A Sunday; 13:00 in Berlin."""

ZONES: Final = (
    "UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Africa/Cairo", "America/Havana", "Pacific/Apia",
)  # fmt: skip
"""Cairo's clocks go on at midnight, Havana's go back to it, Apia left out 30 December 2011."""

DAYS: Final = (
    date(2026, 3, 7), date(2026, 3, 8), date(2026, 3, 9), date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 1),
    date(2026, 4, 24), date(2026, 1, 31), date(2028, 2, 29), date(2011, 12, 29), date(2011, 12, 30), date(2011, 12, 31),
)  # fmt: skip
TIMES: Final = ("00:00", "00:30", "01:30", "02:30", "09:00", "23:59")
WORDS: Final = (
    "milk",
    "Milk",
    "bread",
    "Café",
    "cafe",
    "CAFÉ",
    "none",
    "me",
    "and",
    "\u00fc\u0308b\u0327er",
    'a"b',
    "x\\y",
    "e-mail",
)
IDS: Final = ("a", "b", "c", "none")
USERS: Final = ("olga", "edda", "me")


def task(
    identifier: str = "a", title: str = "Milk", created_at: str = "2026-03-01T09:00:00.000Z", **fields: object
) -> Task:
    """A task, with what a test wants to say about it."""
    return structs.replace(Task(identifier, title, created_at), **fields)


def on(day: str) -> When:
    """Due or starting on a day."""
    return When(date=day)


def local(wall: str, zone: str | None = None) -> When:
    """Due or starting at a local time, floating unless it has a zone."""
    return When(local=wall, zone=zone)


days = st.sampled_from(DAYS)
walls = st.builds(lambda day, time: f"{day.isoformat()}T{time}", days, st.sampled_from(TIMES))
whens = st.one_of(
    st.builds(lambda day: When(date=day.isoformat()), days),
    st.builds(lambda wall, zone: When(local=wall, zone=zone), walls, st.sampled_from([None, *ZONES])),
)
instants = st.builds(lambda wall: f"{wall}:00.000Z", walls)
texts = st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join)
names = st.lists(st.sampled_from(WORDS), max_size=3, unique=True).map(tuple)


def maybe(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """None, or one of the values."""
    return st.one_of(st.none(), values)


def tasks(identifiers: st.SearchStrategy[str]) -> st.SearchStrategy[Task]:
    """Tasks that the filters of `expressions` often tell apart."""
    checklist = st.lists(st.builds(ChecklistItem, st.just("i"), st.just("Item"), st.booleans()), max_size=3).map(tuple)
    links = st.lists(st.builds(Link, st.sampled_from(LinkType), st.sampled_from(IDS)), max_size=2).map(tuple)
    return st.builds(
        Task,
        id=identifiers,
        title=texts,
        created_at=instants,
        description=texts,
        status=st.sampled_from(Status),
        priority=st.sampled_from(Priority),
        labels=names,
        assignees=st.lists(st.sampled_from(USERS), max_size=2, unique=True).map(tuple),
        start=maybe(whens),
        due=maybe(whens),
        estimate_minutes=maybe(st.sampled_from([0, 3, 90, 120])),
        project=maybe(st.sampled_from(IDS)),
        section=maybe(st.sampled_from(IDS)),
        parent=maybe(st.sampled_from(IDS)),
        order=st.sampled_from(["V", "a", "b1"]),
        checklist=checklist,
        links=links,
        series=maybe(st.sampled_from(IDS)),
        updated_at=st.one_of(st.just(""), instants),
        completed_at=maybe(instants),
        trashed_at=maybe(instants),
        position=st.integers(1, 5),
    )


counts = st.sampled_from([0, 0, 1, -1, 3, -13, 40])
relatives = st.builds(
    Relative, st.sampled_from(Base), counts, counts, st.one_of(st.none(), st.sampled_from([0, 90, -240]))
)
moments: st.SearchStrategy[Moment] = st.one_of(
    days,
    walls.map(datetime.fromisoformat),
    walls.map(lambda wall: datetime.fromisoformat(f"{wall}+05:30")),
    relatives,
)


def values(field: Field) -> st.SearchStrategy[Value]:
    """Values of the field's kind."""
    match field.kind:
        case Kind.STATUS:
            return st.sampled_from(Status)
        case Kind.PRIORITY:
            return st.sampled_from(Priority)
        case Kind.LINKS:
            return st.sampled_from(LinkType)
        case Kind.FLAG:
            return st.booleans()
        case Kind.NUMBER | Kind.MINUTES:
            return st.sampled_from([0, 1, 2, 3, 90, 120])
        case Kind.WHEN | Kind.INSTANT:
            return moments
        case Kind.USERS:
            return st.one_of(st.just(Me()), st.sampled_from(USERS).map(Text))
        case Kind.IDENTIFIER | Kind.PLACE:
            return st.sampled_from(IDS).map(Text)
        case _:
            return st.one_of(st.sampled_from(WORDS), texts).map(Text)


def conditions(field: Field) -> st.SearchStrategy[Expression]:
    """Conditions on the field, with each of its operators."""
    allowed = OPERATORS[field.kind]
    kinds: list[st.SearchStrategy[Expression]] = [
        st.builds(Comparison, st.just(field), st.just(Operator(operator)), values(field))
        for operator in allowed
        if operator != "in"
    ]
    if "in" in allowed:
        lists = st.lists(values(field), min_size=1, max_size=4).map(tuple)
        kinds += [st.builds(In, st.just(field), lists), st.builds(In, st.just(field), lists).map(Not)]
    if field.empty:
        kinds += [st.just(Empty(field)), st.just(Not(Empty(field)))]
    return st.one_of(kinds)


leaves: st.SearchStrategy[Expression] = st.one_of([conditions(field) for field in FIELDS.values()])


def _compound(items: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    several = st.lists(items, min_size=2, max_size=4).map(tuple)
    return st.one_of(st.builds(And, several), st.builds(Or, several), st.builds(Not, items))


expressions = st.recursive(leaves, _compound, max_leaves=12)
"""Filters as the parser gives them, well within its bounds."""

assert bounds.TEXT_TERMS > 12


def project_row(identifier: str, name: str = "Home", **fields: Any) -> Project:
    """A project without sections."""
    return Project(identifier, name, "2026-03-01T09:00:00.000Z", **fields)
