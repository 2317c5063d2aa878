"""The monitoring stack as it runs: real Prometheus, Alertmanager and node exporter, with the repository's own files.

    with Inbox.listening() as inbox, Stack(tmp_path, {"tasksys": [metrics_address]}, inbox=inbox) as stack:
        stack.query('up{job="tasksys"}')

Only addresses are others than in production, and time: it runs `faster` times as fast. Intervals, windows, `for:` and
waits of Alertmanager are divided by that number, so a window holds as many samples as in production. A scrape may take
the whole interval, and ages that alerts compare with are divided by AGES only: programs are not faster than they are,
and the brokers are asked every ten seconds.
"""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import yaml

from monitoring import alerting
from tests.support.monitoring.programs import Program, fetched
from tests.support.monitoring.receivers import Inbox
from tests.support.monitoring.tools import ROOT, tool
from tests.support.ports import HOST, free_ports
from tests.support.waiting import wait_until

PROMETHEUS: Final = ROOT / "monitoring/prometheus"
ALERTMANAGER: Final = ROOT / "monitoring/alertmanager"

RUNBOOKS: Final = "https://runbooks.test"
DASHBOARDS: Final = "https://grafana.test"

FLAGS: Final = ("--storage.tsdb.retention.time=30d", "--web.enable-lifecycle")
"""Prometheus' flags in production, as monitoring/docs/prometheus.md has them."""

_UNITS: Final = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION: Final = re.compile(
    r"""(?P<before>\[|:\ |offset\ )(?P<number>\d+)(?P<unit>ms|s|m|h|d)(?=\]|\n|$|\))""", re.VERBOSE
)
_AGE: Final = re.compile(r"(?P<before>(?:lag_seconds:max|overdue_seconds\)) > )(?P<number>\d+)")


@dataclass(frozen=True)
class Sample:
    """One series of an answer and its value."""

    labels: Mapping[str, str]
    value: float


AGES: Final = 4.0


def hurried(text: str, faster: float) -> str:
    """A configuration or rules, with all durations divided by that number, and ages that are compared by AGES."""

    def shorter(found: re.Match[str]) -> str:
        milliseconds = max(1, round(int(found["number"]) * _UNITS[found["unit"]] / faster))
        return f"{found['before']}{milliseconds}ms"

    text = _DURATION.sub(shorter, text)
    return _AGE.sub(lambda found: f"{found['before']}{int(found['number']) / AGES:g}", text)


