"""Pictures of panels, drawn from the same queries that Grafana would send, without Grafana:

    python -m tests.monitoring.panels --prometheus http://127.0.0.1:9090 --into pictures [--minutes 15] [DASHBOARD …]

writes a picture of every panel that asks Prometheus, `DASHBOARD/TITLE.png`, and one of each whole dashboard,
`DASHBOARD.png`. In Python: `Painter(url, start, end).panel(shown, path)` and `.board(file, path)`.

Why so long: each kind of panel is drawn here.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Wedge
from matplotlib.ticker import FuncFormatter, MaxNLocator
from PIL import Image

from tests.support.monitoring.dashboards import ALL, FILES, Shown, filled, panels, read
from tests.support.monitoring.units import written

BACK: Final = "#181b1f"
PAGE: Final = "#111217"
TEXT: Final = "#ccccdc"
FAINT: Final = "#8e8e99"
GRID: Final = "#2c2f36"
SERIES: Final = (
    "#73bf69", "#f2cc0c", "#5794f2", "#ff780a", "#b877d9", "#f2495c", "#8ab8ff", "#ffa6b0", "#37872d", "#e0b400",
    "#1f60c4", "#c4162a", "#8f3bb8", "#96d98d", "#ffee52",
)  # fmt: skip
COLORS: Final = {
    "green": "#73bf69",
    "yellow": "#fade2a",
    "orange": "#ff9830",
    "red": "#f2495c",
    "blue": "#5794f2",
}
CELL: Final = (72, 38)
"""Pixels of one column and one row of the grid."""
DPI: Final = 100
DRAWN: Final = ("timeseries", "stat", "gauge", "bargauge", "table", "heatmap", "state-timeline")

mpl.use("Agg")
mpl.rcParams.update({
    "font.family": "DejaVu Sans", "font.size": 8, "text.color": TEXT, "axes.edgecolor": GRID, "axes.labelcolor": FAINT,
    "xtick.color": FAINT, "ytick.color": FAINT, "axes.facecolor": BACK, "figure.facecolor": BACK,
    "savefig.facecolor": BACK, "axes.grid": True, "grid.color": GRID, "grid.linewidth": 0.6,
})  # fmt: skip


@dataclass
class Series:
    """One series of an answer: what it is called, and its values; NaN where there is none."""

    name: str
    labels: Mapping[str, str]
    query: int
    values: dict[float, float] = field(default_factory=dict)

    @property
    def last(self) -> float:
        """Its newest value."""
        return self.values[max(self.values)]


@dataclass(frozen=True)
class Painter:
    """Draws what a Prometheus knows between two instants (seconds since 1970).

    `scrape` is how often it scrapes, in seconds; `choices` fills in the dashboards' variables. `quiet` counts panels
    that had nothing to show.
    """

    prometheus: str
    start: float
    end: float
    scrape: float = 15.0
    choices: Mapping[str, str] = field(default_factory=lambda: dict(ALL))

    def panel(self, shown: Shown, path: Path) -> bool:
        """Draws a panel into a file; False where it had nothing to show, which is then what is drawn."""
        place = shown.json["gridPos"]
        pixels = place["w"] * CELL[0], place["h"] * CELL[1]
        figure = Figure(figsize=(pixels[0] / DPI, pixels[1] / DPI), dpi=DPI)
        series = self.asked(shown, pixels[0]) if shown.datasource == "prometheus" else []
        height = pixels[1]
        figure.text(10 / pixels[0], 1 - 16 / height, shown.title, fontsize=10, fontweight="bold", va="center")
        defaults = shown.json["fieldConfig"]["defaults"]
        if not series or shown.kind not in DRAWN:
            elsewhere = shown.datasource != "prometheus"
            text = f"(from {shown.datasource.capitalize()}, not drawn here)" if elsewhere else defaults["noValue"]
            figure.text(0.5, 0.45, text, ha="center", va="center", fontsize=11, color=FAINT)
        else:
            _DRAW[shown.kind](_Canvas(figure, pixels, shown, series, (self.start, self.end)))
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, facecolor=figure.get_facecolor())
        return bool(series)

    def board(self, file: Path, path: Path) -> list[str]:
        """Draws a whole dashboard into a file, its panels beside it in a folder; who had nothing to show."""
        board, shown = read(file), {panel.json["id"]: panel for panel in panels(file)}
        folder = path.parent / path.stem
        empty: list[str] = []
        placed: list[tuple[int, int, Image.Image]] = []
        top = 0
        for row in board["panels"]:
            if row["type"] != "row":
                continue
            inside = row["panels"] or _below(board["panels"], row)
            first = row["gridPos"]["y"] + 1
            placed.append((0, top * CELL[1], _heading(row["title"])))
            for panel in inside:
                place = panel["gridPos"]
                one = folder / f"{slug(panel['title'])}.png"
                if not self.panel(shown[panel["id"]], one) and panel["datasource"]["type"] == "prometheus":
                    empty.append(panel["title"])
                at = place["x"] * CELL[0], (top + 1 + place["y"] - first) * CELL[1]
                placed.append((*at, Image.open(one)))
            top += 1 + max(panel["gridPos"]["y"] + panel["gridPos"]["h"] - first for panel in inside)
        whole = Image.new("RGB", (24 * CELL[0], top * CELL[1] + 8), PAGE)
        for x, y, picture in placed:
            whole.paste(picture.resize((picture.width - 8, picture.height - 8)), (x + 4, y + 4))
        whole.save(path)
        return empty

    def asked(self, shown: Shown, pixels: int) -> list[Series]:
        """The series that a panel shows."""
        span = self.end - self.start
        step = max(self.scrape, span / max(1, pixels / 3))
        interval = f"{math.ceil(max(4 * self.scrape, step) * 1000)}ms"
        found: list[Series] = []
        for number, target in enumerate(shown.targets):
            expr = filled(target["expr"], interval, f"{math.ceil(span * 1000)}ms", self.choices)
            if target["instant"]:
                answer = self._ask("query", query=expr, time=self.end)
            else:
                answer = self._ask("query_range", query=expr, start=self.start, end=self.end, step=step)
            for one in answer:
                pairs = one["values"] if "values" in one else [one["value"]]
                values = {float(at): float(value) for at, value in pairs}
                found.append(Series(_legend(target["legendFormat"], one["metric"]), one["metric"], number, values))
        return [series for series in found if any(not math.isnan(value) for value in series.values.values())]

    def _ask(self, what: str, **asked: object) -> list[Any]:
        url = f"{self.prometheus}/api/v1/{what}"
        request = urllib.request.Request(url, urllib.parse.urlencode(asked).encode())
        with urllib.request.urlopen(request, timeout=30) as answer:
            result: list[Any] = json.loads(answer.read())["data"]["result"]
        return result


def slug(title: str) -> str:
    """A title as a file's name."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def _below(shown: Sequence[dict[str, Any]], row: dict[str, Any]) -> list[dict[str, Any]]:
    """The panels of a row that is open: those until the next."""
    after = shown[shown.index(row) + 1 :]
    stop = next((at for at, panel in enumerate(after) if panel["type"] == "row"), len(after))
    return list(after[:stop])


