"""What comes again and again: where a phrase about it begins and ends, and the first date of its rule."""

import re
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Final

from msgspec import Struct, structs

from tasksys.quickadd.days import Here
from tasksys.quickadd.readings import Again, Kind, Reading
from tasksys.quickadd.words import JOINING, Line
from tasksys.recurrence import bounds
from tasksys.recurrence.anchors import read_anchor
from tasksys.recurrence.completion import AfterCompletion, after_completion
from tasksys.recurrence.describing import describe_recurrence
from tasksys.recurrence.expansion import local_seconds, local_time, runs
from tasksys.recurrence.parsing import print_rule
from tasksys.recurrence.phrases import read_phrase
from tasksys.recurrence.recurrence import Recurrence, recurrence
from tasksys.recurrence.repeat import Repeat, rule_for
from tasksys.recurrence.rule import Frequency, Rule, explicit
from tasksys.recurrence.vocabulary import ADVERBS, WEEKDAY_NAMES
from tasksys.values import When

EVERY: Final = frozenset({"every", "each"})
PLURALS: Final = frozenset(f"{name.lower()}s" for name in WEEKDAY_NAMES) | {"weekdays", "weekends", "workdays"}
ONCE: Final = frozenset({"a", "an", "per", "every", "each"})
DESCRIBING: Final = frozenset({"the", "a", "an", "my", "our", "your", "his", "her", "their", "this", "last", "of"})
"""Behind one of these an adverb is a part of a name: "the daily report", "our weekly"."""

MARKS: Final = re.compile(r'[#%@~!"“\\]')
WORDS: Final = 40
"""Words of a phrase at most."""


class Repeating(Struct, frozen=True):
    """A rule with the first date on which it is: what a series is made of. `said` is all of it in words."""

    rule: str
    anchor: When
    after_completion: bool
    stop_after: int | None
    said: str


def read_again(line: Line, place: int, here: Here) -> Reading | None:
    """The longest phrase about recurrence that begins there."""
    adverb = line.at(place) in ADVERBS
    if not (adverb or line.at(place) in EVERY or _plural(line, place) or _once(line, place)):
        return None
    if adverb and (place == 0 or line.raw(place)[:1].isupper() or line.before(place) in DESCRIBING | JOINING):
        return None
    start, end = line.words[place].start, _last(line, place)
    while end > place:
        phrase = line.text[start : line.words[end - 1].end]
        found = read_phrase(phrase, here.today)
        if isinstance(found, Repeat):
            return Reading(Kind.RECURRENCE, place, end, Again(found), opens=not adverb)
        end = _shorter(line, place, end, start + found.position)
    return None


def _plural(line: Line, place: int) -> bool:
    return line.at(place) == "on" and line.then(place + 1) in PLURALS


def _once(line: Line, place: int) -> bool:
    return line.at(place) == "once" and line.then(place + 1) in ONCE


def _last(line: Line, place: int) -> int:
    """The place behind the last word that may be of the phrase: what is marked, quoted or a name ends it."""
    end = place + 1
    while end < min(len(line.words), place + WORDS) and line.at(end) not in ("", "remind", "reminder"):
        if MARKS.match(line.raw(end)) or not _continues(line, end):
            break
        end += 1
    return end


def _continues(line: Line, place: int) -> bool:
    """True if nothing but space or a comma is in front of the word, or the mark of `every! 3 days`."""
    before = line.words[place - 1]
    between = line.text[before.end : before.whole]
    return between in ("", ",") or (between == "!" and before.text == "every")


def _shorter(line: Line, place: int, end: int, position: int) -> int:
    """The place behind the words that end before a position in the text, fewer than there were."""
    end -= 1
    while end > place and (line.words[end - 1].end > position or line.at(end - 1) in JOINING):
        end -= 1
    return end


def anchored(repeat: Repeat, day: date | None, at: time | None, here: Here) -> Repeating | None:
    """The series of a phrase: its first date is the first from now that the rule matches, or from `day` on.

    `at` is a time that was named elsewhere. None where there is no such date, or the phrase makes no series.
    """
    rule, at = repeat.rule, repeat.at or at
    first_day = repeat.start or day
    finer = rule.freq.finer_than(Frequency.DAILY)
    timed = finer or at is not None or bool(rule.by_hour or rule.by_minute or rule.by_second)
    try:
        begin = _begin(rule, first_day, at, here) if timed else datetime.combine(first_day or here.today, time.min)
        found = _first(rule, begin)
        if found is None:
            return None
        anchor = _when(found, here.zone.key if timed else None)
        return _made(repeat, anchor)
    except (ValueError, OverflowError):
        return None


def _begin(rule: Rule, day: date | None, at: time | None, here: Here) -> datetime:
    """The local time from which the first date is looked for: from now on, if it is to be today."""
    now = here.local
    if at is not None and not rule.by_hour:
        begin = datetime.combine(day or now.date(), at)
        return begin + timedelta(days=1) if day is None and begin < now else begin
    if day is not None and day != now.date():
        return datetime.combine(day, time.min)
    step = timedelta(hours=1) if rule.freq.finer_than(Frequency.DAILY) else timedelta(minutes=1)
    return now.replace(minute=0 if step.seconds == 3600 else now.minute, second=0, microsecond=0) + step


def _first(rule: Rule, begin: datetime) -> datetime | None:
    """The first local time of the rule; each of its periods may be the first one, whatever the interval."""
    looked_for = explicit(structs.replace(rule, interval=1, count=None, until=None), begin)
    start = local_seconds(begin)
    for run in islice(runs(looked_for, start, start), bounds.SEARCHED):
        if run:
            return local_time(run[0])
    return None


def _when(local: datetime, zone: str | None) -> When:
    if zone is None:
        return When(date=local.date().isoformat())
    return When(local=local.isoformat(timespec="seconds" if local.second else "minutes"), zone=zone)


def _made(repeat: Repeat, when: When) -> Repeating:
    """ValueError where the rule and its first date do not go together."""
    anchor = read_anchor(when)
    rule = rule_for(repeat.rule, anchor)
    made: Recurrence | AfterCompletion = recurrence(when, rule)
    if repeat.after_completion:
        made = after_completion(when, rule, repeat.stop_after)
    said = describe_recurrence(made)
    if repeat.stop_after is not None and not repeat.after_completion:
        said += f", until done {repeat.stop_after} times"
    return Repeating(print_rule(rule), when, repeat.after_completion, repeat.stop_after, said)
