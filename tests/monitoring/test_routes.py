"""Alertmanager's configuration: who is told of what, with which secrets, in which words; asked of the real amtool."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from monitoring import alerting
from tests.monitoring.test_rules import ALERTS, RELEASES
from tests.support.monitoring.stack import ALERTMANAGER, hurried
from tests.support.monitoring.tools import INSTALL, ROOT, tool

CONFIGURATION: Final[Mapping[str, Any]] = yaml.safe_load(alerting.SOURCE.read_text())
EVERYTHING: Final = frozenset({"slack", "pagerduty", "email", "email_password"})

MAIL: Final = {"TASKSYS_ALERT_SMTP": "mail.example.org:25", "TASKSYS_ALERT_EMAIL_TO": "olga@example.org"}


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    """amtool is there."""
    subprocess.run([str(INSTALL)], check=True)


def amtool(*arguments: str, newer: bool = False) -> subprocess.CompletedProcess[str]:
    """What amtool says."""
    command = [str(tool("amtool", newer)), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def written(directory: Path, text: str) -> Path:
    """A configuration in a file, with the templates beside it."""
    path = directory / "alertmanager.yml"
    path.write_text(text)
    if not (directory / "templates").exists():
        (directory / "templates").symlink_to(ALERTMANAGER / "templates")
    return path


# --- routes

Case = tuple[Mapping[str, str], str]

CASES: Final[list[Case]] = [
    ({"alertname": "Watchdog", "severity": "info", "component": "monitoring"}, "nobody"),
    ({"severity": "critical", "component": "api"}, "page"),
    ({"severity": "critical", "component": "delivery"}, "page"),
    ({"severity": "critical", "component": "feed"}, "page"),
    ({"severity": "critical", "component": "monitoring"}, "watchers"),
    ({"severity": "critical", "component": "log"}, "page"),
    ({"severity": "critical", "component": "storage"}, "page"),
    ({"severity": "critical", "component": "agents"}, "page"),
    ({"severity": "critical", "component": "fold"}, "page"),
    ({"severity": "warning", "component": "api"}, "chat"),
    ({"severity": "warning", "component": "agents"}, "chat"),
    ({"severity": "warning", "component": "fold"}, "chat"),
    ({"severity": "warning", "component": "log"}, "infrastructure"),
    ({"severity": "warning", "component": "storage"}, "infrastructure"),
    ({"severity": "warning", "component": "delivery"}, "delivery"),
    ({"severity": "warning", "component": "feed"}, "chat"),
    ({"severity": "warning", "component": "monitoring"}, "watchers"),
    ({"severity": "info", "component": "api"}, "digest"),
    ({"severity": "strange", "component": "api"}, "chat"),
    ({}, "chat"),
]
"""Labels of an alert, and whom it goes to."""


@pytest.mark.parametrize("newer", RELEASES)
@pytest.mark.parametrize(("labels", "receiver"), CASES, ids=str)
@pytest.mark.parametrize("there", [EVERYTHING, frozenset()], ids=["with secrets", "without"])
def test_alerts_go_to_whom_they_should(
    labels: Mapping[str, str], receiver: str, there: frozenset[str], newer: bool, tmp_path: Path
) -> None:
    """By their severity and component, whether anybody can be told yet or not."""
    path = written(tmp_path, alerting.render(MAIL, there))
    given = [f"{name}={value}" for name, value in labels.items()] or ["alertname=Unlabelled"]
    done = amtool(
        "config", "routes", "test", f"--config.file={path}", f"--verify.receivers={receiver}", *given, newer=newer
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_wrong_receiver_is_noticed() -> None:
    """amtool says so."""
    done = amtool(
        "config", "routes", "test", f"--config.file={alerting.SOURCE}", "--verify.receivers=chat", "severity=critical"
    )
    assert done.returncode == 1


def taken(route: Mapping[str, Any], labels: Mapping[str, str], path: tuple[int, ...] = ()) -> tuple[int, ...]:
    """The way that labels take through the routes, as the number of the child at each step."""
    for number, child in enumerate(route.get("routes", ())):
        if all(matches(matcher, labels) for matcher in child["matchers"]):
            return taken(child, labels, (*path, number))
    return path


def matches(matcher: str, labels: Mapping[str, str]) -> bool:
    """Whether labels fit, as Alertmanager's own matchers do."""
    found = re.fullmatch(r'(\w+) (=|=~) "(.*)"', matcher)
    assert found is not None, matcher
    value = labels.get(found[1], "")
    return value == found[3] if found[2] == "=" else re.fullmatch(found[3], value) is not None


def ways(route: Mapping[str, Any], path: tuple[int, ...] = ()) -> list[tuple[int, ...]]:
    """All routes of the tree."""
    children = route.get("routes", ())
    return [path, *(way for number, child in enumerate(children) for way in ways(child, (*path, number)))]


