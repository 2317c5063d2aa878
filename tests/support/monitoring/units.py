"""Values as Grafana writes them, by a panel's unit."""

from __future__ import annotations

import math
from typing import Final

SECONDS: Final = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
BINARY: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
DECIMAL: Final = ("", " K", " Mil", " Bil", " Tri")
RATES: Final = {"ops": " ops/s", "reqps": " req/s", "wps": " wr/s", "rps": " rd/s"}


def _digits(value: float, decimals: int | None) -> str:
    if decimals is not None:
        return f"{value:.{decimals}f}"
    if value == 0 or abs(value) >= 100 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.3g}"


def _scaled(value: float, names: tuple[str, ...], base: float, decimals: int | None) -> str:
    step = 0
    while abs(value) >= base and step < len(names) - 1:
        value, step = value / base, step + 1
    return f"{_digits(value, decimals)}{names[step] if base == 1000 else ' ' + names[step]}"


def written(value: float, unit: str, decimals: int | None = None) -> str:
    """A value with its unit, such as 1.5 ms, 20 MiB or 99.9 %."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if unit == "s":
        for size, name in SECONDS:
            if abs(value) >= size:
                return f"{_digits(value / size, decimals)} {name}"
        return f"{_digits(value, decimals)} s"
    if unit == "percentunit":
        return f"{_digits(value * 100, decimals)} %"
    if unit in ("bytes", "Bps"):
        return _scaled(value, BINARY, 1024, decimals) + ("/s" if unit == "Bps" else "")
    return _scaled(value, DECIMAL, 1000, decimals) + RATES.get(unit, "")
