"""What is measured of a process itself."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from monitoring import process
from monitoring.process import Disk, ProcessCollector, pulse
from tests.support.scraping import Since, scraped
from tests.support.waiting import until


async def test_a_loop_that_is_held_up_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who does not let go for 0.3 s is an observation above a quarter of a second."""
    monkeypatch.setattr(process, "PULSE_SECONDS", 0.01)
    since = Since()
    task = asyncio.create_task(pulse())
    await until(lambda: since("tasksys_event_loop_delay_seconds_count") >= 2)
    time.sleep(0.3)  # noqa: ASYNC251  (that is it)
    late = since("tasksys_event_loop_delay_seconds_count") - since("tasksys_event_loop_delay_seconds_bucket", le="0.25")
    await until(
        lambda: (
            since("tasksys_event_loop_delay_seconds_count")
            - since("tasksys_event_loop_delay_seconds_bucket", le="0.25")
            > late
        )
    )
    task.cancel()


def test_a_disk_is_looked_at(tmp_path: Path) -> None:
    """Room, size, and that a file can be written, also where the directory is still to be made; nothing is left."""
    disk = Disk(tmp_path / "not" / "there")
    assert (disk.writable, disk.free) == (False, None)
    disk.look()
    assert disk.writable
    assert disk.free is not None
    assert disk.size is not None
    assert 0 < disk.free <= disk.size
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_cannot_be_written(tmp_path: Path) -> None:
    """Then it is not writable, and it is again when it is."""
    place = tmp_path / "data"
    place.write_text("a file where a directory should be")
    disk = Disk(place)
    disk.look()
    assert not disk.writable
    place.unlink()
    place.mkdir()
    disk.look()
    assert disk.writable


def test_a_disk_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was heard of it for long: it is not writable."""
    disk = Disk(tmp_path)
    disk.look()
    monkeypatch.setattr(process, "monotonic", lambda: time.monotonic() + process.HANGING_SECONDS + 1)
    assert not disk.writable


def test_what_runs_is_told(tmp_path: Path) -> None:
    """Release, Python and transport in labels; and the disk, once it was looked at."""
    registry, disk = CollectorRegistry(), Disk(tmp_path)
    registry.register(ProcessCollector(disk, "embedded"))
    assert not scraped(registry).has("tasksys_disk_free_bytes")
    disk.look()
    figures = scraped(registry)
    assert figures.sum("tasksys_build_info", transport="embedded") == 1
    assert figures.sum("tasksys_disk_free_bytes") == disk.free
    assert figures.sum("tasksys_disk_writable") == 1


def test_a_disk_that_hangs_holds_up_no_stop() -> None:
    """The process ends all the same."""
    program = (
        "import asyncio, threading\n"
        "from pathlib import Path\n"
        "from monitoring.process import Disk\n"
        "class Hanging(Disk):\n"
        "    def look(self):\n"
        "        began.set()\n"
        "        threading.Event().wait()\n"
        "async def main():\n"
        "    watching = asyncio.create_task(Hanging(Path('.')).watch())\n"
        "    await asyncio.to_thread(began.wait)\n"
        "    watching.cancel()\n"
        "began = threading.Event()\n"
        "asyncio.run(main())\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=20)
