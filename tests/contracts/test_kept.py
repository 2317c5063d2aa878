"""What keeps a worker going: whatever ends by itself is told of in readiness and in the log, and begun again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from streams import kept
from streams.timers import Timer
from tasksys.commands import CreateTask
from tests.support.nodes import accepted, founded, ready, running
from tests.support.waiting import until


async def test_an_agent_whose_tables_cannot_be_closed_is_started_again(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As on a disk that turned read-only, where what is corrupt cannot be put aside."""
    async with running(url, tmp_path / "node") as node:
        workspace = await founded(node)
        app: Any = node.apps["commands"]
        close, failed = type(app.transport).close_rows, list[OSError]()

        async def failing(transport: Any) -> None:
            await close(transport)
            if not failed:
                failed.append(OSError(30, "Read-only file system"))
                raise failed[0]

        monkeypatch.setattr(type(app.transport), "close_rows", failing)
        await app.crash(RuntimeError("a fault of the test"))
        await until(lambda: node.apps.get("commands") not in (None, app), "it is started again")
        await ready(node)
        assert failed
        assert "not closed in good order" in caplog.text
        await accepted(node, workspace, CreateTask(task="t", title="x"))


async def test_a_timer_that_ends_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And begun again, by whatever it ended."""
    monkeypatch.setattr(kept, "HEALTHY_SECONDS", 0.2)
    run, failed = Timer.run, list[Timer]()

    async def failing(timer: Timer) -> None:
        if not failed:
            failed.append(timer)
            raise AssertionError("a fault of the test")
        await run(timer)

    monkeypatch.setattr(Timer, "run", failing)
    async with running(f"embedded://{tmp_path}/log", tmp_path / "node") as node:
        await until(lambda: any(name.startswith("timer of") for name in node.ready()))
        await ready(node)
