"""Prometheus' configuration and rules: valid, tested, true to the catalogue; each alert says what to do about it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from monitoring import slo
from tests.support.monitoring.promql import OTHERS, Reading, faults, recorded
from tests.support.monitoring.tools import INSTALL, ROOT, find, tool

PROMETHEUS: Final = ROOT / "monitoring/prometheus"
RULES: Final = sorted((PROMETHEUS / "rules").glob("*.yml"))
TESTS: Final = sorted((PROMETHEUS / "tests").glob("*.yml"))
RUNBOOKS: Final = ROOT / "monitoring/docs/runbooks"
DASHBOARDS: Final = ("tasksys-overview", "tasksys-storage", "tasksys-agents", "tasksys-lag")

Rule = dict[str, Any]


def rules(path: Path) -> list[Rule]:
    """The rules of a file."""
    return [rule for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]


ALERTS: Final = [rule for path in RULES for rule in rules(path) if "alert" in rule]
RECORDS: Final = [rule for path in RULES for rule in rules(path) if "record" in rule]


def named(rule: Rule) -> str:
    """What a test of that rule is called."""
    return f"{rule.get('alert', rule.get('record'))}-{rule.get('labels', {}).get('severity', '')}"


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    """Prometheus' tools are there."""
    subprocess.run([str(INSTALL)], check=True)


def promtool(*arguments: str, newer: bool = False, cwd: Path = PROMETHEUS) -> subprocess.CompletedProcess[str]:
    """What promtool says."""
    command = [str(tool("promtool", newer)), *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=300)


RELEASES: Final = [
    pytest.param(False, id="distribution's"),
    pytest.param(True, id="today's", marks=pytest.mark.monitoring),
]


@pytest.mark.parametrize("newer", RELEASES)
def test_the_configuration_is_valid(newer: bool) -> None:
    """With all rules; Prometheus 2.42 and 3 alike. That of a cluster is for builds that know Kubernetes."""
    done = promtool("check", "config", "prometheus.yml", newer=newer)
    assert done.returncode == 0, done.stdout + done.stderr
    if newer:
        done = promtool("check", "config", "prometheus-kubernetes.yml", newer=newer)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_cluster_differs_by_its_targets_only() -> None:
    """Intervals, labels, rules and exemplars are the same, and Alertmanager is told the same."""
    here, there = (
        yaml.safe_load((PROMETHEUS / name).read_text()) for name in ("prometheus.yml", "prometheus-kubernetes.yml")
    )
    for configuration in (here, there):
        del configuration["scrape_configs"]
        del configuration["alerting"]["alertmanagers"]
    assert here == there


@pytest.mark.parametrize("newer", RELEASES)
@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_rules_do_what_they_should(path: Path, newer: bool) -> None:
    """Promtool's own tests of each rule, firing and quiet."""
    done = promtool("test", "rules", str(path), newer=newer)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_has_a_test() -> None:
    """Each alert of each severity fires in one, and is quiet in one, but for the Watchdog; each record is looked at."""
    fires: set[tuple[str, str]] = set()
    quiet: set[str] = set()
    expressions = ""
    for path in TESTS:
        for case in yaml.safe_load(path.read_text())["tests"]:
            expressions += "".join(test["expr"] for test in case.get("promql_expr_test", ()))
            for test in case.get("alert_rule_test", ()):
                fires |= {(test["alertname"], one["exp_labels"]["severity"]) for one in test["exp_alerts"]}
                if not test["exp_alerts"]:
                    quiet.add(test["alertname"])
                elif len(test["exp_alerts"]) < len(case["input_series"]):
                    quiet.add(test["alertname"])  # some of the series fire, and the others do not
    assert fires == {(rule["alert"], rule["labels"]["severity"]) for rule in ALERTS}
    assert {rule["alert"] for rule in ALERTS} - quiet <= {"Watchdog"}
    assert [rule["record"] for rule in RECORDS if rule["record"] not in expressions] == []


def test_rules_of_objectives_are_made_of_them() -> None:
    """`python -m monitoring.slo` was run after the last change of an objective."""
    assert slo.RULES.read_text() == slo.rules()


@pytest.mark.parametrize("rule", ALERTS, ids=named)
def test_an_alert_says_what_it_means(rule: Rule) -> None:
    """How urgent, whose, what is the matter, what to do, and where it is seen; all labels that it names are there."""
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    assert rule["labels"]["component"] in (
        "api", "fold", "agents", "log", "storage", "delivery", "feed", "monitoring",
    )  # fmt: skip
    notes = rule["annotations"]
    assert set(notes) == {"summary", "description", "runbook_url", "dashboard_url"}
    assert len(notes["summary"]) < 120
    assert notes["description"].endswith(".")
    assert notes["runbook_url"] == f"{{{{ $externalLabels.runbooks }}}}/{rule['alert']}.md"
    base, _, uid = notes["dashboard_url"].rpartition("/d/")
    assert base == "{{ $externalLabels.dashboards }}"
    assert uid in DASHBOARDS
    labels = Reading().labels(rule["expr"])
    assert set(re.findall(r"\$labels\.(\w+)", f"{notes}")) <= labels


