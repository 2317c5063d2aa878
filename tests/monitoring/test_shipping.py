"""The way of a line from a file to Loki: labels, instants, content, and what happens when somebody is away."""

from __future__ import annotations

import json
import logging
import re
import tomllib
from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest
import yaml

from monitoring import logs, metrics
from tests.support.monitoring.shipping import CONFIG, Line, LokiReceiver, Telegraf, VictoriaLogs
from tests.support.monitoring.starlark import Script
from tests.support.serving import Serving
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]
LABELS = {"service", "level", "agent", "component", "instance"}
LOKI = yaml.safe_load((ROOT / "monitoring/loki/loki.yml").read_text())
SOURCES = yaml.safe_load((ROOT / "monitoring/grafana/provisioning/datasources/tasksys.yml").read_text())
TELEGRAF = tomllib.loads((CONFIG / "telegraf.conf").read_text())


def line(message: str = "done", level: str = "info", at: str = "2026-11-26T12:00:00.123456Z", **more: object) -> str:
    """A line as tasksys writes it."""
    return json.dumps({"timestamp": at, "level": level, "logger": "streams.node", "message": message, **more})


def nanoseconds(instant: str) -> int:
    """An instant with microseconds as nanoseconds since 1970."""
    at = datetime.fromisoformat(instant)
    return int(at.replace(microsecond=0).timestamp()) * 10**9 + at.microsecond * 1000


# --- what lines mean, in Python


def test_a_line_of_ours_is_labelled() -> None:
    """Few labels come from the line; it stays as it is, at its own instant."""
    text = line(agent="audit", component="fold", instance="a:3101", workspace="w1", request_id="r1", trace_id="0" * 32)
    made = Script().apply(text)
    assert made is not None
    assert made.tags == {
        "service": "tasksys", "level": "info", "agent": "audit", "component": "fold", "instance": "a:3101",
    }  # fmt: skip
    assert made.fields == {"line": text, "ns": str(nanoseconds("2026-11-26T12:00:00.123456+00:00"))}


def test_what_logging_writes_is_read() -> None:
    """A line of the real formatter is one of ours, whatever it says."""
    stream = StringIO()
    before = logging.root.handlers[:], logging.root.level
    try:
        logs.configure("json", "info", stream)
        logging.getLogger("tasksys").warning('said "%s"\n{', "so", extra={"agent": "reminders", "workspace": "w"})
    finally:
        logging.root.handlers[:], level = before
        logging.root.setLevel(level)
    [text] = stream.getvalue().splitlines()
    made = Script().apply(text)
    assert made is not None
    assert made.tags["level"] == "warning"
    assert made.tags["agent"] == "reminders"
    assert made.tags.keys() <= LABELS
    assert made.fields["line"] == text


def test_values_of_labels_are_those_of_the_catalogue() -> None:
    """The script knows each level and agent; another agent has to be told to it."""
    script = Script()
    assert tuple(script["AGENTS"]) == metrics.AGENT.values
    assert tuple(script["LEVELS"]) == metrics.LEVEL.values


@pytest.mark.parametrize("name", ["agent", "component", "level"])
def test_what_is_unknown_makes_no_label(name: str) -> None:
    """A value that nobody declared, such as an id, never becomes a stream of its own."""
    made = Script().apply(line(**{"level": "info", name: "b1946ac9"}))
    assert made is not None
    assert "b1946ac9" not in made.tags.values()


def test_what_is_no_json_is_kept_as_it_is() -> None:
    """What Python says itself, such as a traceback, is a line of the process's, of an unknown level."""
    made = Script("here:1").apply("Traceback (most recent call last):\n  File\nValueError: no")
    assert made is not None
    assert made.tags == {"service": "tasksys", "level": "unknown", "instance": "here:1"}
    assert made.fields["ns"] == "1"


