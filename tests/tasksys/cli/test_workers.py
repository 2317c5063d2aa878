"""Several processes on one port: started, started again, stopped, and gone with what started them."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from pathlib import Path
from typing import Final

import aiohttp
import pytest

from tasksys.cli import workers
from tasksys.cli.workers import Supervisor, command
from tasksys.settings import Settings, SettingsUnfit
from tests.support.kafka_broker import KafkaBroker
from tests.support.nodes import wipe
from tests.support.serving import Serving

KAFKA: Final = "kafka://127.0.0.1:9092"
PATIENCE: Final = 60.0


def test_each_has_its_own(tmp_path: Path) -> None:
    """Ports, directory, name and file; all else is as it was given, and comes before."""
    settings = Settings(tmp_path, broker=KAFKA, port=4000, metrics_port=4100, workers=2, instance="a", member="m")
    given = ["serve", "--port", "4000", "--workers", "2"]
    one, two = (command(settings, given, number, tmp_path / "said.log") for number in (1, 2))
    assert one[3:8] == two[3:8] == given
    assert two[8:] == [
        "--workers", "1", "--shared-port", "4000", "--port", "4002", "--metrics-port", "4101",
        "--data-dir", str(tmp_path / "worker-2"), "--instance", "a-2", "--member", "m-2",
        "--log-file", str(tmp_path / "said-2.log"),
    ]  # fmt: skip
    assert not {*one[9::2]} & {*two[9::2]} - {"1", "4000"}


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"broker": KAFKA, "advertise_url": "http://one:3001"},
        {"broker": KAFKA, "port": 3100},
        {"broker": KAFKA, "port": 3103},
    ],
)
def test_what_does_not_go_together(tmp_path: Path, given: dict[str, str]) -> None:
    """An embedded log, one address for all, ports that would meet."""
    with pytest.raises(SettingsUnfit):
        Settings(tmp_path, workers=4, **given)  # type: ignore[arg-type]


def script(path: Path, text: str) -> list[str]:
    """A program that notes its starts, and does something."""
    noting = f"import os, sys, time\nopen({str(path)!r}, 'a').write(f'{{os.getpid()}}\\n')\n"
    return [sys.executable, "-c", noting + text]


def noted(path: Path) -> list[str]:
    """What was noted so far."""
    return path.read_text().split() if path.exists() else []


async def starts(path: Path, count: int) -> list[int]:
    """The process ids of the first so many starts."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = noted(path)
            if len(found) >= count:
                return [int(one) for one in found]
            await asyncio.sleep(0.02)


async def test_one_that_dies_is_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others go on; a stop reaches all, and ends with 0."""
    monkeypatch.setattr(workers, "RESTART_SECONDS", (0.01,))
    paths = [tmp_path / name for name in ("one", "two")]
    supervisor = Supervisor([script(path, "time.sleep(600)") for path in paths])
    running = asyncio.create_task(supervisor.run())
    (first,), (second,) = [await starts(path, 1) for path in paths]
    os.kill(first, signal.SIGKILL)
    assert (await starts(paths[0], 2))[1] != first
    assert await starts(paths[1], 1) == [second]
    os.kill(os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(PATIENCE):
        assert await running == 0


async def test_one_that_cannot_start_ends_all(tmp_path: Path) -> None:
    """It has said why; its exit code is that of all."""
    paths = [tmp_path / name for name in ("one", "two")]
    commands = [script(paths[0], "time.sleep(600)"), script(paths[1], "sys.exit(2)")]
    async with asyncio.timeout(PATIENCE):
        assert await Supervisor(commands).run() == 2


@pytest.mark.kafka
@pytest.mark.timeout(300)
async def test_several_on_one_port(kafka: KafkaBroker, tmp_path: Path) -> None:
    """Any connection to the shared port is answered for everything, also while one of them was killed; and they end
    with what started them, however that ends."""
    broker = f"kafka://{kafka.bootstrap}"
    await wipe(broker)
    serving = Serving(tmp_path, "--broker", broker, "--partitions", "4", "--workers", "2")
    await asyncio.to_thread(serving.start)
    try:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as http:

            async def urls() -> dict[str, bool]:
                async with http.get(f"{serving.url}/admin/status") as answer:
                    return {one["url"]: one["ready"] for one in (await answer.json())["workers"]}

            both = {f"http://127.0.0.1:{serving.port + number}": True for number in (1, 2)}
            async with asyncio.timeout(PATIENCE):
                while True:
                    if await urls() == both:
                        break
                    await asyncio.sleep(0.1)
            spaces = []
            for number in range(6):
                async with http.post(f"{serving.url}/api/v1/workspaces", json={"name": f"{number}"}) as answer:
                    assert answer.status == 201
                    spaces.append((await answer.json())["id"])
            asked = set()
            for _ in range(20):
                async with http.get(f"{serving.url}/admin/status") as answer:
                    asked.add((await answer.json())["url"])
            assert asked == both.keys(), "connections are spread"
            os.kill(children(serving.process.pid)[0], signal.SIGKILL)
            for space in spaces:
                async with http.get(f"{serving.url}/api/v1/workspaces/{space}") as answer:
                    assert answer.status == 200
        assert re.search(r"worker \d ended with status -9; it is started again", serving.output())
        left = children(serving.process.pid)
        serving.kill()
        async with asyncio.timeout(PATIENCE):
            while True:
                if not any(map(running, left)):
                    break
                await asyncio.sleep(0.1)
    finally:
        serving.kill()


def running(pid: int) -> bool:
    """Whether there is such a process, which has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
