"""What was measured, as it is kept (measured.json) and as it is shown (RESULTS.md)."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from tests.bench.results import amount, table

HERE: Final = Path(__file__).parent
KEPT: Final = HERE / "measured.json"
PAGE: Final = HERE / "RESULTS.md"

HEAD: Final = """# How it scales

`make scale` writes this page, on real Kafka with real `tasksys serve` processes. What follows from it for machines is
in [deploy/CAPACITY.md](../../deploy/CAPACITY.md). Where several values were measured, the median stands first and the
smallest and the largest behind it.
"""


class Table(Struct, frozen=True):
    """One table of the page."""

    head: list[str]
    rows: list[list[str]]


class Part(Struct, frozen=True):
    """One part: `machine` says what it was measured on and when, `figures` are what capacity is computed from.

    The units of figures are in their names, at the end: `_us` microseconds, `_ms`, `_s`, `_mb`, `_bytes`, `_per_s`.
    """

    title: str
    machine: str
    seed: int
    tables: list[Table]
    how: str
    figures: dict[str, float]
    notes: list[str] = []


def spread(values: Sequence[float], unit: str) -> str:
    """The median, and between which values it lies: `1.20 s (0.90 to 3.00)`."""
    middle = amount(statistics.median(values), unit)
    if len(values) < 2:
        return middle
    return f"{middle} ({amount(min(values), '')} to {amount(max(values), '')})"


def kept(file: Path = KEPT) -> dict[str, Part]:
    """What was measured before, by its name; nothing if nothing was."""
    return msgspec.json.decode(file.read_bytes(), type=dict[str, Part]) if file.exists() else {}


def keep(parts: dict[str, Part], file: Path = KEPT) -> None:
    """Keeps it, in lines that differ only where something was measured anew."""
    file.write_bytes(msgspec.json.format(msgspec.json.encode(parts), indent=1) + b"\n")


def document(parts: dict[str, Part], names: Iterable[str]) -> str:
    """The whole of RESULTS.md, in the order of `names`."""
    names, shown = list(names), [HEAD]
    for part in (parts[name] for name in names if name in parts):
        shown.append(f"## {part.title}\n\n{part.machine} Seed {part.seed}.\n")
        shown += [table(one.rows, one.head) for one in part.tables]
        if part.notes:
            shown.append("\n".join(f"* {note}" for note in part.notes) + "\n")
        shown.append(f"{part.how}\n")
    lacking = [f"* {name}" for name in names if name not in parts]
    if lacking:
        shown.append("## Not measured\n\n" + "\n".join(lacking) + "\n")
    return "\n".join(shown)