def test_docker_lines_are_unwrapped_and_joined() -> None:
    """A long line comes in parts, of which only the last ends; other containers' lines are left alone."""
    script, text = Script(), line("long " * 50)
    first, last = (
        json.dumps({"log": text[:99], "stream": "stderr"}),
        json.dumps({"log": f"{text[99:]}\n", "stream": "stderr"}),
    )
    assert script.apply(first, "docker", "/c/1-json.log") is None
    other = json.dumps({"log": "nginx\n", "stream": "stderr", "time": "2026-11-26T12:00:00Z"})
    assert script.apply(other, "docker", "/c/2-json.log") is None
    made = script.apply(last, "docker", "/c/1-json.log")
    assert made is not None
    assert made.fields["line"] == text

    said = json.dumps({"log": "boom\n", "stream": "stderr", "time": "2026-11-26T12:00:01.5Z"})
    made = script.apply(said, "docker", "/c/1-json.log")  # a file that had lines of ours
    assert made is not None
    assert made.fields == {"line": "boom", "ns": str(nanoseconds("2026-11-26T12:00:01.500000+00:00"))}


def test_lines_of_pods_are_unwrapped_and_joined() -> None:
    """P is a part, F the last; the pod is the instance where the line does not say one."""
    script, text, path = Script(), line(), "/var/log/pods/prod_tasksys-0_1a2b/tasksys/0.log"
    assert script.apply(f"2026-11-26T12:00:00.000000001Z stderr P {text[:40]}", "cri", path) is None
    made = script.apply(f"2026-11-26T12:00:00.000000002Z stderr F {text[40:]}", "cri", path)
    assert made is not None
    assert made.fields["line"] == text
    assert made.tags["instance"] == "tasksys-0"
    assert script.apply("2026-11-26T12:00:00Z stdout F hello", "cri", "/var/log/pods/a_b_c/nginx/0.log") is None


def test_memory_is_bounded() -> None:
    """Neither many files nor a line without an end fill it."""
    script = Script()
    for number in range(script["FILES"] + 10):
        script.apply(json.dumps({"log": line() + "\n"}), "docker", f"/c/{number}")
    assert len(script.state) <= script["FILES"]
    for _ in range(40):
        script.apply(json.dumps({"log": "x" * 16_384}), "docker", "/c/0")
    assert max(len(str(value)) for value in script.state.values()) <= script["LONGEST"]


# --- what is configured


def test_each_variable_of_the_configuration_is_explained() -> None:
    """What differs by machine has a default, and stands in the heading."""
    text = (CONFIG / "telegraf.conf").read_text()
    named = set(re.findall(r"\$\{(\w+)", text))
    assert named == set(re.findall(r"^#   ([A-Z_]+)", text, re.MULTILINE))
    assert named == set(re.findall(r"\$\{(\w+):-", text))


def test_nothing_is_read_faster_than_it_is_delivered() -> None:
    """Lines that are read and not delivered are bounded, together below the buffer that drops what is too much."""
    tails = TELEGRAF["inputs"]["tail"]
    assert sum(tail["max_undelivered_lines"] for tail in tails) < TELEGRAF["agent"]["metric_buffer_limit"]
    assert all(tail["initial_read_offset"] == "saved-or-beginning" for tail in tails)
    assert TELEGRAF["agent"]["statefile"].endswith("/positions.json")
    assert TELEGRAF["outputs"]["http"][0]["non_retryable_statuscodes"] == [400]


def test_loki_keeps_31_days_and_takes_our_labels() -> None:
    """Retention is switched on, not only set; there is room for our labels and not for many more."""
    limits = LOKI["limits_config"]
    assert limits["retention_period"] == f"{31 * 24}h"
    assert LOKI["compactor"]["retention_enabled"] is True
    assert LOKI["compactor"]["delete_request_store"] == "filesystem"
    assert len(LABELS) <= limits["max_label_names_per_series"] <= 10
    [schema] = LOKI["schema_config"]["configs"]
    assert (schema["store"], schema["schema"], schema["index"]["period"]) == ("tsdb", "v13", "24h")
    assert LOKI["analytics"]["reporting_enabled"] is False


