"""The benchmark's parts do what its figures take for granted."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import urllib.request

import pytest

from tests.bench import workload
from tests.bench.run_peers import Peer, compare, ours
from tests.support.kafka_broker import ROOT


def test_the_workload_is_the_same_everywhere() -> None:
    """Every machine and release gets the same bytes, or figures could not be compared over time."""
    digest = hashlib.sha256()
    for key, value in workload.commands(1000):
        digest.update(key + b"\0" + value + b"\n")
    assert digest.hexdigest() == "44228d4f4577affcdf3a9b5aaf4588cd90cce01924e7e53a7c5ae3e9abc19572"


def test_every_task_is_created_before_it_is_edited() -> None:
    """A fold with the real rules would refuse to edit what does not exist."""
    created: set[str] = set()
    for _, value in workload.commands(50_000):
        command = json.loads(value)
        assert (command["type"] == "EditTask") == (command["task"] in created)
        created.add(command["task"])
    assert len(created) > workload.WORKSPACES * workload.TASKS * 0.9


@pytest.mark.kafka
def test_a_peer_that_is_missing_does_not_stop_the_others() -> None:
    """It is reported with the reason, and the others have their figures."""
    peers = [
        Peer("absent", lambda: ["no-such-program"]),
        Peer("broken", lambda: [sys.executable, "-c", "raise SystemExit('out of order')"]),
        Peer("floor", ours("aiokafka_floor")),
    ]
    figures = compare(peers, warm_up=100, commands=1000, rounds=1, say=lambda line: None)
    assert "no-such-program" in figures["missing"]["absent"]
    assert "out of order" in figures["missing"]["broken"]
    assert figures["peers"]["floor"]["per_second"] > 0


def test_the_bare_server_answers_with_the_size_asked_for() -> None:
    """Its answers are as large as those it is compared with."""
    command = [sys.executable, "-m", "tests.bench.peers.bare_aiohttp", "--bytes", "700"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = json.loads(server.stdout.readline())["url"]
            with urllib.request.urlopen(f"{url}/tasks", data=b"{}", timeout=10) as answer:
                assert len(answer.read()) == 700
        finally:
            server.terminate()
