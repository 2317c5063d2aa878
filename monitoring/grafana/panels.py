"""Panels, one class a kind, and how each becomes Grafana's JSON.

The JSON says every option that Grafana's own editor would save, so a dashboard that was opened and saved there differs
in nothing but what was changed.

Why so long: the kinds are read beside each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from monitoring.grafana.queries import LOGS, METRICS, TRACES, Json, LogQuery, Query, TraceQuery

GREEN: Final = "green"
YELLOW: Final = "yellow"
ORANGE: Final = "orange"
RED: Final = "red"
BLUE: Final = "blue"


@dataclass(frozen=True)
class Step:
    """From this value on, this colour."""

    value: float
    color: str


@dataclass(frozen=True)
class Panel:
    """What all panels have.

    `about` says what is shown, what a bad value looks like and what to do then; `runbook` is the alert whose page says
    it at length. `steps` are thresholds above `base`. `color` of the steps is shown where the panel's kind says so.
    """

    title: str
    about: str
    queries: tuple[Query | LogQuery | TraceQuery, ...]
    unit: str = "short"
    width: int = 8
    height: int = 8
    runbook: str = ""
    base: str = GREEN
    steps: tuple[Step, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    decimals: int | None = None
    mappings: tuple[Json, ...] = ()
    overrides: tuple[Json, ...] = ()
    quiet: str = "No data"
    """What is shown where there is nothing; a panel that may be empty says why that is well."""

    KIND = ""
    INSTANT = False
    FORM = "time_series"

    @property
    def datasource(self) -> Json:
        """The data source that the panel asks."""
        first = self.queries[0]
        return METRICS if isinstance(first, Query) else LOGS if isinstance(first, LogQuery) else TRACES

    def options(self) -> Json:
        """The options of the panel's kind."""
        return {}

    def custom(self) -> Json:
        """How fields are drawn by the panel's kind."""
        return {}

    def color(self) -> Json:
        """How series are coloured."""
        return {"mode": "thresholds"}

    def targets(self) -> list[Json]:
        """The queries, named A, B, …"""
        return [query.json(chr(ord("A") + at), self.INSTANT, self.FORM) for at, query in enumerate(self.queries)]

    def transformations(self) -> list[Json]:
        """What is made of the answers before they are shown."""
        return []

    def json(self, number: int, x: int, y: int, runbooks: str) -> Json:
        """The panel at a place of the grid."""
        defaults: Json = {
            "unit": self.unit,
            "color": self.color(),
            "thresholds": {
                "mode": "absolute",
                "steps": [
                    {"value": None, "color": self.base},
                    *({"value": step.value, "color": step.color} for step in self.steps),
                ],
            },
            "mappings": list(self.mappings),
            "noValue": self.quiet,
            "custom": self.custom(),
        }
        bounds = {"min": self.minimum, "max": self.maximum, "decimals": self.decimals}
        defaults |= {name: value for name, value in bounds.items() if value is not None}
        links = []
        if self.runbook:
            url = f"{runbooks}/{self.runbook}.md"
            links = [_link(f"Runbook: {self.runbook}", url, new=True)]
        return {
            "id": number,
            "type": self.KIND,
            "title": self.title,
            "description": self.about,
            "datasource": self.datasource,
            "gridPos": {"x": x, "y": y, "w": self.width, "h": self.height},
            "targets": self.targets(),
            "fieldConfig": {"defaults": defaults, "overrides": list(self.overrides)},
            "options": self.options(),
            "transformations": self.transformations(),
            "links": links,
            "transparent": False,
        }


