"""The clock of a World: whatever falls due until an instant is commanded at its instant, as the timers do it."""

from tasksys.commands import AdvanceSeries, Command, FireReminder
from tasksys.events import EventRecord
from tasksys.rows import Reminder, Series
from tasksys.values import CLOCK
from tests.support.domain import World


def due(world: World) -> list[tuple[str, Command]]:
    """What the clock will command next, with the instants, the earliest first."""
    found: list[tuple[str, Command]] = []
    for row in world.state.rows.values():
        if isinstance(row, Series) and row.at is not None:
            found.append((row.at, AdvanceSeries(series=row.id)))
        if isinstance(row, Reminder) and row.armed and row.scheduled_for is not None:
            found.append((row.scheduled_for, FireReminder(reminder=row.id, scheduled_for=row.scheduled_for)))
    return sorted(found, key=lambda one: (one[0], repr(one[1])))


def run(world: World, until: str, late: bool = False) -> list[EventRecord]:
    """Lets time pass. `late`: nothing ran until then, and all that fell due is commanded at the end."""
    events: list[EventRecord] = []
    while (next_ones := due(world)) and next_ones[0][0] <= until:
        at, command = next_ones[0]
        events += world.accepted(command, CLOCK, until if late else max(at, world.now))
    world.now = until
    return events