def test_jaeger_keeps_a_bounded_number_of_traces() -> None:
    """OTLP over both protocols, in memory, up to 10,000; every component that is named is declared."""
    jaeger = yaml.safe_load((ROOT / "monitoring/jaeger/jaeger.yml").read_text())
    assert jaeger["extensions"]["jaeger_storage"]["backends"]["memory"]["memory"]["max_traces"] == 10_000
    protocols = jaeger["receivers"]["otlp"]["protocols"]
    assert {name: said["endpoint"].rpartition(":")[2] for name, said in protocols.items()} == {
        "grpc": "4317",
        "http": "4318",
    }
    service = jaeger["service"]
    assert set(service["extensions"]) == set(jaeger["extensions"])
    [pipeline] = service["pipelines"].values()
    for kind, names in pipeline.items():
        assert set(names) == set(jaeger[kind])
    assert pipeline["processors"][0] == "memory_limiter"


def test_data_sources_lead_to_each_other() -> None:
    """From an exemplar and a line to the trace, from a trace to its lines: each names one that exists."""
    sources = {source["type"]: source for source in SOURCES["datasources"]}
    assert set(sources) == {"prometheus", "alertmanager", "loki", "jaeger"}
    uids = {source["uid"] for source in sources.values()}
    [exemplar] = sources["prometheus"]["jsonData"]["exemplarTraceIdDestinations"]
    [derived] = sources["loki"]["jsonData"]["derivedFields"]
    to_logs = sources["jaeger"]["jsonData"]["tracesToLogsV2"]
    to_metrics = sources["jaeger"]["jsonData"]["tracesToMetrics"]
    assert {exemplar["datasourceUid"], derived["datasourceUid"]} == {"jaeger"}
    assert {to_logs["datasourceUid"], to_metrics["datasourceUid"]} <= uids
    assert exemplar["name"] == "trace_id"

    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    found = re.search(derived["matcherRegex"], line(trace_id=trace, span_id="00f067aa0ba902b7"))
    assert found is not None
    assert found[1] == trace


def test_grafana_is_secured() -> None:
    """Nobody signs up, nobody is anonymous, passwords are files, and nothing is told to others."""
    text = (ROOT / "monitoring/grafana/grafana.ini").read_text()
    sections = dict(re.findall(r"^\[([\w.]+)\]\n(.*?)(?=^\[|\Z)", text, re.MULTILINE | re.DOTALL))
    said = {
        f"{name}.{key}": value
        for name, body in sections.items()
        for key, value in re.findall(r"^(\w+) = (.*)$", body, re.MULTILINE)
    }
    assert said["security.admin_password"].startswith("$__file{/run/secrets/")
    assert said["security.secret_key"].startswith("$__file{/run/secrets/")
    for name, value in {
        "users.allow_sign_up": "false",
        "auth.anonymous.enabled": "false",
        "public_dashboards.enabled": "false",
        "snapshots.external_enabled": "false",
        "analytics.reporting_enabled": "false",
        "analytics.check_for_updates": "false",
        "security.allow_embedding": "false",
        "security.content_security_policy": "true",
        "security.cookie_samesite": "strict",
    }.items():
        assert said[name] == value


# --- the real Telegraf


def _written(server: Serving) -> list[str]:
    return [text for text in (server.directory / "said.log").read_text().splitlines() if text.strip()]


@pytest.mark.monitoring
def test_the_log_of_a_running_system_arrives(tmp_path: Path) -> None:
    """Every line that a real tasksys writes arrives once, as it was written, at its own instant, with few labels."""
    with LokiReceiver() as loki:
        server = Serving(tmp_path / "data", "--log-format", "json", settings={"TASKSYS_LOG_LEVEL": "debug"})
        logs_of = str(server.directory / "*.log")
        with Telegraf(tmp_path / "telegraf", loki.url, TASKSYS_LOGS=logs_of) as telegraf, server:
            wait_until(lambda: loki.lines, "a first line")
            server.stop()
            wait_until(lambda: len(loki.lines) >= len(_written(server)), "all lines")
            written = _written(server)
            assert sorted(loki.texts()) == sorted(written)
            assert len(written) > 10
            for arrived in loki.lines:
                _as_it_was_written(arrived)
            assert "internal_write_metrics_written" in telegraf.metrics()


def _as_it_was_written(arrived: Line) -> None:
    fields = json.loads(arrived.text)
    assert arrived.nanoseconds == nanoseconds(fields["timestamp"])
    assert arrived.label["service"] == "tasksys"
    assert arrived.label["level"] == fields["level"]
    assert set(arrived.label) <= LABELS
    for name in ("agent", "component", "instance"):
        assert arrived.label.get(name) == fields.get(name)


