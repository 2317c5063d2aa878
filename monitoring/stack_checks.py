"""What is asked of each component of a deployment, for `monitoring.verify`: each raises NotYet, or all is well.

Only the standard library is used.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

ADDRESSES: Final[Mapping[str, str]] = {
    "tasksys": "http://127.0.0.1:3001",
    "lag-exporter": "http://127.0.0.1:3102",
    "prometheus": "http://127.0.0.1:9090",
    "alertmanager": "http://127.0.0.1:9093",
    "grafana": "http://127.0.0.1:3000",
    "loki": "http://127.0.0.1:3100",
    "jaeger": "http://127.0.0.1:16686",
    "telegraf": "http://127.0.0.1:9273",
    "node-exporter": "http://127.0.0.1:9100",
}
"""Where each component is, as docker-compose.yml publishes it."""

HEALTH: Final[Mapping[str, str]] = {
    "tasksys": "/ready",
    "lag-exporter": "/health",
    "prometheus": "/-/ready",
    "alertmanager": "/-/ready",
    "grafana": "/api/health",
    "loki": "/ready",
    "jaeger": "/",
    "telegraf": "/metrics",
    "node-exporter": "/metrics",
}
"""The address by which each says itself whether it works."""

JOBS: Final[Mapping[str, str]] = {
    "tasksys": "tasksys",
    "lag-exporter": "tasksys-lag",
    "prometheus": "prometheus",
    "alertmanager": "alertmanager",
    "grafana": "grafana",
    "loki": "loki",
    "jaeger": "jaeger",
    "telegraf": "telegraf",
    "node-exporter": "node",
}
"""The job by which Prometheus scrapes each."""

ASK_SECONDS: Final = 5.0
LOOK_BACK_SECONDS: Final = 3600


class NotYet(Exception):
    """What is not so yet, in words."""


@dataclass
class Stack:
    """A deployment, and how it is asked."""

    addresses: Mapping[str, str]
    token: str = ""
    password: str = ""
    started: float = field(default_factory=time.time)
    trace: str = field(default_factory=lambda: secrets.token_hex(16))
    """The id of the trace that is looked for."""

    def ask(self, component: str, path: str, headers: Mapping[str, str] | None = None, **query: str) -> bytes:
        """The body of an answer 200. Raises NotYet with what came instead."""
        url = self.addresses[component] + path + (f"?{urllib.parse.urlencode(query)}" if query else "")
        request = urllib.request.Request(url, headers=dict(headers or {}))  # noqa: S310 - addresses are the operator's
        try:
            with urllib.request.urlopen(request, timeout=ASK_SECONDS) as answer:  # noqa: S310
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            said = error.read(300).decode(errors="replace").strip()
            raise NotYet(f"{url} answers {error.code}: {said}") from error
        except (OSError, ValueError) as error:
            raise NotYet(f"{url} does not answer: {error}") from error

    def ask_json(self, component: str, path: str, headers: Mapping[str, str] | None = None, **query: str) -> Any:
        """The same as JSON."""
        body = self.ask(component, path, headers, **query)
        try:
            return json.loads(body)
        except ValueError as error:
            raise NotYet(f"{component} answers what is no JSON: {body[:100]!r}") from error

    def query(self, promql: str) -> list[Any]:
        """The samples of an instant query. Raises NotYet."""
        told = self.ask_json("prometheus", "/api/v1/query", query=promql)
        return list(at(told, "data", "result"))

    def send(self) -> None:
        """One request to tasksys whose trace is sampled. Any answer of tasksys will do."""
        headers = {"traceparent": f"00-{self.trace}-{secrets.token_hex(8)}-01", "X-Request-Id": f"verify-{self.trace}"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        try:
            self.ask("tasksys", "/api/v1/workspaces", headers)
        except NotYet as error:
            if not isinstance(error.__cause__, urllib.error.HTTPError) or error.__cause__.code >= 500:
                raise


def at(told: Any, *names: str | int) -> Any:
    """What is in an answer under those names. Raises NotYet."""
    for name in names:
        try:
            told = told[name]
        except (LookupError, TypeError) as error:
            raise NotYet(f"the answer has no {name!r}: {json.dumps(told)[:200]}") from error
    return told


def healthy(stack: Stack, component: str) -> None:
    """It says so itself."""
    body = stack.ask(component, HEALTH[component])
    if component == "grafana" and at(json.loads(body or b"{}"), "database") != "ok":
        raise NotYet(f"Grafana's database is not well: {body[:100]!r}")


def password(stack: Stack) -> None:
    """The generated password opens Grafana, and nothing opens without one."""
    encoded = base64.b64encode(f"admin:{stack.password}".encode()).decode()
    found = stack.ask_json("grafana", "/api/datasources", {"Authorization": f"Basic {encoded}"})
    kinds = {str(at(one, "type")) for one in found}
    if missing := {"prometheus", "loki", "jaeger"} & set(stack.addresses) - kinds:
        raise NotYet(f"Grafana has no data source for {', '.join(sorted(missing))}")
    try:
        stack.ask("grafana", "/api/datasources")
    except NotYet:
        return
    raise NotYet("Grafana answers those who have no password")


def targets(stack: Stack) -> None:
    """Prometheus scrapes every component that there is."""
    active = at(stack.ask_json("prometheus", "/api/v1/targets", state="active"), "data", "activeTargets")
    for component, job in JOBS.items():
        if component not in stack.addresses:
            continue
        found = [one for one in active if at(one, "labels", "job") == job]
        if not found:
            raise NotYet(f"Prometheus has no target of job {job}")
        for one in found:
            if at(one, "health") != "up":
                where, why = one.get("scrapeUrl", "?"), one.get("lastError", "")
                raise NotYet(f"Prometheus cannot scrape {job} at {where}: {why or 'not scraped yet'}")


def rules(stack: Stack) -> None:
    """Rules are loaded, and each of them could be evaluated."""
    groups = at(stack.ask_json("prometheus", "/api/v1/rules"), "data", "groups")
    loaded = [rule for group in groups for rule in at(group, "rules")]
    if not loaded:
        raise NotYet("Prometheus has no rules")
    for rule in loaded:
        if rule.get("health") == "err":
            raise NotYet(f"the rule {rule.get('name')} fails: {rule.get('lastError')}")


def series(stack: Stack) -> None:
    """Samples of tasksys that are younger than this check."""
    found = stack.query('max(timestamp(tasksys_build_info{job="tasksys"}))')
    if not found:
        raise NotYet("Prometheus has no series tasksys_build_info of job tasksys")
    age = time.time() - float(at(found, 0, "value", 1))
    if age > time.time() - stack.started:
        raise NotYet(f"the newest sample of tasksys is {age:.0f} s old, from before this check")
    if not stack.query('{__name__=~"tasksys_consumer_lag_records|tasksys_agent_ready",job="tasksys"}'):
        raise NotYet("tasksys is scraped, but says nothing of its agents")


def group_lag(stack: Stack) -> None:
    """The broker's side, by way of the lag exporter: groups that have committed nothing yet have no lag to tell."""
    if not stack.query('tasksys_topic_end_offset{job="tasksys-lag"}'):
        raise NotYet("Prometheus has heard nothing of the brokers from the lag exporter")