def test_every_route_has_a_case() -> None:
    """No route is there that nothing was ever sent along."""
    assert {taken(CONFIGURATION["route"], labels) for labels, _ in CASES} == set(ways(CONFIGURATION["route"]))


def test_every_alert_has_a_case() -> None:
    """What our rules say of severity and component is among the cases, so that nothing falls through unseen."""
    known = {(labels.get("severity"), labels.get("component")) for labels, _ in CASES}
    assert {(rule["labels"]["severity"], rule["labels"]["component"]) for rule in ALERTS} <= known


def test_inhibitions_name_alerts_that_there_are() -> None:
    """Each name in them is an alert's, and what an alert inhibits is another."""
    names = {rule["alert"] for rule in ALERTS}
    for rule in CONFIGURATION["inhibit_rules"]:
        sides = [
            {name for name in names if all(matches(one, {"alertname": name}) for one in matchers if "alertname" in one)}
            for matchers in (rule["source_matchers"], rule["target_matchers"])
        ]
        assert all(sides), rule
        if any("alertname" in matcher for matcher in rule["source_matchers"]):
            assert not sides[0] & sides[1], rule
        for matcher in (*rule["source_matchers"], *rule["target_matchers"]):
            for pattern in alternatives(matcher):
                assert any(re.fullmatch(pattern, name) for name in names), pattern


def alternatives(matcher: str) -> list[str]:
    """The alternatives of a matcher of names, at the outermost level."""
    found = re.fullmatch(r'alertname =~? "(.*)"', matcher)
    if found is None:
        return []
    parts, depth = [""], 0
    for character in found[1]:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "|" and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return parts


# --- secrets


@pytest.mark.parametrize("newer", RELEASES)
@pytest.mark.parametrize(
    "there",
    [frozenset(some) for size in range(5) for some in itertools.combinations(sorted(EVERYTHING), size)],
    ids=lambda there: "+".join(sorted(there)) or "nothing",
)
def test_it_is_valid_whatever_is_there(there: frozenset[str], newer: bool, tmp_path: Path) -> None:
    """With any of the receivers; none is left that has no secret."""
    text = alerting.render(MAIL, there)
    done = amtool("check-config", str(written(tmp_path, text)), newer=newer)
    assert done.returncode == 0, done.stdout + done.stderr
    receivers = yaml.safe_load(text)["receivers"]
    kinds = {kind.removesuffix("_configs") for receiver in receivers for kind in receiver if kind != "name"}
    assert kinds == there - {"email_password"}
    assert ("smtp_auth_password_file" in text) == ({"email", "email_password"} <= there)


def test_the_source_is_valid_as_it_is() -> None:
    """What stands in the repository names every receiver, with examples, and can be read."""
    done = amtool("check-config", str(alerting.SOURCE))
    assert done.returncode == 0, done.stdout + done.stderr


def test_secrets_are_files_that_are_named_only(tmp_path: Path) -> None:
    """A blank file is none; what is in the others is written nowhere."""
    (tmp_path / "slack_url").write_text("https://hooks.example.org/T0/SECRET\n")
    (tmp_path / "pagerduty_key").write_text(" \n")
    (tmp_path / "smtp_password").write_text("SECRET")
    there = alerting.present(tmp_path, MAIL)
    assert there == {"slack", "email", "email_password"}
    text = alerting.render({**MAIL, "TASKSYS_ALERT_SMTP_USER": "olga"}, there, "/run/secrets")
    assert "SECRET" not in text
    assert "/run/secrets/slack_url" in text
    assert "/run/secrets/smtp_password" in text
    assert alerting.INSIDE not in text