def _heading(title: str) -> Image.Image:
    figure = Figure(figsize=(24 * CELL[0] / DPI, CELL[1] / DPI), dpi=DPI, facecolor=PAGE)
    figure.text(0.006, 0.4, f"▾ {title}", fontsize=11, fontweight="bold", va="center")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")  # type: ignore[no-untyped-call]


def _legend(form: str, labels: Mapping[str, str]) -> str:
    if form == "__auto":
        shown = {name: value for name, value in labels.items() if name != "__name__"}
        return ", ".join(shown.values()) or labels.get("__name__", "Value")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: labels.get(found[1], ""), form)


@dataclass(frozen=True)
class _Canvas:
    """What a kind of panel is drawn with."""

    figure: Figure
    pixels: tuple[int, int]
    shown: Shown
    series: list[Series]
    span: tuple[float, float]

    @property
    def defaults(self) -> dict[str, Any]:
        defaults: dict[str, Any] = self.shown.json["fieldConfig"]["defaults"]
        return defaults

    def text(self, value: float) -> str:
        return written(value, self.defaults["unit"], self.defaults.get("decimals"))

    def color(self, value: float) -> str:
        steps = self.defaults["thresholds"]["steps"]
        reached = [step for step in steps if step["value"] is None or value >= step["value"]]
        return COLORS[reached[-1]["color"]]

    def axes(self, left: float = 74, bottom: float = 26, top: float = 34, right: float = 14) -> Axes:
        width, height = self.pixels
        box = left / width, bottom / height, 1 - (left + right) / width, 1 - (bottom + top) / height
        return self.figure.add_axes(box)

    def times(self, axes: Axes) -> None:
        axes.set_xlim(*self.span)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        form = "%H:%M:%S" if self.span[1] - self.span[0] < 900 else "%H:%M"
        axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _: datetime.fromtimestamp(at, UTC).strftime(form)))

    def values(self, axes: Axes) -> None:
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: written(value, self.defaults["unit"])))


