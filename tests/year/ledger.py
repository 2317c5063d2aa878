"""What people write down of what they did: the accounts are held against it, not against what the system made of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from tasksys.values import When
from tests.year.plans import ZONES, Plan

Key = tuple[str, date]
"""An occurrence: its series, and the day that the rule gave it."""


class Outage(NamedTuple):
    """The node was stopped at one instant, and up again at another; so many starts were killed meanwhile."""

    down: datetime
    up: datetime
    kills: int = 0


@dataclass
class Ledger:
    """Everything that was accepted."""

    plans: dict[str, Plan]
    done: dict[Key, datetime] = field(default_factory=dict)
    """Those that are done, when."""
    skipped: set[Key] = field(default_factory=set)
    postponed: Counter[Key] = field(default_factory=Counter)
    put_off: dict[str, When] = field(default_factory=dict)
    """Due values that people gave to tasks, by task."""
    moved: dict[Key, When] = field(default_factory=dict)
    """Due values that people gave to occurrences before they were tasks."""
    undone: Counter[Key] = field(default_factory=Counter)
    closings: dict[str, list[datetime]] = field(default_factory=dict)
    """When one of a series was done or skipped as a task, by series."""
    paused: dict[str, list[tuple[datetime, date]]] = field(default_factory=dict)
    """From which instant until which day (of the resumption, not included) a series stood still."""
    earlier_times: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    """When all of a series were given another time, and which one they had before."""
    ended: dict[str, datetime] = field(default_factory=dict)
    zones: dict[str, list[tuple[datetime, str]]] = field(
        default_factory=lambda: {home: [(datetime.min, zone)] for home, zone in ZONES.items()}
    )
    """The zones of each workspace, with the instants from which on they held."""
    one_offs: dict[str, set[str]] = field(default_factory=dict)
    """Tasks that do not recur, by their names, with the reminders that they were given."""
    outages: list[Outage] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    commands: int = 0

    def zone(self, home: str, at: datetime) -> str:
        """The zone of a workspace at an instant."""
        return [zone for since, zone in self.zones[home] if since == datetime.min or since <= at][-1]

    def covered(self, due: datetime, at: datetime) -> bool:
        """True if the node was down when something fell due, and came up when it was done."""
        return any(one.down <= due <= one.up == at for one in self.outages)