@dataclass(frozen=True)
class Lines(Panel):
    """Values over time. `shade` colours what is beyond a threshold; `stack` puts the series on top of each other."""

    stack: bool = False
    shade: bool = False
    fill: int = 10
    table: bool = True
    calcs: tuple[str, ...] = ("lastNotNull", "max")
    log: bool = False
    bars: bool = False

    KIND = "timeseries"

    def color(self) -> Json:
        """The palette's colours, one for each series."""
        return {"mode": "palette-classic"}

    def custom(self) -> Json:
        """Lines without points; thresholds as dashed lines, shaded where asked for."""
        style = "dashed+area" if self.shade else ("dashed" if self.steps else "off")
        return {
            "drawStyle": "bars" if self.bars else "line",
            "lineInterpolation": "linear",
            "lineWidth": 1,
            "fillOpacity": 60 if self.bars else (35 if self.stack else self.fill),
            "gradientMode": "none",
            "showPoints": "never",
            "pointSize": 5,
            "spanNulls": False,
            "axisPlacement": "auto",
            "axisLabel": "",
            "axisBorderShow": False,
            "axisCenteredZero": False,
            "axisColorMode": "text",
            "barAlignment": 0,
            "scaleDistribution": {"type": "log", "log": 10} if self.log else {"type": "linear"},
            "stacking": {"mode": "normal" if self.stack else "none", "group": "A"},
            "thresholdsStyle": {"mode": style},
            "hideFrom": {"legend": False, "tooltip": False, "viz": False},
        }

    def options(self) -> Json:
        """A legend with the last and the highest value, and a tooltip with all series."""
        return {
            "legend": {
                "displayMode": "table" if self.table else "list",
                "placement": "bottom",
                "showLegend": True,
                "calcs": list(self.calcs) if self.table else [],
            },
            "tooltip": {"mode": "multi", "sort": "desc"},
        }


@dataclass(frozen=True)
class Stat(Panel):
    """One value, large, on its threshold's colour; behind it how it was lately."""

    width: int = 4
    height: int = 4
    spark: bool = True
    background: bool = True
    names: bool = False
    calc: str = "lastNotNull"

    KIND = "stat"

    def options(self) -> Json:
        """The value's colour, and where it comes from."""
        return {
            "reduceOptions": {"calcs": [self.calc], "fields": "", "values": False},
            "orientation": "auto",
            "textMode": "value_and_name" if self.names else "value",
            "wideLayout": True,
            "colorMode": "background" if self.background else "value",
            "graphMode": "area" if self.spark else "none",
            "justifyMode": "auto",
            "showPercentChange": False,
            "percentChangeColorMode": "standard",
        }


@dataclass(frozen=True)
class Gauge(Panel):
    """One value between two bounds, with its thresholds around it."""

    width: int = 4
    height: int = 6

    KIND = "gauge"

    def options(self) -> Json:
        """The thresholds as a ring."""
        return {
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "orientation": "auto",
            "showThresholdLabels": False,
            "showThresholdMarkers": True,
            "sizing": "auto",
            "minVizWidth": 75,
            "minVizHeight": 75,
        }


@dataclass(frozen=True)
class Bars(Panel):
    """One bar for each series, by its last value."""

    KIND = "bargauge"
    INSTANT = True

    def options(self) -> Json:
        """Horizontal bars with names."""
        return {
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "orientation": "horizontal",
            "displayMode": "gradient",
            "valueMode": "color",
            "namePlacement": "auto",
            "showUnfilled": True,
            "sizing": "auto",
            "minVizWidth": 8,
            "minVizHeight": 16,
            "maxVizHeight": 300,
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False, "calcs": []},
        }


@dataclass(frozen=True)
class Table(Panel):
    """A row for each series, by its last value. `columns` names labels as a reader knows them; others are left out.

    With several queries, their values stand beside each other: the columns are called by `values`, in the order of the
    queries, and the rows joined by `key`.
    """

    columns: tuple[tuple[str, str], ...] = ()
    values: tuple[str, ...] = ("Value",)
    key: str = ""
    sort: str = ""

    KIND = "table"
    INSTANT = True
    FORM = "table"

    def custom(self) -> Json:
        """Cells of their width."""
        return {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False}

    def options(self) -> Json:
        """The largest values first, unless `sort` names a column."""
        by = self.sort or self.values[0]
        return {
            "frameIndex": 0,
            "showHeader": True,
            "cellHeight": "sm",
            "footer": {"show": False, "reducer": ["sum"], "countRows": False, "fields": ""},
            "sortBy": [{"displayName": by, "desc": by in self.values}],
        }

    def transformations(self) -> list[Json]:
        """Joins, drops the columns that nobody needs, and gives the others names."""
        steps: list[Json] = []
        single = len(self.queries) == 1
        names = dict(self.columns)
        if not single:
            steps.append({"id": "joinByField", "options": {"byField": self.key, "mode": "outer"}})
            at = enumerate(self.values)
            names |= {f"Value #{chr(ord('A') + number)}": name for number, name in at}
        else:
            names |= {"Value": self.values[0]}
        keep = "|".join(names)
        steps.append({"id": "filterFieldsByName", "options": {"include": {"pattern": f"^({keep})$"}}})
        order = {name: at for at, name in enumerate(names)}
        steps.append({"id": "organize", "options": {"excludeByName": {}, "indexByName": order, "renameByName": names}})
        return steps