class Stack:
    """Prometheus and Alertmanager, and with `host` the node exporter; what they scrape is given as job and addresses.

    Jobs of the configuration that have no addresses here are left out; those of its own programs are known. With an
    inbox all receivers are set, to it. `newer` takes today's releases. The methods block.
    """

    def __init__(
        self,
        directory: Path,
        targets: Mapping[str, Sequence[str]],
        *,
        inbox: Inbox | None = None,
        faster: float = 15.0,
        host: bool = False,
        newer: bool = False,
    ) -> None:
        self.directory = directory
        ports = free_ports(3)
        self.url, self.alertmanager_url, self.node_url = (f"http://{HOST}:{port}" for port in ports)
        self._addresses = [f"{HOST}:{port}" for port in ports]
        own = {"prometheus": [self._addresses[0]], "alertmanager": [self._addresses[1]]}
        self.targets: dict[str, Sequence[str]] = {**own, **targets}
        if host:
            self.targets["node"] = [self._addresses[2]]
        self._inbox = inbox
        self._faster = faster
        self._running = ExitStack()
        prometheus, alertmanager = self._addresses[0], self._addresses[1]
        self.prometheus = Program(
            "prometheus",
            [
                str(tool("prometheus", newer)), "--config.file=prometheus.yml", "--storage.tsdb.path=data", *FLAGS,
                f"--web.listen-address={prometheus}", f"--web.external-url={self.url}",
                f"--rules.alert.resend-delay={round(60_000 / faster)}ms",
                "--enable-feature=exemplar-storage,expand-external-labels",
            ],
            directory / "prometheus",
            f"{self.url}/-/ready",
            {"TASKSYS_RUNBOOKS_URL": RUNBOOKS, "TASKSYS_DASHBOARDS_URL": DASHBOARDS},
        )  # fmt: skip
        self.alertmanager = Program(
            "alertmanager",
            [
                str(tool("alertmanager", newer)), "--config.file=alertmanager.yml", "--storage.path=data",
                f"--web.listen-address={alertmanager}", f"--web.external-url={self.alertmanager_url}",
                "--cluster.listen-address=",
            ],
            directory / "alertmanager",
            f"{self.alertmanager_url}/-/ready",
        )  # fmt: skip
        self.node_exporter = Program(
            "node_exporter",
            [str(tool("node_exporter")), f"--web.listen-address={self._addresses[2]}"],
            directory / "node",
            f"{self.node_url}/metrics",
        )

    # --- coming and going

    def __enter__(self) -> Self:
        self._write_alertmanager()
        self._write_prometheus()
        with ExitStack() as starting:
            if "node" in self.targets:
                starting.enter_context(self.node_exporter)
            starting.enter_context(self.alertmanager)
            starting.enter_context(self.prometheus)
            # Prometheus looks at what there is to scrape, and at where Alertmanager is, five seconds after its start at
            # the soonest, which is nothing in production and long on our clock: rules come after that.
            wanted = sum(len(addresses) for addresses in self.targets.values())
            wait_until(lambda: len(self.targets_found()) == wanted, "targets")
            wait_until(lambda: len(self.query("up")) == wanted, "a first scrape of each target")
            wait_until(
                lambda: self.query("prometheus_notifications_alertmanagers_discovered > 0"), "Alertmanager is known"
            )
            self._write_rules()
            self.reload()
            self._running = starting.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def _write_rules(self) -> None:
        directory = self.directory / "prometheus/rules"
        directory.mkdir(exist_ok=True)
        for path in sorted((PROMETHEUS / "rules").glob("*.yml")):
            (directory / path.name).write_text(hurried(path.read_text(), self._faster))

    def _write_prometheus(self) -> None:
        directory = self.directory / "prometheus"
        directory.mkdir(parents=True, exist_ok=True)
        written = yaml.safe_load(hurried((PROMETHEUS / "prometheus.yml").read_text(), self._faster))
        written["global"]["scrape_timeout"] = written["global"]["scrape_interval"]
        kept = [job for job in written["scrape_configs"] if job["job_name"] in self.targets]
        for job in kept:
            job.pop("file_sd_configs", None)
            job["static_configs"] = [{"targets": list(self.targets[job["job_name"]])}]
        written["scrape_configs"] = kept
        written["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": [self._addresses[1]]}]}]
        (directory / "prometheus.yml").write_text(yaml.safe_dump(written, sort_keys=False))

    def _write_alertmanager(self) -> None:
        directory = self.directory / "alertmanager"
        secrets, templates = directory / "secrets", directory / "templates"
        for folder in (secrets, templates):
            folder.mkdir(parents=True, exist_ok=True)
        for path in (ALERTMANAGER / "templates").glob("*.tmpl"):
            (templates / path.name).write_text(path.read_text())
        settings: dict[str, str] = {}
        if self._inbox is not None:
            (secrets / "slack_url").write_text(f"{self._inbox.web}/slack")
            (secrets / "pagerduty_key").write_text("0" * 32)
            settings = {
                "TASKSYS_ALERT_SMTP": self._inbox.smtp,
                "TASKSYS_ALERT_EMAIL_TO": "olga@example.org",
                "TASKSYS_ALERT_SMTP_TLS": "off",
                "TASKSYS_ALERT_PAGERDUTY_URL": f"{self._inbox.web}/v2/enqueue",
            }
        written = alerting.render(settings, alerting.present(secrets, settings), str(secrets))
        (directory / "alertmanager.yml").write_text(hurried(written, self._faster))

    # --- asking

    def query(self, expression: str) -> list[Sample]:
        """The answer of an instant query, now. OSError if the expression cannot be evaluated."""
        found = self._asked("query", query=expression)
        if found["resultType"] == "scalar":
            return [Sample({}, float(found["result"][1]))]
        return [Sample(series["metric"], float(series["value"][1])) for series in found["result"]]

    def query_range(self, expression: str, seconds: float = 60.0, step: float = 1.0) -> list[dict[str, Any]]:
        """Series with their `values` in the last so many seconds, as Prometheus' API has them."""
        end = self.query("time()")[0].value
        found = self._asked("query_range", query=expression, start=end - seconds, end=end, step=step)
        return list(found["result"])

    def exemplars(self, expression: str, seconds: float = 600.0) -> list[dict[str, Any]]:
        """Series with their `exemplars`, as Prometheus' API has them."""
        end = self.query("time()")[0].value
        return list(self._asked("query_exemplars", query=expression, start=end - seconds, end=end))

    def _asked(self, what: str, **given: Any) -> Any:
        answer = fetched(f"{self.url}/api/v1/{what}?{urllib.parse.urlencode(given)}")
        return json.loads(answer)["data"]

    def firing(self) -> set[str]:
        """The names of alerts that fire, by Prometheus."""
        return {sample.labels["alertname"] for sample in self.query('ALERTS{alertstate="firing"}')}

    def alerts(self, name: str = "") -> list[dict[str, Any]]:
        """Alertmanager's alerts, with `status` (silenced and inhibited by what); of one name, or all."""
        found = json.loads(fetched(f"{self.alertmanager_url}/api/v2/alerts"))
        return [alert for alert in found if name in ("", alert["labels"]["alertname"])]

    def scraped(self, *jobs: str) -> None:
        """Waits until targets of these jobs, or of all, have been scraped."""
        wanted = set(jobs) or set(self.targets)
        wait_until(
            lambda: wanted <= {sample.labels["job"] for sample in self.query("up == 1")},
            f"scrapes of {', '.join(sorted(wanted))}",
        )

    def targets_found(self) -> list[tuple[str, str, str]]:
        """Job, instance and address of each target."""
        found = json.loads(fetched(f"{self.url}/api/v1/targets"))["data"]["activeTargets"]
        return [(target["labels"]["job"], target["labels"]["instance"], target["scrapeUrl"]) for target in found]

    def reload(self) -> None:
        """Lets Prometheus read its files again. HTTPError with 500 if it cannot."""
        fetched(f"{self.url}/-/reload", post={})
