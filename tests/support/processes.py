"""Processes that tests start, each with a guard that kills it should the tests be gone."""

from __future__ import annotations

import subprocess


def end(process: subprocess.Popen[bytes] | None, guard: subprocess.Popen[bytes] | None) -> None:
    """Kills both at once (SIGKILL) and waits for their ends; nothing of what is None."""
    if process is not None:
        process.kill()
        process.wait()
    if guard is not None:
        guard.kill()
        guard.communicate()


def kill_when_we_are_gone(pid: int) -> subprocess.Popen[bytes]:
    """Start a shell that kills `pid` once our end of its standard input closes: even our own SIGKILL does that.

    Not PR_SET_PDEATHSIG: that is Linux's alone, and fires when the starting *thread* ends (one of `asyncio.to_thread`).
    """
    return subprocess.Popen(
        ["/bin/sh", "-c", f"read _; kill -9 {pid}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
