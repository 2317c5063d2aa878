"""One process a directory: a lock that dies with its holder, and a note that says who that is."""

import fcntl
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from streams.transport.embedded.errors import DirectoryInUse

FILE = "HOLDER"


class DirectoryLock:
    """Holds `directory` for this process, from construction until `release` or the process's end, however it ends.

    The kernel's `flock` on the file decides; what is written in the file only names the holder. A note left behind
    by a killed process is therefore never believed: its process number must be alive, and started when it says.
    Raises DirectoryInUse; OSError when the file cannot be made.
    """

    def __init__(self, directory: Path) -> None:
        path = directory / FILE
        self._file: int | None = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note = os.pread(self._file, 4096, 0)
            self.release()
            raise DirectoryInUse(
                f"{directory} is in use by {_holder(note)}. Two processes cannot share an embedded log: "
                "stop that one, or give this one another directory."
            ) from None
        except OSError:
            self.release()
            raise
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, _note(), 0)

    def release(self) -> None:
        """Let the next process in. Does nothing the second time."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _note() -> bytes:
    """Who we are, as JSON."""
    process = os.getpid()
    return json.dumps(
        {
            "process": process,
            "ticks": _start_ticks(process),
            "since": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "command": " ".join(sys.argv[:2])[:500],  # the program and its verb; options may hold secrets
        }
    ).encode()


def _holder(note: bytes) -> str:
    """The note in words, if its process is there; the lock itself is certainly held by somebody."""
    try:
        who: dict[str, Any] = json.loads(note)
        process, ticks = int(who["process"]), who["ticks"]
        named = f"process {process} since {who['since']} ({who['command']})"
    except (ValueError, KeyError, TypeError):
        return "a process that has not yet written down which"
    if _running(process, ticks):
        return named
    return f"a process that did not write down which: not {process}, which is over, but perhaps a child of it"


def _running(process: int, ticks: int | None) -> bool:
    """Whether this very process runs: numbers are used again, a number together with a start time is not."""
    stat = _stat(process)
    if stat is None:
        return ticks is None and _exists(process)
    return stat[0] not in ("Z", "X") and int(stat[19]) == ticks


def _start_ticks(process: int) -> int | None:
    """When the process started, in clock ticks since the machine did; None on systems without /proc."""
    stat = _stat(process)
    return None if stat is None else int(stat[19])


def _stat(process: int) -> list[str] | None:
    """Fields 3 (state) and up of proc(5); None if there is no such process or no /proc."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return None
    return stat.rpartition(")")[2].split()  # the name in parentheses before it may hold blanks


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True
