"""`tasksys serve` as a process: how it starts, what it refuses, what it serves, how it stops."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import jwt
import pytest

from tasksys.cli import client, serve
from tasksys.cli.client import Client
from tasksys.cli.failures import Failure
from tasksys.settings import Auth, AuthMode, Settings
from tests.support.kafka_broker import KafkaBroker
from tests.support.nodes import wipe
from tests.support.ports import HOST, free_ports
from tests.support.serving import COMMAND, Serving, environment
from tests.support.waiting import WAIT, wait_until
from tests.tasksys.cli.conftest import Run, answer, errors, invoke

SECRET = "s" * 32


def refused(*options: str, **settings: str) -> tuple[int, str]:
    """The exit code of a `tasksys serve` that does not start, and what it said, in one line."""
    command = [*COMMAND, "serve", *options]
    ended = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env=environment(**settings)
    )
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""
    return ended.returncode, " ".join(ended.stderr.split())


def on_free_ports() -> tuple[str, ...]:
    """Options that collide with nobody."""
    port, metrics_port = free_ports(2)
    return "--port", str(port), "--metrics-port", str(metrics_port)


def get(url: str) -> tuple[int, str]:
    """Status and body."""
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


# --- what it refuses


def test_no_authentication_is_for_this_machine_only() -> None:
    """`--auth none` on an address that others reach is a usage error that says what to do."""
    code, said = refused("--host", "0.0.0.0")
    assert code == 2
    assert "--auth none would let anybody act as anybody; give --auth jwt" in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--broker", "foo://bar"), "give embedded://DIRECTORY or kafka://host:9092"),
        (("--agents", "audit,cook"), "there is no agent cook; there are commands, audit"),
        (("--auth", "jwt"), "give one of the two"),
        (("--auth", "jwt", "--jwt-secret", "short"), "at least 32 bytes"),
        (("--auth", "jwt", "--jwt-secret", SECRET, "--jwt-algorithms", "RS256"), "do not go with the kind of key"),
        (("--auth", "jwt", "--jwt-jwks-url", "https://id.example/keys", "--jwt-issuer", "x"), "needs --jwt-issuer and"),
        (("--admins", "olga"), "--admins would have no effect without --auth jwt"),
        (("--port", "3500", "--metrics-port", "3500"), "give them different numbers"),
        (("--public-url", "tasks.example.org"), "give an address such as https://tasks.example.org"),
    ],
)
def test_settings_that_cannot_be_are_usage_errors(options: tuple[str, ...], said: str) -> None:
    """Each says what is wrong and what to give."""
    code, found = refused(*options)
    assert code == 2
    assert said in found


def test_an_option_is_an_environment_variable_too() -> None:
    """What is wrong in the environment is found like what is wrong on the command line."""
    code, said = refused(TASKSYS_BROKER="foo://bar")
    assert code == 2
    assert "foo://bar" in said
    assert "TASKSYS_PORT" in refused(TASKSYS_PORT="many")[1]


def test_a_second_process_on_the_directory_is_refused(server: Serving) -> None:
    """The error names the process that has it, also if the ports are taken as well."""
    code, said = refused("--data-dir", str(server.directory))
    assert code == 1
    assert f"is in use by process {server.process.pid}" in said


@pytest.mark.parametrize("option", ["--port", "--metrics-port"])
def test_a_port_in_use_is_refused(server: Serving, tmp_path: Path, option: str) -> None:
    """Each port's error names its own option."""
    taken = server.port if option == "--port" else server.metrics_port
    code, said = refused("--data-dir", str(tmp_path), *on_free_ports(), option, str(taken))
    assert code == 1
    assert f"port {taken} on 127.0.0.1 is in use" in said
    assert f"choose another {option}" in said


def test_a_host_that_is_not_here_is_refused(tmp_path: Path) -> None:
    """An address of another machine cannot be listened on, a name that is none not even looked for."""
    token = ("--auth", "jwt", "--jwt-secret", SECRET)
    assert "is not an address of this machine" in refused("--data-dir", str(tmp_path), "--host", "192.0.2.1", *token)[1]
    assert "is not known" in refused("--data-dir", str(tmp_path), "--host", "nowhere.invalid", *token)[1]


@pytest.mark.parametrize("broker", ["", f"kafka://{HOST}:9"])
def test_a_directory_that_cannot_be_made_is_refused(tmp_path: Path, broker: str) -> None:
    """The path is named, and what to do, before any broker is asked."""
    (tmp_path / "file").write_text("")
    code, said = refused("--data-dir", str(tmp_path / "file" / "data"), "--broker", broker, *on_free_ports())
    assert code == 1
    assert f"{tmp_path}/file/data cannot be made (Not a directory); name another one with --data-dir." in said


def test_a_log_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    """The path is named."""
    (tmp_path / "file").write_text("")
    code, said = refused(
        "--data-dir", str(tmp_path / "data"), "--broker", f"embedded://{tmp_path}/file/log", *on_free_ports()
    )
    assert code == 1
    assert f"{tmp_path}/file/log cannot be used" in said


