"""`tasksys serve --workers N`: several processes that share one port, each started again when it dies.

They are started as the command itself was, with ports, directory and names of their own. The kernel spreads connections
over those that listen on the shared port (SO_REUSEPORT); whichever gets one answers for all.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from tasksys.settings import Settings

logger = logging.getLogger("tasksys.serve")

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)

RESTART_SECONDS: Final = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Waits before a worker that ended is started again; the last one is repeated."""

HEALTHY_SECONDS: Final = 60.0
"""A worker that ran for so long begins with the shortest wait again."""


def command(settings: Settings, arguments: Sequence[str], number: int, log_file: Path | None) -> list[str]:
    """What is run for a worker, of which the first has number 1: of two options of one name the last counts."""
    own = {
        "--workers": "1",
        "--shared-port": str(settings.port),
        "--port": str(settings.port + number),
        "--metrics-port": str(settings.metrics_port + number - 1),
        "--data-dir": str(settings.data_dir / f"worker-{number}"),
    }
    if settings.instance:
        own["--instance"] = f"{settings.instance}-{number}"
    if settings.member:
        own["--member"] = f"{settings.member}-{number}"
    if log_file is not None:
        own["--log-file"] = str(log_file.with_name(f"{log_file.stem}-{number}{log_file.suffix}"))
    return [sys.executable, "-m", "tasksys.cli", *arguments, *(part for option in own.items() for part in option)]


def supervise(
    settings: Settings, arguments: Sequence[str], log_format: str, log_level: str, log_file: Path | None
) -> int:
    """Runs the workers until a signal comes; the exit code. `arguments` are those of the command.

    Raises Failure if the shared port cannot be had.
    """
    from monitoring import logs, tracing
    from tasksys.cli import ports

    named = tracing.instance(settings.host, settings.port, settings.instance)
    logs.configure(log_format, log_level, None, instance=named)
    commands = [command(settings, arguments, number, log_file) for number in range(1, settings.workers + 1)]
    with ports.kept(settings.host, settings.port, "--port"):
        code = asyncio.run(Supervisor(commands).run())
    logger.info("stopped")
    logs.finish()
    return code


class Supervisor:
    """Keeps processes running."""

    def __init__(self, commands: Sequence[Sequence[str]]) -> None:
        """In a running event loop or before."""
        self._commands = commands
        self._processes: dict[int, asyncio.subprocess.Process] = {}
        self._stop = asyncio.Event()
        self._code = 0

    async def run(self) -> int:
        """Until a signal comes, or a worker cannot start at all; then the exit code, when all have ended.

        A second signal ends them at once: what was acknowledged is safe.
        """
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._signalled, number)
        try:
            await asyncio.gather(*(self._keep(number) for number in range(len(self._commands))))
        finally:
            for number in SIGNALS:
                loop.remove_signal_handler(number)
        return self._code

    def _signalled(self, number: signal.Signals) -> None:
        if self._stop.is_set():
            for process in self._processes.values():
                process.kill()
            os._exit(128 + number)
        logger.info("stopping: %s came; each worker answers first what it has accepted", number.name)
        self._end()

    def _end(self) -> None:
        self._stop.set()
        for process in self._processes.values():
            process.terminate()

    async def _keep(self, number: int) -> None:
        """Runs one worker, and again when it ends by itself."""
        loop, attempt, first = asyncio.get_running_loop(), -1, True
        while not self._stop.is_set():
            began = loop.time()
            code = await self._ran(number)
            if self._stop.is_set():
                return
            healthy = loop.time() - began > HEALTHY_SECONDS
            if first and code > 0 and not healthy:  # it has said why, and would again
                self._code = code
                self._end()
                return
            first, attempt = False, 0 if healthy else min(attempt + 1, len(RESTART_SECONDS) - 1)
            wait = RESTART_SECONDS[attempt]
            logger.error("worker %d ended with status %d; it is started again in %.1f s", number + 1, code, wait)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), wait)

    async def _ran(self, number: int) -> int:
        """Runs a worker once; its exit code. It ends when this process does: its standard input closes then.

        It is in a session of its own: Ctrl-C is for this process, which passes it on.
        """
        process = await asyncio.create_subprocess_exec(
            *self._commands[number], stdin=asyncio.subprocess.PIPE, start_new_session=True
        )
        self._processes[number] = process
        try:
            if self._stop.is_set():
                process.terminate()
            return await process.wait()
        finally:
            del self._processes[number]
