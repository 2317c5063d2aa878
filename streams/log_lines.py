"""What became durable and operators should read of, as lines of the log: who is concerned is in their fields."""

import logging
from typing import Final

from streams.agents.committed import Committed
from tasksys import codec
from tasksys.events import DeliveryFailed

logger = logging.getLogger(__name__)

_FAILED: Final = DeliveryFailed.__name__


def write(committed: Committed) -> None:
    """Deliveries that failed; commands that were refused, to who debugs. No text of anybody's is said."""
    for workspace, happened in committed.happened.items():
        for record, _ in happened:
            if record.type != _FAILED:
                continue
            event = codec.event(record)
            if not isinstance(event, DeliveryFailed):
                continue
            concerned = {"component": "delivery", "workspace": workspace, "reminder": event.reminder}
            if event.retry_at is None:
                logger.warning(
                    "a delivery is given up after %d attempts; the ledger says why", event.attempt, extra=concerned
                )
            else:
                logger.info(
                    "attempt %d of a delivery failed; it is tried again at %s", event.attempt, event.retry_at,
                    extra=concerned,
                )  # fmt: skip
    if logger.isEnabledFor(logging.DEBUG):
        for one in committed.decided:
            if one.outcome.refusal is not None:
                code = one.outcome.refusal.code.value
                logger.debug("a command is refused: %s", code, extra={"command_id": one.outcome.id, "code": code})
