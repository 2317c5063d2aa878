"""No message floods the log: of one that comes more often than so many times a minute, the rest is counted instead."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

MOST: Final = 100
"""Lines of one message in a window."""
REPEATS: Final = "aiokafka"
"""A library that says the same at each of its tries, several times a second while a broker is away."""
FEW: Final = 5
"""Lines of one of its messages in a window."""
SECONDS: Final = 60.0
"""How long a window is."""
REMEMBERED: Final = 1_000
"""Messages that are counted at once; above it those are forgotten whose window is over."""

LEFT_OUT: Final = "%d more lines like this were left out within %.0f s: %s"

Later = Callable[[float, Callable[[], None]], None]
"""Calls a function after so many seconds."""


def _by_a_thread(seconds: float, call: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, call)
    timer.daemon = True
    timer.start()


@dataclass
class _Window:
    ends: float
    seen: int = 0
    left: int = 0


class Flood(logging.Filter):
    """Lets the first lines of a message through, and says at the window's end how many more there were.

    A message is what stands in the source, before its values are put in. Debugging is not limited, nor what says of
    itself that it need not be (`unlimited` among its extra fields: as many as somebody asked for).
    """

    def __init__(
        self,
        handle: Callable[[logging.LogRecord], Any],
        most: int = MOST,
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
        later: Later = _by_a_thread,
    ) -> None:
        """`handle` writes the line that says how many were left out."""
        super().__init__()
        self._handle, self._most, self._seconds, self._clock, self._later = handle, most, seconds, clock, later
        self._windows: dict[tuple[str, int, str], _Window] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        """False for a line to leave out."""
        unlimited = vars(record).pop("unlimited", False)
        if record.levelno < logging.INFO or unlimited or record.msg == LEFT_OUT:
            return True
        key = (record.name, record.levelno, str(record.msg))
        with self._lock:
            window, now = self._windows.get(key), self._clock()
            if window is None or (now >= window.ends and not window.left):
                self._forget(now)
                window = self._windows[key] = _Window(now + self._seconds)
            window.seen += 1
            if window.seen <= (FEW if record.name.split(".", 1)[0] == REPEATS else self._most):
                return True
            window.left += 1
            first, wait = window.left == 1, max(0.0, window.ends - now)
        if first:
            self._later(wait, partial(self._tell, key))
        return False

    def finish(self) -> None:
        """Says what was left out so far."""
        for key in [key for key, window in list(self._windows.items()) if window.left]:
            self._tell(key)

    def _forget(self, now: float) -> None:
        if len(self._windows) >= REMEMBERED:
            self._windows = {key: one for key, one in self._windows.items() if now < one.ends or one.left}
            if len(self._windows) > REMEMBERED // 2:  # as many messages as lines: to look at all for each costs more
                self._windows = {key: one for key, one in self._windows.items() if one.left}

    def _tell(self, key: tuple[str, int, str]) -> None:
        with self._lock:
            window = self._windows.pop(key, None)
        if window is not None and window.left:
            name, level, message = key
            said = logging.LogRecord(name, level, "", 0, LEFT_OUT, (window.left, self._seconds, message), None)
            self._handle(said)
