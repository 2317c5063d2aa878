"""What one iteration has been told and has not taken yet, and the position that it goes on from."""

import asyncio
from collections import deque
from typing import Any, Final

from tasksys.client.messages import CaughtUp, Event, Happened, Message, Presence, Reminder, Snapshot, State

MOST: Final = 10_000
"""Messages that wait for whoever iterates; then the connection is given up, and made anew when they are taken."""


class Gap(Exception):
    """An event is missing: the connection must be made anew."""


class Feed:
    """One iteration's subscription."""

    def __init__(self, after: int | None, state: bool, events: bool) -> None:
        self.state, self.events = state, events
        self.after = after
        """What the next subscription begins after; None for a snapshot."""
        self.stalled = False
        """Whether nothing is taken in until what waits is taken out."""
        self.replaced = False
        self._active = False
        self.wake = asyncio.Event()
        self._seen = after
        self._waiting: deque[Message] = deque()
        self._pages: list[Snapshot] = []

    def subscribed(self) -> dict[str, object]:
        """The message that subscribes, from where it is now."""
        self._pages, self._active = [], True
        return {"op": "subscribe", "after": self.after, "state": self.state, "events": self.events}

    def overflowed(self) -> bool:
        """Whether the connection has to be given up, once: over the next one nothing is told before it is asked for."""
        overflowed = self.stalled and self._active
        self._active = self._active and not overflowed
        return overflowed

    def take(self) -> Message | None:
        """The next message, if there is one."""
        return self._waiting.popleft() if self._waiting else None

    def put(self, told: Happened | Snapshot | State | CaughtUp | Presence | Reminder) -> None:
        """Keeps a message, unless it was told before. Raises Gap."""
        match told:
            case Happened():
                self._happened(told.event)
            case Snapshot():
                self._pages.append(told)
                if not told.more:
                    self._add(_whole(self._pages))
                    self._pages = []
                    self.after = self._seen = told.position
            case State() | CaughtUp():
                self.after = max(self.after or 0, told.position)
                if isinstance(told, CaughtUp):
                    self._seen = max(self._seen or 0, told.position)
                self._add(told)
            case _:
                self._add(told)

    def _happened(self, event: Event) -> None:
        if self._seen is not None and event.position <= self._seen:
            return  # of a batch that was told in part before the connection broke
        if self._seen is not None and event.position != self._seen + 1:
            raise Gap(f"position {event.position} follows {self._seen}")
        self._seen = event.position
        if not self.state:
            self.after = event.position
        self._add(event)

    def _add(self, message: Message) -> None:
        self._waiting.append(message)
        if len(self._waiting) > MOST:
            self.stalled = True
        self.wake.set()


def _whole(pages: list[Snapshot]) -> Snapshot:
    """The pages of a snapshot as one."""
    lists: dict[str, Any] = {
        name: [one for page in pages for one in getattr(page, name)]
        for name in ("members", "projects", "tasks", "series", "reminders", "filters")
    }
    return Snapshot(pages[0].position, workspace=pages[0].workspace, **lists)
