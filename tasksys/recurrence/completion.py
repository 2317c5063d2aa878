"""Rules that count from completion: "every 3 days after it is done".

The next local date is the completion's plus the interval, at the anchor's wall time. Where BY parts name days, it is
the first such day after all but the last of the interval's periods: every 4 weeks on Sunday, done on a Tuesday, is the
fourth Sunday from then. A day that a month lacks is left out or moved as SKIP says.
"""

from calendar import monthrange
from datetime import date, datetime, time, timedelta

from msgspec import Struct, structs

from tasksys.recurrence import bounds
from tasksys.recurrence.anchors import Anchor
from tasksys.recurrence.expansion import DAY, local_seconds
from tasksys.recurrence.recurrence import Occurrence, Recurrence, occurrence, recurrence
from tasksys.recurrence.rule import Frequency, Rule, explicit
from tasksys.recurrence.sets import Found, generated
from tasksys.values import When


class AfterCompletion(Struct, frozen=True):
    """A recurrence whose next occurrence depends on when the last one was done: `after_completion` makes one.

    `stop_after` is the number of completions after which there is no next one; it is not COUNT.
    """

    recurrence: Recurrence
    stop_after: int | None = None

    def following(self, completed: date, completions: int) -> Occurrence | None:
        """The occurrence after the latest completion, on a local date, which was the `completions`th, counted from 1.

        None if there is none: enough completions, or UNTIL has passed.
        """
        if self.stop_after is not None and completions >= self.stop_after:
            return None
        anchor, rule = self.recurrence.anchor, self.recurrence.rule
        begin = datetime.combine(completed, anchor.local.time())
        if names_days(rule):
            begin = _later(begin, rule.freq, rule.interval - 1)
            rule = structs.replace(explicit(rule, anchor.local), interval=1)
        if not bounds.FIRST_YEAR <= begin.year <= bounds.LAST_YEAR:
            return None
        next_day = local_seconds(datetime.combine(begin, time.min)) + DAY
        step = next(generated(rule, Anchor(begin, anchor.kind, anchor.zone), next_day), None)
        return occurrence(step, anchor) if isinstance(step, Found) else None


def after_completion(when: When, rule: Rule | str, stop_after: int | None = None) -> AfterCompletion:
    """The recurrence from an anchor, its first occurrence, and a rule.

    ValueError as `recurrence` has it, and where the rule counts occurrences or names times of day.
    """
    if stop_after is not None and not 1 <= stop_after <= bounds.COUNT:
        raise ValueError(f"stop_after must be 1 to {bounds.COUNT} completions")
    made = recurrence(when, rule)
    if made.rule.count is not None:
        raise ValueError("a rule that counts from completion has no COUNT; give stop_after, a number of completions")
    if made.rule.freq.finer_than(Frequency.DAILY):
        raise ValueError("a rule that counts from completion repeats by days, weeks, months or years; use FREQ=DAILY")
    if made.rule.by_hour or made.rule.by_minute or made.rule.by_second:
        raise ValueError("a rule that counts from completion is at its anchor's time; leave out BYHOUR and the like")
    return AfterCompletion(made, stop_after)


def names_days(rule: Rule) -> bool:
    """True if BY parts say on which days it is, and not the interval alone."""
    return bool(rule.by_day or rule.by_month_day or rule.by_year_day or rule.by_week_no or rule.by_month)


def _later(local: datetime, freq: Frequency, number: int) -> datetime:
    """The local time so many periods later: the same day of the month, or the last one that it has."""
    if freq in (Frequency.YEARLY, Frequency.MONTHLY):
        months = local.year * 12 + local.month - 1 + number * (12 if freq is Frequency.YEARLY else 1)
        year, month = min(months // 12, date.max.year - 1), months % 12 + 1
        return local.replace(year=year, month=month, day=min(local.day, monthrange(year, month)[1]))
    days = number * (7 if freq is Frequency.WEEKLY else 1)
    return local + timedelta(days=min(days, (date.max - local.date()).days - 1))
