"""Whether a deployment works, asked of stand-ins for its components that are well, unwell, silent or wrong."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitoring import stack_checks, verify
from monitoring.stack_checks import ADDRESSES, HEALTH, Stack
from monitoring.verify import CHECKS, main
from tests.support.monitoring.standins import PASSWORD, Answer, Standins


@pytest.fixture
def standins() -> Iterator[Standins]:
    """All of them well."""
    with Standins() as standins:
        yield standins


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(stack_checks, "ASK_SECONDS", 0.3)


def asked(standins: Standins, seconds: float = 0.0) -> tuple[dict[str, str], list[str]]:
    """What is missing, and what was said."""
    said: list[str] = []
    return verify.verify(Stack(standins.addresses, password=PASSWORD), seconds, said.append), said


def test_all_is_well(standins: Standins) -> None:
    """Each check passes, and is said so once."""
    missing, said = asked(standins)
    assert missing == {}
    assert sorted(said) == sorted(f"ok       {check.name}" for check in CHECKS)


@pytest.mark.parametrize("component", ADDRESSES)
def test_a_component_that_is_not_healthy(standins: Standins, component: str) -> None:
    """It is named, with what it says."""
    path = HEALTH[component]
    standins.given[component, path] = lambda query, headers: (503, "not today")
    missing, _ = asked(standins)
    assert set(missing) == {component}
    assert "503: not today" in missing[component]


@pytest.mark.parametrize("component", ADDRESSES)
def test_a_component_that_is_silent(standins: Standins, component: str) -> None:
    """Nobody waits for it for ever."""
    standins.silent.add(component)
    missing, _ = asked(standins)
    assert "does not answer" in missing[component]


def test_a_component_that_is_not_there(standins: Standins) -> None:
    """The connection is refused."""
    stack = Stack({**standins.addresses, "loki": "http://127.0.0.1:9"})
    missing = verify.verify(stack, 0.0, lambda line: None)
    assert set(missing) == {"loki", "a log line arrives"}


WRONG: dict[str, tuple[str, str, Answer, str]] = {
    "a target is down": (
        "prometheus", "/api/v1/targets",
        (200, {"data": {"activeTargets": [{"labels": {"job": "tasksys"}, "health": "down", "lastError": "refused"}]}}),
        "cannot scrape tasksys at ?: refused",
    ),
    "a job is missing": ("prometheus", "/api/v1/targets", (200, {"data": {"activeTargets": []}}), "no target of job"),
    "no rules": ("prometheus", "/api/v1/rules", (200, {"data": {"groups": []}}), "no rules"),
    "a rule fails": (
        "prometheus", "/api/v1/rules",
        (200, {"data": {"groups": [{"rules": [{"name": "X", "health": "err", "lastError": "many-to-many"}]}]}}),
        "the rule X fails: many-to-many",
    ),
    "no series": ("prometheus", "/api/v1/query", (200, {"data": {"result": []}}), "no series"),
    "old series": ("prometheus", "/api/v1/query", (200, {"data": {"result": [{"value": [0, "1000"]}]}}), "s old"),
    "no alert": ("alertmanager", "/api/v2/alerts", (200, []), "has not reached Alertmanager"),
    "no line": ("loki", "/loki/api/v1/query_range", (200, {"data": {"result": []}}), "no line of tasksys"),
    "a line without labels": (
        "loki", "/loki/api/v1/query_range", (200, {"data": {"result": [{"stream": {"service": "tasksys"}}]}}),
        "no label level",
    ),
    "an open Grafana": (
        "grafana", "/api/datasources", (200, [{"type": one} for one in ("prometheus", "loki", "jaeger")]),
        "answers those who have no password",
    ),
    "a password that does not open": ("grafana", "/api/datasources", (401, {}), "answers 401"),
    "a data source is missing": ("grafana", "/api/datasources", (200, [{"type": "prometheus"}]), "jaeger, loki"),
    "a sick database": ("grafana", "/api/health", (200, {"database": "failing"}), "database is not well"),
    "no JSON": ("prometheus", "/api/v1/rules", (200, "<html>"), "no JSON"),
    "other JSON": ("prometheus", "/api/v1/rules", (200, []), "has no 'data'"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said(standins: Standins, case: str) -> None:
    """Healthy components that do not do what they are there for."""
    component, path, answer, expected = WRONG[case]
    standins.given[component, path] = lambda query, headers: answer
    missing, said = asked(standins)
    assert any(expected in why for why in missing.values()), missing
    assert any(line.startswith("MISSING") and expected in line for line in said)


def test_a_trace_that_is_somebody_elses(standins: Standins) -> None:
    """Spans of another service are not ours."""
    stack = Stack(standins.addresses)
    told = {"data": [{"spans": [{}], "processes": {"p1": {"serviceName": "other"}}}]}
    standins.given["jaeger", f"/api/traces/{stack.trace}"] = lambda query, headers: (200, told)
    assert "are of other" in verify.verify(stack, 0.0, lambda line: None)["a trace arrives"]


def test_a_request_is_sent_with_a_trace_that_is_sampled(standins: Standins) -> None:
    """Once, with the token if there is one; what is looked for afterwards is its trace."""
    seen: list[tuple[str, str]] = []

    def take(query: dict[str, str], headers: Any) -> Answer:
        seen.append((headers["traceparent"], headers["Authorization"]))
        return 200, {}

    standins.given["tasksys", "/api/v1/workspaces"] = take
    stack = Stack(standins.addresses, token="abc")
    assert set(verify.verify(stack, 0.2, lambda line: None)) == {"a log line arrives", "a trace arrives"}
    ((traceparent, token),) = seen
    assert traceparent.startswith(f"00-{stack.trace}-")
    assert traceparent.endswith("-01")
    assert token == "Bearer abc"


def test_what_comes_late_is_waited_for(standins: Standins) -> None:
    """A check is made again until its time is over; those that passed are not."""
    answers = iter([(503, "starting"), (503, "starting"), (200, "ok")])
    standins.given["loki", "/ready"] = lambda query, headers: next(answers)
    missing, said = asked(standins, seconds=30.0)
    assert missing == {}
    assert len(said) == len(CHECKS)


def test_the_program(standins: Standins, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Addresses, what is left out, the password's file; its status says whether all is well."""
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    seen: list[str] = []

    def take(query: dict[str, str], headers: Any) -> Answer:
        if headers["Authorization"] is None:
            return 401, {}
        seen.append(base64.b64decode(headers["Authorization"].removeprefix("Basic ")).decode())
        return 200, [{"type": one} for one in ("prometheus", "loki", "jaeger")]

    standins.given["grafana", "/api/datasources"] = take
    at = [f"--at={name}={address}" for name, address in standins.addresses.items()]
    assert main([*at, "--seconds", "0", "--password-file", str(tmp_path / "password")]) == 0
    assert seen == [f"admin:{PASSWORD}"]
    standins.silent.add("loki")
    assert main([*at, "--seconds", "0"]) == 1
    assert main([*at, "--seconds", "0", "--without", "loki"]) == 0
    assert "MISSING  loki:" in capsys.readouterr().out


@pytest.mark.parametrize("wrong", [["--at", "loki"], ["--at", "what=http://x"], ["--without", "what"]])
def test_arguments_that_cannot_be(wrong: list[str]) -> None:
    """They are said to be wrong before anything is asked."""
    with pytest.raises(SystemExit, match="2"):
        main(wrong)
