"""A series goes on: what is due of it becomes tasks, what was not done in time is recorded as missed.

It is found out again after every command that may change it, and when the clock says that the time has come; if nothing
changed, nothing is recorded. So a command appended twice, or days late, does the same.
"""

from datetime import datetime, timedelta
from typing import Final

from tasksys import durations, tasks
from tasksys.events import Fact, SeriesAdvanced
from tasksys.rows import Series
from tasksys.series.making import Maker
from tasksys.series.moving import open_tasks
from tasksys.series.rules import times_of
from tasksys.series.shapes import Missed, Override, SeriesState
from tasksys.state import State
from tasksys.values import Of, Status, When, instant

STEPS: Final = 200
"""Occurrences that one command opens or passes over; the clock goes on at once with those that are left."""

OPEN: Final = 100
"""Tasks of one series that are open at once; what comes on top of them is missed."""

A_DAY: Final = timedelta(days=1)
AT_ONCE: Final = ""
"""An instant before every other."""


def settle(identifier: str, state: State, at: str, by_clock: bool) -> list[Fact]:
    """What follows for a series from how it is at an instant; nothing, if it is so already.

    `by_clock`: the time has come, nobody has commanded anything; see `making.Maker`.
    """
    series = state.series(identifier)
    return [] if series is None or state.workspace is None else _Settling(series, state, at, by_clock).facts()


