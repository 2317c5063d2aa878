"""Percentiles of times."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from msgspec import Struct


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of the ordered values do not exceed: the nearest rank."""
    if not ordered:
        raise ValueError("there is nothing to take a percentile of")
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


class Times(Struct, frozen=True):
    """How long something took: of `count` times the middle, the 99 % and the longest, in milliseconds."""

    count: int
    p50: float
    p99: float
    longest: float

    @classmethod
    def of(cls, seconds: Iterable[float]) -> Times:
        """The summary of times in seconds."""
        ordered = sorted(seconds)
        p50, p99 = (round(percentile(ordered, share) * 1000, 3) for share in (0.5, 0.99))
        return cls(len(ordered), p50, p99, round(ordered[-1] * 1000, 3))
