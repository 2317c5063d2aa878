"""Writes the dashboards: `python -m monitoring.grafana.build`; with `--check`, says which of them are stale instead."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

from monitoring.grafana import agents, lag, overview, storage
from monitoring.grafana.common import RUNBOOKS, TAG
from monitoring.grafana.model import COLUMNS, SCHEMA, Dashboard, placed
from monitoring.grafana.queries import LOGS, TRACES, Json

DIRECTORY: Final = Path(__file__).parent / "dashboards"

DASHBOARDS: Final[dict[str, Dashboard]] = {
    "system-overview": overview.DASHBOARD,
    "storage-infrastructure": storage.DASHBOARD,
    "agents": agents.DASHBOARD,
    "consumer-lag-replay": lag.DASHBOARD,
}
"""Every dashboard by the name of its file."""

READ_AT: Final = "https://tasksys.invalid/runbooks"
"""The runbooks' address as the dashboards in the repository have it; who deploys says the real one."""


def _source(name: str, label: str, kind: str) -> Json:
    """A choice of data source; the provisioned one is chosen at first."""
    return {
        "name": name,
        "label": label,
        "description": "",
        "type": "datasource",
        "query": kind,
        "refresh": 1,
        "regex": "",
        "multi": False,
        "includeAll": False,
        "hide": 2,
        "skipUrlSync": False,
        "options": [],
        "current": {"selected": True, "text": label, "value": kind},
    }


def _runbooks() -> Json:
    """The address of the runbooks, as a constant."""
    return {
        "name": "runbooks",
        "label": "Runbooks",
        "description": "Where the runbooks are read",
        "type": "constant",
        "query": READ_AT,
        "hide": 2,
        "skipUrlSync": True,
        "options": [],
        "current": {"selected": True, "text": READ_AT, "value": READ_AT},
    }


def _row(title: str, number: int, y: int, closed: bool, inside: list[Json]) -> Json:
    return {
        "id": number,
        "type": "row",
        "title": title,
        "collapsed": closed,
        "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1},
        "panels": inside,
    }


def _panels(dashboard: Dashboard) -> list[Json]:
    """Rows and panels with their places; panels of a closed row are inside of it."""
    out: list[Json] = []
    number, top = 1, 0
    for row in dashboard.rows:
        heading, number = number, number + 1
        inside: list[Json] = []
        bottom = 0
        for panel, x, y in placed(row.panels):
            inside.append(panel.json(number, x, top + 1 + y, RUNBOOKS))
            number += 1
            bottom = max(bottom, y + panel.height)
        out.append(_row(row.title, heading, top, row.closed, inside if row.closed else []))
        if not row.closed:
            out += inside
        top += 1 + (0 if row.closed else bottom)
    return out


def made(dashboard: Dashboard) -> Json:
    """A dashboard as Grafana reads it."""
    asked = [panel.datasource for panel in dashboard.panels()]
    sources = [_source("datasource", "Prometheus", "prometheus")]
    if LOGS in asked:
        sources.append(_source("logs", "Loki", "loki"))
    if TRACES in asked:
        sources.append(_source("traces", "Jaeger", "jaeger"))
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.about,
        "tags": [TAG],
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "liveNow": False,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "weekStart": "",
        "fiscalYearStartMonth": 0,
        "timepicker": {"refresh_intervals": ["5s", "10s", "30s", "1m", "5m", "15m"]},
        "preload": False,
        "links": list(dashboard.links),
        "annotations": {"list": [annotation.json() for annotation in dashboard.annotations]},
        "templating": {"list": [*sources, _runbooks(), *(variable.json() for variable in dashboard.variables)]},
        "panels": _panels(dashboard),
    }


def text(dashboard: Dashboard) -> str:
    """The file's content."""
    return json.dumps(made(dashboard), indent=2, ensure_ascii=False) + "\n"


def stale() -> list[str]:
    """Names of files that are not what the code makes."""
    there = {path.stem: path.read_text() for path in DIRECTORY.glob("*.json")}
    wanted = {name: text(dashboard) for name, dashboard in DASHBOARDS.items()}
    return sorted(name for name in there.keys() | wanted.keys() if there.get(name) != wanted.get(name))


def main(check: bool) -> int:
    """Writes them, or names those that are stale; 1 if there are any."""
    if check:
        names = stale()
        for name in names:
            sys.stderr.write(f"{name}.json is stale: run python -m monitoring.grafana.build\n")
        return 1 if names else 0
    DIRECTORY.mkdir(exist_ok=True)
    for path in DIRECTORY.glob("*.json"):
        path.unlink()
    for name, dashboard in DASHBOARDS.items():
        (DIRECTORY / f"{name}.json").write_text(text(dashboard))
    return 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