def test_kafka_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    """Only the program's own error is shown, not each attempt to connect."""
    port = free_ports(1)[0]
    code, said = refused("--data-dir", str(tmp_path), "--broker", f"kafka://{HOST}:{port}", *on_free_ports())
    assert code == 1
    assert said.startswith(f"Error: Kafka at {HOST}:{port} does not answer")


# --- what it serves


def test_the_operators_port_has_metrics_and_health(server: Serving, run: Run) -> None:
    """Lag of each agent and partition, readiness, the process; in both of Prometheus' formats."""
    run("add", "Buy milk")
    wait_until(lambda: 'tasksys_consumer_lag_records{agent="audit",partition="0",topic="tasksys.events"} 0.0'
               in get(f"{server.metrics_url}/metrics")[1], bound=WAIT)  # fmt: skip
    status, metrics = get(f"{server.metrics_url}/metrics")
    assert status == 200
    assert 'tasksys_agent_ready{agent="commands"} 1.0' in metrics
    assert "process_resident_memory_bytes" in metrics
    openmetrics = urllib.request.Request(
        f"{server.metrics_url}/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"}
    )
    with urllib.request.urlopen(openmetrics, timeout=10) as response:
        assert response.read().endswith(b"# EOF\n")
    assert get(f"{server.metrics_url}/health") == (200, '{"status": "ok"}')
    assert get(f"{server.metrics_url}/ready")[0] == 200


def test_it_says_where_things_are_in_lines_of_json(server: Serving) -> None:
    """What is no terminal gets JSON, with the address and the warning about authentication."""
    lines = [json.loads(line) for line in server.output().splitlines()]
    up = next(line for line in lines if line["logger"] == "tasksys.serve" and line["level"] == "info")
    assert up["api"] == server.url
    assert up["log"] == f"embedded://{server.log}"
    assert any("may act as anybody" in line["message"] for line in lines if line["level"] == "warning")
    assert not [line for line in lines if "Starting..." in line["message"]]


