"""What is different about single occurrences before they are tasks, and how much of it a series holds."""

from collections.abc import Iterable
from typing import Final

from tasksys import codec
from tasksys.events import Fact, OccurrenceChanged
from tasksys.refusals import Refusal, over
from tasksys.rows import Series
from tasksys.series.shapes import Override

OVERRIDES: Final = 366
OVERRIDES_BYTES: Final = 512 * 1024
"""All of a series are in its row, which must fit into a record beside its template."""


def overridden(series: Series, before: Override | None, after: Override | None) -> list[Fact] | Refusal:
    """The event that makes one occurrence different."""
    if before == after:
        return []
    if before is None and len(series.overrides) >= OVERRIDES:
        return over("/occurrence", "occurrences of a series that differ before they are tasks", OVERRIDES)
    original = (after or before or Override("")).original
    changed = OccurrenceChanged(series.id, original, before, after)
    return overfull(series, changed) or [Fact(changed)]


def overfull(series: Series, changed: OccurrenceChanged, others: Iterable[OccurrenceChanged] = ()) -> Refusal | None:
    """Refuses a change, behind `others` of the same series, if all that differs would be too much."""
    if changed.after is None:
        return None
    kept = {one.original: one for one in series.overrides}
    for one in (*others, changed):
        kept.pop(one.original, None)
        if one.after is not None:
            kept[one.original] = one.after
    if sum(len(codec.encode_json(one)) for one in kept.values()) <= OVERRIDES_BYTES:
        return None
    return over("/template", "bytes in what differs about occurrences before they are tasks", OVERRIDES_BYTES)
