"""What an expression of PromQL names, held against the catalogue: metrics, labels, and values of labels.

It catches a misspelt name without a Prometheus, in rules, dashboards and runbooks alike. `Reading().labels(expression)`
gives the labels that the answer has; `faults` then lists what there is not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import promql_parser as ast
import yaml

import monitoring.metrics
from monitoring.catalogue import ENTRIES, Entry, Kind
from tests.support.monitoring.tools import ROOT

RULES: Final = ROOT / "monitoring/prometheus/rules"
assert monitoring.metrics  # it fills the catalogue

TARGET: Final = frozenset({"job", "instance"})
"""The labels that Prometheus adds to all that it scrapes."""

OTHERS: Final[Mapping[str, frozenset[str]]] = {
    name: TARGET | set(labels.split())
    for name, labels in {
        "up": "",
        "scrape_duration_seconds": "",
        "ALERTS": "alertname alertstate severity component agent topic partition",
        "process_start_time_seconds": "",
        "process_cpu_seconds_total": "",
        "process_resident_memory_bytes": "",
        "process_open_fds": "",
        "process_max_fds": "",
        "node_uname_info": "nodename",
        "node_cpu_seconds_total": "cpu mode",
        "node_load1": "",
        "node_memory_MemAvailable_bytes": "",
        "node_memory_MemTotal_bytes": "",
        "node_disk_io_time_seconds_total": "device",
        "node_filesystem_avail_bytes": "device fstype mountpoint",
        "node_filesystem_size_bytes": "device fstype mountpoint",
        "node_network_receive_bytes_total": "device",
        "node_network_transmit_bytes_total": "device",
        "node_timex_sync_status": "",
        "node_timex_maxerror_seconds": "",
        "prometheus_config_last_reload_successful": "",
        "prometheus_rule_evaluation_failures_total": "rule_group",
        "prometheus_rule_group_last_duration_seconds": "rule_group",
        "prometheus_tsdb_head_series": "",
        "prometheus_tsdb_compactions_failed_total": "",
        "prometheus_tsdb_wal_corruptions_total": "",
        "prometheus_notifications_alertmanagers_discovered": "",
        "prometheus_notifications_sent_total": "alertmanager",
        "prometheus_notifications_dropped_total": "",
        "alertmanager_config_last_reload_successful": "",
        "alertmanager_notifications_total": "integration",
        "alertmanager_notifications_failed_total": "integration",
        "internal_write_metrics_written": "output",
        "internal_write_metrics_dropped": "output",
        "internal_write_buffer_size": "output",
    }.items()
}
"""Metrics of others that rules and dashboards name. Tests ask the real programs for them."""

GROWING: Final = frozenset({"tasksys_consumer_position", "tasksys_topic_end_offset"})
"""Gauges that only grow, as counters do: offsets, of which there are rates."""


def recorded() -> dict[str, str]:
    """The expression of each recording rule, by the name it records."""
    found: dict[str, str] = {}
    for path in sorted(RULES.glob("*.yml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            found |= {rule["record"]: rule["expr"] for rule in group["rules"] if "record" in rule}
    return found


def named_by_rules() -> set[str]:
    """All metrics that alerts and recording rules ask for."""
    reading = Reading()
    for path in RULES.glob("*.yml"):
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                reading.labels(rule["expr"])
    return reading.metrics


def _declared(name: str) -> tuple[Entry, frozenset[str]] | None:
    for ending in ("", "_bucket", "_count", "_sum"):
        entry = ENTRIES.get(name.removesuffix(ending)) if name.endswith(ending) else None
        if entry is not None and (entry.kind is Kind.HISTOGRAM) == bool(ending):
            more = {"le"} if ending == "_bucket" else set()
            return entry, TARGET | set(entry.label_names) | more
    return None


def _gauge(expr: ast.Expr) -> bool:
    """Whether it is a range of a gauge of ours, of which there is no rate."""
    name = (expr.vector_selector.name or "") if isinstance(expr, ast.MatrixSelector) else ""
    entry = ENTRIES.get(name)
    return entry is not None and entry.kind is Kind.GAUGE and name not in GROWING


def faults(*expressions: str) -> list[str]:
    """What is wrong with the expressions, one that is no PromQL included."""
    reading = Reading()
    for expression in expressions:
        try:
            reading.labels(expression)
        except ValueError as error:
            reading.faults.append(f"{error}: {expression}")
    return reading.faults


@dataclass
class Reading:
    """What was found wrong with the expressions that were read."""

    faults: list[str] = field(default_factory=list)
    metrics: set[str] = field(default_factory=set)
    _recorded: dict[str, str] = field(default_factory=recorded)

    def labels(self, expression: str) -> frozenset[str]:
        """The labels of its answer. ValueError if it is no PromQL."""
        return self._of(ast.parse(expression))

    def _of(self, expr: ast.Expr) -> frozenset[str]:
        match expr:
            case ast.VectorSelector():
                return self._selected(expr)
            case ast.MatrixSelector():
                return self._selected(expr.vector_selector)
            case ast.ParenExpr() | ast.UnaryExpr() | ast.SubqueryExpr():
                return self._of(expr.expr)
            case ast.AggregateExpr():
                return self._aggregated(expr)
            case ast.Call():
                return self._called(expr)
            case ast.BinaryExpr():
                return self._joined(expr)
            case _:
                return frozenset()

    def _selected(self, selector: ast.VectorSelector) -> frozenset[str]:
        name = selector.name or ""
        self.metrics.add(name)
        declared = _declared(name)
        if declared is not None:
            labels = declared[1]
        elif name in self._recorded:
            labels = Reading(_recorded=self._recorded).labels(self._recorded[name])
        elif name in OTHERS:
            labels = OTHERS[name]
        else:
            self.faults.append(f"there is no metric {name or selector}")
            return frozenset()
        for matcher in selector.matchers.matchers:
            if matcher.name not in labels:
                self.faults.append(f"{name} has no label {matcher.name}")
            elif declared is not None:
                self._value(declared[0], matcher)
        return labels

    def _value(self, entry: Entry, matcher: ast.Matcher) -> None:
        """Where all values of a label are known, one that is named is among them."""
        if matcher.name == "le":
            bounds = {str(float(bound)) for bound in entry.buckets} | {"+Inf"}
            if matcher.value not in bounds:
                self.faults.append(f"{entry.name} has no bucket {matcher.value}")
        known = {label.name: label.values for label in entry.labels}.get(matcher.name, "")
        if isinstance(known, tuple) and matcher.op in (ast.MatchOp.Equal, ast.MatchOp.NotEqual, ast.MatchOp.Re):
            for value in matcher.value.split("|"):
                if not any(re.fullmatch(value, one) for one in known):
                    self.faults.append(f"{entry.name} has no {matcher.name} {value}")

    def _aggregated(self, expr: ast.AggregateExpr) -> frozenset[str]:
        inner = self._of(expr.expr)
        named = frozenset[str](() if expr.modifier is None else expr.modifier.labels)
        if named - inner:
            self.faults.append(f"no {', '.join(sorted(named - inner))} to aggregate by: {expr.prettify()}")
        if str(expr.op) in ("topk", "bottomk"):  # they choose among series, and change none
            return inner
        if expr.modifier is None:
            return frozenset()
        return named if expr.modifier.type == ast.AggModifierType.By else inner - named

    def _called(self, call: ast.Call) -> frozenset[str]:
        found = [self._of(argument) for argument in call.args]
        first = next((labels for labels in found if labels), frozenset())
        name = call.func.name
        if name == "label_replace":
            texts = [argument.val for argument in call.args if isinstance(argument, ast.StringLiteral)]
            if texts[2] not in first:
                self.faults.append(f"no label {texts[2]} to replace from: {call.prettify()}")
            return first | {texts[0]}
        if name in ("rate", "increase"):
            self.faults += [f"{name} of a gauge: {call.prettify()}" for argument in call.args if _gauge(argument)]
        if name == "absent":
            (argument,) = call.args
            matchers = argument.matchers.matchers if isinstance(argument, ast.VectorSelector) else []
            return frozenset(matcher.name for matcher in matchers)
        return first - {"le"} if name == "histogram_quantile" else first

    def _joined(self, expr: ast.BinaryExpr) -> frozenset[str]:
        left, right = self._of(expr.lhs), self._of(expr.rhs)
        matching = expr.modifier.matching if expr.modifier is not None else None
        if matching is not None:
            lacking = set(matching.labels) - (left & right)
            if lacking:
                self.faults.append(f"no {', '.join(sorted(lacking))} to match on: {expr.prettify()}")
        elif left and right and left != right and str(expr.op) != "or":
            self.faults.append(f"labels that never match: {sorted(left ^ right)} in {expr.prettify()}")
        return left | right if str(expr.op) == "or" else left or right
