"""Peer: the same rules expanded by python-dateutil, which knows no SKIP and no instants here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dateutil.rrule import rrulestr

from tests.bench.rules import Given


def made(given: Sequence[Given]) -> list[Any]:
    """The rules, read from their texts."""
    return [rrulestr(one.text, dtstart=one.anchor) for one in given]


def following(rules: Sequence[Any], now: datetime, number: int) -> list[list[datetime]]:
    """So many occurrences of each after a local time."""
    return [list(rule.xafter(now, count=number)) for rule in rules]
