"""A real process: its options, its spans, the command line's trace, and that it ends, whatever the collector does."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Final

import pytest

from monitoring import tracing
from tasksys.cli.client import traced
from tasksys.settings import Settings, SettingsUnfit
from tests.monitoring.tracing.test_pipeline import BOUND
from tests.support.monitoring.otlp import Behaviour, Collector
from tests.support.serving import COMMAND, Serving, environment
from tests.support.waiting import wait_until

TRACE: Final = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT: Final = f"00-{TRACE}-00f067aa0ba902b7-01"

STOP_SECONDS: Final = 12.0
"""What a busy machine may need for a stop of 1.5 s, and for the 3 s that spans are waited for."""


def run(server: Serving, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """A command of people's, as a process."""
    settings = environment(TASKSYS_SERVER=server.url, HOME=str(server.directory), **more)
    return subprocess.run([*COMMAND, *arguments], env=settings, capture_output=True, text=True, timeout=60, check=True)


def test_a_command_of_the_command_line(tmp_path: Path, collector: Collector) -> None:
    """Belongs to the trace that the environment names, and what it made comes before the process ends."""
    options = ("--otlp-endpoint", collector.url, "--trace-sample", "0", "--instance", "one")
    server = Serving(tmp_path / "data", *options)
    server.start()
    try:
        run(server, "workspace", "create", "Home")
        run(server, "add", "A surprise", TRACEPARENT=PARENT, TRACESTATE="vendor=1")
    finally:
        server.stop()
    assert {one.trace for one in collector.spans} == {TRACE}
    (decided,) = collector.named("decide CreateTask")
    assert decided.state == "vendor=1"
    assert decided.resource["service.instance.id"] == "one"
    assert {"fold audit", "transaction commands"} <= {one.name for one in collector.spans}
    assert b"surprise" not in b"".join(collector.raw)


def test_a_stop_is_prompt(tmp_path: Path, collector: Collector) -> None:
    """Also with spans that nobody takes; one line says what was lost."""
    collector.behave(Behaviour.STALL)
    server = Serving(tmp_path / "data", "--otlp-endpoint", collector.url, "--trace-sample", "1", "--log-format", "json")
    server.start()
    try:
        run(server, "workspace", "create", "Home")
        for number in range(3):
            run(server, "add", f"Task {number}")
        wait_until(lambda: collector.requests, bound=BOUND)
        began = time.monotonic()
    finally:
        assert server.stop() == 0
    assert time.monotonic() - began < STOP_SECONDS
    said = [line for line in server.output().splitlines() if '"level":"info"' not in line and "spans" in line]
    assert 1 <= len(said) <= 2, server.output()


def test_settings_that_are_unfit(tmp_path: Path) -> None:
    """Are refused with the option's name and what to give."""
    with pytest.raises(SettingsUnfit, match=r"--trace-sample 2: give a share from 0 to 1"):
        Settings(tmp_path, trace_sample=2)
    with pytest.raises(SettingsUnfit, match="--trace-sample nan"):
        Settings(tmp_path, trace_sample=float("nan"))
    told = subprocess.run(
        [*COMMAND, "serve", "--otlp-endpoint", "collector:4317"], env=environment(), capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert told.returncode == 2
    assert "--otlp-endpoint 'collector:4317': give grpc://host:4317" in told.stderr


def test_nothing_of_opentelemetry_is_imported_without_a_collector() -> None:
    """So that commands of people's are as fast as before."""
    code = "import sys, streams.node, views.server; print([one for one in sys.modules if 'opentelemetry' in one])"
    told = subprocess.run([COMMAND[0], "-c", code], env=environment(), capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_the_environment_of_commands() -> None:
    """What is malformed there is ignored."""
    assert traced({"TRACEPARENT": PARENT}) == {"traceparent": PARENT}
    both = {"TRACEPARENT": PARENT, "TRACESTATE": "a=1"}
    assert traced(both) == {"traceparent": PARENT, "tracestate": "a=1"}
    for wrong in ({}, {"TRACEPARENT": "x\r\nHost: y"}, {"TRACESTATE": "a=1"}):
        assert traced(wrong) == {}


def test_the_names_of_processes() -> None:
    """What was given, or else where it listens."""
    assert tracing.instance("127.0.0.1", 3001, "one") == "one"
    assert tracing.instance("10.0.0.1", 3001) == "10.0.0.1:3001"
    assert tracing.instance("127.0.0.1", 3001).endswith(":3001")
    assert not tracing.instance("127.0.0.1", 3001).startswith("127")
