"""What the feed tells of itself on the operators' port."""

from typing import Final

from prometheus_client import Counter, Gauge

CONNECTIONS: Final = Gauge("tasksys_feed_connections", "Clients that are connected to the live feed", ("kind",))
MESSAGES: Final = Counter(
    "tasksys_feed_messages", "Events, changes and reminders that clients were told as they happened"
)
WAITING: Final = Gauge("tasksys_feed_waiting_messages", "Messages that wait for clients to read what they were sent")
DROPPED: Final = Counter("tasksys_feed_dropped_messages", "Messages dropped because clients read too slowly")
RESYNCS: Final = Counter("tasksys_feed_resyncs", "Clients that were told to subscribe again for that reason")
