"""Tasks that go on for as long as a process does: one that ends is told of, and begun again."""

from __future__ import annotations

import asyncio

import pytest

from streams import kept
from streams.kept import Kept
from tests.support.waiting import until


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(kept, "HEALTHY_SECONDS", 0.05)


@pytest.mark.parametrize("end", [OSError("no more"), None, asyncio.CancelledError()])
async def test_what_ends_is_told_of_and_begun_again(
    end: BaseException | None, caplog: pytest.LogCaptureFixture
) -> None:
    """By an error, by itself, or because what it waited for was cancelled; all is well when it goes on again."""
    begun, tasks = list[int](), Kept()

    async def work() -> None:
        begun.append(len(begun))
        if len(begun) == 3:
            await asyncio.Event().wait()
        if end is not None:
            raise end

    tasks.keep("some work", work)
    try:
        await until(lambda: len(begun) == 2)
        assert list(tasks.faults) == ["some work"]
        await until(lambda: not tasks.faults)
        assert len(begun) == 3
        told = [one for one in caplog.records if one.levelname == "CRITICAL"]
        assert len(told) == 2
        assert "some work stopped by a fault" in told[0].getMessage()
    finally:
        await tasks.stop()
    assert len(begun) == 3


async def test_what_ends_again_and_again_is_never_well() -> None:
    """Between its ends too."""
    begun, tasks, well = list[bool](), Kept(), 20

    async def work() -> None:
        begun.append(bool(tasks.faults))
        raise OSError("no more")

    tasks.keep("some work", work)
    try:
        await until(lambda: len(begun) > well)
        assert all(begun[1:])
    finally:
        await tasks.stop()
