"""One message must not fill the log."""

from __future__ import annotations

import logging
from collections.abc import Callable

from monitoring.logs.flood import REMEMBERED, Flood


class Clock:
    """A clock that is set, and an alarm that is rung."""

    def __init__(self) -> None:
        self.now = 0.0
        self.alarms: list[tuple[float, Callable[[], None]]] = []

    def __call__(self) -> float:
        return self.now

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Is told when to ring."""
        self.alarms.append((self.now + seconds, call))

    def forward(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds
        due = [call for at, call in self.alarms if at <= self.now]
        self.alarms = [(at, call) for at, call in self.alarms if at > self.now]
        for call in due:
            call()


class Log:
    """A filter, and what came through it."""

    def __init__(self, most: int = 3) -> None:
        self.clock = Clock()
        self.lines: list[str] = []
        self.filter = Flood(self.handle, most, 60.0, self.clock, self.clock.later)

    def handle(self, record: logging.LogRecord) -> None:
        """As a handler does."""
        if self.filter.filter(record):
            self.lines.append(record.getMessage())

    def say(self, message: str, *args: object, level: int = logging.INFO, by: str = "x", **extra: object) -> None:
        """Logs it."""
        self.handle(logging.getLogger(by).makeRecord(by, level, "", 0, message, args, None, extra=extra))


def test_the_rest_of_a_minute_is_counted() -> None:
    """The message is what counts, not its values; at the end of the minute the log says how many it has not."""
    log = Log()
    for number in range(10):
        log.say("broken: %d", number)
    assert log.lines == ["broken: 0", "broken: 1", "broken: 2"]
    log.clock.forward(60.0)
    assert log.lines[3:] == ["7 more lines like this were left out within 60 s: broken: %d"]
    log.say("broken: %d", 10)
    assert log.lines[-1] == "broken: 10"
    assert not log.clock.alarms


def test_other_messages_go_on() -> None:
    """Each has its own count, and each level."""
    log = Log(1)
    for _ in range(5):
        log.say("one")
        log.say("two")
        log.say("one", level=logging.ERROR)
    assert log.lines == ["one", "two", "one"]


def test_a_library_that_repeats_itself_at_each_try_is_cut_short() -> None:
    """While a broker is away, say; by whichever of its loggers."""
    log = Log(100)
    for _ in range(10):
        log.say("no broker", by="aiokafka")
        log.say("no fetch", by="aiokafka.consumer.fetcher")
        log.say("ours", by="streams.node")
    assert [log.lines.count(line) for line in ("no broker", "no fetch", "ours")] == [5, 5, 10]
    log.clock.forward(60.0)
    assert log.lines[-1] == "5 more lines like this were left out within 60 s: no fetch"


def test_slow_lines_are_never_too_many() -> None:
    """Where a minute's few are not more than it may have, nothing is left out."""
    log = Log(3)
    for _ in range(12):
        log.say("tick")
        log.clock.forward(25.0)
    assert log.lines == ["tick"] * 12


def test_what_somebody_asked_for_is_not_limited() -> None:
    """Debugging, and lines that say so; what they say is no field of theirs."""
    log = Log(1)
    for _ in range(5):
        log.say("detail", level=logging.DEBUG)
        log.say("traced", unlimited=True)
    assert len(log.lines) == 10


def test_the_end_tells_what_was_left_out() -> None:
    """A process that stops does not take it along."""
    log = Log(1)
    for _ in range(3):
        log.say("broken")
    log.filter.finish()
    assert log.lines[1:] == ["2 more lines like this were left out within 60 s: broken"]
    log.clock.forward(60.0)
    assert len(log.lines) == 2


def test_few_messages_are_remembered() -> None:
    """Libraries make their messages of values: such must not add up."""
    log = Log()
    for number in range(REMEMBERED * 3):
        log.say(f"message {number}")
        log.clock.forward(0.1)
    assert len(log.filter._windows) <= REMEMBERED


def test_many_different_messages_at_once_are_not_remembered_either() -> None:
    """Nor are all of them looked at for each; what was left out is told all the same."""
    log = Log(1)
    for _ in range(3):
        log.say("broken")
    for number in range(REMEMBERED * 5):
        log.say(f"message {number}")
        assert len(log.filter._windows) <= REMEMBERED
    log.clock.forward(60.0)
    assert "2 more lines like this were left out within 60 s: broken" in log.lines
