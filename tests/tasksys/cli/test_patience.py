"""What does not answer is named after two seconds, with how long it is waited for; Ctrl-C ends that at once."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tasksys.cli import client, patience
from tasksys.cli.client import Client
from tasksys.cli.failures import Failure
from tests.support.ports import HOST, free_ports
from tests.support.serving import COMMAND, environment
from tests.tasksys.cli.conftest import invoke
from tests.tasksys.cli.scripted import Scripted, Step

PATIENCE = 60.0
UNTIL = re.compile(r"Waiting for (.+) to answer, until \d\d:\d\d:\d\d; Ctrl-C gives up\.")


@pytest.fixture
def silent() -> Iterator[str]:
    """HOST:PORT of something that takes connections and never says anything."""
    with socket.create_server((HOST, 0)) as listening:
        yield f"{HOST}:{listening.getsockname()[1]}"


@contextmanager
def running(*arguments: str, directory: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A command as a process, and the file of what it says on standard error."""
    said = directory / "said"
    with said.open("w") as errors:
        process = subprocess.Popen(
            [*COMMAND, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True,
            env=environment(), start_new_session=True,
        )  # fmt: skip
    try:
        yield process, said
    finally:
        process.kill()
        process.communicate()


def interrupted(*arguments: str, directory: Path, code: int) -> str:
    """What a command said that was ended by Ctrl-C once it had said that it waits."""
    give_up = time.monotonic() + PATIENCE
    with running(*arguments, directory=directory) as (process, said):
        while not re.search('Waiting for|"waiting"', said.read_text()):
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < give_up, said.read_text()
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=10)
        assert (process.returncode, output) == (code, "")
        assert "Traceback" not in said.read_text()
        return " ".join(said.read_text().split())


@pytest.mark.parametrize("command", ["topics describe", "topics create", "export-log FILE", "import-log FILE --json"])
def test_a_cluster_that_does_not_answer(silent: str, tmp_path: Path, command: str) -> None:
    """Its brokers, and the time at which they are given up."""
    file = tmp_path / "file.gz"
    if command.startswith("import"):
        file.write_bytes(b"")
    arguments = [str(file) if one == "FILE" else one for one in command.split()]
    said = interrupted(*arguments, "--broker", f"kafka://{silent}", directory=tmp_path, code=1)
    if "--json" in arguments:
        told, _ = json.JSONDecoder().raw_decode(said)
        told = told["waiting"]
        assert (told["for"], told.keys()) == (f"Kafka at {silent} to answer", {"for", "until"})
    else:
        found = UNTIL.search(said)
        assert found is not None, said
        assert found[1] == f"Kafka at {silent}"


@pytest.mark.parametrize("command", ["serve", "lag-exporter"])
def test_a_process_whose_cluster_does_not_answer(silent: str, tmp_path: Path, command: str) -> None:
    """It logs that, and stops in good order. One that only tells of the brokers has no end to wait for."""
    port, metrics = free_ports(2)
    options = ["--data-dir", str(tmp_path / "data"), "--metrics-port", str(metrics)] if command == "serve" else []
    said = interrupted(
        command, "--broker", f"kafka://{silent}", "--port", str(port), *options, "--log-format", "json",
        directory=tmp_path, code=0,
    )  # fmt: skip
    assert f"Waiting for Kafka at {silent} to answer" in said
    assert ("until" in said[said.index("Waiting") :].split("Ctrl-C")[0]) == (command == "serve")


def test_a_server_that_does_not_answer(silent: str, tmp_path: Path) -> None:
    """As for any command that asks one."""
    said = interrupted("status", "--server", f"http://{silent}", directory=tmp_path, code=1)
    found = UNTIL.search(said)
    assert found is not None, said
    assert found[1] == f"the server at http://{silent}"


def test_it_is_given_up_when_that_was_said(silent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line comes once, and the error behind it."""
    monkeypatch.setattr(patience, "SILENT_SECONDS", 0.05)
    monkeypatch.setattr(client, "PATIENCE_SECONDS", 0.2)
    result = invoke("status", "--server", f"http://{silent}", code=3)
    first, second = result.stderr.splitlines()
    assert UNTIL.fullmatch(first)
    assert "it does not answer in time" in second


def test_a_server_that_says_why_it_cannot_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it said last is the error, where the time is over while it is asked again."""
    monkeypatch.setattr(client, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(client, "RETRY_SECONDS", (30.0,))
    busy = Step({"code": "not-ready", "detail": "A part does not answer."}, 503, {"Retry-After": "1"})
    with Scripted(busy) as server:
        assert "A part does not answer." in invoke("status", "--server", server.url, code=1).stderr


@pytest.mark.parametrize("soon", [True, False])
def test_a_server_that_answers_is_not_said_to_be_silent(soon: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line says what it answers: at once, or in a second line where its first answer took long."""
    told, spoken = list[str](), threading.Event()

    def tell(what: str, until: object) -> None:
        told.append(what)
        spoken.set()

    monkeypatch.setattr(patience, "SILENT_SECONDS", 0.2)
    monkeypatch.setattr(patience, "tell", tell)
    monkeypatch.setattr(client, "RETRY_SECONDS", (0.4, 0.4))
    busy = Step({"code": "not-ready", "detail": "A part does not answer."}, 503, {"Retry-After": "0"})
    first = busy if soon else busy._replace(when=spoken)
    with Scripted(first, busy, Step({"a": 1})) as server, Client(server.url) as asking:
        assert asking.get("/x") == {"a": 1}
        silent = [] if soon else [f"the server at {server.url} to answer"]
        assert told == [*silent, f"the server at {server.url}, which last answered “A part does not answer.”"]


def test_a_stream_has_no_end_to_wait_for(silent: str, tmp_path: Path) -> None:
    """Its first byte may take as long as the work takes."""
    said = interrupted("replay", "--server", f"http://{silent}", directory=tmp_path, code=1)
    assert f"Waiting for the server at http://{silent} to answer; Ctrl-C gives up." in said


def test_who_is_answered_soon_hears_nothing(silent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor later: the line is called off with the wait, and only that of a later wait comes."""
    told = list[str]()
    monkeypatch.setattr(patience, "SILENT_SECONDS", 0.5)
    monkeypatch.setattr(patience, "tell", lambda what, until: told.append(what))
    monkeypatch.setattr(client, "PATIENCE_SECONDS", 1.0)
    with Scripted(Step({"a": 1}), Step({"a": 2})) as server, Client(server.url) as asking:
        assert [asking.get("/x"), asking.get("/x")] == [{"a": 1}, {"a": 2}]
        asking.server = f"http://{silent}"
        with pytest.raises(Failure):
            asking.get("/x")
    assert told == [f"the server at http://{silent} to answer"]
