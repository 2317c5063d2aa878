"""The live feed on both transports: a life of clients whose lines break, and whose agent starts anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams import node as nodes
from tests.support.clocks import SETTINGS
from tests.support.feed_model import live_through
from tests.support.http import serving
from tests.support.nodes import running, tell


async def test_each_client_sees_the_log(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each sequence is exactly the log, and each state what HTTP says."""
    monkeypatch.setattr(nodes, "RESTART_SECONDS", (0.05,))
    async with running(url, tmp_path / "node", **SETTINGS) as node, serving(node) as site:
        tell(f"{await live_through(site, seed=7, steps=100, restarts=1)}")
