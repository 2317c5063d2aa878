"""The accounts of a year: what each series must have had, against what the event log says became of it.

`tests.year` says what this knows, and what it does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tasksys.series.shapes import Missed
from tasksys.values import When
from tests.year import bells
from tests.year.dates import DAY
from tests.year.folding import Bell, Log, Moment, Seen
from tests.year.ledger import Ledger
from tests.year.plans import TODAY, Plan, moment

HEAD = (
    "series", "expected", "done", "skipped", "missed", "open", "postponed", "withdrawn", "on time", "late", "expired",
    "cancelled", "doubled", "unaccounted",
)  # fmt: skip


@dataclass
class Line:
    """What came of a series. `expected` is what must have been; reminders count by the instants they were set for."""

    name: str
    expected: int = 0
    done: int = 0
    skipped: int = 0
    missed: int = 0
    open: int = 0
    postponed: int = 0
    withdrawn: int = 0
    on_time: int = 0
    late: int = 0
    expired: int = 0
    cancelled: int = 0
    doubled: int = 0
    unaccounted: int = 0
    violations: list[str] = field(default_factory=list)

    @property
    def occurrences(self) -> tuple[int, ...]:
        """The columns that are not about reminders."""
        return self.expected, self.done, self.skipped, self.missed, self.open, self.postponed, self.withdrawn

    @property
    def numbers(self) -> tuple[int, ...]:
        """The columns behind the name."""
        reminders = self.on_time, self.late, self.expired, self.cancelled
        return *self.occurrences, *reminders, self.doubled, self.unaccounted


def accounts(ledger: Ledger, logs: dict[str, Log], end: datetime) -> list[Line]:
    """A line for each series, and for what does not recur in each workspace."""
    lines = [_Account(plan, ledger, logs[plan.home], end).line() for plan in ledger.plans.values()]
    for home, log in logs.items():
        lines.append(line := Line(f"({home}: single tasks)"))
        single = [task for task in log.tasks.values() if task.key is None and task.name in ledger.one_offs]
        line.expected = sum(name.startswith(home) for name in ledger.one_offs)
        line.done = sum(task.status == "done" for task in single)
        line.open = sum(task.status == "open" and not task.trashed for task in single)
        line.withdrawn = sum(task.trashed for task in single)
        line.postponed = sum(task.postponed for task in single)
        if len(single) != line.expected:
            line.violations.append(f"{line.expected} single tasks were made, {len(single)} are there")
        for task in single:
            rings = {bell.name for bell in log.bells.values() if bell.task == task.name and not bell.snoozed}
            if rings != ledger.one_offs[task.name]:
                line.violations.append(f"{task.name}: has reminders {rings}, was given {ledger.one_offs[task.name]}")
        names = {plan.name for plan in ledger.plans.values()}
        foreign = {key for key in (*log.occurrences, *log.passed) if key[0] not in names}
        line.violations += [f"nobody made this series: {key}" for key in foreign]
        line.violations += log.doubled
        line.doubled += len(log.doubled)
    by_name = {line.name: line for line in lines}
    for home, log in logs.items():
        for bell in log.bells.values():
            series = _series_of(log, bell.task)
            bells.enter(bell, by_name[series or f"({home}: single tasks)"], ledger, home, end)
    return lines


def _series_of(log: Log, task: str) -> str | None:
    key = log.tasks[task].key
    if key is None:
        key = next((one for one, name in log.withdrawn.items() if name == task), None)
    return None if key is None else key[0]


class _Account:
    """One series."""

    def __init__(self, plan: Plan, ledger: Ledger, log: Log, end: datetime) -> None:
        self._plan = plan
        self._ledger = ledger
        self._log = log
        self._end = end
        self._line = Line(plan.name)
        self._seen = {key[1]: log.tasks[name] for key, name in log.occurrences.items() if key[0] == plan.name}
        self._passed = {key[1]: how for key, how in log.passed.items() if key[0] == plan.name}
        self._dates = [day for day in plan.dates(end.date() + 5 * 366 * DAY) if day >= TODAY]

    def line(self) -> Line:
        """Its line, with everything that must not be."""
        line, recorded = self._line, {*self._seen, *self._passed}
        must, may = self._expected()
        missing, extra = must - recorded, recorded - must - may
        line.expected = len(must | (may & recorded))
        line.unaccounted = len(missing) + len(extra)
        for day in sorted(missing):
            self._wrong(f"the occurrence of {day} is nowhere")
        for day in sorted(extra):
            self._wrong(f"there should be no occurrence of {day}")
        found = {day: task.status for day, task in self._seen.items()}
        found |= {day: how for day, (how, _) in self._passed.items()}
        for day, how in sorted(found.items()):
            if how not in ("done", "skipped", "missed", "open"):
                self._wrong(f"the occurrence of {day} is {how}")
        line.done, line.skipped, line.missed, line.open = (
            sum(how == one for how in found.values()) for one in ("done", "skipped", "missed", "open")
        )
        line.postponed = sum(task.postponed for task in self._seen.values())
        line.withdrawn = sum(key[0] == self._plan.name for key in self._log.withdrawn)
        self._as_people_say(found)
        self._how_many_are_open()
        for day, task in sorted(self._seen.items()):
            self._looked_at(day, task)
        for day, (how, when) in sorted(self._passed.items()):
            following = self._next(day)
            taken = self._end if following is None else self._opens(following, when.at)
            if (
                how == "missed"
                and when.by_clock
                and not (self._covered(taken, when.at) or self._in_between(day, when.at))
            ):
                self._wrong(f"{day} was passed over at {when.at} without an outage")
        return line

    def _wrong(self, what: str) -> None:
        self._line.violations.append(f"{self._plan.name}: {what}")

    # --- what must be

    def _due(self, day: date, at: datetime) -> When:
        """The due value of an occurrence as the series had it at an instant."""
        changed, before = self._ledger.earlier_times.get(self._plan.name, (None, ""))
        plan = replace(self._plan, time=before) if changed is not None and at < changed else self._plan
        return self._ledger.moved.get((plan.name, day)) or plan.due(day)

    def _time(self, day: date, at: datetime | None = None) -> datetime:
        at = self._end if at is None else at
        return moment(self._due(day, at), self._ledger.zone(self._plan.home, at))

    def _expected(self) -> tuple[set[date], set[date]]:
        """The occurrences that must be there, and those that may be."""
        plan = self._plan
        closings = self._ledger.closings.get(plan.name, [])
        if plan.after_days:
            home = self._ledger.zone(plan.home, self._end)
            local = [_day_of(at, plan.zone or home) for at in closings]
            return {plan.begins, *(day + plan.after_days * DAY for day in local)}, set()
        if plan.missed is Missed.ONE_AT_A_TIME:
            return set(self._dates[: len(closings) + 1]), set()
        limit = self._end + (max(DAY, plan.needs) if plan.missed is Missed.ALL else timedelta(0))
        limit = min(limit, self._ledger.ended.get(plan.name, limit))
        must = {day for day in self._dates if self._time(day) <= limit}
        may = {day for day in must if self._stood_still(day)}
        if plan.missed is Missed.NEXT and plan.name not in self._ledger.ended:
            coming = [day for day in self._dates if day not in must]
            may |= set(coming[:1])
            skipped = {day for day in coming[:3] if (plan.name, day) in self._ledger.skipped}
            may |= set(coming[: len(skipped) + 1])
        return must - may, may

    def _stood_still(self, day: date) -> bool:
        pauses = self._ledger.paused.get(self._plan.name, [])
        return any(since < self._time(day) and day < until for since, until in pauses)

    # --- what is

    def _as_people_say(self, found: dict[date, str]) -> None:
        """Done and skipped is what people have done and skipped, and nothing else; so with what they put off."""
        name = self._plan.name
        for how, said in (("done", set(self._ledger.done)), ("skipped", self._ledger.skipped)):
            mine = {day for key, day in said if key == name and (day in found or how == "done")}
            theirs = {day for day, what in found.items() if what == how}
            for day in sorted(mine ^ theirs):
                self._wrong(f"{day} is {found.get(day)}; people say that it is {'' if day in mine else 'not '}{how}")
        for day, task in sorted(self._seen.items()):
            if task.postponed != self._ledger.postponed[name, day]:
                self._wrong(
                    f"{day} was postponed {task.postponed} times, by people {self._ledger.postponed[name, day]}"
                )
        reasons = (name in self._ledger.ended, self._plan.last is not None, self._undone())
        if self._line.withdrawn and not any(reasons):
            self._wrong(f"{self._line.withdrawn} were withdrawn, and nobody has ended, cut or undone anything")

    def _undone(self) -> int:
        return sum(number for (name, _), number in self._ledger.undone.items() if name == self._plan.name)

    def _how_many_are_open(self) -> None:
        if self._plan.missed is Missed.ALL:
            return
        goes_on = any(self._time(day) > self._end for day in self._dates) and self._plan.name not in self._ledger.ended
        least, most = int(goes_on or bool(self._plan.after_days)), 1 + self._undone()
        if not least <= self._line.open <= most:
            self._wrong(f"{self._line.open} are open, not {least} to {most}")

    def _covered(self, due: datetime, at: datetime) -> bool:
        return self._ledger.covered(due, at)

    def _looked_at(self, day: date, task: Seen) -> None:
        """Its due value is the series', it came in time and was not missed too early or too late."""
        wanted, put_off = self._due(day, task.made.at), self._ledger.put_off.get(task.name)
        if task.due != wanted and not task.again:
            self._wrong(f"{day} was due {task.due}, not {wanted}")
        changed, _ = self._ledger.earlier_times.get(self._plan.name, (None, ""))
        if changed is not None and put_off is None and (task.status == "open" or _closed(task).at >= changed):
            wanted = self._due(day, self._end)
        last = (wanted, put_off) if task.again else (put_off or wanted,)
        if task.now_due not in last:
            self._wrong(f"{day} is due {task.now_due} at the end, not {put_off or wanted}")
        if len(self._plan.rings) != sum(bell.task == task.name and not bell.snoozed for bell in self._bells()):
            self._wrong(f"{day} has not the {len(self._plan.rings)} reminders of its series")
        if (self._plan.name, day) in self._ledger.moved or task.again or self._plan.after_days:
            return
        latest = self._opens(day, task.made.at)
        if task.made.by_clock and task.made.at > latest and not self._covered(latest, task.made.at):
            self._wrong(f"{day} came at {task.made.at}, not by {latest}")
        if task.status == "missed" and _closed(task).by_clock and not self._undone():
            self._missed_in_time(day, _closed(task).at)

    def _bells(self) -> Iterator[Bell]:
        return iter(self._log.bells.values())

    def _next(self, day: date) -> date | None:
        """The one that takes its place: the next one that is not left out or away."""
        after = [one for one in self._dates if one > day and self._time(one) > self._until(day)]
        return next((one for one in after if one in self._seen or one in self._passed), None)

    def _opens(self, day: date, at: datetime) -> datetime:
        """When it comes at the latest, if somebody has not made room for it before."""
        time = self._time(day, at)
        if self._plan.missed is Missed.ALL:
            return time - max(DAY, self._plan.needs)
        before = [one for one in self._dates if one < day and (one in self._seen or one in self._passed)]
        gap = time - max(self._until(one, at) for one in before) if before else self._plan.needs * 2
        return time - min(self._plan.needs, gap / 2)

    def _until(self, day: date, at: datetime | None = None) -> datetime:
        """The time that an occurrence has: its own, or that to which people put it off."""
        task = self._seen.get(day)
        put_off = None if task is None else self._ledger.put_off.get(task.name)
        if put_off is None:
            return self._time(day, at)
        return moment(put_off, self._ledger.zone(self._plan.home, at or self._end))

    def _in_between(self, day: date, at: datetime) -> bool:
        """True for one that was passed over at its own time, since an open one was put off to it or beyond."""
        own = self._time(day, at)
        waits = any(one < day and self._until(one, at) >= own for one in self._seen)
        return waits and (at == own or self._covered(own, at))

    def _missed_in_time(self, day: date, at: datetime) -> None:
        following = self._next(day)
        if following is None or (self._plan.name, following) in self._ledger.moved:
            return
        taken = self._opens(following, at)
        if at < taken or (at > taken and not self._covered(taken, at)):
            self._wrong(f"{day} was missed at {at}; {following} took its place at {taken}")


def _day_of(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()


def _closed(task: Seen) -> Moment:
    assert task.closed is not None
    return task.closed
