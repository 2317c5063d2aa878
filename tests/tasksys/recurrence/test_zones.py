"""Which zone data decides."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.tasksys.recurrence.made import made

ASK = """
from datetime import datetime
from tasksys.recurrence import instant_of
from tasksys.values import require_zone
print(instant_of(datetime(2026, 7, 1, 12), require_zone("Europe/Berlin")).isoformat())
"""


def test_the_pinned_package_wins_over_the_machine(tmp_path: Path) -> None:
    """A machine whose Berlin is in Tokyo computes the same instants as every other."""
    (tmp_path / "Europe").mkdir()
    tzdata = pytest.importorskip("tzdata")
    tokyo = Path(tzdata.__file__).parent / "zoneinfo/Asia/Tokyo"
    (tmp_path / "Europe/Berlin").write_bytes(tokyo.read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", ASK], env={"PYTHONTZPATH": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "2026-07-01T10:00:00+00:00"


def test_zones_are_found_all_the_same() -> None:
    """Every zone that people live in is in the package."""
    series = made("2026-01-01T09:00 America/Argentina/Buenos_Aires", "FREQ=DAILY")
    assert series.anchor.zone == ZoneInfo("America/Argentina/Buenos_Aires")
