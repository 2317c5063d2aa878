"""How the events of a series change its row, and the rows of its occurrences."""

from typing import assert_never

from msgspec import structs

from tasksys.events import (
    OccurrenceChanged,
    SeriesAdvanced,
    SeriesCreated,
    SeriesEdited,
    SeriesEnded,
    SeriesPaused,
    SeriesResumed,
)
from tasksys.fields import overlay
from tasksys.rows import Occurrence, Series
from tasksys.series.shapes import SeriesState
from tasksys.series.tracking import without
from tasksys.stamp import Stamp
from tasksys.state import State

SeriesEvent = (
    SeriesCreated | SeriesEdited | SeriesPaused | SeriesResumed | SeriesEnded | SeriesAdvanced | OccurrenceChanged
)


def evolve(event: SeriesEvent, state: State, stamp: Stamp) -> None:
    """Records an event on a series."""
    if isinstance(event, SeriesCreated):
        state.put(_created(event, stamp))
        return
    series = state.series(event.series)
    assert series is not None
    if isinstance(event, SeriesAdvanced):
        for original in event.missed:
            state.put(Occurrence(series.id, original))
        for original in event.skipped:
            state.put(Occurrence(series.id, original, skipped=True))
        left = without(series, (*event.missed, *event.skipped))
        state.put(structs.replace(series, next=event.next, at=event.at, overrides=left, position=stamp.position))
        return
    changed = _changed(event, series, state)
    state.put(
        structs.replace(changed, updated_at=stamp.at, version=changed.version + 1, position=stamp.position),
    )


def _created(event: SeriesCreated, stamp: Stamp) -> Series:
    return Series(
        id=event.series,
        template=event.template,
        rule=event.rule,
        anchor=event.anchor,
        created_at=stamp.at,
        created_by=stamp.actor,
        rdate=event.rdate,
        exdate=event.exdate,
        missed=event.missed,
        after_completion=event.after_completion,
        stop_after=event.stop_after,
        ahead=event.ahead,
        ends_before=event.ends_before,
        next=event.next,
        previous=event.previous,
        following=event.following,
        updated_at=stamp.at,
        version=1,
        position=stamp.position,
    )


def _changed(
    event: SeriesEdited | SeriesPaused | SeriesResumed | SeriesEnded | OccurrenceChanged, series: Series, state: State
) -> Series:
    match event:
        case SeriesEdited():
            template = overlay(series.template, event.template_after)
            return structs.replace(overlay(series, event.after), template=template)
        case SeriesPaused():
            return structs.replace(series, state=SeriesState.PAUSED)
        case SeriesResumed():
            return structs.replace(series, state=SeriesState.ACTIVE)
        case SeriesEnded():
            return structs.replace(series, state=SeriesState.ENDED)
        case OccurrenceChanged():
            row = state.occurrence(series.id, event.original)
            if row is not None and row.task is None:
                state.delete(Occurrence, row.key)
            others = without(series, (event.original,))
            return structs.replace(series, overrides=others if event.after is None else (*others, event.after))
        case _:
            assert_never(event)