def alert(stack: Stack) -> None:
    """The alert that always fires has come all the way to Alertmanager."""
    found = stack.ask_json("alertmanager", "/api/v2/alerts", filter='alertname="Watchdog"')
    if not found:
        raise NotYet("the alert Watchdog, which always fires, has not reached Alertmanager")


def log_line(stack: Stack) -> None:
    """The line of the request that was sent, with its labels. Where nothing is traced, any line will do."""
    now = time.time()
    wanted = f' |= "{stack.trace}"' if "jaeger" in stack.addresses else ""
    told = stack.ask_json(
        "loki",
        "/loki/api/v1/query_range",
        query=f'{{service="tasksys"}}{wanted}',
        start=f"{(now - LOOK_BACK_SECONDS) * 1e9:.0f}",
        end=f"{(now + 60) * 1e9:.0f}",
        limit="10",
    )
    found = at(told, "data", "result")
    if not found:
        raise NotYet(f"Loki has no line of tasksys{wanted and f' that names the trace {stack.trace}'}")
    labels = at(found, 0, "stream")
    if missing := [name for name in ("service", "level") if not labels.get(name)]:
        raise NotYet(f"the line has no label {', '.join(missing)}: {labels}")


def trace(stack: Stack) -> None:
    """The spans of the request that was sent."""
    told = stack.ask_json("jaeger", f"/api/traces/{stack.trace}")
    found = at(told, "data")
    if not found or not at(found, 0, "spans"):
        raise NotYet(f"Jaeger has no spans of the trace {stack.trace}")
    names = {str(one.get("serviceName")) for one in at(found, 0, "processes").values()}
    if "tasksys" not in names:
        raise NotYet(f"the spans are of {', '.join(sorted(names))}, not of tasksys")
