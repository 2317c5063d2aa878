"""`tasksys status`: once and as JSON, and live on a terminal, whatever becomes of the workers."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rich.console import Console

from streams.parts import AGENTS
from tasksys.cli import status
from tasksys.cli.client import Json
from tests.support.serving import COMMAND, Serving, environment
from tests.tasksys.cli.conftest import Run, answer, errors, invoke
from tests.tasksys.cli.scripted import Scripted, Step

PATIENCE = 60.0
STEER = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
"""What moves the cursor, and colours."""


@pytest.fixture
def own(tmp_path: Path) -> Serving:
    """A server that only this test uses, not started."""
    return Serving(tmp_path / "server")


def worker(url: str, partitions: dict[int, int], copies: tuple[int, ...] = (), **more: object) -> Json:
    """What a worker tells: the lag of each partition."""
    other = "http://a:1" if url == "http://b:1" else "http://b:1"
    rows = [
        {"partition": number, "position": 10, "end": 10 + lag, "lag": lag, "fault": None, "recovering": 0,
         "standbys": [other]}
        for number, lag in partitions.items()
    ]  # fmt: skip
    held = [{"partition": number, "recovering": 3} for number in copies]
    agents = {
        name: {"source": "s", "partitions": [dict(row) for row in rows], "copies": held}
        for name in ("commands", "audit")
    }
    return {"url": url, "broker": "kafka://b:9092", "ready": True, "missing": {}, "agents": agents, **more}


TWO = [
    worker("http://a:1", {0: 0, 1: 7, 2: 0}, (3,)),
    worker("http://b:1", {3: 0}, (0, 1, 2), ready=False, missing={"audit": "recovering"}),
]
CLUSTER = TWO[0] | {"workers": TWO}


def drawn(found: Json, width: int, looks: status.Looks | None = None) -> str:
    """What is shown on a terminal so wide."""
    console = Console(width=width, record=True, file=io.StringIO(), force_terminal=True)
    told = (looks or status.Looks()).take(found, "12:00:00")
    console.print(status.shown(told, width, looks.gone if looks else {}))
    return console.export_text()


def test_every_worker_and_partition_is_shown(run: Run, server: Serving) -> None:
    """As tables for people, and as the server's JSON for programs."""
    shown = run("status").stdout
    assert f"embedded://{server.log}" in shown
    assert "1 of 1 workers ready" in shown
    assert "lag of commands" in shown
    found = answer(run("status", "--json"))
    assert set(found["agents"]) == set(AGENTS)
    for agent in found["agents"].values():
        assert [one["partition"] for one in agent["partitions"]] == [0, 1, 2, 3]
        assert all(one["recovering"] == 0 and one["standbys"] == [] for one in agent["partitions"])
        assert agent["copies"] == []


def test_a_cluster_is_shown_with_what_is_not_ready() -> None:
    """Who has what, copies, lags, and why a worker is not ready."""
    with Scripted(Step(CLUSTER)) as server:
        shown = invoke("status", "--server", server.url).stdout
    assert "1 of 2 workers ready" in shown
    assert "b:1: audit is not ready: recovering" in shown
    rows = [line.split() for line in shown.splitlines()]
    assert ["a:1", "ready", "0-2", "3", "14", "6"] in rows
    assert ["1", "a:1", "7", "7", "0", "b:1", "10"] in rows
    assert ["3", "b:1", "0", "0", "0", "a:1", "10"] in rows


def test_brokers_that_are_away_are_told_once() -> None:
    """And not what follows from it, of each agent of each worker."""
    why = {"broker": "kafka://b:9092 does not answer: look", "commands": "not heard of", "audit": "not heard of"}
    told = [one | {"ready": False, "missing": why} for one in TWO]
    with Scripted(Step(told[0] | {"workers": told})) as server:
        shown = invoke("status", "--server", server.url).stdout
    assert shown.count("does not answer") == 1
    assert "not heard of" not in shown
    assert "0 of 2 workers ready" in shown


def test_the_position_is_of_one_agent_whichever_comes_first() -> None:
    """While they rebalance, an agent's partition may be at another worker than the other's."""
    behind = worker("http://a:1", {0: 0})
    del behind["agents"]["commands"]
    ahead = worker("http://b:1", {0: 0})
    del ahead["agents"]["audit"]
    ahead["agents"]["commands"]["partitions"][0]["position"] = 77
    shown = drawn(ahead | {"workers": [ahead, behind]}, 200)
    assert "position of commands" in " ".join(shown.split())
    assert [line for line in shown.splitlines() if line.split()[:1] == ["0"] and line.split()[-1] == "77"]


def test_a_server_that_tells_of_itself_only_is_shown() -> None:
    """As one of an earlier release does."""
    found = {
        "ready": False,
        "missing": {"audit": "recovering"},
        "agents": {"audit": {"source": "tasksys.events", "partitions": [{"partition": 0, "lag": 7}]}},
    }
    with Scripted(Step(found)) as server:
        shown = invoke("status", "--server", server.url).stdout
    assert "audit is not ready: recovering" in shown
    assert "7" in shown


@pytest.mark.parametrize("width", [60, 200])
def test_a_lag_that_may_be_more_says_so(width: int) -> None:
    """The brokers did not say where a partition ends: its numbers are at least what they show, the others' are not."""
    told = worker("http://a:1", {0: 0, 1: 7})
    told["agents"]["audit"]["partitions"][1]["at_least"] = True
    rows = [line.split() for line in drawn(told | {"workers": [told]}, width).splitlines()]
    [first] = [row for row in rows if row[:2] == ["1", "a:1"]]
    assert first[2:4] == (["7", "≥7"] if width == 200 else ["≥14"])
    assert not any("≥" in cell for row in rows if row[:2] == ["0", "a:1"] for cell in row)
    [line] = [row for row in rows if row[:1] == ["a:1"]]
    assert "≥14" in line


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_it_fits_into_any_terminal(width: int) -> None:
    """No line is longer; who owns what can be read in the narrowest."""
    shown = drawn(CLUSTER, width)
    assert max(map(len, shown.splitlines())) <= width
    assert "a:1" in shown
    assert "b:1" in shown


