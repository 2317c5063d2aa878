"""How many files and connections the system lets this process have open."""

import contextlib
import sys
from typing import Final

DATABASE: Final = 256
"""Files that RocksDB keeps open at most."""

LINES: Final = 3
"""Brokers that a partition's writer has connections to, about: its coordinator, and the leaders of its topics."""

ELSE: Final = 256
"""Descriptors for the operators' port and everything else."""

EMBEDDED: Final = ELSE + DATABASE
"""Descriptors that a process with an embedded log takes."""

LEAST: Final = 64
MOST: Final = 10_000
"""Of connections, however many descriptors there are: each takes memory, too."""

UNLIMITED: Final = 65_536
"""Taken where the system names no limit."""


def raise_limit() -> None:
    """Asks for as many descriptors as this user may have; there is nothing to ask for on Windows."""
    if sys.platform == "win32":
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # a system may allow less than it says; then it stays as it was
        if soft_limit() < (wanted := UNLIMITED if hard == resource.RLIM_INFINITY else hard):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def soft_limit() -> int:
    """Descriptors that this process can have now."""
    if sys.platform == "win32":
        return UNLIMITED
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return UNLIMITED if soft == resource.RLIM_INFINITY else soft


def on_kafka(agents: int, partitions: int) -> int:
    """Descriptors that a process takes on Kafka: each agent has a database, and a line for each of its partitions."""
    return ELSE + agents * (DATABASE + LINES * partitions)


def connections(taken: int) -> int:
    """Connections that the HTTP server may have open: the log takes so many descriptors, and must never lack one."""
    return max(LEAST, min(MOST, soft_limit() - taken))
