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