def test_every_setting_is_used() -> None:
    """Each stands where its example stood."""
    settings = {
        "TASKSYS_ALERT_SLACK_CHANNEL": "#elsewhere",
        "TASKSYS_ALERT_EMAIL_TO": "olga@example.org",
        "TASKSYS_ALERT_EMAIL_FROM": "alerts@example.org",
        "TASKSYS_ALERT_SMTP": "mail.example.org:25",
        "TASKSYS_ALERT_SMTP_USER": "alerts",
        "TASKSYS_ALERT_SMTP_TLS": "off",
        "TASKSYS_ALERT_PAGERDUTY_URL": "https://events.eu.pagerduty.com/v2/enqueue",
    }
    assert set(settings) == set(alerting.SETTINGS)
    loaded = yaml.safe_load(alerting.render(settings, EVERYTHING))
    assert loaded["global"] == {
        "resolve_timeout": "5m",
        "smtp_smarthost": "mail.example.org:25",
        "smtp_from": "alerts@example.org",
        "smtp_auth_username": "alerts",
        "smtp_auth_password_file": "/etc/alertmanager/secrets/smtp_password",
        "smtp_require_tls": False,
    }
    page = next(receiver for receiver in loaded["receivers"] if receiver["name"] == "page")
    assert page["slack_configs"][0]["channel"] == "#elsewhere"
    assert page["email_configs"][0]["to"] == "olga@example.org"
    assert page["pagerduty_configs"][0]["url"] == "https://events.eu.pagerduty.com/v2/enqueue"
    assert "example.com" not in alerting.render(settings, EVERYTHING)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"TASKSYS_ALERT_SMTP": "mail.example.org:25"}, "TASKSYS_ALERT_SMTP is set alone"),
        ({"TASKSYS_ALERT_EMAIL_TO": "olga@example.org"}, "TASKSYS_ALERT_EMAIL_TO is set alone"),
        ({**MAIL, "TASKSYS_ALERT_SMTP": "mail.example.org"}, "TASKSYS_ALERT_SMTP is no HOST:PORT"),
        ({**MAIL, "TASKSYS_ALERT_SMTP_TLS": "perhaps"}, "it is on or off"),
        ({**MAIL, "TASKSYS_ALERT_EMAIL_TO": 'olga"@example.org'}, "has a quote"),
    ],
)
def test_what_cannot_be_used_is_said(settings: dict[str, str], told: str, tmp_path: Path) -> None:
    """Which setting, why, and what would do; nothing is written. Python alone runs it."""
    done = script(tmp_path, settings)
    assert done.returncode == 2
    assert told in done.stderr
    assert not (tmp_path / "out.yml").exists()


def test_a_laptop_without_settings_has_a_configuration(tmp_path: Path) -> None:
    """Who runs the script is told that nobody is told."""
    done = script(tmp_path, {})
    assert (done.returncode, done.stdout) == (0, "alerts go nowhere yet: no receiver is set\n")
    assert (tmp_path / "out.yml").read_text() == alerting.render({}, frozenset())
    (tmp_path / "slack_url").write_text("https://hooks.example.org/T0/SECRET\n")
    assert script(tmp_path, MAIL).stdout == "alerts go to email, slack\n"


