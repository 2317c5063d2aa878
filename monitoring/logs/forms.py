"""What a line looks like: for machines, and for people."""

import json
import logging
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from monitoring import tracing
from monitoring.logs.context import current
from monitoring.logs.redaction import clean, cleaned
from tasksys.values import instant

FIELDS: Final = (
    "component",
    "agent",
    "operation",
    "request_id",
    "command_id",
    "trace_id",
    "span_id",
    "workspace",
    "duration_seconds",
)
"""What lines have in common, in this order, as far as it is known; after timestamp, level, logger and message."""

COMPONENTS: Final = (
    ("views.feed", "feed"),
    ("views", "api"),
    ("tasksys.views", "api"),
    ("aiohttp", "api"),
    ("streams.outbox", "delivery"),
    ("streams.delivery", "delivery"),
    ("streams", "fold"),
    ("faust", "fold"),
    ("mode", "fold"),
    ("aiokafka", "fold"),
)
"""The part of the system that a logger speaks for, where nothing else is said; all others speak for the process."""

SHORT: Final = 8
"""Characters of an id that people are shown."""

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "taskName"}
_CONTROLS: Final = {code: f"\\x{code:02x}" for code in (*range(32), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}
"""What terminals obey, and what is shown instead: texts of others may be in an exception."""
_encode = msgspec.json.Encoder(enc_hook=str).encode


def component(logger: str) -> str:
    """The component of a logger's name."""
    for prefix, name in COMPONENTS:
        if logger == prefix or logger.startswith(f"{prefix}."):
            return name
    return "process"


def fields(record: logging.LogRecord) -> dict[str, Any]:
    """What a record says beside its message: what is bound, and what it was given, which goes first."""
    given = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    found = {**current(), **tracing.ids(), **given}
    found.setdefault("component", component(record.name))
    ordered = {name: found.pop(name) for name in FIELDS if name in found}
    return ordered | found


class JsonFormatter(logging.Formatter):
    """One JSON object a line: timestamp, level, logger, message, the fields, the record's own, and the exception."""

    def __init__(self, instance: str = "") -> None:
        """`instance` is a field of every line, unless it is blank."""
        super().__init__()
        self._instance = {"instance": instance} if instance else {}

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        said: dict[str, Any] = {
            "timestamp": instant(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        said |= {name: value for name, value in fields(record).items() if name not in said}
        said |= self._instance
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        try:
            return _encode(cleaned(said)).decode()
        except (TypeError, ValueError, RecursionError):  # a text that JSON has not
            return json.dumps({name: clean(str(value)) for name, value in said.items()})


class PrettyFormatter(logging.Formatter):
    """The message, and at its end, short, which request, trace and so on it belongs to."""

    def format(self, record: logging.LogRecord) -> str:
        """The text, with the traceback if there is one. Whatever is in it moves no cursor and changes no title."""
        return clean(super().format(record)).translate(_CONTROLS)

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The first line."""
        found = fields(record)
        shown = [str(found["agent"])] if "agent" in found else []
        shown += [f"{name.removesuffix('_id')} {str(found[name])[:SHORT]}" for name in SHOWN if name in found]
        return f"{record.message}  ({', '.join(shown)})" if shown else record.message


SHOWN: Final = ("request_id", "command_id", "trace_id", "workspace")
