"""Writes the dashboards: `python -m monitoring.grafana.build`.

With `--check` it says which of them are stale instead; with `--runbooks URL --into DIRECTORY` it writes them for a
deployment whose runbooks are read there.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
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

READ_AT: Final = "monitoring/docs/runbooks"
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


def _runbooks(address: str) -> Json:
    """The address of the runbooks, as a constant."""
    return {
        "name": "runbooks",
        "label": "Runbooks",
        "description": "Where the runbooks are read",
        "type": "constant",
        "query": address,
        "hide": 2,
        "skipUrlSync": True,
        "options": [],
        "current": {"selected": True, "text": address, "value": address},
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


def made(dashboard: Dashboard, runbooks: str = READ_AT) -> Json:
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
        "templating": {"list": [*sources, _runbooks(runbooks), *(variable.json() for variable in dashboard.variables)]},
        "panels": _panels(dashboard),
    }


def text(dashboard: Dashboard, runbooks: str = READ_AT) -> str:
    """The file's content."""
    return json.dumps(made(dashboard, runbooks), indent=2, ensure_ascii=False) + "\n"


def stale() -> list[str]:
    """Names of files that are not what the code makes."""
    there = {path.stem: path.read_text() for path in DIRECTORY.glob("*.json")}
    wanted = {name: text(dashboard) for name, dashboard in DASHBOARDS.items()}
    return sorted(name for name in there.keys() | wanted.keys() if there.get(name) != wanted.get(name))


def write(directory: Path, runbooks: str = READ_AT) -> None:
    """Writes all of them into a directory, where no other JSON is left."""
    directory.mkdir(parents=True, exist_ok=True)
    for path in directory.glob("*.json"):
        path.unlink()
    for name, dashboard in DASHBOARDS.items():
        (directory / f"{name}.json").write_text(text(dashboard, runbooks))


def main(arguments: Sequence[str]) -> int:
    """Writes them, or names those that are stale; 1 if there are any."""
    parser = argparse.ArgumentParser(prog="python -m monitoring.grafana.build", description="Writes the dashboards.")
    parser.add_argument("--check", action="store_true", help="say which are stale, and write nothing")
    parser.add_argument("--runbooks", default=READ_AT, metavar="URL", help="where the runbooks are read")
    parser.add_argument("--into", type=Path, default=DIRECTORY, metavar="DIRECTORY")
    asked = parser.parse_args(arguments)
    if not asked.check:
        write(asked.into, asked.runbooks.rstrip("/"))
        return 0
    names = stale()
    for name in names:
        sys.stderr.write(f"{name}.json is stale: run python -m monitoring.grafana.build\n")
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
