"""What one client may take of the server."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds of the feed.

    `backlog_bytes` and `backlog_messages` may wait for a client that reads slowly; then it must subscribe anew.
    `rate` messages a second may come from it, `burst` at once; `commands` are on their way at once, the next one is not
    read before. Seconds: `heartbeat` between pings, after three of which without a sign of life the connection ends;
    `gather` of changes in presence; `drain` that a page of a snapshot may take to be read; `close` for the client to
    answer a close frame.
    """

    sockets_per_user: int = 100
    backlog_bytes: int = 2 * 1024 * 1024
    backlog_messages: int = 20_000
    rate: float = 100.0
    burst: float = 1_000.0
    commands: int = 32
    heartbeat: float = 20.0
    gather: float = 0.1
    drain: float = 30.0
    close: float = 5.0
