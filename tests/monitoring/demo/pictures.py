"""Which panels show which fault, and their pictures, drawn from the dashboards' own queries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.monitoring.demo.evidence import Fault
from tests.monitoring.panels import Painter, Series, slug
from tests.support.monitoring.dashboards import ALL, Shown, every

LARGEST: Final = 60 * 1024
"""Bytes of a picture."""
BEFORE: Final = 20.0
"""Seconds before a fault that its pictures show."""


@dataclass(frozen=True)
class Wanted:
    """A panel, what it shows of the fault, and what must be seen in it."""

    dashboard: str
    title: str
    remark: str
    seen: Callable[[list[float]], bool] = any
    alone: bool = False
    """Whether the dashboard's variable is set to the second worker, as somebody who looks closer does."""


def _rises_and_falls(values: list[float]) -> bool:
    return max(values) > 0 and values[-1] < max(values) / 2


def _falls(values: list[float]) -> bool:
    return min(values) < max(values) / 4


LAG: Final = "consumer-lag-replay"
WANTED: Final[dict[str, tuple[Wanted, ...]]] = {
    "killed": (
        Wanted(
            LAG,
            "Lag in records, by the brokers",
            "What waits in the dead worker's partitions, and is gone when the other one folded it. The rest that is "
            "always there was folded already: groups are told their positions every few seconds.",
            _rises_and_falls,
        ),
        Wanted(
            LAG,
            "Heat of partitions",
            "Nobody has its partitions for some seconds, and then they are behind.",
        ),
        Wanted(LAG, "Lag in seconds", "How old the oldest record was, by the worker that took over.", _rises_and_falls),
        Wanted(
            LAG,
            "Assigned partitions",
            "All go to the worker that lives, and half of them back when there are two.",
            _falls,
        ),
    ),
    "poisoned": (
        Wanted(LAG, "New dead letters", "One record, with the reason why."),
        Wanted(LAG, "Waiting for an operator", "It stays, until somebody does something about it."),
    ),
    "unheard": (
        Wanted("agents", "Attempts by channel", "What is delivered stops, and what will be tried again begins."),
        Wanted("system-overview", "Deliveries by result", "The same on the first page that people look at."),
    ),
    "crowded": (
        Wanted("storage-infrastructure", "Free space", "The small disk, chosen at the top.", _falls, alone=True),
    ),
}
WHOLE: Final = (Wanted("system-overview", "Requests by answer", "What users were told, over all four faults."),)


@dataclass
class Gallery:
    """Pictures of panels that a Prometheus answers, in a directory; `lacking` says what does not show."""

    prometheus: str
    into: Path
    second: str
    """The instance that Prometheus calls the second worker."""
    lacking: list[str] = field(default_factory=list)

    def of(self, fault: Fault) -> None:
        """Draws a fault's panels, from shortly before it to its end."""
        if not fault.skipped:
            fault.pictures = self.draw(WANTED[fault.name], fault.start - BEFORE, fault.end)

    def draw(self, wanted: tuple[Wanted, ...], start: float, end: float) -> list[tuple[str, str, str]]:
        """Draws panels of a time: file, title, and remark of each."""
        everything, second = (
            Painter(self.prometheus, start, end, 2, choices) for choices in (ALL, {**ALL, "instance": self.second})
        )
        found: list[tuple[str, str, str]] = []
        for one in wanted:
            panel, name = _panel(one), f"{slug(one.title)}.png"
            painter = second if one.alone else everything
            if not painter.panel(panel, self.into / name):
                self.lacking.append(f"{one.title} has nothing to show")
            elif not any(one.seen(_values(line)) for line in painter.asked(panel, 600)):
                self.lacking.append(f"{one.title} does not show it")
            if (self.into / name).stat().st_size > LARGEST:
                self.lacking.append(f"{name} is too large")
            found.append((name, one.title, one.remark))
        return found


def _panel(wanted: Wanted) -> Shown:
    return next(one for one in every() if (one.dashboard, one.title) == (wanted.dashboard, wanted.title))


def _values(series: Series) -> list[float]:
    return [series.values[at] for at in sorted(series.values)]
