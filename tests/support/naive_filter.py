"""A second reading of the filter language: an interpreter that follows its documentation and is in no hurry.

It shares no code with `tasksys.query` but the syntax tree. Moments are half-open intervals of aware datetimes.
"""

import operator
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from tasksys.query.syntax import (
    And,
    Base,
    Comparison,
    Empty,
    Expression,
    In,
    Me,
    Not,
    Operator,
    Or,
    Relative,
    Text,
    Value,
)
from tasksys.rows import Task
from tasksys.values import LinkType, Priority, When

ORDERINGS: Final[dict[Operator, Callable[[Any, Any], bool]]] = {
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.MORE: operator.gt,
    Operator.AT_LEAST: operator.ge,
}
SETS: Final = ("label", "assignee", "link")
TIMES: Final = ("due", "start", "created", "updated", "completed")


class Interval(NamedTuple):
    """A day from its start to before its end, or one instant."""

    start: datetime
    end: datetime
    instant: bool

    def before(self, other: "Interval") -> bool:
        """True if this is over when the other begins."""
        return self.end < other.start or (self.end == other.start and not self.instant)


class Reader(NamedTuple):
    """Who asks, when and where."""

    now: datetime
    zone: ZoneInfo
    user: str | None

    def holds(self, expression: Expression, task: Task) -> bool:
        """True if the filter takes the task."""
        match expression:
            case And(items):
                return all(self.holds(item, task) for item in items)
            case Or(items):
                return any(self.holds(item, task) for item in items)
            case Not(item):
                return not self.holds(item, task)
            case Empty(field):
                held = self.value(field.name, task)
                return held is Priority.NONE or held in (None, "", ())
            case In(field, values):
                return any(self.holds(Comparison(field, Operator.EQUAL, value), task) for value in values)
            case Comparison(field, Operator.UNEQUAL, value):
                return not self.holds(Comparison(field, Operator.EQUAL, value), task)
            case Comparison(field, chosen, value):
                return self.compare(field.name, chosen, value, task)

    def value(self, field: str, task: Task) -> Any:
        """What the task has in the field."""
        match field:
            case "label" | "assignee":
                return getattr(task, f"{field}s")
            case "link":
                return tuple(link.type for link in task.links)
            case "estimate":
                return task.estimate_minutes
            case "checklist":
                return len(task.checklist)
            case "unchecked":
                return len([item for item in task.checklist if not item.done])
            case "text":
                return (task.title, task.description, *task.labels)
            case "trashed":
                return task.trashed_at is not None
            case "blocked":
                return LinkType.BLOCKED_BY in [link.type for link in task.links]
            case "created" | "updated" | "completed":
                return getattr(task, f"{field}_at")
            case _:
                return getattr(task, field)

    def compare(self, field: str, chosen: Operator, literal: Value, task: Task) -> bool:
        """One comparison other than `!=`."""
        held = self.value(field, task)
        if isinstance(literal, Me):
            if self.user is None:
                return False
            literal = Text(self.user)
        if field in TIMES:
            return bool(held) and self.compare_times(self.interval(held), chosen, self.moment(literal))
        if chosen is Operator.CONTAINS:
            assert isinstance(literal, Text)
            wanted = bare(literal.text)
            return any(wanted in bare(text) for text in ((held,) if isinstance(held, str) else held))
        if chosen is not Operator.EQUAL:
            ranks = list(Priority)
            if isinstance(literal, Priority):
                return ORDERINGS[chosen](ranks.index(held), ranks.index(literal))
            return held is not None and ORDERINGS[chosen](held, literal)
        wanted_value = literal.text if isinstance(literal, Text) else literal
        if field in ("title", "description"):
            return bare(held) == bare(str(wanted_value))
        if field == "label":
            return any(without_case(label) == without_case(str(wanted_value)) for label in held)
        return wanted_value in held if field in SETS else bool(held == wanted_value)

    def compare_times(self, held: Interval, chosen: Operator, literal: Interval) -> bool:
        """Intervals are equal when neither is over before the other begins."""
        match chosen:
            case Operator.LESS:
                return held.before(literal)
            case Operator.AT_MOST:
                return not literal.before(held)
            case Operator.MORE:
                return literal.before(held)
            case Operator.AT_LEAST:
                return not held.before(literal)
            case _:
                return not held.before(literal) and not literal.before(held)

    def interval(self, held: When | str) -> Interval:
        """A due or start value, or a stored instant."""
        if isinstance(held, str):
            return instant(datetime.fromisoformat(held))
        if held.date is not None:
            return self.day(date.fromisoformat(held.date))
        assert held.local is not None
        zone = ZoneInfo(held.zone) if held.zone else self.zone
        return instant(datetime.fromisoformat(held.local).replace(tzinfo=zone))

    def moment(self, literal: Any) -> Interval:
        """A literal of the filter."""
        if isinstance(literal, Relative):
            return self.relative(literal)
        if isinstance(literal, datetime):
            return instant(literal if literal.tzinfo else literal.replace(tzinfo=self.zone))
        assert isinstance(literal, date)
        return self.day(literal)

    def relative(self, literal: Relative) -> Interval:
        """The calendar first, the clock last."""
        local = self.now.astimezone(self.zone)
        day = local.date()
        while literal.base not in (Base.NOW, Base.TODAY) and f"{day:%A}".lower() != literal.base.value:
            day += timedelta(days=1)
        day = months_later(day, literal.months) + timedelta(days=literal.days)
        exact = timedelta(minutes=literal.minutes or 0)
        if literal.base is Base.NOW:
            moved = literal.months or literal.days
            start = datetime.combine(day, local.time(), self.zone) if moved else self.now
            return instant(start.astimezone(UTC) + exact)
        if literal.minutes is None:
            return self.day(day)
        return instant(self.day(day).start + exact)

    def day(self, day: date) -> Interval:
        """From midnight to midnight."""
        start, end = (
            datetime.combine(midnight, time(), self.zone).astimezone(UTC) for midnight in (day, day + timedelta(days=1))
        )
        return Interval(start, end, instant=False)


def instant(moment: datetime) -> Interval:
    """One instant."""
    return Interval(moment.astimezone(UTC), moment.astimezone(UTC), instant=True)


def months_later(start: date, months: int) -> date:
    """Month by month, on the same day or the last there is."""
    month = start.year * 12 + start.month - 1 + months
    for day in range(start.day, 27, -1):
        try:
            return date(month // 12, month % 12 + 1, day)
        except ValueError:
            continue
    return date(month // 12, month % 12 + 1, start.day)


def bare(text: str) -> str:
    """Without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def without_case(text: str) -> str:
    """Without case."""
    return unicodedata.normalize("NFC", text.casefold())
