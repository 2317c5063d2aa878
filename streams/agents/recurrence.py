"""The agent of recurrence: which series go on next, and when. How they do is decided in `tasksys.series.advancing`."""

from typing import Final

from streams.agents.timeline import Armed, Kind
from tasksys import codec
from tasksys.commands import AdvanceSeries
from tasksys.events import EventRecord, SeriesAdvanced


def armed(record: EventRecord) -> Armed:
    """The instant at which the series is looked at again, if there is one."""
    event = codec.event(record)
    assert isinstance(event, SeriesAdvanced)
    return Armed(event.series, event.at)


RECURRENCE: Final = Kind(
    agent="recurrence",
    reads=frozenset({SeriesAdvanced.__name__}),
    armed=armed,
    due=lambda name, due: AdvanceSeries(id=f"advance-{name}", series=due.name),
    look=lambda name, series: AdvanceSeries(id=f"series-{name}", series=series),
)