@pytest.mark.monitoring
def test_nothing_is_lost_while_loki_is_away(tmp_path: Path) -> None:
    """Loki fails for a while, more comes meanwhile than fits into memory, and Telegraf is started anew in between."""
    file = tmp_path / "logs/tasksys.log"
    file.parent.mkdir()
    written = [line(f"line {number}") for number in range(12_000)]
    with LokiReceiver() as loki:
        telegraf = Telegraf(tmp_path / "telegraf", loki.url, TASKSYS_LOGS=str(file))
        loki.status = 503
        with telegraf:
            with file.open("a") as log:
                log.write("".join(f"{text}\n" for text in written))
            wait_until(lambda: loki.refused > 2, "attempts")
            assert loki.lines == []
            loki.status = 204
            wait_until(lambda: len(loki.lines) >= len(written), "all lines")
        assert loki.texts() == written

        with telegraf, file.open("a") as log:  # from where it was: nothing comes twice
            log.write(line("after") + "\n")
            log.flush()
            wait_until(lambda: loki.texts()[-1] == line("after"), "the line after")
        assert len(loki.lines) == len(written) + 1


@pytest.mark.monitoring
def test_a_line_that_loki_will_never_take_holds_up_nobody(tmp_path: Path) -> None:
    """400 is final: what comes later arrives."""
    file = tmp_path / "tasksys.log"
    with LokiReceiver() as loki, Telegraf(tmp_path / "telegraf", loki.url, TASKSYS_LOGS=str(file)):
        loki.status = 400
        file.write_text(line("too old", at="2020-01-01T00:00:00Z") + "\n")
        wait_until(lambda: loki.refused, "a refusal")
        loki.status = 204
        with file.open("a") as log:
            log.write(line("new") + "\n")
        wait_until(lambda: line("new") in loki.texts(), "the new line")


@pytest.mark.monitoring
def test_lines_come_again_rather_than_never_after_a_crash(tmp_path: Path) -> None:
    """Killed, Telegraf begins where it last stopped in good order; Loki knows lines that it has."""
    file = tmp_path / "tasksys.log"
    with LokiReceiver() as loki:
        telegraf = Telegraf(tmp_path / "telegraf", loki.url, TASKSYS_LOGS=str(file))
        telegraf.start()
        file.write_text(line("one") + "\n")
        wait_until(lambda: loki.lines, "the first line")
        telegraf.kill()
        with file.open("a") as log:
            log.write(line("two") + "\n")
        with telegraf:
            wait_until(lambda: line("two") in loki.texts(), "the second line")
        assert {(arrived.labels, arrived.nanoseconds, arrived.text) for arrived in loki.lines} == {
            ((("level", "info"), ("service", "tasksys")), nanoseconds("2026-11-26T12:00:00.123456+00:00"), text)
            for text in (line("one"), line("two"))
        }


