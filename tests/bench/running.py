"""Programs that a benchmark starts: servers to be measured, the load generator, and what they say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from tests.bench.load import USER, Answered, Plan
from tests.support.kafka_broker import ROOT, KafkaBroker, install
from tests.support.serving import Serving

BROKER_MEMORY = ("-Xmx1g",)
CAUGHT_UP_SECONDS = 900.0


def say(line: str) -> None:
    """Progress, for people."""
    sys.stderr.write(f"  {line}\n")
    sys.stderr.flush()


def loaded(plan: Plan) -> Answered:
    """What the load generator finds, in a process of its own. RuntimeError with what it said if it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load"],
        cwd=ROOT,
        input=msgspec.json.encode(plan),
        capture_output=True,
        timeout=plan.warm_up + plan.seconds + 60,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the load generator failed: {done.stderr.decode()[-800:]}")
    return msgspec.json.decode(done.stdout, type=Answered)


def processor_seconds(pid: int) -> float:
    """What a process has used so far, all its threads. Linux only."""
    return of_stat(Path(f"/proc/{pid}/stat").read_text())


def of_stat(stat: str) -> float:
    """The same from the kernel's text; the name in it may hold blanks and brackets."""
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def bare_aiohttp(size: int) -> Iterator[tuple[int, int]]:
    """The peer that answers POST with so many bytes; its port and its process."""
    command = [sys.executable, "-m", "tests.bench.peers.bare_aiohttp", "--bytes", str(size)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield int(json.loads(server.stdout.readline())["url"].rpartition(":")[2]), server.pid
        finally:
            server.terminate()


def peer(module: str, *arguments: str, seconds: float = 120.0, python: str = sys.executable) -> dict[str, Any]:
    """The one line of JSON that a program in `peers` prints last. RuntimeError with what it said if it fails."""
    command = [python, "-W", "ignore", "-m", f"tests.bench.peers.{module}", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=seconds, check=False)
    if done.returncode or not done.stdout.strip():
        raise RuntimeError(f"{module} failed: {done.stderr[-800:]}")
    figures: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return figures


@contextmanager
def kafka(directory: Path) -> Iterator[KafkaBroker]:
    """A broker with room enough to be measured."""
    install()
    with KafkaBroker(directory, java_options=BROKER_MEMORY) as broker:
        yield broker


@contextmanager
def serving(directory: Path, *options: str) -> Iterator[Serving]:
    """`tasksys serve` on that directory, ready, saying little."""
    with Serving(directory, "--log-level", "warning", *options) as server:
        yield server


@contextmanager
def serving_on_kafka(directory: Path) -> Iterator[tuple[Serving, str]]:
    """The same on a broker of its own; with the broker's address."""
    with ExitStack() as running:
        broker = running.enter_context(kafka(directory / "broker"))
        url = f"kafka://{broker.bootstrap}"
        yield running.enter_context(serving(directory / "on-kafka", "--broker", url)), broker.bootstrap


def ask(server: Serving, method: str, path: str, body: Any = None, key: str = "") -> Any:
    """One call of the API as the benchmarks' user; its JSON."""
    headers = {"Tasksys-Actor": USER, "Content-Type": "application/json", **({"Idempotency-Key": key} if key else {})}
    data = None if body is None else msgspec.json.encode(body)
    request = urllib.request.Request(f"{server.url}{path}", data=data, headers=headers, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


def workspaces(server: Serving, number: int) -> list[str]:
    """The addresses of the tasks of so many new workspaces."""
    made = [
        ask(server, "POST", "/api/v1/workspaces", {"name": f"Workspace {one}"}, f"workspace-{one}")
        for one in range(number)
    ]
    return [f"/api/v1/workspaces/{one['id']}/tasks" for one in made]


def catch_up(server: Serving) -> float:
    """Waits until every agent has folded all there is; the seconds that took."""
    began = time.monotonic()
    while any(one["lag"] for one in ask(server, "GET", "/admin/lag")["items"]):
        if time.monotonic() - began > CAUGHT_UP_SECONDS:
            raise RuntimeError(f"the agents still lag after {CAUGHT_UP_SECONDS:.0f} s:\n{server.output()[-800:]}")
        time.sleep(0.2)
    return time.monotonic() - began
