"""Whether a deployment of the monitoring stack really works: `python3 monitoring/verify.py --help`.

Each component is asked by its own means, and then what it is there for: series of tasksys that are younger than this
check, an alert that went through Prometheus to Alertmanager, the log line and the trace of one request that is sent for
it. Only the standard library is used, for it runs where nothing else is installed.
"""

from __future__ import annotations

import argparse
import base64
import json
import secrets
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
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
PAUSE_SECONDS: Final = 1.0
LOOK_BACK_SECONDS: Final = 3600


class NotYet(Exception):
    """What is not so yet, in words."""


@dataclass
class Stack:
    """A deployment, and what is asked of it."""

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
        return list(_at(told, "data", "result"))

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


def _at(told: Any, *names: str | int) -> Any:
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
    if component == "grafana" and _at(json.loads(body or b"{}"), "database") != "ok":
        raise NotYet(f"Grafana's database is not well: {body[:100]!r}")


def password(stack: Stack) -> None:
    """The generated password opens Grafana, and nothing opens without one."""
    encoded = base64.b64encode(f"admin:{stack.password}".encode()).decode()
    found = stack.ask_json("grafana", "/api/datasources", {"Authorization": f"Basic {encoded}"})
    kinds = {str(_at(one, "type")) for one in found}
    if missing := {"prometheus", "loki", "jaeger"} & set(stack.addresses) - kinds:
        raise NotYet(f"Grafana has no data source for {', '.join(sorted(missing))}")
    try:
        stack.ask("grafana", "/api/datasources")
    except NotYet:
        return
    raise NotYet("Grafana answers those who have no password")


def targets(stack: Stack) -> None:
    """Prometheus scrapes every component that there is."""
    active = _at(stack.ask_json("prometheus", "/api/v1/targets", state="active"), "data", "activeTargets")
    for component, job in JOBS.items():
        if component not in stack.addresses:
            continue
        found = [one for one in active if _at(one, "labels", "job") == job]
        if not found:
            raise NotYet(f"Prometheus has no target of job {job}")
        for one in found:
            if _at(one, "health") != "up":
                where, why = one.get("scrapeUrl", "?"), one.get("lastError", "")
                raise NotYet(f"Prometheus cannot scrape {job} at {where}: {why or 'not scraped yet'}")


def rules(stack: Stack) -> None:
    """Rules are loaded, and each of them could be evaluated."""
    groups = _at(stack.ask_json("prometheus", "/api/v1/rules"), "data", "groups")
    loaded = [rule for group in groups for rule in _at(group, "rules")]
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
    age = time.time() - float(_at(found, 0, "value", 1))
    if age > time.time() - stack.started:
        raise NotYet(f"the newest sample of tasksys is {age:.0f} s old, from before this check")
    if not stack.query('{__name__=~"tasksys_consumer_lag_records|tasksys_agent_ready",job="tasksys"}'):
        raise NotYet("tasksys is scraped, but says nothing of its agents")


def group_lag(stack: Stack) -> None:
    """The lag of groups as the broker sees it."""
    if not stack.query('tasksys_group_lag_records{job="tasksys-lag"}'):
        raise NotYet("Prometheus has no lag of any group from the lag exporter")


def alert(stack: Stack) -> None:
    """The alert that always fires has come all the way to Alertmanager."""
    found = stack.ask_json("alertmanager", "/api/v2/alerts", filter='alertname="Watchdog"')
    if not found:
        raise NotYet("the alert Watchdog, which always fires, has not reached Alertmanager")


def log_line(stack: Stack) -> None:
    """The line of the request that was sent, with its labels."""
    now = time.time()
    told = stack.ask_json(
        "loki",
        "/loki/api/v1/query_range",
        query=f'{{service="tasksys"}} |= "{stack.trace}"',
        start=f"{(now - LOOK_BACK_SECONDS) * 1e9:.0f}",
        end=f"{(now + 60) * 1e9:.0f}",
        limit="10",
    )
    found = _at(told, "data", "result")
    if not found:
        raise NotYet(f"Loki has no line of tasksys that names the trace {stack.trace}")
    labels = _at(found, 0, "stream")
    if missing := [name for name in ("service", "level") if not labels.get(name)]:
        raise NotYet(f"the line has no label {', '.join(missing)}: {labels}")


