"""What a query of Prometheus names: metrics and labels, held against the catalogue, the rules and what others are known
to serve. It is what catches a misspelt name without a Prometheus."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import promql_parser as promql
import yaml

from monitoring import metrics  # noqa: F401  # declares them all
from monitoring.catalogue import ENTRIES, Kind

ROOT: Final = Path(__file__).parents[3]
RULES: Final = ROOT / "monitoring/prometheus/rules"

SCRAPED: Final = frozenset({"job", "instance", "cluster"})
"""Labels that Prometheus itself puts on everything."""

ENDINGS: Final = ("_bucket", "_sum", "_count")

OTHERS: Final[Mapping[str, frozenset[str]]] = {
    "up": frozenset(),
    "scrape_duration_seconds": frozenset(),
    "ALERTS": frozenset({"alertname", "alertstate", "severity", "component", "agent", "topic", "partition"}),
    "process_cpu_seconds_total": frozenset(),
    "process_resident_memory_bytes": frozenset(),
    "process_open_fds": frozenset(),
    "process_max_fds": frozenset(),
    "process_start_time_seconds": frozenset(),
    "node_uname_info": frozenset({"nodename"}),
    "node_cpu_seconds_total": frozenset({"cpu", "mode"}),
    "node_load1": frozenset(),
    "node_memory_MemAvailable_bytes": frozenset(),
    "node_memory_MemTotal_bytes": frozenset(),
    "node_disk_io_time_seconds_total": frozenset({"device"}),
    "node_filesystem_avail_bytes": frozenset({"device", "fstype", "mountpoint"}),
    "node_filesystem_size_bytes": frozenset({"device", "fstype", "mountpoint"}),
    "node_network_receive_bytes_total": frozenset({"device"}),
    "node_network_transmit_bytes_total": frozenset({"device"}),
    "prometheus_tsdb_head_series": frozenset(),
    "prometheus_rule_group_last_duration_seconds": frozenset({"rule_group"}),
    "prometheus_rule_evaluation_failures_total": frozenset({"rule_group"}),
    "prometheus_notifications_sent_total": frozenset({"alertmanager"}),
    "alertmanager_notifications_total": frozenset({"integration"}),
    "alertmanager_notifications_failed_total": frozenset({"integration", "reason"}),
    "internal_write_metrics_written": frozenset({"output"}),
    "internal_write_metrics_dropped": frozenset({"output"}),
    "internal_write_buffer_size": frozenset({"output"}),
}
"""What Prometheus, Alertmanager, the node exporter, Python's client and Telegraf serve, as far as dashboards ask for
it. That it is there is seen where the real ones run."""


@cache
def recorded() -> Mapping[str, str]:
    """Names of recording rules with their expressions."""
    rules: dict[str, str] = {}
    for path in sorted(RULES.glob("*.yml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            rules |= {rule["record"]: rule["expr"] for rule in group["rules"] if "record" in rule}
    return rules


@cache
def runbooks() -> frozenset[str]:
    """Names of alerts: each has a runbook of its name."""
    names: set[str] = set()
    for path in sorted(RULES.glob("*.yml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            names |= {rule["alert"] for rule in group["rules"] if "alert" in rule}
    return frozenset(names)


def parts(node: object) -> Iterator[object]:
    """An expression and all that it is made of."""
    yield node
    for name in ("lhs", "rhs", "expr", "param", "vector_selector", "args"):
        inner = getattr(node, name, None)
        for part in inner if isinstance(inner, list) else [inner]:
            if isinstance(part, promql.Expr):
                yield from parts(part)


def selectors(expr: str) -> list[promql.VectorSelector]:
    """What an expression selects; ValueError if it is no PromQL."""
    return [part for part in parts(promql.parse(expr)) if isinstance(part, promql.VectorSelector)]


def _own(metric: str) -> frozenset[str] | None:
    """The labels that a metric has of its own; None if nobody serves it."""
    if metric in ENTRIES:
        entry = ENTRIES[metric]
        return None if entry.kind is Kind.HISTOGRAM else frozenset(entry.label_names)
    for ending in ENDINGS:
        base = ENTRIES.get(metric.removesuffix(ending))
        if metric.endswith(ending) and base is not None and base.kind is Kind.HISTOGRAM:
            return frozenset(base.label_names) | ({"le"} if ending == "_bucket" else frozenset())
    if metric in recorded():
        return given(promql.parse(recorded()[metric])) - SCRAPED
    return OTHERS.get(metric)


def _values(metric: str, label: str) -> tuple[str, ...] | None:
    """All values that a label of ours can have; None where they are not listed."""
    for name in (metric, *(metric.removesuffix(ending) for ending in ENDINGS)):
        for declared in ENTRIES[name].labels if name in ENTRIES else ():
            if declared.name == label and isinstance(declared.values, tuple):
                return declared.values
    return None


def given(node: promql.Expr) -> frozenset[str]:
    """Labels that the series of an answer can have."""
    match node:
        case promql.VectorSelector():
            own = _own(node.name or "")
            return SCRAPED | (own or frozenset())
        case promql.AggregateExpr():
            inner = given(node.expr)
            if str(node.op) in ("topk", "bottomk"):
                return inner
            if node.modifier is None:
                return frozenset()
            named = frozenset(node.modifier.labels)
            return named if node.modifier.type == promql.AggModifierType.By else inner - named
        case promql.BinaryExpr():
            return given(node.lhs) | given(node.rhs) if str(node.op) == "or" else given(node.lhs) or given(node.rhs)
        case promql.Call():
            series = [given(arg) for arg in node.args if isinstance(arg, promql.Expr)]
            out = frozenset().union(*series)
            if node.func.name == "histogram_quantile":
                return out - {"le"}
            if node.func.name == "label_replace":
                return out | {_text(node.args[1])}
            return frozenset() if node.func.name in ("scalar", "vector", "absent") else out
        case promql.MatrixSelector():
            return given(node.vector_selector)
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            return given(node.expr)
        case _:
            return frozenset()


def _text(node: object) -> str:
    assert isinstance(node, promql.StringLiteral), node
    return node.val


def faults(expr: str) -> list[str]:
    """What is wrong with an expression: metrics that nobody serves, labels and values that they do not have."""
    found: list[str] = []
    try:
        root = promql.parse(expr)
    except ValueError as error:
        return [f"{error}: {expr}"]
    for part in parts(root):
        if isinstance(part, promql.VectorSelector):
            found += _wrong_selector(part)
        elif isinstance(part, promql.AggregateExpr) and part.modifier is not None:
            unknown = frozenset(part.modifier.labels) - given(part.expr) - SCRAPED
            found += [f"nothing to sum up by {label}: {part.expr}" for label in sorted(unknown)]
        elif isinstance(part, promql.Call) and part.func.name in ("rate", "increase") and _gauge(part):
            found.append(f"{part.func.name} of a gauge: {part}")
    return found


def _wrong_selector(selector: promql.VectorSelector) -> list[str]:
    metric = selector.name or ""
    own = _own(metric)
    if own is None:
        return [f"nobody serves {metric}"]
    found: list[str] = []
    for matcher in selector.matchers.matchers:
        if matcher.name not in own | SCRAPED:
            found.append(f"{metric} has no label {matcher.name}")
            continue
        values = _values(metric, matcher.name)
        wanted = matcher.value.split("|")
        if values is not None and all(value.isidentifier() for value in wanted):
            found += [f"{metric}: {matcher.name} is never {value}" for value in wanted if value not in values]
    return found


SPEEDS: Final = ("tasksys_consumer_position", "tasksys_topic_end_offset")
"""Gauges that only grow, as counters do: offsets."""


def _gauge(call: promql.Call) -> bool:
    names = [part.name or "" for part in parts(call) if isinstance(part, promql.VectorSelector)]
    return any(name in ENTRIES and ENTRIES[name].kind is Kind.GAUGE and name not in SPEEDS for name in names)
