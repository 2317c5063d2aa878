"""What panels ask: Prometheus for metrics, Loki for lines, Jaeger for traces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

METRICS: Final = {"type": "prometheus", "uid": "${datasource}"}
LOGS: Final = {"type": "loki", "uid": "${logs}"}
TRACES: Final = {"type": "jaeger", "uid": "${traces}"}

Json = dict[str, Any]


@dataclass(frozen=True)
class Query:
    """A question to Prometheus. `legend` names each series, `{{label}}` stands for a label's value."""

    expr: str
    legend: str = ""
    exemplars: bool = False

    def json(self, ref: str, instant: bool, form: str) -> Json:
        """As a target of a panel."""
        return {
            "refId": ref,
            "datasource": METRICS,
            "editorMode": "code",
            "expr": self.expr,
            "legendFormat": self.legend or "__auto",
            "instant": instant,
            "range": not instant,
            "exemplar": self.exemplars,
            "format": form,
        }


@dataclass(frozen=True)
class LogQuery:
    """A question to Loki, in LogQL. Its answer cannot be tested without a Loki."""

    expr: str
    legend: str = ""

    def json(self, ref: str, instant: bool, form: str) -> Json:
        """As a target of a panel."""
        del form
        kind = "instant" if instant else "range"
        return {
            "refId": ref,
            "datasource": LOGS,
            "editorMode": "code",
            "expr": self.expr,
            "legendFormat": self.legend,
            "queryType": kind,
        }


@dataclass(frozen=True)
class TraceQuery:
    """A search of Jaeger's. Its answer cannot be tested without a Jaeger."""

    service: str
    longer: str = ""
    tags: str = ""
    limit: int = 20

    def json(self, ref: str, instant: bool, form: str) -> Json:
        """As a target of a panel."""
        del instant, form
        asked = {"service": self.service, "minDuration": self.longer, "tags": self.tags}
        return {
            "refId": ref,
            "datasource": TRACES,
            "queryType": "search",
            **{key: value for key, value in asked.items() if value},
            "limit": self.limit,
        }