@pytest.mark.parametrize("rule", [*ALERTS, *RECORDS], ids=named)
def test_rules_name_what_there_is(rule: Rule) -> None:
    """Every metric is declared, or recorded, or one of the others that we know; so are labels and their values."""
    assert faults(rule["expr"]) == []


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("tasksys_http_request_total", "there is no metric tasksys_http_request_total"),
        ("tasksys_http_request_duration_seconds", "there is no metric tasksys_http_request_duration_seconds"),
        ('tasksys_http_requests_total{status="500"}', "tasksys_http_requests_total has no label status"),
        ('tasksys_replays_total{result="differs"}', "tasksys_replays_total has no result differs"),
        (
            'tasksys_http_request_duration_seconds_bucket{le="0.3"}',
            "tasksys_http_request_duration_seconds has no bucket 0.3",
        ),
        ("sum by (agent) (tasksys_http_requests_total)", "no agent to aggregate by"),
        ("tasksys_agent_ready and on (topic) tasksys_agent_ready", "no topic to match on"),
        ("tasksys_agent_ready and tasksys_broker_up", "labels that never match"),
        ('label_replace(up, "agent", "$1", "group", "(.+)")', "no label group to replace from"),
        ("agent:tasksys_lag_seconds:min", "there is no metric agent:tasksys_lag_seconds:min"),
        ("rate(tasksys_agent_ready[1m])", "rate of a gauge"),
        ("sum(", "unclosed left parenthesis: sum("),
    ],
)
def test_what_there_is_not_is_found(expression: str, fault: str) -> None:
    """Misspelt metrics, labels, values and buckets, labels that nothing has any more, and what is no PromQL."""
    assert any(fault in found for found in faults(expression)), faults(expression)


def test_records_are_named_by_what_is_left() -> None:
    """The level in a record's name is among the labels of what it records."""
    for name, expression in recorded().items():
        level, metric, operation = name.split(":")
        assert re.fullmatch(r"[a-z_]+", metric), name
        assert re.fullmatch(r"[a-z0-9_]+", operation), name
        labels = Reading().labels(expression)
        assert level in labels or (level == "cluster" and not labels), name


SECTIONS: Final = ("## What it means", "## What suffers", "## How to see it", "## What to do", "## When it is over")


def test_runbooks_are_those_of_the_alerts() -> None:
    """Each alert has one, and each is an alert's."""
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == {rule["alert"] for rule in ALERTS}


@pytest.mark.parametrize("name", sorted({rule["alert"] for rule in ALERTS}))
def test_a_runbook_says_what_to_do(name: str) -> None:
    """All its parts, with queries that name what there is."""
    text = (RUNBOOKS / f"{name}.md").read_text()
    assert text.startswith(f"# {name}\n")
    assert [line for line in text.splitlines() if line.startswith("## ")] == list(SECTIONS)
    queries = re.findall(r"```promql\n(.*?)```", text, re.DOTALL)
    assert queries
    assert faults(*queries) == []
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert link.startswith("http") or (RUNBOOKS / link).exists(), link


def test_the_tools_of_the_distribution_are_found() -> None:
    """By the finder that others use, too."""
    assert find("promtool") is not None
    assert os.access(tool("amtool"), os.X_OK)
    assert "up" in OTHERS


MUTATIONS: Final = {">=": "<", "<=": ">", "==": "!=", ">": "<", "<": ">"}


@pytest.mark.monitoring
@pytest.mark.parametrize("path", [path for path in RULES if path.stem != "recording"], ids=lambda path: path.stem)
def test_a_threshold_that_is_turned_round_is_noticed(path: Path, tmp_path: Path) -> None:
    """The tests of rules can fail: with each alert's comparison turned round, and with its `for` a hundred times as
    long, they do."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "tests").mkdir()
    for other in RULES:
        (tmp_path / "rules" / other.name).write_text(other.read_text())
    (tmp_path / "tests" / path.name).write_text((PROMETHEUS / "tests" / path.name).read_text())
    survived: list[str] = []
    document = yaml.safe_load(path.read_text())
    for group in document["groups"]:
        for rule in group["rules"]:
            if "alert" not in rule or rule["alert"] == "Watchdog":
                continue
            # Objectives are tested over days, which takes seconds: one change of each has to do.
            for mutated in mutations(rule)[: 1 if path.stem == "slo" else 2]:
                kept = dict(rule)
                rule.update(mutated)
                (tmp_path / "rules" / path.name).write_text(yaml.safe_dump(document))
                if promtool("test", "rules", f"tests/{path.name}", cwd=tmp_path).returncode == 0:
                    survived.append(f"{rule['alert']}: {mutated}")
                rule.update(kept)
    assert survived == []


def mutations(rule: Rule) -> list[Rule]:
    """An alert with its first comparison turned round, or without one; and one that takes for ever."""
    found = re.search(r" (>=|<=|==|>|<) ", rule["expr"])
    expression = rule["expr"]
    if found is not None:
        expression = expression[: found.start(1)] + MUTATIONS[found[1]] + expression[found.end(1) :]
    else:
        expression = "vector(0) > 1"
    return [{"expr": expression}, {"for": "30d"}]


def test_the_page_of_alerts_has_all_of_them() -> None:
    """Each with its severities and its runbook, and each objective with its alert."""
    text = (ROOT / "monitoring/docs/alerts.md").read_text()
    for name in {rule["alert"] for rule in ALERTS}:
        of_it = {rule["labels"]["severity"] for rule in ALERTS if rule["alert"] == name}
        severities = ", ".join(severity for severity in ("critical", "warning", "info") if severity in of_it)
        assert f"| [{name}](runbooks/{name}.md) | {severities} |" in text
    for objective in slo.OBJECTIVES:
        assert f"| {objective.percent:g} % {objective.promise} | {objective.budget * 100:g} % |" in text