def _lines(canvas: _Canvas) -> None:
    custom, defaults = canvas.defaults["custom"], canvas.defaults
    rows = canvas.series[:8]
    legend = 15 * len(rows) + 20
    axes = canvas.axes(bottom=26 + min(legend, canvas.pixels[1] * 0.45))
    stamps = sorted({at for series in canvas.series for at in series.values})
    below = np.zeros(len(stamps))
    for number, series in enumerate(canvas.series):
        color = SERIES[number % len(SERIES)]
        values = np.array([series.values.get(at, math.nan) for at in stamps])
        if custom["stacking"]["mode"] == "normal":
            above = below + np.nan_to_num(values)
            axes.fill_between(stamps, below, above, color=color, alpha=0.35, linewidth=0)
            axes.plot(stamps, above, color=color, linewidth=1)
            below = above
        elif custom["drawStyle"] == "bars":
            width = (canvas.span[1] - canvas.span[0]) / max(20, len(stamps)) * 0.8
            axes.bar(stamps, np.nan_to_num(values), width=width, color=color, alpha=0.7)
        else:
            few = np.count_nonzero(~np.isnan(values)) < 12  # alone, a point is no line
            axes.plot(stamps, values, color=color, linewidth=1.2, marker="." if few else None, markersize=4)
            if custom["fillOpacity"]:
                axes.fill_between(stamps, values, color=color, alpha=custom["fillOpacity"] / 100, linewidth=0)
    if custom["scaleDistribution"]["type"] == "log":
        axes.set_yscale("log")
    else:
        low, high = axes.get_ylim()
        low = defaults.get("min", low)
        axes.set_ylim(low, max(defaults.get("max", high), low + 1e-9))
        canvas.values(axes)
    low, high = axes.get_ylim()
    for step in defaults["thresholds"]["steps"][1:]:
        if custom["thresholdsStyle"]["mode"] != "off" and low <= step["value"] <= high:
            axes.axhline(step["value"], color=COLORS[step["color"]], linestyle="--", linewidth=1)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: written(value, defaults["unit"])))
    canvas.times(axes)
    _names(canvas, rows)


