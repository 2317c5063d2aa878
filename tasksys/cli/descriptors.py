"""How many files and connections the system lets this process have open."""

import contextlib
import sys
from typing import Final

RESERVE: Final = 512
"""Descriptors for the log, of which RocksDB keeps up to 256 open, the operators' port and everything else."""

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


def connections() -> int:
    """Connections that the HTTP server may have open, so that the log never lacks a descriptor."""
    return max(LEAST, min(MOST, soft_limit() - RESERVE))
