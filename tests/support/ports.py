"""Ports for what tests start: no two processes of tests are ever given the same one, however late they use it.

A port that was free a moment ago is no promise: a broker takes seconds to listen on its own, and a worker that was
killed has left its own meanwhile. So each process of tests has a block for as long as it lives, by a lock on a file.
"""

from __future__ import annotations

import fcntl
import itertools
import random
import socket
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO, Final

HOST: Final = "127.0.0.1"

# Below Linux's and macOS's ephemeral ports (32768 and up): from those, the kernel could give the port of a broker that
# is down to any outgoing connection, even to a client that is retrying that very port and so connects to itself.
PORTS: Final = range(20_000, 32_000)
BLOCK: Final = 400
APART: Final = 4
"""The three ports above one that is given are given to nobody: `tasksys serve --workers N` listens there too."""

LOCKS: Final = Path(tempfile.gettempdir()) / "tasksys-test-ports"

_held: list[IO[bytes]] = []


def free_ports(count: int) -> list[int]:
    """`count` different ports that nothing listens on now; RuntimeError if there are none."""
    found: list[int] = []
    for port in itertools.islice(_own(), BLOCK // APART):
        if _free(port):
            found.append(port)
        if len(found) == count:
            return found
    raise RuntimeError(f"not {count} free ports in {PORTS}: end what listens there")


@cache
def _own() -> Iterator[int]:
    """This process's ports, over and over: one that was given is given again as late as can be."""
    block = _block()
    return itertools.cycle(random.sample(block, len(block)))


def _block() -> range:
    LOCKS.mkdir(exist_ok=True)
    starts = range(PORTS.start, PORTS.stop, BLOCK)
    for start in random.SystemRandom().sample(starts, len(starts)):  # tests may have seeded the usual one
        lock = (LOCKS / str(start)).open("ab")
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _held.append(lock)
            return range(start, start + BLOCK, APART)
        lock.close()
    raise RuntimeError(f"{len(starts)} processes of tests have all of {PORTS}: end some")


def _free(port: int) -> bool:
    with socket.socket() as probe, suppress(OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((HOST, port))
        return True
    return False