def test_people_are_shown_where_things_are(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """On a terminal a few lines say it, and that nobody is asked who they are."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    serve.started(Settings(Path("/data")), ("commands", "audit"))
    shown = capsys.readouterr().out
    assert "http://127.0.0.1:3001/api/docs" in shown
    assert "commands, audit" in shown
    assert "anybody on this machine may act as anybody" in shown
    serve.started(Settings(Path("/data"), auth=Auth(AuthMode.JWT, jwt_secret=SECRET)), ("audit",))
    assert "anybody" not in capsys.readouterr().out


def test_tokens_are_asked_for(tmp_path: Path) -> None:
    """With `--auth jwt` a command needs a token, and an operators' command one of an admin."""
    options = ("--auth", "jwt", "--jwt-secret", SECRET, "--admins", "olga, adam")
    with Serving(tmp_path / "server", *options) as server:
        assert "Give a token" in errors(invoke("list", "--server", server.url, code=1))
        expires = int(time.time()) + 600
        tokens = {name: jwt.encode({"sub": name, "exp": expires}, SECRET) for name in ("adam", "vera")}
        for user, code in (("adam", 0), ("vera", 1)):
            invoke("add", "Buy milk", "--server", server.url, "--token", tokens[user])
            result = invoke("status", "--json", "--server", server.url, "--token", tokens[user], code=code)
            assert code or answer(result)["ready"]


def test_some_of_the_agents_alone(tmp_path: Path) -> None:
    """`--agents` runs those, and the status names them only."""
    with Serving(tmp_path / "server", "--agents", "audit") as server:
        assert list(answer(invoke("status", "--json", "--server", server.url))["agents"]) == ["audit"]


# --- how it stops


@pytest.fixture
def own(tmp_path: Path) -> Serving:
    """A server that only this test uses, not started."""
    return Serving(tmp_path / "server")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_good_order(own: Serving, number: signal.Signals) -> None:
    """Exit code 0, the directory is free, and what was there is there."""
    with own:
        invoke("add", "Buy milk", "--server", own.url)
        own.signal(number)
        assert own.wait() == 0
        assert all(json.loads(line)["level"] in ("info", "warning") for line in own.output().splitlines())
        own.start()
        assert "Buy milk" in invoke("list", "--server", own.url).stdout


def test_a_request_that_was_accepted_is_answered(own: Serving) -> None:
    """A request that waits when SIGTERM comes gets its answer, while nothing more is accepted."""
    with own:
        invoke("add", "Buy milk", "--server", own.url)
        workspace = answer(invoke("workspaces", "--json", "--server", own.url))["items"][0]["id"]
        head = (
            f"GET /api/v1/workspaces/{workspace}/events?after=3&wait=3 HTTP/1.1\r\nHost: {HOST}:{own.port}\r\n"
            "Expect: 100-continue\r\n\r\n"
        )
        with socket.create_connection((HOST, own.port), timeout=20) as connection:
            connection.sendall(head.encode())
            assert connection.recv(1000).startswith(b"HTTP/1.1 100")  # it is being handled
            own.signal(signal.SIGTERM)
            wait_until(lambda: not listening(own.port), bound=WAIT)
            assert connection.recv(100_000).startswith(b"HTTP/1.1 200")
        assert own.wait() == 0


def listening(port: int) -> bool:
    """Whether anybody accepts connections there."""
    try:
        socket.create_connection((HOST, port), timeout=2).close()
    except OSError:
        return False
    return True


def test_a_crowd_at_a_stop_loses_nothing(own: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many commands under way, those that were answered are there after the next start, and none is there twice."""
    monkeypatch.setattr(client, "RETRY_SECONDS", (0.05,))
    answered: list[str] = []

    def add(name: str, place: str) -> None:
        with Client(own.url) as asking, suppress(Failure):
            for number in range(10_000):
                title = f"{name} {number}"
                asking.send("POST", place, {"title": title})
                answered.append(title)

    with own:
        invoke("workspace", "create", "Home", "--server", own.url)
        workspace = answer(invoke("workspaces", "--json", "--server", own.url))["items"][0]["id"]
        place = client.path("workspaces", workspace, "tasks")
        crowd = [threading.Thread(target=add, args=(f"{number}", place)) for number in range(16)]
        for thread in crowd:
            thread.start()
        wait_until(lambda: len(answered) > 200, bound=WAIT)
        own.signal(signal.SIGTERM)
        for thread in crowd:
            thread.join()
        assert own.wait() == 0
        own.start()
        listed = answer(invoke("list", "--all", "--json", "--server", own.url))["items"]
    titles = [item["title"] for item in listed]
    assert set(answered) <= set(titles)
    assert len(titles) == len(set(titles))


def test_a_signal_while_it_starts_ends_it(own: Serving) -> None:
    """Nobody waits for a start that is not wanted any more."""
    own.spawn()
    try:
        wait_until(lambda: get_or_none(f"{own.metrics_url}/health") == 200, bound=WAIT)
        own.signal(signal.SIGTERM)
        assert own.wait() == 0
    finally:
        own.kill()


def test_a_stop_is_in_the_log(own: Serving) -> None:
    """That it begins, and why, and that it is over."""
    with own:
        pass
    said = [json.loads(line)["message"] for line in own.output().splitlines()]
    assert said[-1] == "stopped"
    assert any(one.startswith("stopping: SIGTERM came") for one in said)


def get_or_none(url: str) -> int | None:
    """The status, or None if nobody answers."""
    try:
        return get(url)[0]
    except OSError:
        return None


def test_a_second_signal_ends_it_at_once(own: Serving) -> None:
    """Somebody who presses Ctrl-C twice does not wait for a client that keeps its request open."""
    with own, socket.create_connection((HOST, own.port), timeout=20) as connection:
        head = f"POST /api/v1/workspaces HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 100")
        own.signal(signal.SIGINT)
        wait_until(lambda: get_or_none(f"{own.metrics_url}/ready") == 503, bound=WAIT)
        own.signal(signal.SIGINT)
        assert own.wait() == 128 + signal.SIGINT


def test_the_next_start_after_a_kill_has_everything(own: Serving) -> None:
    """What was answered before SIGKILL is there."""
    with own:
        invoke("add", "Buy milk", "--server", own.url)
        own.kill()
        own.start()
        assert "Buy milk" in invoke("list", "--server", own.url).stdout


# --- on Kafka


@pytest.mark.kafka
def test_the_whole_of_it_on_kafka(kafka: KafkaBroker, tmp_path: Path) -> None:
    """Topics are made and described, a server runs on them, and its lag comes down to nothing."""
    broker = f"kafka://{kafka.bootstrap}"
    asyncio.run(wipe(broker))
    invoke("topics", "create", "--broker", broker, "--partitions", "3")
    assert "All topics are there" in invoke("topics", "create", "--broker", broker).stdout
    described = answer(invoke("topics", "describe", "--broker", broker, "--json"))["topics"]
    assert described["tasksys.commands"] == described["tasksys.events"] == 3
    with Serving(tmp_path / "server", "--broker", broker) as server:
        for title in ("Buy milk", "Buy bread"):
            invoke("add", title, "--server", server.url)
        assert "Buy bread" in invoke("list", "--server", server.url).stdout
        invoke("audit", "verify", "--server", server.url)
        wait_until(lambda: all(line.endswith(" 0.0") for line in lags(server)), bound=WAIT)
        assert server.stop() == 0


def lags(server: Serving) -> list[str]:
    """The lines of the lag metric for the commands."""
    metrics = get(f"{server.metrics_url}/metrics")[1]
    return [line for line in metrics.splitlines() if line.startswith('tasksys_consumer_lag_records{agent="commands"')]


def test_the_environment_of_tests_hides_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests with settings of their own gets the same results."""
    monkeypatch.setenv("TASKSYS_HOST", "0.0.0.0")
    assert "TASKSYS_HOST" not in environment()
    assert environment()["PATH"] == os.environ["PATH"]
