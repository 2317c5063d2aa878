"""A line of text to a task: what is understood of it becomes fields, and the rest is its title."""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from tasksys.quickadd.cutting import title_of, with_commas
from tasksys.quickadd.days import Here
from tasksys.quickadd.gathering import Gathered, gather
from tasksys.quickadd.markers import Names
from tasksys.quickadd.readings import Kind
from tasksys.quickadd.result import Parsed, Understood
from tasksys.quickadd.scanning import needless, phrases
from tasksys.quickadd.words import line_of

TEXT_CHARACTERS: Final = 1_000
"""Of a longer text nothing is read. A title has half as many; the worst of this length takes some 30 ms."""

FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 9000
"""Of now; in other years nothing is read."""


def parse(
    text: str, now: datetime, zone: ZoneInfo, names: Names | None = None, without: Collection[Kind] = ()
) -> Parsed:
    """What a text says about a task to be made. Never raises; takes time in proportion to the text's length.

    `now` is an instant, with offset; days and times are those of the zone. `names` are what can be named. Phrases of
    the kinds in `without` are not looked for, and stay in the title. A text of which nothing would be left is all
    title.
    """
    if len(text) > TEXT_CHARACTERS or not FIRST_YEAR <= now.year <= LAST_YEAR:
        return Parsed(title=text)
    here, names, line = Here(now, zone), names or Names(), line_of(text)
    gathered = gather(phrases(line, here, names, without), here)
    spans = [(line.words[one.first].start, line.words[one.end - 1].end) for one, _ in gathered.said]
    cut = with_commas(text, spans)
    title = title_of(line, cut, needless(line, here, names, without))
    if not title.strip() and spans:
        return Parsed(title=text)
    understood = tuple(
        Understood(start, end, one.kind, text[start:end], meaning)
        for (start, end), (one, meaning) in zip(cut, gathered.said, strict=True)
    )
    return _parsed(title, understood, gathered)


def _parsed(title: str, understood: tuple[Understood, ...], found: Gathered) -> Parsed:
    place = found.place
    return Parsed(
        title=title,
        understood=understood,
        due=found.due,
        start=found.start,
        start_before=found.start_before,
        priority=found.priority,
        labels=tuple(found.labels),
        assignees=tuple(found.assignees),
        project=None if place is None else place.project,
        section=None if place is None else place.section,
        place="" if place is None else place.said,
        estimate_minutes=found.estimate,
        reminders=tuple(found.reminders),
        repeating=found.repeating,
    )


def protect(title: str) -> str:
    """A text in which nothing is read and whose title this is."""
    escaped = title.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if title.strip() else title
