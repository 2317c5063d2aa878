"""An embedded log with flipped bytes: whatever is asked to read it says so in one sentence."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from streams.transport.database import open_database
from tasksys.cli import damage
from tests.support.serving import Serving, environment
from tests.tasksys.cli.conftest import errors, invoke


def flip(path: Path, at: int) -> None:
    """Another byte there than was written; negative from the end."""
    damaged = bytearray(path.read_bytes())
    damaged[at] ^= 0xFF
    path.write_bytes(damaged)


@pytest.fixture
def table(tmp_path: Path) -> tuple[Serving, Path]:
    """A stopped server, and the file that its log lies in."""
    own = Serving(tmp_path / "server")
    with own:
        invoke("add", "Buy milk", "--server", own.url)
    database = open_database(own.log)
    database.flush()
    database.close()
    return own, max(own.log.glob("*.sst"))


@pytest.mark.parametrize("at", [20, -20], ids=["a block", "the end"])
def test_damage_is_one_sentence_with_a_remedy(table: tuple[Serving, Path], at: int) -> None:
    """`audit verify` ends with code 5, `serve` with 1; both name the file and say what to do."""
    own, file = table
    flip(file, at)
    told = errors(invoke("audit", "verify", "--broker", f"embedded://{own.log}", code=5))
    ended = subprocess.run(own.command, capture_output=True, text=True, timeout=60, check=False, env=environment())
    assert ended.returncode == 1
    for said in (told, ended.stderr):
        assert file.name in said
        assert "is damaged" in said
        assert "streams.transport.embedded.repair" in said
        assert "--debug" not in said


def test_damage_is_told_from_other_errors(tmp_path: Path) -> None:
    """What RocksDB says of a bad block is damage, a bare exception of something else is not."""
    found = damage.failure(Exception("Corruption: bad block in 7.sst"), tmp_path)
    assert found is not None
    assert f"The log in {tmp_path} is damaged: Corruption: bad block in 7.sst. Stop" in found.message
    assert damage.failure(Exception("something"), tmp_path) is None
    assert damage.failure(OSError("Corruption"), tmp_path) is None
