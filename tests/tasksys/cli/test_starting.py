"""What a start remarks."""

from __future__ import annotations

from pathlib import Path

from tasksys.cli.starting import unlike
from tasksys.settings import Settings


def test_what_has_no_effect_is_said(tmp_path: Path) -> None:
    """Nothing is said of what was not asked for, nor of a first worker that is alone with the usual one standby."""
    assert unlike(Settings(tmp_path), 12, 0) == []
    assert unlike(Settings(tmp_path, partitions=12, standbys=2), 12, 2) == []
    [partitions] = unlike(Settings(tmp_path, partitions=24), 12, 3)
    assert partitions.startswith("--partitions 24 has no effect: the topics are there, and have 12")
    [standbys] = unlike(Settings(tmp_path, standbys=5), 12, 2)
    assert standbys.startswith("--standbys 5 is more than there are other workers (2 just now)")
