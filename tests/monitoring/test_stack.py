"""The real Prometheus and Alertmanager watch a real system on a real broker, and tell who has to know, in good words.

Time goes 15 times as fast for them: a minute in production is four seconds here, and each second is time for a scrape.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.support import kafka_broker
from tests.support.monitoring.promql import OTHERS, TARGET, named_by_rules
from tests.support.monitoring.receivers import Inbox
from tests.support.monitoring.stack import DASHBOARDS, PROMETHEUS, RUNBOOKS, Stack
from tests.support.monitoring.system import System
from tests.support.monitoring.tools import INSTALL, tool
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(400)  # 15 s to start all of it on an idle machine, a minute and more on a busy one

RELEASES: Final = [
    pytest.param(False, id="distribution's"),
    pytest.param(True, id="today's", marks=pytest.mark.monitoring),
]
QUIET: Final = {"Watchdog", "TargetAbsent", "HostClockWrong"}
"""What fires though all is well: components that are not there in tests, and virtual machines' clocks."""


@dataclass(frozen=True)
class Watched:
    """A system and who watches it."""

    system: System
    stack: Stack
    inbox: Inbox

    def until(self, condition: Callable[[], Any], what: str) -> None:
        """Waits, and says what was told meanwhile if it waited in vain: a busy machine has other alerts, too."""
        try:
            wait_until(condition, what, 120)
        except AssertionError as error:
            alerts = [(alert["labels"], alert["status"]) for alert in self.stack.alerts()]
            raise AssertionError(f"{error}\ntold: {self.inbox.titles()}\nalerts: {alerts}") from error


