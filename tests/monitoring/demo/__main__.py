"""`python -m tests.monitoring.demo [--into DIRECTORY]`: breaks a system in four ways, and writes what was seen."""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from tests.monitoring.demo import disk, faults, page, pictures
from tests.monitoring.demo.evidence import Fault, Watcher
from tests.monitoring.demo.faults import PARTITIONS, Scene
from tests.monitoring.demo.users import Users
from tests.support import kafka_broker
from tests.support.kafka_broker import KafkaBroker
from tests.support.monitoring.otlp import receiving
from tests.support.monitoring.programs import Program
from tests.support.monitoring.receivers import Inbox
from tests.support.monitoring.stack import Stack
from tests.support.monitoring.tools import INSTALL, ROOT, tool
from tests.support.ports import HOST, free_ports
from tests.support.serving import Serving, environment

PAGE: Final = ROOT / "monitoring/docs/demonstration"
FASTER: Final = 10.0
ALL: Final[Sequence[Callable[[Scene], Awaitable[Fault]]]] = (
    faults.killed, faults.poisoned, faults.unheard, faults.crowded,
)  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    """Does all of it; 1 if something was not seen that should have been."""
    parser = argparse.ArgumentParser(prog="python -m tests.monitoring.demo", description=__doc__)
    parser.add_argument("--into", type=Path, default=PAGE, metavar="DIRECTORY")
    parser.add_argument("only", nargs="*", help="names of faults: killed, poisoned, unheard, crowded; all by default")
    asked = parser.parse_args(arguments)
    subprocess.run([str(INSTALL)], check=True)
    kafka_broker.install()
    asked.into.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix="tasksys-observe-") as base:
            _run(Path(base), asked.into, asked.only)
    except AssertionError as error:
        sys.stderr.write(f"observe: {error}\n")
        return 1
    return 0


def _run(base: Path, into: Path, only: Sequence[str]) -> None:
    with ExitStack() as running:
        collector = running.enter_context(receiving("grpc"))
        broker = running.enter_context(KafkaBroker(base / "kafka"))
        where = ("--broker", f"kafka://{broker.bootstrap}")
        small = running.enter_context(disk.small(base / "worker-2"))
        options = (
            *where, "--partitions", str(PARTITIONS), "--allow-private-webhooks", "--log-format", "json",
            "--otlp-endpoint", collector.url, "--trace-sample", "1",
        )  # fmt: skip
        secret = {"TASKSYS_SECRET_KEY": "k" * 40}
        workers = [
            Serving(base / name, *options, "--instance", name, settings=secret) for name in ("worker-1", "worker-2")
        ]
        for worker in workers:
            _start(worker)
            running.callback(worker.stop)
        [port] = free_ports(1)
        command = [
            sys.executable, "-m", "tasksys.cli", "lag-exporter", *where, "--port", str(port), "--every", "1",
        ]  # fmt: skip
        running.enter_context(
            Program("lag-exporter", command, base / "exporter", f"http://{HOST}:{port}/metrics", environment())
        )
        inbox = running.enter_context(Inbox.listening())
        targets = {
            "tasksys": [f"{HOST}:{worker.metrics_port}" for worker in workers],
            "tasksys-lag": [f"{HOST}:{port}"],
        }
        stack = running.enter_context(Stack(base / "stack", targets, inbox=inbox, faster=FASTER, host=True))
        watcher = Watcher(inbox)
        running.enter_context(watcher.watching())
        users = Users(workers, broker.bootstrap)
        scene = Scene(base, users, workers, stack, watcher, collector, small)
        start = time.time()
        found = asyncio.run(_story(scene, only))
        end = time.time()
        gallery = pictures.Gallery(stack.url, into, targets["tasksys"][1])
        for fault in found:
            gallery.of(fault)
        whole = gallery.draw(pictures.WHOLE, start, end)
        names = [(f"worker-{number}", address) for number, address in enumerate(targets["tasksys"], 1)]
        count = sum(1 for span in list(collector.spans) if span.name.startswith("HTTP "))
        run = page.Run(
            found, whole, names, watcher.messages, start, end, FASTER, _versions(), count, len(collector.spans)
        )
        page.save(run, into)
        silent = [
            f"no line of a log belongs to {fault.name}" for fault in found if not fault.lines and not fault.skipped
        ]
        assert not gallery.lacking + silent, "; ".join(gallery.lacking + silent)


def _start(worker: Serving, tries: int = 3) -> None:
    """Starts it; a broker that has just started on a busy machine may not be there for its first worker yet."""
    for _ in range(tries - 1):
        with suppress(RuntimeError):
            worker.start()
            return
    worker.start()


async def _story(scene: Scene, only: Sequence[str]) -> list[Fault]:
    found: list[Fault] = []
    async with scene.users as users:
        await users.settle()
        async with users.at_work():
            await asyncio.sleep(25)  # so that pictures show how it was before
            for part in ALL:
                if not only or part.__name__ in only:
                    sys.stdout.write(f"{part.__name__}: {(part.__doc__ or '').strip()}\n")
                    sys.stdout.flush()
                    found.append(await part(scene))
    return found


def _versions() -> str:
    """What runs beside us."""
    named = {"prometheus": "Prometheus", "alertmanager": "Alertmanager", "node_exporter": "node exporter"}
    said: list[str] = []
    for name, title in named.items():
        shown = subprocess.run([str(tool(name)), "--version"], capture_output=True, text=True, check=False, timeout=30)
        words = (shown.stdout + shown.stderr).split()
        said.append(
            f"{title} {words[words.index('version') + 1].split('+')[0].rstrip(',')}" if "version" in words else title
        )
    return ", ".join(said)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
