"""Runs every peer over the same commands on a real Kafka, in turn, and gives the median speed of each.

    python -m tests.bench.run_peers --warm-up 300000 --commands 300000 --rounds 3

Every run of a peer is a process of its own that starts from nothing; how it measures is said in `peers.command_line`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from streams.topics import COMMANDS as TASKSYS_COMMANDS
from tests.bench import domain_workload, workload
from tests.bench.filling import fill
from tests.support.kafka_broker import CACHE as KAFKA
from tests.support.kafka_broker import ROOT, KafkaBroker, install

TOPIC = "bench-commands"
# Java's compiler takes seconds to warm up: Kafka Streams folds 19,000/s over 100,000 commands, 60,000/s over 800,000.
WARM_UP = 300_000
COMMANDS = 300_000
RUN_SECONDS = 120.0  # for one run of one peer
VENV = ROOT / ".cache/bench-venv"
JAVA_BUILD = ROOT / ".cache/bench/kafka_streams"
PEERS = ROOT / "tests/bench/peers"


class Missing(Exception):
    """A peer that cannot run here; the message says why."""


@dataclass(frozen=True)
class Source:
    """A topic to fold: `pairs` gives the keys and values that hold so many commands of the workload."""

    topic: str
    pairs: Callable[[int], Iterator[tuple[bytes, bytes]]]
    config: Mapping[str, str] = field(default_factory=dict)


PLAIN = Source(TOPIC, workload.commands)
OURS = Source(TASKSYS_COMMANDS.name, domain_workload.commands, TASKSYS_COMMANDS.kafka_config())


@dataclass(frozen=True)
class Peer:
    """One program of the comparison.

    `command` gives its command line, to which `--bootstrap`, `--topic`, `--warm-up` and `--commands` are added; it
    prints the line that `peers.command_line.Stopwatch` prints. `share` is how much of the commands it gets: a slow peer
    needs fewer for as good a figure. `prepare` installs or builds what it needs, and raises Missing if it can't.
    """

    name: str
    command: Callable[[], Sequence[str]]
    share: float = 1.0
    prepare: Callable[[], None] = lambda: None
    source: Source = PLAIN


@cache
def make_venv() -> None:
    """The peers' own Python requirements, in an environment of their own."""
    wanted, marker = PEERS / "requirements.txt", VENV / "requirements.txt"
    if not marker.exists() or marker.read_text() != wanted.read_text():
        shell(sys.executable, "-m", "venv", "--clear", str(VENV))
        shell(str(VENV / "bin/python"), "-m", "pip", "install", "--quiet", "--requirement", str(wanted))
        marker.write_text(wanted.read_text())


@cache
def build_java() -> None:
    """The Java peer's classes and jars."""
    shell("mvn", "--batch-mode", "--quiet", "--file", str(PEERS / "kafka_streams/pom.xml"), "package")


def shell(*command: str) -> None:
    """Run the command; Missing with its last words if it fails."""
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise Missing(f"{command[0]} is not installed") from error
    except subprocess.CalledProcessError as error:
        raise Missing(f"{' '.join(command)}: {last_words(error.stdout + error.stderr)}") from error


def ours(module: str) -> Callable[[], Sequence[str]]:
    """A peer that runs with the project's own requirements."""
    return lambda: [sys.executable, "-m", f"tests.bench.peers.{module}"]


def theirs(module: str, *arguments: str) -> Callable[[], Sequence[str]]:
    """A peer that runs with `peers/requirements.txt`."""
    return lambda: [str(VENV / "bin/python"), "-W", "ignore", "-m", f"tests.bench.peers.{module}", *arguments]


def kafka_streams() -> Sequence[str]:
    """The peer in Java, on the Java that runs the broker."""
    java = (KAFKA / "java").read_text().strip()
    options = ["-Dorg.slf4j.simpleLogger.defaultLogLevel=error"]
    return [java, *options, "-cp", f"{JAVA_BUILD}/classes:{JAVA_BUILD}/lib/*", "tasksys.bench.Main"]