@pytest.fixture(scope="module", params=RELEASES)
def watched(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Everything, well. A test leaves it so."""
    subprocess.run([str(INSTALL)], check=True)
    kafka_broker.install()
    directory = tmp_path_factory.mktemp("watched")
    with ExitStack() as running:
        system = running.enter_context(System.running(directory / "system"))
        inbox = running.enter_context(Inbox.listening())
        stack = running.enter_context(
            Stack(directory / "stack", system.targets, inbox=inbox, host=True, newer=request.param)
        )
        system.work()
        stack.scraped()
        yield Watched(system, stack, inbox)


@pytest.mark.kafka
def test_what_rules_name_of_others_is_there(watched: Watched) -> None:
    """Metrics of Prometheus, Alertmanager and the host, with the labels that rules rely on."""
    named = named_by_rules() & OTHERS.keys() - {"ALERTS"}
    if not watched.inbox.slack:  # those come with the first notification
        named = {name for name in named if not name.startswith("alertmanager_notifications")}

    def lacking() -> list[str]:
        found = {name: watched.stack.query(name) for name in named}
        there = {name for name, got in found.items() if got and OTHERS[name] - TARGET <= set(got[0].labels)}
        return sorted(named - there)

    wait_until(lambda: not lacking(), f"what there is not of others, as {lacking()}")


@pytest.mark.kafka
def test_a_worker_dies_and_comes_back(watched: Watched) -> None:
    """Its absence and the lag are told, in Slack, by mail and to PagerDuty; what follows of it is held back; all of it
    is over when it is back, but for the record that it cannot read."""
    system, stack, inbox = watched.system, watched.stack, watched.inbox
    watched.until(lambda: told_of(stack) >= {"commands", "audit"}, "the brokers know how far agents are")
    watched.until(lambda: lag(stack) == {0.0} and stack.firing() <= QUIET, "all is well")
    inbox.slack.clear()
    system.server.kill()
    system.poison()

    watched.until(lambda: inbox.titled("CRITICAL TasksysDown"), "the absence is told")
    watched.until(lambda: inbox.titled("WARNING ConsumerLagging"), "the lag is told")
    told = inbox.titled("CRITICAL TasksysDown")[0]
    assert told["title"] == "CRITICAL TasksysDown: No tasksys serve answers [tasksys]"
    assert told["color"] == "danger"
    lines = told["text"].splitlines()
    assert lines[0] == "*No tasksys serve answers*"
    assert lines[2].startswith(
        f"<{RUNBOOKS}/TasksysDown.md|What to do> · <{DASHBOARDS}/d/tasksys-overview|Dashboard> · <"
    )
    assert lines[3].startswith(f"<{stack.alertmanager_url}/#/silences/new?filter=%7Balertname%3D%22TasksysDown%22")
    behind = inbox.titled("WARNING ConsumerLagging")[0]
    assert behind["title"].startswith("WARNING ConsumerLagging")
    assert "*The agent commands is " in behind["text"]
    assert "s behind*\nSo old is the oldest record that it has not folded.\n" in behind["text"]
    assert "runbooks" not in stack.alerts("TasksysDown")[0]["labels"]

    watched.until(lambda: inbox.pagerduty, "PagerDuty is called")
    call = inbox.pagerduty[0]
    assert call["event_action"] == "trigger"
    assert call["payload"]["severity"] == "critical"
    assert call["payload"]["summary"] == "CRITICAL TasksysDown: No tasksys serve answers [tasksys]"
    assert f"{RUNBOOKS}/TasksysDown.md" in call["payload"]["custom_details"]["summary"]
    watched.until(lambda: mailed(inbox, "CRITICAL TasksysDown"), "a mail")
    mail = mailed(inbox, "CRITICAL TasksysDown")[0]
    assert mail["To"] == "olga@example.org"
    assert f"What to do: {RUNBOOKS}/TasksysDown.md" in mail.get_body(("plain",)).get_content()
    assert f'href="{RUNBOOKS}/TasksysDown.md"' in mail.get_body(("html",)).get_content()

    watched.until(lambda: held_back(stack, "WorkerDown"), "what follows of it is held back")
    watched.until(lambda: held_back(stack, "GroupWithoutMembers"), "that its groups are empty is held back, too")

    system.server.start()
    watched.until(lambda: inbox.titled("RESOLVED TasksysDown"), "it is over")
    watched.until(lambda: inbox.titled("RESOLVED ConsumerLagging"), "the lag is gone")
    watched.until(
        lambda: [call for call in inbox.pagerduty if call["event_action"] == "resolve"], "PagerDuty hears of it"
    )
    assert inbox.titled("RESOLVED TasksysDown")[0]["color"] == "good"

    watched.until(lambda: inbox.titled("WARNING DeadLettersWaiting"), "the dead letter is told")
    letter = inbox.titled("WARNING DeadLettersWaiting")[0]
    assert letter["title"] == "WARNING DeadLettersWaiting: Dead letters wait for an operator: 1 [tasksys]"
    assert not inbox.titled("WorkerDown")
    assert not inbox.titled("GroupWithoutMembers")
    assert not inbox.titled("TargetDown")


@pytest.mark.kafka
def test_what_is_known_is_silenced(watched: Watched) -> None:
    """With amtool, as the guide has it, and until it is expired."""
    stack = watched.stack
    watched.system.poison()
    watched.until(lambda: stack.alerts("DeadLettersWaiting"), "there is an alert")
    silence = amtool(
        stack, "silence", "add", "alertname=DeadLettersWaiting", "--duration=1h", "--author=olga", "--comment=known"
    ).strip()
    watched.until(lambda: status(stack, "DeadLettersWaiting")["silencedBy"] == [silence], "it is silenced")
    assert "known" in amtool(stack, "silence", "query", "alertname=DeadLettersWaiting")
    amtool(stack, "silence", "expire", silence)
    watched.until(lambda: status(stack, "DeadLettersWaiting")["silencedBy"] == [], "it is not any more")


@pytest.mark.kafka
@pytest.mark.monitoring
def test_the_broker_dies_and_comes_back(watched: Watched) -> None:
    """One message says so; agents that wait for it, requests that fail and lag are held back."""
    system, stack, inbox = watched.system, watched.stack, watched.inbox
    before = len(inbox.slack)
    system.broker.kill()
    watched.until(lambda: inbox.titled("CRITICAL BrokerDown"), "the outage is told")
    watched.until(lambda: held_back(stack, "BrokerUnreachable"), "each process's own view is held back")
    watched.until(lambda: held_back(stack, "AgentNotReady"), "agents that are not ready are held back")
    system.broker.start()
    watched.until(lambda: not stack.alerts("BrokerDown"), "it is over")
    watched.until(system.server.ready, "the server is well again")
    titles = [title for title in inbox.titles()[before:] if not title.startswith("RESOLVED")]
    told = next(number for number, title in enumerate(titles) if "BrokerDown" in title)  # one process noticed first
    assert not [title for title in titles[told:] if "BrokerUnreachable" in title or "AgentNotReady" in title], titles


@pytest.mark.kafka
@pytest.mark.monitoring
def test_a_new_rule_is_read_without_a_restart(watched: Watched) -> None:
    """As the guide has it; a broken one is refused, and told."""
    stack = watched.stack
    path = stack.directory / "prometheus/rules/own.yml"
    path.write_text("groups: [{name: own, rules: [{alert: Own, expr: vector(1)}]}]\n")
    stack.reload()
    watched.until(lambda: "Own" in stack.firing(), "the new rule")
    path.write_text("groups: [{name: own, rules: [{alert: Own, expr: vector(}]}]\n")
    with pytest.raises(OSError, match="500"):
        stack.reload()
    watched.until(lambda: "PrometheusConfigUnread" in stack.firing(), "it is told")
    path.unlink()
    stack.reload()
    watched.until(lambda: "PrometheusConfigUnread" not in stack.firing(), "it is over")


def test_pods_of_a_cluster_become_targets_by_their_labels(tmp_path: Path) -> None:
    """The real Prometheus makes jobs, instances and addresses of what Kubernetes would tell it; others are left out."""
    subprocess.run([str(INSTALL)], check=True)
    pods = [
        pod("tasksys-0", "tasksys", "3101", ip="127.0.0.11"),
        pod("lag-1", "tasksys", "3102", ip="127.0.0.12", component="lag-exporter"),
        pod("loki-0", "loki", "3100", ip="127.0.0.13", path="/loki/metrics"),
        pod("done", "tasksys", "3101", ip="127.0.0.14", phase="Succeeded"),
        pod("other", "other", "80", ip="127.0.0.15", scrape="false"),
    ]
    (tmp_path / "pods.yml").write_text(yaml.safe_dump([{"targets": ["unset:1"], "labels": labels} for labels in pods]))
    written = yaml.safe_load((PROMETHEUS / "prometheus-kubernetes.yml").read_text())
    del written["rule_files"], written["alerting"]
    (job,) = written["scrape_configs"]
    del job["kubernetes_sd_configs"]
    job["file_sd_configs"] = [{"files": [str(tmp_path / "pods.yml")]}]
    stack = Stack(tmp_path, {})
    (tmp_path / "prometheus").mkdir()
    (tmp_path / "prometheus/prometheus.yml").write_text(yaml.safe_dump(written))
    with stack.prometheus:
        found = wait_until(stack.targets_found, "targets")
    assert sorted(found) == [
        ("loki", "loki-0", "http://127.0.0.13:3100/loki/metrics"),
        ("tasksys", "tasksys-0", "http://127.0.0.11:3101/metrics"),
        ("tasksys-lag", "lag-1", "http://127.0.0.12:3102/metrics"),
    ]


def pod(name: str, app: str, port: str, *, ip: str, component: str = "", path: str = "", **more: str) -> dict[str, str]:
    """What Kubernetes' discovery says of a pod."""
    meta = {
        "pod_name": name,
        "pod_ip": ip,
        "pod_phase": more.get("phase", "Running"),
        "pod_container_init": "false",
        "pod_node_name": "node-1",
        "pod_label_app_kubernetes_io_name": app,
        "pod_label_app_kubernetes_io_component": component,
        "pod_annotation_prometheus_io_scrape": more.get("scrape", "true"),
        "pod_annotation_prometheus_io_port": port,
        "pod_annotation_prometheus_io_path": path,
    }
    return {f"__meta_kubernetes_{key}": value for key, value in meta.items() if value}


def told_of(stack: Stack) -> set[str]:
    """The agents of whose groups the brokers know something."""
    found = stack.query('tasksys_group_lag_seconds{job="tasksys-lag"}')
    return {sample.labels["group"].removeprefix("tasksys-") for sample in found}


def lag(stack: Stack) -> set[float]:
    """The lags of the agents, in seconds."""
    return {sample.value for sample in stack.query("agent:tasksys_lag_seconds:max")}


def mailed(inbox: Inbox, part: str) -> list[Any]:
    """Mails with that in their subject."""
    return [mail for mail in inbox.mails if part in mail["Subject"]]


def status(stack: Stack, name: str) -> dict[str, Any]:
    """What Alertmanager does about an alert."""
    found = stack.alerts(name)
    return dict(found[0]["status"]) if found else {"silencedBy": None, "inhibitedBy": None}


def held_back(stack: Stack, name: str) -> bool:
    """Whether there is such an alert, and all of them are inhibited."""
    found = stack.alerts(name)
    return bool(found) and all(alert["status"]["inhibitedBy"] for alert in found)


def amtool(stack: Stack, *arguments: str) -> str:
    """What amtool says."""
    command = [str(tool("amtool")), f"--alertmanager.url={stack.alertmanager_url}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