class _Settling:
    """One look at a series."""

    def __init__(self, series: Series, state: State, at: str, by_clock: bool) -> None:
        workspace = state.workspace
        assert workspace is not None
        self._series = series
        self._state = state
        self._at = at
        self._maker = Maker(series, state, at, by_clock)
        self._times = times_of(series, state)
        self._position = workspace.position
        self._next = series.next
        self._open = {task.original or "": task for task in open_tasks(series, state)}
        self._facts: list[Fact] = []
        self._missed: list[str] = []
        self._skipped: list[str] = []
        self._made: set[str] = set()

    def facts(self) -> list[Fact]:
        series = self._series
        look: str | None = None
        if series.state is SeriesState.ACTIVE and (series.stop_after is None or series.completions < series.stop_after):
            look = self._after_completion() if series.after_completion else self._by_rule()
        self._skipped += [one.original for one in series.overrides if self._behind(one)]
        if (self._next, look) != (series.next, series.at) or self._missed or self._skipped:
            passed = tuple(self._missed), tuple(self._skipped)
            self._facts.append(Fact(SeriesAdvanced(series.id, series.next, self._next, series.at, look, *passed)))
        return self._facts

    def _behind(self, override: Override) -> bool:
        """True for an occurrence that was left out, or is again, when the series had gone past it."""
        gone = self._next is None or override.original < self._next
        return override.skipped and gone and override.original not in self._skipped

    def _after_completion(self) -> str | None:
        while not self._open:
            if self._next is None:
                self._next = self._times.following(self._at, self._series.completions)
            self._next = self._untaken(self._next)
            if self._next is None:
                return None
            opens = self._opens(self._next, self._time(self._next))
            if opens is not None and opens > self._at:
                return opens
            self._make(self._next)
            self._next = None
        self._next = None
        return None

    def _untaken(self, original: str | None) -> str | None:
        """The occurrence, or the first one after it of which nothing has become yet."""
        for _ in range(STEPS):
            if original is None or not self._passed(original):
                return original
            original = self._times.following(self._times.time_of(original), self._series.completions)
        return None

    def _by_rule(self) -> str | None:
        """Opens what is due; the instant at which to look again."""
        for _ in range(STEPS):
            if self._next is None:
                return None
            original = self._next
            if not self._passed(original):
                opens = self._opens(original, self._time(original))
                if opens is None or opens > self._at:
                    return opens
                self._come(original)
            self._next = self._times.after(original)
        return self._at

    def _passed(self, original: str) -> bool:
        """True for an occurrence of which something has become already, or that is left out."""
        override = self._series.override(original)
        if override is not None and override.skipped:
            self._skipped.append(original)
            return True
        return original in self._made or self._state.occurrence(self._series.id, original) is not None

    def _opens(self, original: str, time: str) -> str | None:
        """The instant at which the occurrence becomes a task; None if that depends on others."""
        series, lead = self._series, self._lead()
        if series.missed is Missed.ALL and not series.after_completion:
            if len(self._open) >= OPEN:
                return time
            return _ahead(time, max(A_DAY, lead) if series.ahead is None else lead)
        if not self._open:
            split_off = series.previous is not None and original == self._times.first()
            if series.ahead is None and not split_off:
                return AT_ONCE
            return _ahead(time, max(A_DAY, lead) if series.ahead is None else lead)
        if series.missed is Missed.ONE_AT_A_TIME or series.after_completion:
            return None
        previous = max(self._open)
        return time if self._put_off_beyond(original, time) else self._takes_over(previous, original)

    def _takes_over(self, previous: str, original: str) -> str:
        """The instant at which an occurrence takes the place of a previous one that is open still.

        That is its own time, or earlier by as much as its reminders and its start need; by half of the time in between
        at most, so that the previous one had its own.
        """
        time = self._time(original)
        if previous >= original:
            return time
        between = datetime.fromisoformat(time) - datetime.fromisoformat(self._time(previous))
        return _ahead(time, max(timedelta(0), min(self._needs(), between / 2)))

    def _put_off_beyond(self, original: str, time: str) -> bool:
        """True if an earlier one that is open was moved to the time of the occurrence or beyond: it goes first."""
        return any(one < original and self._time(one) >= time for one in self._open)

    def _come(self, original: str) -> None:
        match self._series.missed:
            case Missed.ALL if len(self._open) >= OPEN:
                self._missed.append(original)
            case Missed.NEXT:
                following = self._successor(original)
                overtaken = following is not None and self._takes_over(original, following) <= self._at
                if overtaken or self._put_off_beyond(original, self._time(original)):
                    self._missed.append(original)
                    return
                self._miss(original)
                self._make(original)
            case _:
                self._make(original)

    def _successor(self, original: str) -> str | None:
        """The next occurrence that is not left out, and not before the time to which this one was moved."""
        time, found = self._time(original), self._times.after(original)
        for _ in range(STEPS):
            if found is None or not (self._left_out(found) or self._time(found) <= time):
                break
            found = self._times.after(found)
        return found

    def _left_out(self, original: str) -> bool:
        override, row = self._series.override(original), self._state.occurrence(self._series.id, original)
        return (override is not None and override.skipped) or (row is not None and row.skipped)

    def _miss(self, original: str) -> None:
        """Those that are open are missed when a later one comes; of the series that it was split off, too."""
        earlier = [self._open.pop(one) for one in list(self._open) if one < original]
        previous = self._state.series(self._series.previous) if self._series.previous is not None else None
        if previous is not None and original == self._times.first():
            earlier += open_tasks(previous, self._state)
        for task in earlier:
            self._facts += tasks.to_status(task, Status.MISSED, self._at)

    def _make(self, original: str) -> None:
        made = self._maker.make(original, self._due(original), self._position + 1 + len(self._facts))
        self._facts += made.facts
        self._made.add(original)
        if made.task is not None:
            self._open[original] = made.task

    def _lead(self) -> timedelta:
        ahead = self._series.ahead
        return max(self._needs(), timedelta(0) if ahead is None else _length(ahead))

    def _needs(self) -> timedelta:
        """How long before its time an occurrence must be a task for its start and its reminders."""
        template = self._series.template
        start = timedelta(0) if template.start_before is None else _length(template.start_before)
        from_start = {Of.DUE: timedelta(0), Of.START: start}
        return max([start, *(_length(one.trigger.before, from_start[one.trigger.of]) for one in template.reminders)])

    def _time(self, original: str) -> str:
        return self._times.instant(self._due(original))

    def _due(self, original: str) -> When:
        """When an occurrence is due: as its task says, or what is different about it, or its rule."""
        task = self._open.get(original)
        if task is not None and task.due is not None:
            return task.due
        override = self._series.override(original)
        return self._times.when(original) if override is None or override.due is None else override.due


def _length(duration: str, more: timedelta = timedelta(0)) -> timedelta:
    days, seconds = durations.parse(duration)
    return max(timedelta(0), timedelta(days=days, seconds=seconds) + more)


def _ahead(at: str, lead: timedelta) -> str:
    try:
        return instant(datetime.fromisoformat(at) - lead)
    except OverflowError:
        return AT_ONCE
