"""The embedded log in a process that has no file descriptor left."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from streams.transport.embedded import writer
from streams.transport.embedded.config import TopicConfig
from streams.transport.embedded.errors import LogWriteError
from streams.transport.embedded.log import EmbeddedLog
from tests.streams.transport.test_embedded_damage import RECORDS, numbers, transaction_of, until_refused


@contextmanager
def no_descriptor() -> Iterator[None]:
    """Every descriptor of this process is taken."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 512), hard))
    taken: list[int] = []
    try:
        with suppress(OSError):
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        yield
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_a_log_without_descriptors_is_written_again_once_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what to do and stays readable; the next write afterwards opens it anew, and nothing is lost or twice."""
    monkeypatch.setattr(writer, "REOPEN_SECONDS", 0.0)
    log = EmbeddedLog.open(tmp_path / "log")
    log.create_topic("t", TopicConfig(1))
    acknowledged: list[int] = []
    with no_descriptor():
        refusal = await until_refused(log, acknowledged)
        assert "no file descriptor was free" in refusal
        assert "ulimit -n" in refusal
        with pytest.raises(LogWriteError, match="no file descriptor was free"):
            await log.commit(transaction_of(0))
        assert log.stats().trouble == refusal
        assert len(log.read("t", 0, 0, 10**6, 10**9)) == RECORDS * len(acknowledged)
    await log.commit(transaction_of(10_000))
    assert log.stats().trouble is None
    assert not await log.expire(0)
    await log.close()
    assert await numbers(tmp_path / "log") == [*acknowledged, 10_000]