def test_a_partition_that_moves_shows_both_owners() -> None:
    """One agent's group has rebalanced, another one's has not yet."""
    left, right = worker("http://a:1", {0: 0}), worker("http://b:1", {0: 0})
    del left["agents"]["audit"], right["agents"]["commands"]
    assert "a:1, b:1" in drawn(left | {"workers": [left, right]}, 200)


def test_a_partition_that_nobody_answers_for_is_shown() -> None:
    """Its owner is away, and its copy is not the owner yet."""
    away = {"url": "http://b:1", "ready": False, "missing": {"worker": "it did not answer"}, "agents": {}}
    shown = drawn(TWO[0] | {"workers": [TWO[0], away]}, 200)
    assert "away" in shown
    assert "b:1: worker is not ready: it did not answer" in shown
    [row] = [line for line in shown.splitlines() if "nobody answers" in line]
    assert row.split()[0] == "3"
    assert "a:1" in row


def test_who_went_away_is_shown_as_gone_until_it_is_back() -> None:
    """A cluster's table goes on without a worker."""
    looks = status.Looks()
    assert "gone" not in drawn(CLUSTER, 120, looks)
    assert "gone since 12:00:00" in drawn(TWO[0] | {"workers": TWO[:1]}, 120, looks)
    assert "gone" not in drawn(CLUSTER, 120, looks)


def test_a_worker_that_is_kept_out_is_shown_beside_the_others() -> None:
    """With what is to be put right; also where it has another one's address, and where it was a worker before."""
    kept_out = {"ready": False, "kept_out": "advertise-url", "missing": {"worker": "its own"}, "agents": {}}
    looks = status.Looks()
    drawn(CLUSTER, 120, looks)
    shown = drawn(TWO[0] | {"workers": [TWO[0], kept_out | {"url": "http://a:1"}]}, 120, looks)
    rows = [line.split() for line in shown.splitlines()]
    assert ["a:1", "ready", "0-2", "3", "14", "6"] in rows
    assert ["a:1", "kept", "out", "–", "–", "–", "–"] in rows
    assert "1 of 2 workers ready" in shown
    assert "a:1: worker is not ready: its own" in shown
    assert "gone since" in shown
    again = drawn(TWO[0] | {"workers": [TWO[0], kept_out | {"url": "http://b:1"}]}, 120, looks)
    assert "gone" not in again


class Terminal:
    """Our end of a program's terminal. It has to be read until the program ends, which waits for room on it."""

    def __init__(self, end: int) -> None:
        self._end = end
        self._written = b""

    @property
    def text(self) -> bytes:
        """All that was written so far, but for what steers the cursor: of that a read may end in the middle."""
        return STEER.sub(b"", self._written)

    def until(self, wanted: bytes) -> None:
        """Reads on until that was written, after what was read before."""
        before = len(self._written)
        while wanted not in STEER.sub(b"", self._written[before:]):
            assert self._read(), f"{wanted!r} was not seen, but {self._written[before:]!r}"

    def to_the_end(self) -> None:
        """Reads on until the program has ended."""
        while self._read():
            pass

    def _read(self) -> bool:
        """Reads something; False if the program has closed its end."""
        ready, _, _ = select.select([self._end], [], [], PATIENCE)
        assert ready, f"nothing more was written, after {self._written!r}"
        try:
            more = os.read(self._end, 65536)
        except OSError:  # how Linux says that the other end is closed
            more = b""
        self._written += more
        return bool(more)


@contextmanager
def on_a_terminal(*arguments: str, width: int) -> Iterator[tuple[subprocess.Popen[bytes], Terminal]]:
    """Runs `tasksys` on a terminal of its own; the process and our end of the terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    settings = {name: value for name, value in environment(TERM="xterm").items() if name != "COLUMNS"}
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=settings, start_new_session=True
    )
    os.close(theirs)
    try:
        yield process, Terminal(ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def test_a_live_table_outlives_its_server(own: Serving) -> None:
    """It says that the server is away, goes on when it is back, fits, and ends with Ctrl-C."""
    with (
        own,
        on_a_terminal("status", "--watch", "--every", "0.2", "--server", own.url, width=70) as (process, terminal),
    ):
        terminal.until(b"1 of 1 workers ready")
        terminal.until(b"owner")
        own.kill()
        terminal.until(b"asked again")
        own.start()
        for _ in range(2):  # the first may be of before
            terminal.until(b"1 of 1 workers ready")
        process.send_signal(signal.SIGINT)
        terminal.to_the_end()
        assert process.wait(PATIENCE) == 0
        assert max(len(line.decode()) for line in re.split(rb"[\r\n]+", terminal.text)) <= 70
        assert b"Traceback" not in terminal.text


def test_nobody_to_ask() -> None:
    """At the beginning it is an error, also of the live table; what is refused ends it."""
    assert "tasksys serve" in errors(invoke("status", "--watch", "--server", "http://127.0.0.1:1", code=3))
    with Scripted(Step({"code": "forbidden", "detail": "For operators."}, status=403)) as server:
        assert "For operators" in errors(invoke("status", "--watch", "--server", server.url, code=1))
