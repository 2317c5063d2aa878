"""One process a directory."""

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from streams.transport.embedded.errors import DirectoryInUse, LogCorrupt
from streams.transport.embedded.lock import FILE, DirectoryLock
from streams.transport.embedded.log import EmbeddedLog

HOLD = """
import sys
from pathlib import Path
from streams.transport.embedded.log import EmbeddedLog
log = EmbeddedLog.open(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.read()
"""


@contextmanager
def holder(directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that has the log open, until it is killed."""
    command = [sys.executable, "-c", HOLD, str(directory)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"open\n"
        try:
            yield child
        finally:
            child.kill()


@contextmanager
def held_with_note(directory: Path, note: bytes) -> Iterator[None]:
    """The file locked by somebody who is not the one it names."""
    path = directory / FILE
    path.write_bytes(note)
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


async def test_a_second_process_is_told_who_has_the_directory(tmp_path: Path) -> None:
    """The message names the directory, the holder's number, its command and what to do."""
    with holder(tmp_path) as child:
        with pytest.raises(DirectoryInUse) as refused:
            EmbeddedLog.open(tmp_path)
        message = str(refused.value)
        assert f"{tmp_path} is in use by process {child.pid} since " in message
        assert str(tmp_path) in message.split("(", 1)[1]
        assert "another directory" in message


async def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    """After kill -9 the next process opens at once, though the note is still there."""
    with holder(tmp_path) as child:
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert json.loads((tmp_path / FILE).read_bytes())["process"] == child.pid
    log = EmbeddedLog.open(tmp_path)
    assert json.loads((tmp_path / FILE).read_bytes())["process"] == os.getpid()
    await log.close()


def test_a_note_left_by_a_process_that_is_over_is_not_believed(tmp_path: Path) -> None:
    """Somebody holds the lock, but not the one who wrote the note."""
    over = subprocess.Popen([sys.executable, "-c", ""])
    over.wait()
    note = {"process": over.pid, "ticks": 1, "since": "then", "command": "c"}
    with held_with_note(tmp_path, json.dumps(note).encode()), pytest.raises(DirectoryInUse, match=f"not {over.pid},"):
        DirectoryLock(tmp_path)


def test_a_note_whose_process_number_was_given_to_another_is_not_believed(tmp_path: Path) -> None:
    """The number runs, but it started at another time."""
    note = {"process": os.getpid(), "ticks": 1, "since": "then", "command": "c"}
    with held_with_note(tmp_path, json.dumps(note).encode()), pytest.raises(DirectoryInUse, match="which is over"):
        DirectoryLock(tmp_path)


@pytest.mark.parametrize("note", [b"", b"{", b"[]", b'{"process": "x"}', b"\xff"])
def test_a_holder_that_has_not_yet_written_its_note_is_unknown(tmp_path: Path, note: bytes) -> None:
    """Between taking the lock and writing who it is there is a moment."""
    with held_with_note(tmp_path, note), pytest.raises(DirectoryInUse, match="not yet written down"):
        DirectoryLock(tmp_path)


def test_a_lock_is_free_after_release(tmp_path: Path) -> None:
    """Within one process too; releasing again does nothing."""
    lock = DirectoryLock(tmp_path)
    with pytest.raises(DirectoryInUse, match=f"process {os.getpid()} "):
        DirectoryLock(tmp_path)
    lock.release()
    lock.release()
    DirectoryLock(tmp_path).release()


def test_only_the_lock_decides_that_a_directory_is_in_use(tmp_path: Path) -> None:
    """A damaged database in a directory called "lock" is damaged, not in use, and is not left locked."""
    directory = tmp_path / "block lock held"
    directory.mkdir()
    (directory / "CURRENT").write_bytes(b"MANIFEST-000001\n")
    (directory / "MANIFEST-000001").write_bytes(b"damaged" * 10)
    with pytest.raises(LogCorrupt):
        EmbeddedLog.open(directory)
    DirectoryLock(directory).release()