def trace(stack: Stack) -> None:
    """The spans of the request that was sent."""
    told = stack.ask_json("jaeger", f"/api/traces/{stack.trace}")
    found = _at(told, "data")
    if not found or not _at(found, 0, "spans"):
        raise NotYet(f"Jaeger has no spans of the trace {stack.trace}")
    names = {str(one.get("serviceName")) for one in _at(found, 0, "processes").values()}
    if "tasksys" not in names:
        raise NotYet(f"the spans are of {', '.join(sorted(names))}, not of tasksys")


@dataclass(frozen=True)
class Check:
    """Something that has to be so, and the components that it needs."""

    name: str
    run: Callable[[Stack], None]
    needs: tuple[str, ...]


def _health_of(component: str) -> Check:
    return Check(component, lambda stack: healthy(stack, component), (component,))


CHECKS: Final = (
    *(_health_of(component) for component in ADDRESSES),
    Check("targets are scraped", targets, ("prometheus",)),
    Check("rules are evaluated", rules, ("prometheus",)),
    Check("series of tasksys arrive", series, ("prometheus", "tasksys")),
    Check("the broker's view of lag arrives", group_lag, ("prometheus", "lag-exporter")),
    Check("an alert reaches Alertmanager", alert, ("prometheus", "alertmanager")),
    Check("a log line arrives", log_line, ("loki", "telegraf", "tasksys")),
    Check("a trace arrives", trace, ("jaeger", "tasksys")),
    Check("Grafana's password and data sources", password, ("grafana",)),
)


def verify(stack: Stack, seconds: float, say: Callable[[str], None]) -> dict[str, str]:
    """What is still not so after that many seconds, by the check's name; empty when all is well.

    Every check is made once at least. A request is sent as soon as tasksys takes it.
    """
    open_checks = [check for check in CHECKS if set(check.needs) <= set(stack.addresses)]
    if not stack.password:
        open_checks = [check for check in open_checks if check.run is not password]
    deadline, sent = time.monotonic() + seconds, "tasksys" not in stack.addresses
    while True:
        missing: dict[str, str] = {}
        if not sent:
            try:
                stack.send()
                sent = True
            except NotYet:
                pass  # tasksys' own check says so
        for check in list(open_checks):
            try:
                check.run(stack)
            except NotYet as error:
                missing[check.name] = str(error)
            except (ValueError, LookupError, TypeError, AttributeError) as error:
                missing[check.name] = f"its answer cannot be read: {error!r}"
            else:
                say(f"ok       {check.name}")
                open_checks.remove(check)
        if not missing or time.monotonic() >= deadline:
            for name, why in missing.items():
                say(f"MISSING  {name}: {why}")
            return missing
        time.sleep(PAUSE_SECONDS)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if all is well, 1 if something is missing, 2 for arguments that cannot be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("--at", action="append", default=[], metavar="COMPONENT=URL", help="where one is, if elsewhere")
    parser.add_argument("--without", default="", metavar="COMPONENT,…", help="what was not deployed")
    parser.add_argument("--seconds", type=float, default=180.0, help="how long to wait for all of it (%(default)s)")
    parser.add_argument("--password-file", type=Path, help="the password of Grafana's user admin")
    parser.add_argument("--token-file", type=Path, help="a token of tasksys, to send the request with")
    given = parser.parse_args(arguments)
    addresses = dict(ADDRESSES)
    for one in given.at:
        name, _, url = one.partition("=")
        if name not in addresses or not url:
            parser.error(f"--at {one}: give COMPONENT=URL with one of {', '.join(ADDRESSES)}")
        addresses[name] = url.rstrip("/")
    for name in filter(None, given.without.split(",")):
        if addresses.pop(name, None) is None:
            parser.error(f"--without {name}: there are {', '.join(ADDRESSES)}")
    secret = [file.read_text().strip() if file else "" for file in (given.password_file, given.token_file)]
    stack = Stack(addresses, password=secret[0], token=secret[1])
    return 1 if verify(stack, given.seconds, lambda line: print(line, flush=True)) else 0  # noqa: T201 - a program


if __name__ == "__main__":
    sys.exit(main())
