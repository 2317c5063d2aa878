"""A dashboard: rows of panels, variables, annotations.

A dashboard is a list of rows, a row a list of panels from left to right; where a panel stands follows from the order
and the widths.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from monitoring.grafana.panels import Panel
from monitoring.grafana.queries import METRICS, Json

SCHEMA: Final = 41
"""The version of the dashboards' schema: Grafana 12's. Newer ones read it."""

COLUMNS: Final = 24


@dataclass(frozen=True)
class Row:
    """Panels under a heading, from left to right, as many in a line as there is room for.

    `closed` rows open by a click.
    """

    title: str
    panels: tuple[Panel, ...]
    closed: bool = False


@dataclass(frozen=True)
class Variable:
    """Something to choose at the top: values of a label, one, several or all of them."""

    name: str
    label: str
    query: str
    hint: str

    def json(self) -> Json:
        """As Grafana keeps it; all is chosen at first."""
        return {
            "name": self.name,
            "label": self.label,
            "description": self.hint,
            "type": "query",
            "datasource": METRICS,
            "definition": self.query,
            "query": {"query": self.query, "refId": self.name, "qryType": 1},
            "refresh": 2,
            "sort": 3,
            "regex": "",
            "multi": True,
            "includeAll": True,
            "allValue": ".*",
            "hide": 0,
            "skipUrlSync": False,
            "options": [],
            "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        }


@dataclass(frozen=True)
class Annotation:
    """Moments that are marked in every panel."""

    name: str
    expr: str
    color: str
    title: str
    text: str

    def json(self) -> Json:
        """As Grafana keeps it."""
        return {
            "name": self.name,
            "datasource": METRICS,
            "enable": True,
            "hide": False,
            "iconColor": self.color,
            "expr": self.expr,
            "step": "30s",
            "titleFormat": self.title,
            "textFormat": self.text,
            "useValueForTime": False,
        }


@dataclass(frozen=True)
class Dashboard:
    """All of a dashboard. `uid` is its address and never changes."""

    uid: str
    title: str
    about: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    links: tuple[Json, ...] = ()

    def panels(self) -> Iterator[Panel]:
        """Every panel, in reading order."""
        for row in self.rows:
            yield from row.panels


def placed(panels: Sequence[Panel]) -> Iterator[tuple[Panel, int, int]]:
    """Each panel with its x and y, below a heading at y 0. A line is as high as its highest panel."""
    x = y = tall = 0
    for panel in panels:
        if x + panel.width > COLUMNS:
            x, y, tall = 0, y + tall, 0
        yield panel, x, y
        x += panel.width
        tall = max(tall, panel.height)
