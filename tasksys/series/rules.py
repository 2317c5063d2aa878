"""When the occurrences of a series are: its rule, anchor, RDATE and EXDATE as times, whatever became of its zone.

Floating times and dates are those of the workspace's zone. A stored series is never refused: where a release of the
zone database has dropped its zone, the workspace's stands in for it.
"""

from collections.abc import Iterator
from datetime import date, datetime, time
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from tasksys import durations
from tasksys.recurrence import (
    AfterCompletion,
    Anchor,
    Kind,
    Occurrence,
    Recurrence,
    after_completion,
    read_anchor,
    recurrence,
)
from tasksys.rows import Series
from tasksys.state import State
from tasksys.values import UTC, When, instant, zone_or

NOW: Final = durations.Duration(0, 0)

CACHED: Final = 4096
"""Recurrences that are kept made: a making takes as long as finding an occurrence, and every change needs it again."""


class Times(NamedTuple):
    """The times of a series in its `zone`; `home` is the workspace's, in which dates and floating times are read."""

    recurrence: Recurrence
    zone: ZoneInfo
    home: ZoneInfo
    ends_before: str | None = None
    after_done: AfterCompletion | None = None

    @property
    def anchor(self) -> Anchor:
        """The first occurrence."""
        return self.recurrence.anchor

    def first(self) -> str | None:
        """The first occurrence that no exception takes out."""
        return next(self._found(self.recurrence.occurrences()), None)

    def after(self, original: str) -> str | None:
        """The occurrence that follows one."""
        return next(self._found(self.recurrence.occurrences(after=datetime.fromisoformat(original))), None)

    def at_or_after(self, local: datetime) -> str | None:
        """The first occurrence that is not before a local time."""
        return next(self._found(self.recurrence.occurrences(start=local)), None)

    def between(self, start: datetime | None, end: datetime | None) -> Iterator[str]:
        """The occurrences at a local time or later, and before another."""
        return self._found(self.recurrence.occurrences(start=start, end=end))

    def includes(self, original: str) -> bool:
        """True if there is an occurrence of that original time."""
        try:
            return self.at_or_after(self.anchor.read(original)) == original
        except ValueError:
            return False

    def before(self, original: str) -> bool:
        """True if there is an occurrence before that time."""
        first = self.first()
        return first is not None and first < original

    def following(self, at: str, completions: int) -> str | None:
        """The occurrence after the `completions`th completion, which was at that instant."""
        assert self.after_done is not None
        found = self.after_done.following(self.day(at), completions)
        return None if found is None else next(self._found(iter((found,))), None)

    def day(self, at: str) -> date:
        """The local date at an instant."""
        return datetime.fromisoformat(at).astimezone(self.zone).date()

    def midnight(self, at: str) -> datetime:
        """The local beginning of the day of an instant."""
        return datetime.combine(self.day(at), time.min)

    def when(self, original: str) -> When:
        """The due value of an occurrence that is where its rule has it.

        One from before the series went over from dates to times, or back, is due as it was named.
        """
        if same_kind(original, self.anchor):
            return self.anchor.when(datetime.fromisoformat(original))
        return When(local=original) if "T" in original else When(date=original)

    def instant(self, when: When) -> str:
        """The instant of a value."""
        return instant(durations.before(when, NOW, self.home))

    def time_of(self, original: str) -> str:
        """The instant of an occurrence that is where its rule has it."""
        return self.instant(self.when(original))

    def counted_before(self, original: str) -> int:
        """How many of the rule's COUNT come before an occurrence."""
        return self.recurrence.counted_before(datetime.fromisoformat(original))

    def _found(self, occurrences: Iterator[Occurrence]) -> Iterator[str]:
        for one in occurrences:
            original = self.anchor.text(one.local)
            if self.ends_before is not None and original >= self.ends_before:
                return
            yield original


def times_of(series: Series, state: State) -> Times:
    """The times of a stored series."""
    workspace = state.workspace
    assert workspace is not None
    home = zone_or(workspace.time_zone, UTC)
    zone, anchor = zone_or(series.anchor.zone, home), anchor_of(series.anchor, home)
    made, after_done = _made(
        anchor.when(anchor.local), series.rule, series.rdate, series.exdate, series.after_completion
    )
    return Times(made, zone, home, series.ends_before, after_done)


def anchor_of(when: When, home: ZoneInfo = UTC) -> Anchor:
    """The anchor of a stored series; in the `home` zone where its own is not known any more."""
    if when.zone is not None and (zone := zone_or(when.zone, home)).key != when.zone:
        when = When(local=when.local, zone=zone.key)
    return read_anchor(when)


@lru_cache(CACHED)
def _made(
    anchor: When, rule: str, rdate: tuple[str, ...], exdate: tuple[str, ...], after_done: bool
) -> tuple[Recurrence, AfterCompletion | None]:
    if not after_done:
        return recurrence(anchor, rule, rdate, exdate), None
    made = after_completion(anchor, rule)
    return made.recurrence, made


def carried(original: str, before: Anchor, after: Anchor) -> str:
    """The original time of an occurrence after the anchor was changed: the same date, at the anchor's new time.

    A time that is not the old anchor's own (the rule names several) stays.
    """
    local = datetime.fromisoformat(original)
    if not same_kind(original, after) or before.kind is not after.kind or local.time() == before.local.time():
        local = datetime.combine(local.date(), after.local.time())
    return after.text(local)


def same_kind(original: str, anchor: Anchor) -> bool:
    """False for the original time of an occurrence from when the series had dates and has times now, or the reverse."""
    return ("T" not in original) is (anchor.kind is Kind.DATE)
