"""Lives of the feed by random schedules, on the embedded log: see tests/support/feed_model.py."""

from __future__ import annotations

import socket

import pytest

from streams import node
from tests.support.feed_model import live_through
from tests.support.http import Site, serving
from tests.support.nodes import tell
from views.feed.limits import Limits

pytestmark = pytest.mark.asyncio(loop_scope="module")

NARROW = Limits(backlog_bytes=30_000, rate=10_000.0, burst=10_000.0)


@pytest.mark.parametrize("seed", range(1, 4))
async def test_each_client_sees_the_log(site: Site, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever breaks, whoever reads slowly: each sequence is exactly the log, and each state what HTTP says."""
    monkeypatch.setattr(node, "RESTART_SECONDS", (0.05,))
    async with serving(site.node, limits=NARROW) as narrow:
        (tcp,) = narrow.server._runner.sites
        (listening,) = tcp._server.sockets  # type: ignore[union-attr]
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)  # so that a slow reader is felt soon
        tell(f"seed {seed}: {await live_through(narrow, seed, steps=250, restarts=2)}")
