"""A recurrence: an anchor, a rule, RDATE and EXDATE (RFC 5545, 3.8.5), and its occurrences in any range.

The set is made of local times in this order: what the rule generates, cut off by COUNT or UNTIL; with RDATE; without
EXDATE. They become instants last. Occurrences are in the order of their local times. In the hour after a gap two of
them may be one instant (02:30, read as 03:30, and 03:30 itself): each is an occurrence, known by its own local time.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from tasksys.recurrence import bounds
from tasksys.recurrence.anchors import Anchor, read_anchor
from tasksys.recurrence.expansion import END, local_seconds, local_time, runs
from tasksys.recurrence.parsing import parse_rule, print_rule
from tasksys.recurrence.rule import Rule, explicit
from tasksys.recurrence.sets import Found, GivenUp, generated, united
from tasksys.recurrence.validity import require_kind, require_times_allowed
from tasksys.recurrence.zones import earliest_local, instant_of, latest_local
from tasksys.values import When

REMEDY_SEARCH: Final = 50
"""Periods in which an anchor is looked for that would match."""


class Occurrence(Struct, frozen=True, gc=False):
    """One time of a recurrence: `local` as the rule gives it (midnight of a date), `instant` in UTC if it is zoned.

    `number` counts what the rule generated from 1, the anchor; it is there where the rule has a COUNT.
    """

    local: datetime
    instant: datetime | None = None
    number: int | None = None


class Page(Struct, frozen=True):
    """Occurrences in order. `truncated`: there are more in the range, after the last of these.

    `given_up`: there may be more, but `bounds.SEARCHED` periods in a row had none, and the search ended.
    """

    items: tuple[Occurrence, ...]
    truncated: bool = False
    given_up: bool = False


class Recurrence(Struct, frozen=True):
    """A valid recurrence: `recurrence` makes one. RDATE and EXDATE are local seconds (see `expansion`), ascending."""

    anchor: Anchor
    rule: Rule
    rdate: tuple[int, ...] = ()
    exdate: frozenset[int] = frozenset()

    def page(
        self,
        *,
        start: datetime | None = None,
        after: datetime | None = None,
        end: datetime | None = None,
        limit: int = bounds.PAGE,
    ) -> Page:
        """At most `limit` occurrences at `start` or later, later than `after`, and earlier than `end`.

        Naive bounds are local times, aware ones are instants, which a zoned recurrence only has. To page on, give the
        `local` of the last item as `after`. ValueError if a bound or the limit makes no sense.
        """
        if not 1 <= limit <= bounds.PAGE:
            raise ValueError(f"limit must be 1 to {bounds.PAGE}")
        items: list[Occurrence] = []
        for step in self._search(start, after, end):
            if isinstance(step, GivenUp):
                return Page(tuple(items), given_up=True)
            if len(items) == limit:
                return Page(tuple(items), truncated=True)
            items.append(step)
        return Page(tuple(items))

    def occurrences(
        self, *, start: datetime | None = None, after: datetime | None = None, end: datetime | None = None
    ) -> Iterator[Occurrence]:
        """The occurrences of a range as in `page`, lazily, one by one; ends also where a search is given up."""
        return (step for step in self._search(start, after, end) if isinstance(step, Occurrence))

    def counted_before(self, local: datetime) -> int:
        """How many of a rule's COUNT come before a local time, EXDATE or not: what a split takes off it.

        0 if the rule has no COUNT.
        """
        if self.rule.count is None:
            return 0
        steps = generated(self.rule, self.anchor, 0, local_seconds(local))
        return sum(1 for step in steps if isinstance(step, Found))

    def _search(
        self, start: datetime | None, after: datetime | None, end: datetime | None
    ) -> Iterator[Occurrence | GivenUp]:
        """The occurrences of the range, and at the end whether the search was given up."""
        first = max(self._first(start), self._first(after))
        beyond = END if end is None else self._beyond(end)
        found = generated(self.rule, self.anchor, first, beyond)
        for step in united(found, self.rdate, self.exdate):
            if isinstance(step, GivenUp):
                yield step
                return
            if step.at >= beyond:
                return
            one = occurrence(step, self.anchor)
            if (
                (start is None or _at(one, start) >= start)
                and (after is None or _at(one, after) > after)
                and (end is None or _at(one, end) < end)
            ):
                yield one

    def _first(self, bound: datetime | None) -> int:
        """Local seconds before which no occurrence is at the bound or later."""
        if bound is None:
            return 0
        return local_seconds(bound) if bound.tzinfo is None else earliest_local(bound, self._zone())

    def _beyond(self, bound: datetime) -> int:
        """Local seconds from which on no occurrence is before the bound."""
        if bound.tzinfo is None:
            return local_seconds(bound) + (bound.microsecond > 0)
        return latest_local(bound, self._zone())

    def _zone(self) -> ZoneInfo:
        if self.anchor.zone is None:
            raise ValueError("only a recurrence with a zone has instants; give local times, without offset")
        return self.anchor.zone


def occurrence(found: Found, anchor: Anchor) -> Occurrence:
    """What was found, with its instant if the anchor has a zone."""
    local, zone = local_time(found.at), anchor.zone
    return Occurrence(local, None if zone is None else instant_of(local, zone), found.number)


def recurrence(when: When, rule: Rule | str, rdate: Iterable[str] = (), exdate: Iterable[str] = ()) -> Recurrence:
    """The recurrence of an anchor, a rule and local times of the anchor's kind ("2026-03-08" or "2026-03-08T09:00").

    ValueError that says what to do if one of them is wrong, if the rule does not go with the anchor's kind, if the rule
    does not generate its own anchor (which is to be its first occurrence), or if an RDATE comes before the anchor.
    """
    anchor = read_anchor(when)
    if isinstance(rule, str):
        rule = parse_rule(rule)
    require_kind(rule, anchor.kind)
    require_times_allowed(rule, anchor.kind)
    first = local_seconds(anchor.local)
    begins = next(runs(explicit(rule, anchor.local), first, first), ())
    if not begins or begins[0] != first:
        raise ValueError(
            f"the rule {print_rule(rule)} does not generate its own anchor {anchor.text(anchor.local)};"
            f" {_remedy(rule, anchor)}"
        )
    if next(generated(rule, anchor, first), None) is None:
        raise ValueError("UNTIL is before the anchor; give a later one")
    dates, excluded = _read(anchor, "RDATE", rdate), _read(anchor, "EXDATE", exdate)
    if dates and dates[0] < first:
        raise ValueError("an RDATE comes before the anchor; make the earliest one the anchor")
    return Recurrence(anchor, rule, dates, frozenset(excluded))


def anchored(when: When, rule: Rule | str) -> When:
    """The first value from one on that the rule generates, which may then be its anchor.

    ValueError if the rule is none, or generates nothing for long.
    """
    anchor = read_anchor(when)
    if isinstance(rule, str):
        rule = parse_rule(rule)
    first = local_seconds(anchor.local)
    for run in islice(runs(explicit(rule, anchor.local), first, first), REMEDY_SEARCH):
        if run:
            return anchor.when(local_time(run[0]))
    raise ValueError(f"the rule {print_rule(rule)} generates nothing for long after {anchor.text(anchor.local)}")


def _read(anchor: Anchor, name: str, texts: Iterable[str]) -> tuple[int, ...]:
    found = set()
    for place, text in enumerate(texts, 1):
        if place > bounds.LIST_VALUES:
            raise ValueError(f"{name} has at most {bounds.LIST_VALUES} values")
        try:
            found.add(local_seconds(anchor.read(text)))
        except ValueError as error:
            raise ValueError(f"{name}, value {place}: {error}") from None
    return tuple(sorted(found))


def _remedy(rule: Rule, anchor: Anchor) -> str:
    """What to do with an anchor that does not match: the next local time that does, if it is not far."""
    first = local_seconds(anchor.local)
    for run in islice(runs(explicit(rule, anchor.local), first, first), REMEDY_SEARCH):
        if run:
            return f"begin at {anchor.text(local_time(run[0]))}, or change the rule"
    return "change the rule, which generates nothing for long after it"


def _at(one: Occurrence, bound: datetime) -> datetime:
    """The occurrence as the bound is: a local time or an instant."""
    if bound.tzinfo is None:
        return one.local
    assert one.instant is not None
    return one.instant
