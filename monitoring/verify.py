"""Whether a deployment of the monitoring stack really works: `python3 -m monitoring.verify --help`.

Each component is asked by its own means, and then what it is there for: series of tasksys that are younger than this
check, an alert that went through Prometheus to Alertmanager, the log line and the trace of one request that is sent for
it. Only the standard library is used, for it runs where nothing else is installed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from monitoring import stack_checks as checks
from monitoring.stack_checks import ADDRESSES, NotYet, Stack

PAUSE_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Check:
    """Something that has to be so, and the components that it needs."""

    name: str
    run: Callable[[Stack], None]
    needs: tuple[str, ...]


def _health_of(component: str) -> Check:
    return Check(component, lambda stack: checks.healthy(stack, component), (component,))


CHECKS: Final = (
    *(_health_of(component) for component in ADDRESSES),
    Check("targets are scraped", checks.targets, ("prometheus",)),
    Check("rules are evaluated", checks.rules, ("prometheus",)),
    Check("series of tasksys arrive", checks.series, ("prometheus", "tasksys")),
    Check("the broker's view of lag arrives", checks.group_lag, ("prometheus", "lag-exporter")),
    Check("an alert reaches Alertmanager", checks.alert, ("prometheus", "alertmanager")),
    Check("a log line arrives", checks.log_line, ("loki", "telegraf", "tasksys")),
    Check("a trace arrives", checks.trace, ("jaeger", "tasksys")),
    Check("Grafana's password and data sources", checks.password, ("grafana",)),
)


def verify(stack: Stack, seconds: float, say: Callable[[str], None]) -> dict[str, str]:
    """What is still not so after that many seconds, by the check's name; empty when all is well.

    Every check is made once at least. A request is sent as soon as tasksys takes it.
    """
    open_checks = [check for check in CHECKS if set(check.needs) <= set(stack.addresses)]
    if not stack.password:
        open_checks = [check for check in open_checks if check.run is not checks.password]
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
