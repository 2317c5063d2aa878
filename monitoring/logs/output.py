"""Where lines go, and which of them."""

import logging
import sys
from typing import Final, TextIO

from rich.console import Console
from rich.logging import RichHandler

from monitoring import metrics
from monitoring.logs.flood import Flood
from monitoring.logs.forms import JsonFormatter, PrettyFormatter

FORMATS: Final = ("auto", "json", "pretty")
"""`auto` is pretty on a terminal and JSON elsewhere."""

LEVELS: Final = ("debug", "info", "warning", "error")

QUIET: Final = ("faust", "aiokafka", "mode", "asyncio", "aiohttp", "rocksdict")
"""Libraries whose everyday messages say nothing to operators; their warnings and errors are shown."""

TALKATIVE: Final = ("aiokafka", "aiosmtplib", "apprise", "rich", "urllib3", "requests", "markdown", "PIL")
"""Libraries whose debugging shows what they carry, which are people's texts: they never say more than `info`."""

SERVICE_TALK: Final = "[^"
"""How mode begins what it says about the coming and going of each of its services, in our own classes' names."""

SAID_BETTER: Final = ("Unable connect to", "Unable to update metadata from", "Group Coordinator Request failed")
"""How aiokafka begins an error for every attempt to connect, for every round of brokers that are away, and for each
question that comes before a new broker has made its topic for groups. What cannot be done meanwhile says so itself."""


class Noise(logging.Filter):
    """Drops mode's talk about its services, except warnings, and what is said better elsewhere."""

    def filter(self, record: logging.LogRecord) -> bool:
        """False for a record to drop."""
        message = record.getMessage()
        talk = record.levelno < logging.WARNING and message.startswith(SERVICE_TALK)
        return not talk and not message.startswith(SAID_BETTER)


class Counted(logging.Filter):
    """Counts what is logged, by level; the last of a handler's filters."""

    def __init__(self) -> None:
        super().__init__()
        self._lines = {level: metrics.LOG_LINES.labels(level) for level in metrics.LEVEL.values}

    def filter(self, record: logging.LogRecord) -> bool:
        """True."""
        counter = self._lines.get(record.levelname.lower())
        if counter is not None:
            counter.inc()
        return True


def configure(form: str = "auto", level: str = "info", stream: TextIO | None = None, instance: str = "") -> None:
    """Sends all logs of this process to the stream (default: standard error) in that form, from that level up.

    `instance` names the process in each line, unless it is blank.
    """
    target = sys.stderr if stream is None else stream
    pretty = form == "pretty" or (form == "auto" and target.isatty())
    handler: logging.Handler
    if pretty:
        handler = RichHandler(console=Console(file=target), show_path=False, log_time_format="%H:%M:%S")
        handler.setFormatter(PrettyFormatter("%(message)s"))
    else:
        handler = logging.StreamHandler(target)
        handler.setFormatter(JsonFormatter(instance))
    if level != "debug":
        handler.addFilter(Noise())
    handler.addFilter(Flood(handler.handle))
    handler.addFilter(Counted())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.DEBUG if level == "debug" else logging.WARNING)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.getLogger(name).level, logging.INFO))


def finish() -> None:
    """Says what was left out, and writes what is buffered: the last thing that a process does."""
    for handler in logging.getLogger().handlers:
        for one in handler.filters:
            if isinstance(one, Flood):
                one.finish()
        handler.flush()