@dataclass(frozen=True)
class Heat(Panel):
    """How often each value occurred, over time: a histogram's buckets as colours, or with `buckets=False` series."""

    buckets: bool = True
    scheme: str = "Oranges"

    KIND = "heatmap"

    @property
    def FORM(self) -> str:  # type: ignore[override]
        """Buckets come as such."""
        return "heatmap" if self.buckets else "time_series"

    def color(self) -> Json:
        """The scheme is an option of the panel's."""
        return {"mode": "thresholds"}

    def custom(self) -> Json:
        """Nothing is hidden."""
        return {
            "hideFrom": {"legend": False, "tooltip": False, "viz": False},
            "scaleDistribution": {"type": "linear"},
        }

    def options(self) -> Json:
        """Dark is often; the axis has the values' unit."""
        return {
            "calculate": False,
            "cellGap": 1,
            "color": {
                "mode": "scheme",
                "scheme": self.scheme,
                "steps": 64,
                "reverse": False,
                "exponent": 0.5,
                "fill": "dark-orange",
            },
            "exemplars": {"color": "rgba(255,0,255,0.7)"},
            "filterValues": {"le": 1e-9},
            "legend": {"show": True},
            "rowsFrame": {"layout": "auto"},
            "showValue": "never",
            "tooltip": {"mode": "single", "showColorScale": False, "yHistogram": False},
            "yAxis": {"axisPlacement": "left", "reverse": False, "unit": self.unit},
        }


@dataclass(frozen=True)
class States(Panel):
    """What state each series was in, over time, by its thresholds or mappings."""

    KIND = "state-timeline"

    def custom(self) -> Json:
        """Filled, with thin lines between."""
        return {
            "lineWidth": 0,
            "fillOpacity": 80,
            "spanNulls": False,
            "insertNulls": False,
            "hideFrom": {"legend": False, "tooltip": False, "viz": False},
        }

    def options(self) -> Json:
        """Rows with their names; equal neighbours are one."""
        return {
            "mergeValues": True,
            "showValue": "never",
            "alignValue": "left",
            "rowHeight": 0.85,
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
            "tooltip": {"mode": "single", "sort": "none"},
            "perPage": 20,
        }


@dataclass(frozen=True)
class LogLines(Panel):
    """Lines of the log, newest first."""

    width: int = 24

    KIND = "logs"

    def options(self) -> Json:
        """Times and the line; a click shows all of its fields."""
        return {
            "showTime": True,
            "showLabels": False,
            "showLogContextToggle": True,
            "showCommonLabels": False,
            "wrapLogMessage": True,
            "prettifyLogMessage": False,
            "enableLogDetails": True,
            "dedupStrategy": "none",
            "sortOrder": "Descending",
        }


@dataclass(frozen=True)
class Traces(Table):
    """Traces that a search found; a click opens one."""

    width: int = 24
    sort: str = "Start time"

    INSTANT = False

    def transformations(self) -> list[Json]:
        """The data source's own columns."""
        return []


def _link(title: str, url: str, new: bool = False) -> Json:
    return {
        "title": title,
        "url": url,
        "type": "link",
        "icon": "external link",
        "tooltip": "",
        "tags": [],
        "asDropdown": False,
        "targetBlank": new,
        "includeVars": False,
        "keepTime": False,
    }
