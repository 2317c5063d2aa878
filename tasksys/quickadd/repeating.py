"""What comes again and again: where a phrase about it begins and ends, and the first date of its rule."""

import re
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Final

from msgspec import Struct, structs

from tasksys.quickadd.clock import UNITS, in_part, read_part
from tasksys.quickadd.days import Here
from tasksys.quickadd.moments import time_behind
from tasksys.quickadd.readings import Again, Kind, Reading
from tasksys.quickadd.words import BEFORE, JOINING, Line
from tasksys.recurrence import bounds
from tasksys.recurrence.anchors import read_anchor
from tasksys.recurrence.completion import AfterCompletion, after_completion
from tasksys.recurrence.cursor import ORDINAL
from tasksys.recurrence.describing import describe_recurrence
from tasksys.recurrence.expansion import local_seconds, local_time, runs
from tasksys.recurrence.parsing import print_rule
from tasksys.recurrence.phrases import read_phrase
from tasksys.recurrence.recurrence import Recurrence, recurrence
from tasksys.recurrence.repeat import Repeat, rule_for
from tasksys.recurrence.rule import Frequency, Rule, explicit
from tasksys.recurrence.vocabulary import ADVERBS, NUMBERS, ORDINALS, WEEKDAY_NAMES
from tasksys.values import When

EVERY: Final = frozenset({"every", "each"})
PLURALS: Final = frozenset(f"{name.lower()}s" for name in WEEKDAY_NAMES) | {"weekdays", "weekends", "workdays"}
ONCE: Final = frozenset({"a", "an", "per", "every", "each"})
MARKS: Final = re.compile(r'[#%@~!"“\\]')
NUMBER: Final = re.compile(r"\d")
WORDS_BEFORE_EVERY: Final = 6
WORDS: Final = 24
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
    least = _least(line, place)
    if least is None or line.before(place) in (JOINING if line.at(place) == "on" else BEFORE | JOINING):
        return None
    start, end = line.words[place].start, _last(line, place)
    while end >= least:
        phrase = line.text[start : line.words[end - 1].end]
        found = read_phrase(phrase, here.today)
        if isinstance(found, Repeat):
            found, end = _timed(line, end, found)
            exact = found.rule.by_day or found.rule.interval > 1 or NUMBER.search(phrase)
            opens = line.at(place) in EVERY and bool(exact)
            return Reading(Kind.RECURRENCE, place, end, Again(found), opens=opens)
        end = _shorter(line, place, end, start + found.position)
    return None


def _timed(line: Line, end: int, repeat: Repeat) -> tuple[Repeat, int]:
    """The same with a part of the day: "every saturday evening at 8", "every saturday at 8 in the evening"."""
    if repeat.at is not None:
        part, behind = read_part(line, end)
        return structs.replace(repeat, at=in_part(repeat.at, part)), behind
    timed = time_behind(line, end)
    if timed is None or repeat.rule.by_hour or repeat.rule.freq.finer_than(Frequency.DAILY):
        return repeat, end
    at, first, behind = timed
    return structs.replace(repeat, at=in_part(at, first)), behind


def _least(line: Line, place: int) -> int | None:
    """The place up to which a phrase must reach that begins there; None if none begins.

    It says how often: `every`, `daily`, `once a`, `on mondays`; or on which day, and then how often: `on the 1st of
    every month`. An adverb is none at the beginning, for there it describes something.
    """
    word, second = line.at(place), line.then(place + 1)
    if word in EVERY or (word == "on" and second in PLURALS) or (word == "once" and second in ONCE):
        return place + 1
    if word in ADVERBS:
        return place + 1 if place > 0 and not line.raw(place)[:1].isupper() else None
    if (word.isdecimal() or word in NUMBERS) and second in UNITS and line.then(place + 2) == "after":
        return place + 4  # 3 days after completion
    day = line.begins(place, "on the", "the", "on") or place
    if not (ORDINAL.fullmatch(line.at(day)) or line.at(day) in ORDINALS):
        return None
    within = range(day + 1, min(day + WORDS_BEFORE_EVERY, len(line.words)))
    return next((at + 1 for at in within if line.at(at) in EVERY), None)


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
