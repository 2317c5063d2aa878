"""The same trees, as a real OpenTelemetry Collector has written them down."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.monitoring.tracing import test_tree
from tests.monitoring.tracing.conftest import Trace
from tests.support.monitoring.otelcol import Written, collecting

pytestmark = pytest.mark.monitoring


@pytest.fixture(params=["grpc", "http"])
def written(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Written]:
    """A collector that is sent spans over each protocol."""
    with collecting(tmp_path, request.param) as found:
        yield found


async def test_a_command(url: str, tmp_path: Path, written: Written, trace: Trace) -> None:
    """From the caller's span to the push of its event."""
    await test_tree.test_a_command_is_one_tree(url, tmp_path, written, trace)


async def test_a_reminder(url: str, tmp_path: Path, written: Written, trace: Trace) -> None:
    """From its time to the ledger's record, with the link to what set it."""
    await test_tree.test_a_reminder_and_its_delivery(url, tmp_path, written, trace)


async def test_a_batch(url: str, tmp_path: Path, written: Written, trace: Trace) -> None:
    """The links of what is folded at once."""
    await test_tree.test_what_is_folded_at_once(url, tmp_path, written, trace)