@pytest.mark.monitoring
def test_the_real_telegraf_and_python_agree(tmp_path: Path) -> None:
    """Files of every form, rotated in between: the script means the same in Telegraf as in the quick tests."""
    pods, docker = tmp_path / "pods/prod_tasksys-0_1a/tasksys", tmp_path / "docker/abc"
    pods.mkdir(parents=True)
    docker.mkdir(parents=True)
    files = {
        ("plain", tmp_path / "tasksys.log"): [
            line("a", agent="audit", component="fold", instance="w:1"),
            line("b", "loud", agent="x" * 500),
            '{"not": "ours"}',
            "[1, 2",
            line('quotes " and \\ and \u2028 and é'),
        ],
        ("docker", docker / "abc-json.log"): [
            json.dumps({"log": line("c")[:30], "stream": "stderr", "time": "2026-11-26T12:00:00.1Z"}),
            json.dumps({"log": line("c")[30:] + "\n", "stream": "stderr", "time": "2026-11-26T12:00:00.1Z"}),
            json.dumps({"log": "Killed\n", "stream": "stdout", "time": "2026-11-26T12:00:01.25Z"}),
        ],
        ("cri", pods / "0.log"): [
            f"2026-11-26T12:00:00.000000001Z stderr P {line('d')[:20]}",
            f"2026-11-26T12:00:00.000000001Z stderr F {line('d')[20:]}",
            "2026-11-26T12:00:02.000000002Z stdout F said",
            "rubbish",
        ],
    }
    expected = set()
    script = Script()
    for (form, path), texts in files.items():
        for text in texts:
            made = script.apply(text, form, str(path))
            if made is not None:
                own = int(made.fields["ns"]) if made.fields["ns"] != "1" else None
                expected.add((tuple(sorted(made.tags.items())), own, made.fields["line"]))
    names = {"TASKSYS_LOGS": tmp_path / "*.log", "DOCKER_LOGS": docker / "*-json.log", "CRI_LOGS": pods / "*.log"}
    with LokiReceiver() as loki:
        with Telegraf(tmp_path / "telegraf", loki.url, **{name: str(path) for name, path in names.items()}):
            for (_, path), texts in files.items():
                path.write_text("".join(f"{text}\n" for text in texts))
            wait_until(lambda: len(loki.lines) >= len(expected), "all lines")
            (tmp_path / "tasksys.log").rename(tmp_path / "tasksys.log.1")
            (tmp_path / "tasksys.log").write_text(line("rotated") + "\n")
            wait_until(lambda: line("rotated") in loki.texts(), "the line after the rotation")
        arrived = [at for at in loki.lines if at.text != line("rotated")]
        given = {(at.labels, at.nanoseconds, at.text) for at in arrived}
    known = {(labels, at, text) for labels, at, text in expected if at is not None}
    assert known <= given
    assert {(labels, text) for labels, _, text in given} == {(labels, text) for labels, _, text in expected}


@pytest.mark.monitoring
def test_a_traceback_is_one_line(tmp_path: Path) -> None:
    """What has several lines and is no JSON stays together; JSON before and after it is left alone."""
    file = tmp_path / "tasksys.log"
    traceback = 'Traceback (most recent call last):\n  File "x.py", line 1, in <module>\n    boom()\nValueError: no'
    with LokiReceiver() as loki, Telegraf(tmp_path / "telegraf", loki.url, TASKSYS_LOGS=str(file)):
        file.write_text(f"{line('before')}\n{traceback}\n{line('after')}\n")
        wait_until(lambda: len(loki.lines) >= 3, "three lines")
        assert loki.texts() == [line("before"), traceback, line("after")]


@pytest.mark.monitoring
def test_a_real_database_of_logs_takes_them(tmp_path: Path) -> None:
    """VictoriaLogs takes the same push, and finds lines by their labels and by what is in them."""
    file = tmp_path / "tasksys.log"
    with VictoriaLogs(tmp_path / "logs") as store:
        with Telegraf(tmp_path / "telegraf", store.push, TASKSYS_LOGS=str(file)):
            file.write_text(
                "".join(
                    line(
                        f"line {number}",
                        "error" if number % 10 == 0 else "info",
                        agent="audit",
                        trace_id=f"{number:032x}",
                    )
                    + "\n"
                    for number in range(100)
                )
            )
            asked = '_stream:{service="tasksys",level="error",agent="audit"}'
            wait_until(lambda: len(store.query(asked)) == 10, "ten lines")
            [one] = store.query(f'_stream:{{service="tasksys"}} AND trace_id:"{50:032x}"')
        assert one["level"] == "error"
        assert one["_time"].startswith("2026-11-26T12:00:00.123456")


@pytest.mark.monitoring
def test_a_stop_brings_what_was_read(tmp_path: Path) -> None:
    """SIGTERM ends it within seconds, with everything that was read delivered."""
    file = tmp_path / "tasksys.log"
    file.write_text("".join(f"{line(str(number))}\n" for number in range(500)))
    with LokiReceiver() as loki:
        telegraf = Telegraf(tmp_path / "telegraf", loki.url, TASKSYS_LOGS=str(file))
        telegraf.start()
        wait_until(lambda: loki.lines, "a first line")
        telegraf.stop()
        with telegraf:
            wait_until(lambda: len(loki.lines) >= 500, "the rest")
        assert sorted(set(loki.texts())) == sorted({line(str(number)) for number in range(500)})