def script(directory: Path, settings: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs it as deploying does: by a Python that has nothing of ours."""
    command = [sys.executable, "-I", "-S", str(ROOT / "monitoring/alerting.py"), "--secrets", str(directory)]
    return subprocess.run(
        [*command, "--output", str(directory / "out.yml")], env=dict(settings), capture_output=True, text=True,
        check=False,
    )  # fmt: skip


# --- words

ALERT: Final[Mapping[str, Any]] = {
    "status": "firing",
    "labels": {"alertname": "ConsumerLagging", "severity": "warning", "component": "agents", "agent": "audit"},
    "annotations": {
        "summary": "The agent audit is 2m 0s behind",
        "description": "So old is the oldest record.",
        "runbook_url": "https://docs.example.org/ConsumerLagging.md",
        "dashboard_url": "https://grafana.example.org/d/tasksys-lag",
    },
    "startsAt": "2026-03-01T10:00:00Z",
    "endsAt": "2026-03-01T10:05:00Z",
    "generatorURL": "https://prometheus.example.org/graph",
}


def group(*alerts: Mapping[str, Any], status: str = "firing", **grouped: str) -> dict[str, Any]:
    """A group of alerts as Alertmanager hands it to templates."""
    common = dict(set.intersection(*(set(alert["labels"].items()) for alert in alerts)))
    notes = dict(set.intersection(*(set(alert["annotations"].items()) for alert in alerts)))
    return {
        "receiver": "chat",
        "status": status,
        "alerts": list(alerts),
        "groupLabels": grouped or {"cluster": "home", "alertname": "ConsumerLagging"},
        "commonLabels": {**common, "cluster": "home"},
        "commonAnnotations": notes,
        "externalURL": "https://alerts.example.org",
    }


def said(template: str, data: Mapping[str, Any], tmp_path: Path, kind: str = "text") -> str:
    """What a template makes of a group, by the real amtool."""
    path = tmp_path / "data.json"
    path.write_text(json.dumps(data))
    done = amtool(
        "template", "render", f"--template.glob={ALERTMANAGER}/templates/*.tmpl", f"--template.type={kind}",
        f"--template.data={path}", f'--template.text={{{{ template "{template}" . }}}}',
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.rstrip("\n")


def with_agent(agent: str) -> dict[str, Any]:
    """The alert, of another agent."""
    return {
        **ALERT,
        "labels": {**ALERT["labels"], "agent": agent},
        "annotations": {**ALERT["annotations"], "summary": f"The agent {agent} is behind"},
    }


def test_titles(tmp_path: Path) -> None:
    """How urgent, what, how many, where; or that it is over."""
    title = "tasksys.title"
    assert said(title, group(ALERT), tmp_path) == "WARNING ConsumerLagging: The agent audit is 2m 0s behind [home]"
    two = group(with_agent("audit"), with_agent("commands"))
    assert said(title, two, tmp_path) == "WARNING ConsumerLagging (2) [home]"
    over = group({**ALERT, "status": "resolved"}, status="resolved")
    assert said(title, over, tmp_path) == "RESOLVED ConsumerLagging: The agent audit is 2m 0s behind [home]"
    mixed = group(
        ALERT,
        {**ALERT, "labels": {**ALERT["labels"], "alertname": "AgentNotReady"}},
        cluster="home",
        component="agents",
    )
    assert said(title, mixed, tmp_path) == "WARNING agents (2): The agent audit is 2m 0s behind [home]"


def test_slack(tmp_path: Path) -> None:
    """Summary, description, runbook, dashboard, query, silence; ten of many; a path where runbooks have no address."""
    text = said("tasksys.slack.text", group(ALERT), tmp_path)
    assert text == (
        "*The agent audit is 2m 0s behind*\n"
        "So old is the oldest record.\n"
        "<https://docs.example.org/ConsumerLagging.md|What to do> · "
        "<https://grafana.example.org/d/tasksys-lag|Dashboard> · <https://prometheus.example.org/graph|Query>\n"
        "<https://alerts.example.org/#/silences/new?filter=%7Balertname%3D%22ConsumerLagging%22%2Cagent%3D%22audit%22"
        "%2Ccluster%3D%22home%22%2Ccomponent%3D%22agents%22%2Cseverity%3D%22warning%22%7D|Silence it>"
    )
    many = said("tasksys.slack.text", group(*(with_agent(f"a{number}") for number in range(12))), tmp_path)
    assert many.count("So old is the oldest record.") == 10
    assert "… and others: 12 altogether." in many
    bare = {**ALERT, "annotations": {**ALERT["annotations"], "runbook_url": "monitoring/docs/runbooks/X.md"}}
    assert "What to do: monitoring/docs/runbooks/X.md" in said("tasksys.slack.text", group(bare), tmp_path)
    over = said("tasksys.slack.text", group({**ALERT, "status": "resolved"}, status="resolved"), tmp_path)
    assert over == "Over: The agent audit is 2m 0s behind"
    colour = "tasksys.slack.color"
    assert said(colour, group(ALERT), tmp_path) == "warning"
    assert said(colour, group({**ALERT, "labels": {**ALERT["labels"], "severity": "critical"}}), tmp_path) == "danger"
    assert said(colour, group(ALERT, status="resolved"), tmp_path) == "good"


def test_mails(tmp_path: Path) -> None:
    """The same as text and as HTML, where what alerts say cannot become markup; over is over."""
    bold = {**ALERT, "annotations": {**ALERT["annotations"], "summary": "<b>bold</b>"}}
    html = said("tasksys.email.html", group(bold), tmp_path, "html")
    assert "<b>" not in html
    assert "&lt;b&gt;bold&lt;/b&gt;" in html
    assert 'href="https://docs.example.org/ConsumerLagging.md"' in html
    assert "2026-03-01 10:00:00 UTC" in html
    text = said("tasksys.email.text", group(ALERT), tmp_path)
    assert "What to do: https://docs.example.org/ConsumerLagging.md\n" in text
    assert "Silence it: https://alerts.example.org/#/silences/new?filter=" in text
    over = said("tasksys.email.text", group({**ALERT, "status": "resolved"}, status="resolved"), tmp_path)
    assert "Over: The agent audit is 2m 0s behind" in over
    assert "Silence it" not in over


def test_pagerduty(tmp_path: Path) -> None:
    """Its own severities, and what to do in the details."""
    severity = "tasksys.pagerduty.severity"
    for ours, theirs in (("critical", "critical"), ("warning", "warning"), ("info", "info"), ("strange", "info")):
        data = group({**ALERT, "labels": {**ALERT["labels"], "severity": ours}})
        assert said(severity, data, tmp_path) == theirs
    assert "What to do: https://docs.example.org/ConsumerLagging.md" in said(
        "tasksys.pagerduty.summary", group(ALERT), tmp_path
    )


def test_the_hurried_clock_leaves_routes_alone() -> None:
    """What tests run differs from what is deployed by durations only."""
    hurry = yaml.safe_load(hurried(alerting.SOURCE.read_text(), 20))
    assert hurry["route"]["group_wait"] == "1500ms"
    assert hurry["route"]["repeat_interval"] == "720000ms"
    assert hurry["inhibit_rules"] == CONFIGURATION["inhibit_rules"]
    assert hurry["receivers"] == CONFIGURATION["receivers"]
    assert hurry["time_intervals"] == CONFIGURATION["time_intervals"]