REGISTRY = (
    Peer("tasksys", ours("tasksys_fold"), source=OURS),
    Peer("kafka-streams", kafka_streams, prepare=build_java),
    Peer("quix-streams", theirs("quix"), prepare=make_venv),
    # Committing as often as Kafka Streams does (100 ms), not every 5 s, in which all it does is batch in memory.
    Peer("quix-streams-100ms", theirs("quix", "--commit-seconds", "0.1"), prepare=make_venv),
    Peer("faust-stock", ours("faust_stock"), share=0.05),
    Peer("eventsourcing-sqlite", theirs("eventsourcing_sqlite"), share=0.02, prepare=make_venv),
    Peer("aiokafka-floor", ours("aiokafka_floor")),
)


def run(peer: Peer, bootstrap: str, warm_up: int, commands: int) -> dict[str, Any]:
    """One run of one peer: the line it prints. Missing if it fails or takes longer than RUN_SECONDS."""
    warm_up, commands = int(warm_up * peer.share), int(commands * peer.share)
    place = ["--bootstrap", bootstrap, "--topic", peer.source.topic]
    given = [*place, "--warm-up", str(warm_up), "--commands", str(commands)]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        process = subprocess.Popen(
            [*peer.command(), *given],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": directory},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            output, errors = process.communicate(timeout=RUN_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise Missing(f"no result in {RUN_SECONDS:.0f} s") from error
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
    lines = [line for line in output.splitlines() if line.startswith('{"peer"')]
    if not lines:
        raise Missing(f"ended with status {process.returncode}: {last_words(errors)}")
    figures: dict[str, Any] = json.loads(lines[-1])
    return figures


def last_words(output: str) -> str:
    """The end of what a program said."""
    return " | ".join(output.strip().splitlines()[-5:])[-600:] or "it said nothing"


def compare(
    peers: Sequence[Peer], warm_up: int, commands: int, rounds: int, say: Callable[[str], object]
) -> dict[str, Any]:
    """All peers `rounds` times in turn: of each, its commands per second (median, and every run), or why it's missing.

    In turn, and each round starting with another peer, so that what else the machine does falls on all of them alike.
    """
    install()
    runs: dict[str, list[int]] = {peer.name: [] for peer in peers}
    missing: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as directory, KafkaBroker(Path(directory), java_options=("-Xmx1g",)) as broker:
        for source in {peer.source.topic: peer.source for peer in peers}.values():
            pairs = source.pairs(warm_up + commands)
            asyncio.run(fill(broker.bootstrap, source.topic, pairs, source.config))
        for number in range(rounds):
            for peer in (*peers[number % len(peers) :], *peers[: number % len(peers)]):
                if peer.name in missing:
                    continue
                try:
                    peer.prepare()
                    figures = run(peer, broker.bootstrap, warm_up, commands)
                except (Missing, OSError) as error:
                    missing[peer.name] = str(error)
                    say(f"{peer.name}: missing: {error}")
                else:
                    runs[peer.name].append(figures["per_second"])
                    say(f"{peer.name}: {figures['per_second']:,} commands/s in {figures['seconds']} s")
    measured = {name: {"per_second": statistics.median(all_), "runs": all_} for name, all_ in runs.items() if all_}
    return {"warm_up": warm_up, "commands": commands, "rounds": rounds, "peers": measured, "missing": missing}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--warm-up", type=int, default=WARM_UP)
    parser.add_argument("--commands", type=int, default=COMMANDS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", nargs="*", choices=[peer.name for peer in REGISTRY], help="only these")
    given = parser.parse_args()
    peers = [peer for peer in REGISTRY if given.peers is None or peer.name in given.peers]
    figures = compare(peers, given.warm_up, given.commands, given.rounds, lambda line: sys.stderr.write(line + "\n"))
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
