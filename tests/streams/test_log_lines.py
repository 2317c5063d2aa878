"""What operators read of batches that became durable."""

import logging

import msgspec
import pytest

from streams import log_lines
from streams.agents.committed import Committed
from tasksys.events import DeliveryFailed, EventRecord

AT = "2026-03-08T09:00:00.000Z"
LATER = "2026-03-08T09:05:00.000Z"


def failed(retry_at: str | None) -> Committed:
    """A batch in which the third attempt of a delivery failed."""
    event = DeliveryFailed("r1", AT, "hook", 3, "the receiver said a secret", retry_at)
    data = msgspec.Raw(msgspec.json.encode(event))
    record = EventRecord(7, "0-9-0", "DeliveryFailed", AT, "anna", "c1", "t1", None, data, 1)
    return Committed(0, [], {}, {"acme": [(record, b"")]})


@pytest.mark.parametrize(
    ("retry_at", "level", "said"),
    [
        (LATER, "INFO", f"attempt 3 of a delivery failed; it is tried again at {LATER}"),
        (None, "WARNING", "a delivery is given up after 3 attempts; the ledger says why"),
    ],
)
def test_a_delivery_that_failed(caplog: pytest.LogCaptureFixture, retry_at: str | None, level: str, said: str) -> None:
    """Says whether it is tried again, for whom, and nothing that the receiver said."""
    caplog.set_level(logging.INFO, log_lines.__name__)
    log_lines.write(failed(retry_at))
    (line,) = caplog.records
    assert (line.levelname, line.getMessage()) == (level, said)
    assert (line.__dict__["workspace"], line.__dict__["reminder"]) == ("acme", "r1")
