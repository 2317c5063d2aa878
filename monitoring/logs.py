"""Logs of every process: JSON lines for machines, or colours for whoever watches a terminal."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Final, TextIO

import msgspec
from rich.console import Console
from rich.logging import RichHandler

from tasksys.values import instant

FORMATS: Final = ("auto", "json", "pretty")
"""`auto` is pretty on a terminal and JSON elsewhere."""

LEVELS: Final = ("debug", "info", "warning", "error")

QUIET: Final = ("faust", "aiokafka", "mode", "asyncio", "aiohttp", "rocksdict")
"""Libraries whose everyday messages say nothing to operators; their warnings and errors are shown."""

SERVICE_TALK: Final = "[^"
"""How mode begins what it says about the coming and going of each of its services, in our own classes' names."""

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}
_encode = msgspec.json.Encoder(enc_hook=str).encode


class JsonFormatter(logging.Formatter):
    """One JSON object a line: timestamp, level, logger, message, the record's extra fields, and the exception."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        fields: dict[str, Any] = {
            "timestamp": instant(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        fields |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        try:
            return _encode(fields).decode()
        except (TypeError, ValueError, RecursionError):  # a key or a text that JSON has not, a value that holds itself
            return json.dumps({name: str(value) for name, value in fields.items()})


SAID_BETTER: Final = ("Unable connect to", "Group Coordinator Request failed")
"""How aiokafka begins an error for every attempt to connect, and for each that comes before a new broker has made its
topic for groups. What cannot be done meanwhile says so itself."""


class Noise(logging.Filter):
    """Drops mode's talk about its services, except warnings, and what is said better elsewhere."""

    def filter(self, record: logging.LogRecord) -> bool:
        """False for a record to drop."""
        message = record.getMessage()
        talk = record.levelno < logging.WARNING and message.startswith(SERVICE_TALK)
        return not talk and not message.startswith(SAID_BETTER)


def configure(form: str = "auto", level: str = "info", stream: TextIO | None = None) -> None:
    """Sends all logs of this process to the stream (default: standard error) in that form, from that level up."""
    target = sys.stderr if stream is None else stream
    pretty = form == "pretty" or (form == "auto" and target.isatty())
    handler: logging.Handler
    if pretty:
        handler = RichHandler(console=Console(file=target), show_path=False, log_time_format="%H:%M:%S")
        handler.setFormatter(logging.Formatter("%(message)s"))
    else:
        handler = logging.StreamHandler(target)
        handler.setFormatter(JsonFormatter())
    if level != "debug":
        handler.addFilter(Noise())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.DEBUG if level == "debug" else logging.WARNING)