def _names(canvas: _Canvas, rows: Sequence[Series]) -> None:
    """The legend: a line for each series with its newest and its highest value."""
    width, height = canvas.pixels
    figure, room = canvas.figure, int(min(15 * len(rows) + 20, height * 0.45))
    lines = max(1, (room - 18) // 15)
    figure.text(1 - 86 / width, (room - 2) / height, "last", fontsize=7, color=FAINT, ha="right", va="top")
    figure.text(1 - 14 / width, (room - 2) / height, "max", fontsize=7, color=FAINT, ha="right", va="top")
    for number, series in enumerate(rows[:lines]):
        y = (room - 16 - 15 * number) / height
        figure.text(12 / width, y, "—", color=SERIES[number % len(SERIES)], fontweight="bold", va="top")
        figure.text(28 / width, y, series.name[: int((width - 170) / 5.6)], va="top", fontsize=7.5)
        values = [value for value in series.values.values() if not math.isnan(value)]
        figure.text(1 - 86 / width, y, canvas.text(values[-1]), ha="right", va="top", fontsize=7.5)
        figure.text(1 - 14 / width, y, canvas.text(max(values)), ha="right", va="top", fontsize=7.5)


def _stat(canvas: _Canvas) -> None:
    series = canvas.series[0]
    color = canvas.color(series.last)
    if canvas.shown.json["options"]["colorMode"] == "background":
        canvas.figure.set_facecolor(color)
        color = "#ffffff"
        canvas.figure.texts[0].set_color("#ffffff")
    canvas.figure.text(
        0.5, 0.52, canvas.text(series.last), ha="center", va="center", fontsize=24, color=color, weight="bold"
    )
    if canvas.shown.json["options"]["graphMode"] == "area" and len(series.values) > 2:
        axes = canvas.figure.add_axes((0, 0, 1, 0.28))
        axes.axis("off")
        axes.fill_between(list(series.values), list(series.values.values()), color="#ffffff", alpha=0.25, linewidth=0)
        axes.margins(0)


def _gauge(canvas: _Canvas) -> None:
    axes = canvas.figure.add_axes((0.1, 0.02, 0.8, 0.78))
    axes.set_aspect("equal")
    axes.axis("off")
    axes.set_xlim(-1.1, 1.1)
    axes.set_ylim(-0.35, 1.1)
    value, low = canvas.series[0].last, float(canvas.defaults.get("min", 0))
    high = float(canvas.defaults.get("max", max(1.0, value)))
    share = min(1.0, max(0.0, (value - low) / (high - low)))
    axes.add_patch(Wedge((0, 0), 1, 0, 180, width=0.28, color=GRID))
    axes.add_patch(Wedge((0, 0), 1, 180 - 180 * share, 180, width=0.28, color=canvas.color(value)))
    axes.text(0, 0.12, canvas.text(value), ha="center", fontsize=15, weight="bold", color=canvas.color(value))


def _bars(canvas: _Canvas) -> None:
    axes = canvas.axes(left=130, right=80)
    rows = sorted(canvas.series, key=lambda series: series.last)
    values = [series.last for series in rows]
    axes.barh(range(len(rows)), values, color=[canvas.color(value) for value in values], alpha=0.85)
    axes.set_yticks(range(len(rows)), [series.name[:20] for series in rows])
    axes.xaxis.set_visible(False)
    axes.grid(False)
    for number, value in enumerate(values):
        axes.text(value, number, f" {canvas.text(value)}", va="center")


def _table(canvas: _Canvas) -> None:
    """Rows by the labels that the panel renames, a column for each query."""
    organize = canvas.shown.json["transformations"][-1]["options"]["renameByName"]
    several = len(canvas.shown.targets) > 1
    labels = {name.split(" ")[0]: title for name, title in organize.items() if not name.startswith("Value")}
    titles = [title for name, title in organize.items() if name.startswith("Value")]
    rows: dict[tuple[str, ...], dict[int, float]] = {}
    for series in canvas.series:
        key = tuple(series.labels.get(name, "") for name in labels)
        rows.setdefault(key, {})[series.query if several else 0] = series.last
    ordered = sorted(rows.items(), key=lambda item: -item[1].get(0, -math.inf))
    width, height = canvas.pixels
    columns = [*labels.values(), *titles]
    units = _units(canvas)
    lines = max(1, (height - 64) // 18)
    for at, title in enumerate(columns):
        canvas.figure.text(12 / width + at / len(columns), 1 - 44 / height, title, color=COLORS["blue"], weight="bold")
    for number, (key, values) in enumerate(ordered[:lines]):
        cells = [
            *key,
            *(
                written(values[q], units.get(t, canvas.defaults["unit"])) if q in values else ""
                for q, t in enumerate(titles)
            ),
        ]
        for at, cell in enumerate(cells):
            room = int(width / len(columns) / 7.2)
            canvas.figure.text(12 / width + at / len(columns), 1 - (64 + 18 * number) / height, cell[:room])


def _units(canvas: _Canvas) -> dict[str, str]:
    """Units of columns that have one of their own."""
    overrides = canvas.shown.json["fieldConfig"]["overrides"]
    return {
        override["matcher"]["options"]: prop["value"]
        for override in overrides
        for prop in override["properties"]
        if prop["id"] == "unit"
    }


def _heat(canvas: _Canvas) -> None:
    bounds = sorted(canvas.series, key=lambda series: float(series.labels["le"]))
    stamps = sorted({at for series in bounds for at in series.values})
    whole = np.array([[series.values.get(at, 0.0) for at in stamps] for series in bounds])
    counts = np.diff(whole, axis=0, prepend=0.0).clip(min=0)
    axes = canvas.axes()
    edges = [*stamps, stamps[-1] + (stamps[-1] - stamps[0]) / max(1, len(stamps) - 1)]
    axes.pcolormesh(edges, range(len(bounds) + 1), np.ma.masked_equal(np.sqrt(counts), 0), cmap="inferno")
    names = [written(float(series.labels["le"]), canvas.defaults["unit"]) for series in bounds]
    axes.set_yticks(np.arange(len(bounds)) + 1, names, fontsize=7)
    axes.grid(False)
    canvas.times(axes)


def _states(canvas: _Canvas) -> None:
    rows = canvas.series[:20]
    axes = canvas.axes(left=120)
    for number, series in enumerate(rows):
        stamps = sorted(series.values)
        width = (stamps[-1] - stamps[0]) / max(1, len(stamps) - 1) if len(stamps) > 1 else 1.0
        spans = [(at, width) for at in stamps]
        colors = [canvas.color(series.values[at]) for at in stamps]
        axes.broken_barh(spans, (number - 0.42, 0.84), facecolors=colors, linewidth=0)
    axes.set_yticks(range(len(rows)), [series.name[:18] for series in rows], fontsize=7)
    axes.invert_yaxis()
    axes.grid(False)
    canvas.times(axes)


_DRAW: Final = {
    "timeseries": _lines,
    "stat": _stat,
    "gauge": _gauge,
    "bargauge": _bars,
    "table": _table,
    "heatmap": _heat,
    "state-timeline": _states,
}


def main(arguments: Sequence[str]) -> int:
    """Draws dashboards of a Prometheus; says which panels had nothing to show."""
    parser = argparse.ArgumentParser(prog="python -m tests.monitoring.panels", description="Draws dashboards.")
    parser.add_argument("--prometheus", required=True, metavar="URL")
    parser.add_argument("--into", type=Path, required=True, metavar="DIRECTORY")
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--scrape", type=float, default=15.0, metavar="SECONDS")
    parser.add_argument("dashboards", nargs="*", help="names of files, without .json; all by default")
    asked = parser.parse_args(arguments)
    now = time.time()
    painter = Painter(asked.prometheus.rstrip("/"), now - 60 * asked.minutes, now, asked.scrape)
    for file in FILES:
        if not asked.dashboards or file.stem in asked.dashboards:
            empty = painter.board(file, asked.into / f"{file.stem}.png")
            sys.stdout.write(f"{file.stem}: {', '.join(empty) if empty else 'all panels'}{' empty' if empty else ''}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
