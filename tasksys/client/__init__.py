"""The Python client of the live feed.

    client = Client("http://127.0.0.1:3001", token="…")
    async with client.workspace("01JQ…") as live:
        async for event in live.events(after=0):
            print(event.position, event.type)

It connects again by itself and goes on where it was: every event comes once and in order, and a command is applied
once, however often the connection breaks. `live.changes()` gives a snapshot and then what has changed, for a `Mirror`.
"""

from tasksys.client.errors import CommandFailed, FeedError, Refused, Unreachable
from tasksys.client.live import Client, Live
from tasksys.client.messages import CaughtUp, Event, Message, Outcome, Person, Presence, Reminder, Snapshot, State
from tasksys.client.mirror import Mirror

__all__ = [
    "CaughtUp",
    "Client",
    "CommandFailed",
    "Event",
    "FeedError",
    "Live",
    "Message",
    "Mirror",
    "Outcome",
    "Person",
    "Presence",
    "Refused",
    "Reminder",
    "Snapshot",
    "State",
    "Unreachable",
]
