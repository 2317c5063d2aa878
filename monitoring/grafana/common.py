"""What the dashboards share: variables, annotations, links between them, and how questions are asked."""

from __future__ import annotations

from typing import Final

from monitoring.grafana.model import Annotation, Variable
from monitoring.grafana.panels import BLUE, ORANGE
from monitoring.grafana.queries import Json, Query

RUNBOOKS: Final = "${runbooks}"
"""Where the runbooks are read: a constant of each dashboard, so that it is changed in one place."""

TAG: Final = "tasksys"
HERE: Final = 'instance=~"$instance"'
AGENT: Final = 'instance=~"$instance", agent=~"$agent"'
PARTITION: Final = 'instance=~"$instance", agent=~"$agent", partition=~"$partition"'
WINDOW: Final = "$__rate_interval"

INSTANCE: Final = Variable(
    "instance", "Worker", "label_values(tasksys_build_info, instance)", "The processes of `tasksys serve`"
)
AGENTS: Final = Variable("agent", "Agent", "label_values(tasksys_agent_ready, agent)", "What folds the log into tables")
PARTITIONS: Final = Variable(
    "partition", "Partition", 'label_values(tasksys_consumer_lag_records{agent=~"$agent"}, partition)',
    "Partitions of the agents' sources",
)  # fmt: skip

ALERTS: Final = Annotation(
    "Alerts", 'ALERTS{alertstate="firing", severity=~"critical|warning"}', ORANGE,
    "{{alertname}}", "{{severity}} {{component}} {{instance}}",
)  # fmt: skip
STARTS: Final = Annotation(
    "Starts", 'changes(process_start_time_seconds{job="tasksys", instance=~"$instance"}[1m]) > 0', BLUE,
    "{{instance}} started", "",
)  # fmt: skip

FIRST: Final = ("tasksys-overview", "System Overview")
BOARDS: Final = (
    FIRST,
    ("tasksys-lag", "Consumer Lag & Replay"),
    ("tasksys-agents", "Agents"),
    ("tasksys-storage", "Storage & Infrastructure"),
)


def links(own: str) -> tuple[Json, ...]:
    """Links to the other dashboards, which keep the time and what was chosen."""
    return tuple(
        {
            "title": title,
            "url": f"/d/{uid}",
            "type": "link",
            "icon": "dashboard",
            "tooltip": "",
            "tags": [],
            "asDropdown": False,
            "targetBlank": False,
            "includeVars": True,
            "keepTime": True,
        }
        for uid, title in BOARDS
        if uid != own
    )


def rate(metric: str, by: str = "", where: str = HERE) -> str:
    """How often a second, summed up by labels."""
    over = f" by ({by})" if by else ""
    return f"sum{over} (rate({metric}{{{where}}}[{WINDOW}]))"


def quantile(q: float, metric: str, by: str = "", where: str = HERE) -> str:
    """A quantile of a histogram."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({q}, sum by ({labels}) (rate({metric}_bucket{{{where}}}[{WINDOW}])))"


def quantiles(metric: str, where: str = HERE, exemplars: bool = False) -> tuple[Query, ...]:
    """Half of it, nearly all, and all but the slowest hundredth; with exemplars, a trace is a click away."""
    return tuple(
        Query(quantile(q, metric, where=where), legend, exemplars=exemplars and q == 0.99)
        for q, legend in ((0.5, "half is faster than"), (0.95, "95 %"), (0.99, "99 %"))
    )


def buckets(metric: str, where: str = HERE) -> Query:
    """A histogram as it is, for a heat map."""
    return Query(f"sum by (le) (increase({metric}_bucket{{{where}}}[{WINDOW}]))", "{{le}}")
