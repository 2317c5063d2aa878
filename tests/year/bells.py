"""The accounts of reminders: each instant that one was set for is the right one, and ended once, in time or excused."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from tasksys.values import UTC, When, instant
from tests.year.folding import Armed, Bell, Ended
from tests.year.ledger import Ledger

if TYPE_CHECKING:
    from tests.year.accounting import Line

WEEK: Final = timedelta(days=7)
"""What could not fire for longer than this expires."""

BEFORE: Final = re.compile(r"(-?)P(?:(\d+)D|T(\d+)([HM]))")


def enter(bell: Bell, line: Line, ledger: Ledger, home: str, end: datetime) -> None:
    """Puts a reminder into its line."""
    left = 0
    for one in bell.ends:
        _set_rightly(bell, one.armed, line, ledger, home)
        _ended_rightly(bell, one, line, ledger)
        if bell.repeat is not None and not one.armed.follows:
            left = bell.repeat.times
        if one.how == "fired":
            left = _repeats_rightly(bell, one, left, line)
    line.expired += bell.at_once
    if bell.waits is not None:
        _set_rightly(bell, bell.waits, line, ledger, home)
        if bell.waits.at <= instant(end):
            line.unaccounted += 1
            line.violations.append(f"{line.name}: {bell.name} was set for {bell.waits.at} and has not fired")
    doubled = sum(number - 1 for number in bell.fired.values())
    line.doubled += doubled
    if doubled or bell.strays:
        line.violations.append(f"{line.name}: {bell.name} fired {dict(bell.fired)}, not set for it: {bell.strays}")


def _set_rightly(bell: Bell, armed: Armed, line: Line, ledger: Ledger, home: str) -> None:
    """The instant is what the trigger says, by the due value that the task had then."""
    if armed.follows:
        return
    wanted = bell.trigger.at
    if wanted is None:
        assert armed.when is not None
        wanted = instant(before(armed.when, bell.trigger.before or "", ledger.zone(home, armed.moment.at)))
    if datetime.fromisoformat(armed.at) != datetime.fromisoformat(wanted):
        line.violations.append(f"{line.name}: {bell.name} was set for {armed.at}, not {wanted} ({armed.when})")


def before(when: When, duration: str, home: str) -> datetime:
    """The instant so long before a value: days by the calendar, hours and minutes by the clock."""
    found = BEFORE.fullmatch(duration)
    assert found is not None, duration
    sign = -1 if found[1] else 1
    exact = timedelta(**{"hours" if found[4] == "H" else "minutes": int(found[3] or 0)})
    local = datetime.fromisoformat(when.local or when.date or "") - sign * timedelta(days=int(found[2] or 0))
    return local.replace(tzinfo=ZoneInfo(when.zone or home), fold=0).astimezone(UTC) - sign * exact


def _ended_rightly(bell: Bell, one: Ended, line: Line, ledger: Ledger) -> None:
    due, at = datetime.fromisoformat(one.armed.at), one.moment.at
    late = at - due
    match one.how:
        case "fired":
            line.on_time += not late
            line.late += bool(late)
            excused = ledger.covered(due, at) and late <= WEEK
            if late < timedelta(0) or (late and not excused) or one.late != int(late.total_seconds()):
                line.violations.append(f"{line.name}: {bell.name} fired at {at} for {due}, late by {one.late} s")
        case "expired":
            line.expired += 1
            excused = (ledger.covered(due, at) and late > WEEK) if one.moment.by_clock else late >= timedelta(0)
            if not excused:
                line.violations.append(f"{line.name}: {bell.name} for {due} expired at {at}")
        case _:
            line.cancelled += one.how == "cancelled"
            if late > timedelta(0) and not ledger.covered(due, at):
                line.violations.append(
                    f"{line.name}: {bell.name} for {due} had not fired when it was {one.how} at {at}"
                )


def _repeats_rightly(bell: Bell, one: Ended, left: int, line: Line) -> int:
    """It repeats at its next step that is to come, if it has that many left: what an outage took is not made up for.

    How many are left then.
    """
    wanted = None
    if bell.repeat is not None:
        step, due = (
            timedelta(minutes=int(re.findall(r"\d+", bell.repeat.every)[0])),
            datetime.fromisoformat(one.armed.at),
        )
        while left and wanted is None:
            due, left = due + step, left - 1
            wanted = instant(due) if due > one.moment.at else None
    if one.following != wanted:
        line.violations.append(f"{line.name}: {bell.name} fires again at {one.following}, not at {wanted}")
    return left
