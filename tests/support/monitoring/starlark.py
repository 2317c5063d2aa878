"""Runs monitoring/telegraf/lines.star in Python: what it uses of Starlark is Python too, and what Telegraf gives it is
given here. It is quick, and a test with the real Telegraf says that both agree."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

SCRIPT: Final = Path(__file__).parents[3] / "monitoring/telegraf/lines.star"


@dataclass
class Metric:
    """A line as Telegraf hands it to the script."""

    fields: dict[str, str]
    tags: dict[str, str] = field(default_factory=dict)
    time: int = 1


class _Json:
    @staticmethod
    def decode(text: str, default: object) -> object:
        try:
            return json.loads(text)
        except ValueError:
            return default


@dataclass
class _Instant:
    unix_nano: int


class _Time:
    @staticmethod
    def parse_time(text: str) -> _Instant:
        whole, _, rest = text.partition(".")
        digits = rest.rstrip("Z")
        seconds = datetime.fromisoformat(whole.removesuffix("Z") + "+00:00")
        return _Instant(int(seconds.timestamp()) * 10**9 + int(digits.ljust(9, "0") or 0))


class Script:
    """The script with a state of its own; `here` is the constant of that name."""

    def __init__(self, here: str = "") -> None:
        self.state: dict[str, Any] = {}
        self._globals: dict[str, Any] = {
            "load": lambda *_: None,
            "json": _Json,
            "time": _Time,
            "state": self.state,
            "here": here,
            "catch": _caught,
            "type": _kind,
        }
        exec(compile(SCRIPT.read_text(), SCRIPT, "exec"), self._globals)

    def __getitem__(self, name: str) -> Any:
        """A name that the script gives something."""
        return self._globals[name]

    def apply(self, text: str, form: str = "plain", path: str = "/logs/tasksys.log") -> Metric | None:
        """What becomes of a line of a file."""
        metric = Metric({"value": text}, {"form": form, "path": path})
        made: Metric | None = self._globals["apply"](metric)
        return made


def _caught(what: Callable[[], None]) -> str | None:
    try:
        what()
    except Exception as error:
        return str(error)
    return None


def _kind(value: object) -> str:
    """What Starlark calls the type of a value, as far as it matters."""
    return "dict" if isinstance(value, dict) else "string" if isinstance(value, str) else "other"
