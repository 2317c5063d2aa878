"""Runs a module with nothing observed: what observing costs is measured against it. For benchmarks only.

    python -m tests.bench.unobserved tasksys.cli serve …

There is no such switch in the product. What counts, times and notes is replaced by what does nothing before the module
is run; the calls themselves, and the questions what time it is, stay: some tens of nanoseconds each.
"""

from __future__ import annotations

import asyncio
import runpy
import sys
from typing import Any

import prometheus_client

from monitoring import instruments, logs, process


def nothing(*_: Any, **__: Any) -> None:
    """Does nothing."""


async def never() -> None:
    """Waits for ever."""
    await asyncio.Event().wait()


def stop_observing() -> None:
    """Nothing is counted, timed or noted from now on in this process."""
    for kind, names in (
        (prometheus_client.Counter, ("inc",)),
        (prometheus_client.Gauge, ("inc", "dec", "set")),
        (instruments.Histogram, ("observe",)),
    ):
        for name in names:
            setattr(kind, name, nothing)
    logs.begin = logs.note = nothing
    process.pulse = never
    from streams import measures, tallies  # they bind what they count at once

    tallies.count = nothing
    for name in ("folded", "committed"):
        setattr(measures.Measures, name, nothing)
    for name in ("add", "count"):
        setattr(measures.Traffic, name, nothing)


def main() -> None:
    """The command line: a module, and its own arguments."""
    stop_observing()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
