"""What a benchmark found, and how it is shown: one line of the table a figure."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Sequence

from msgspec import Struct

HEAD = ("what", "ours", "peer", "ours / peer", "target", "reached")


class Peer(Struct, frozen=True):
    """What ours is compared with: its name and its figure, in the same unit."""

    name: str
    value: float


class Figure(Struct, frozen=True):
    """One figure of ours. `ratio` is ours divided by the peer's: of the medians, or better the median of the rounds'.

    `reached` is None where the target is not judged: there is none, or the run was too small for it.
    """

    what: str
    value: float
    unit: str
    peer: Peer | None = None
    ratio: float | None = None
    target: str = ""
    reached: bool | None = None

    def cells(self, quick: bool = False) -> tuple[str, ...]:
        """The cells of its line; what a quick run reached stands in brackets."""
        peer = f"{self.peer.name}: {amount(self.peer.value, self.unit)}" if self.peer else ""
        ratio = f"{self.ratio:.2f}" if self.ratio is not None else ""
        reached = "" if self.reached is None else "yes" if self.reached else "no"
        if quick and reached:
            reached = f"({reached})"
        return (self.what, amount(self.value, self.unit), peer, ratio, self.target, reached)


class Report(Struct):
    """What one benchmark gives: its figures, how they were measured, what could not be, and why a target is missed."""

    figures: list[Figure]
    how: str
    missing: list[str] = []
    why: str = ""


def amount(value: float, unit: str) -> str:
    """A value with its unit, with three significant digits or all of the whole number."""
    if abs(value) >= 100 or value == int(value):
        number = f"{value:,.0f}"
    else:
        number = f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"
    return f"{number} {unit}".strip()


def paired(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the rounds' ratios: what else the machine did in a round fell on both of them."""
    return statistics.median(mine / other for mine, other in zip(ours, theirs, strict=False))


def without_paths(text: str) -> str:
    """The text in one line, with the last part of each path only: where things lie on a machine is its own affair."""
    return re.sub(r"(?<![\w.:/])~?(?:/[\w.+@-]+)+/([\w.+@-]+)", r"\1", " ".join(text.split()))


def table(rows: Iterable[Sequence[str]], head: Sequence[str] = HEAD) -> str:
    """A Markdown table with its columns aligned."""
    cells = [list(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    widths = [max(3, *(len(row[column]) for row in cells)) for column in range(len(head))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]
    lines.insert(1, " | ".join("-" * width for width in widths))
    return "".join(f"| {line} |\n" for line in lines)


def document(reports: dict[str, Report], machine: str, quick: bool, not_run: Sequence[str] = ()) -> str:
    """The whole of RESULTS.md."""
    parts = ["# Speed, beside its peers\n", f"{machine}\n"]
    if quick:
        parts.append(
            "**A quick run**: each part is shorter than it must be for a verdict. Make one with `make bench`.\n"
        )
    rows = [figure.cells(quick) for report in reports.values() for figure in report.figures]
    parts.append(table(rows))
    parts.append(
        "Ours and peer ran in turn, in the same run on the same machine. Of rates a ratio above 1 is good for us, of "
        "times and sizes one below 1.\n"
    )
    why = [
        f"* **{name}**: {report.why}"
        for name, report in reports.items()
        if report.why and any(figure.reached is False for figure in report.figures)
    ]
    if why:
        parts.append("## Missed, and why\n\n" + "\n".join(why) + "\n")
    missing = [f"* {name}: {without_paths(reason)}" for name, report in reports.items() for reason in report.missing]
    if missing or not_run:
        parts.append("## Not measured\n\n" + "\n".join([*missing, *(f"* {name}" for name in not_run)]) + "\n")
    parts.append(
        "## How\n\n" + "\n".join(f"* **{name}**: {report.how}" for name, report in reports.items() if report.how) + "\n"
    )
    return "\n".join(parts)
