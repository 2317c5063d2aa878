"""The dashboards as Grafana reads them: their panels, and what each asks once its variables are filled in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.support.monitoring.tools import ROOT

DIRECTORY: Final = ROOT / "monitoring/grafana/dashboards"
FILES: Final = tuple(sorted(DIRECTORY.glob("*.json")))

Json = dict[str, Any]

ALL: Final[Mapping[str, str]] = {"instance": ".*", "agent": ".*", "partition": ".*", "store": ".*", "node": ".*"}
"""What variables stand for where everything is chosen."""


@dataclass(frozen=True)
class Shown:
    """A panel of a dashboard, as its JSON says."""

    dashboard: str
    json: Json

    @property
    def title(self) -> str:
        """The panel's title."""
        return str(self.json["title"])

    @property
    def kind(self) -> str:
        """Grafana's name of the kind of panel."""
        return str(self.json["type"])

    @property
    def name(self) -> str:
        """Dashboard and title, as a test's name."""
        return f"{self.dashboard}: {self.title}"

    @property
    def datasource(self) -> str:
        """The kind of data source that it asks."""
        return str(self.json["datasource"]["type"])

    @property
    def targets(self) -> list[Json]:
        """What it asks."""
        return list(self.json["targets"])


def read(path: Path) -> Json:
    """A dashboard's JSON."""
    content: Json = json.loads(path.read_text())
    return content


def panels(path: Path) -> Iterator[Shown]:
    """Every panel but the rows' headings, those of closed rows too."""
    for panel in read(path)["panels"]:
        if panel["type"] != "row":
            yield Shown(path.stem, panel)
        for inner in panel.get("panels", ()):
            yield Shown(path.stem, inner)


def every() -> list[Shown]:
    """Every panel of every dashboard."""
    return [panel for path in FILES for panel in panels(path)]


def filled(expr: str, interval: str = "1m", span: str = "1h", choices: Mapping[str, str] = ALL) -> str:
    """An expression with Grafana's variables filled in; KeyError for one that no dashboard has."""
    known = {"__rate_interval": interval, "__interval": interval, "__range": span, **choices}
    return re.sub(r"\$\{?(\w+)(?::\w+)?\}?", lambda found: known[found[1]], expr)
