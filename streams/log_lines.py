"""What became durable and operators should read of, as lines of the log: who is concerned is in their fields."""

import logging
from typing import Final

from streams.agents.committed import Committed
from tasksys import codec
from tasksys.events import DeliveryFailed

logger = logging.getLogger(__name__)

_FAILED: Final = DeliveryFailed.__name__


def write(committed: Committed) -> None:
    """Deliveries that were given up; commands that were refused, to who debugs. No text of anybody's is said."""
    for workspace, happened in committed.happened.items():
        for record, _ in happened:
            if record.type != _FAILED:
                continue
            event = codec.event(record)
            if isinstance(event, DeliveryFailed) and event.retry_at is None:
                logger.warning(
                    "a delivery is given up after %d attempts; the ledger says why", event.attempt,
                    extra={"component": "delivery", "workspace": workspace, "reminder": event.reminder},
                )  # fmt: skip
    if logger.isEnabledFor(logging.DEBUG):
        for one in committed.decided:
            if one.outcome.refusal is not None:
                code = one.outcome.refusal.code.value
                logger.debug("a command is refused: %s", code, extra={"command_id": one.outcome.id, "code": code})
