"""What has been understood of a phrase so far, and how it becomes a repeat."""

from collections.abc import Collection
from datetime import date, datetime, time
from typing import Final

from tasksys.recurrence.cursor import Misread
from tasksys.recurrence.repeat import Repeat
from tasksys.recurrence.rule import (
    ByDay,
    Frequency,
    Kind,
    Rule,
    Skip,
    Until,
    Weekday,
    from_the_start,
    in_order,
)
from tasksys.recurrence.validity import require_valid
from tasksys.recurrence.vocabulary import UNIT_NAMES

LAST: Final = {
    "by_second": 59, "by_minute": 59, "by_hour": 23, "by_month_day": 31, "by_year_day": 366, "by_week_no": 53,
    "by_month": 12, "by_set_pos": 366,
}  # fmt: skip
"""The highest number of each part."""


class Draft:
    """Parts are added in any order; what contradicts what is there raises Misread with its place."""

    def __init__(self, today: date) -> None:
        self.today = today
        self.freq: Frequency | None = None
        self.interval = 1
        self.days: set[ByDay] = set()
        self.numbers: dict[str, set[int]] = {}
        self.times: list[tuple[time, bool]] = []
        self.times_position = 0
        self.yearly = False
        self.count: int | None = None
        self.lasts: tuple[int, Frequency, int] | None = None
        self.until: Until | None = None
        self.start: date | None = None
        self.week_start: Weekday | None = None
        self.skip: Skip | None = None
        self.after_completion = False
        self.stop_after: int | None = None

    def every(self, freq: Frequency, interval: int = 1) -> None:
        """How often."""
        self.freq, self.interval = freq, interval

    def add(self, position: int, part: str, numbers: Collection[int]) -> None:
        """Numbers of a part; Misread if one is out of its range."""
        last = LAST[part]
        if any(abs(number) > last for number in numbers):
            raise Misread(position, f"give numbers up to {last} here")
        self.numbers.setdefault(part, set()).update(numbers)

    def end(self, position: int, count: int | None = None, until: Until | None = None) -> None:
        """COUNT or UNTIL, once."""
        if self.count is not None or self.until is not None or self.lasts is not None:
            raise Misread(position, "give one end: a number of times, or a date")
        self.count, self.until = count, until

    def repeat(self, end: int) -> Repeat:
        """All of it; Misread if it makes no rule. `end` is where the phrase ends."""
        freq = self.freq or self._implied(end)
        count = self.count if self.lasts is None else self._counted(freq, *self.lasts)
        stop_after = self.stop_after
        if self.after_completion and count is not None:
            count, stop_after = None, count
        parts = {part: from_the_start(numbers) for part, numbers in self.numbers.items()}
        times = {one for one, _ in self.times}
        if len(times) > 1 or (times and self._picks_times()):
            parts |= self._several_times(times)
            times = set()
        rule = Rule(
            freq,
            interval=self.interval,
            count=count,
            until=self.until,
            by_day=in_order(self.days),
            week_start=self.week_start or Weekday.MO,
            skip=self.skip or Skip.OMIT,
            **parts,
        )
        try:
            require_valid(rule)
        except ValueError as error:
            raise Misread(end, str(error)) from None
        return Repeat(rule, next(iter(times), None), self.start, self.after_completion, stop_after)

    def _implied(self, end: int) -> Frequency:
        """How often, where only days were given: "the 1st and 15th" is monthly, "1 January" yearly."""
        if self.yearly or "by_month" in self.numbers or "by_year_day" in self.numbers or "by_week_no" in self.numbers:
            return Frequency.YEARLY
        if "by_month_day" in self.numbers or "by_set_pos" in self.numbers or any(day.ordinal for day in self.days):
            return Frequency.MONTHLY
        if self.days:
            return Frequency.WEEKLY
        raise Misread(end, "say how often, such as every 3 days, every Monday or the 1st of the month")

    def _counted(self, freq: Frequency, number: int, unit: Frequency, position: int) -> int:
        """The occurrences of "for 10 days", where the rule is by the same unit."""
        each = len(self.days) or 1
        simple = not self.numbers and len(self.times) < 2 and (freq is Frequency.WEEKLY or not self.days)
        if unit is not freq or not simple or (each > 1 and self.interval > 1):
            raise Misread(position, f"say how many times, or until when; {UNIT_NAMES[unit]}s do not tell here")
        return -(-number // self.interval) * each

    def _picks_times(self) -> bool:
        """True if BYSETPOS has nothing to pick from but times."""
        return self.numbers.keys() == {"by_set_pos"} and not self.days

    def _several_times(self, times: set[time]) -> dict[str, tuple[int, ...]]:
        """Several times of day as BYHOUR, BYMINUTE and BYSECOND, whose product they must be."""
        hours, minutes = {one.hour for one in times}, {one.minute for one in times}
        seconds = {one.second for one in times}
        if len(times) != len(hours) * len(minutes) * len(seconds):
            raise Misread(
                self.times_position, "give times with the same minutes, such as 9:30 and 17:30, or make two tasks"
            )
        exact = any(given for _, given in self.times)
        return {
            "by_hour": from_the_start(hours),
            "by_minute": from_the_start(minutes),
            "by_second": from_the_start(seconds) if exact else (),
        }


def until_moment(day: date, at: time | None, utc: bool) -> Until:
    """The end that a date, or a date and time, means."""
    if at is None:
        return Until(datetime.combine(day, time.min), Kind.DATE)
    return Until(datetime.combine(day, at), Kind.ZONED if utc else Kind.FLOATING)
