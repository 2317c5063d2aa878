"""Writes the reference of all metrics, `monitoring/docs/metrics.md`, from the catalogue.

python -m monitoring.reference           writes it
python -m monitoring.reference --check   says, by its exit code, whether it is as it should be
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from monitoring import metrics
from monitoring.catalogue import ENTRIES, Entry, Kind, Label

PAGE: Final = Path(__file__).parent / "docs" / "metrics.md"

HEAD: Final = """\
# Metrics

<!-- Made by `python -m monitoring.reference` from monitoring/metrics.py. Change that, and run it again. -->

All {number} metrics. `tasksys serve` tells them at `/metrics` on its operators' port (3101), and, to operators, on the
API's (3001); `tasksys lag-exporter` on its own (3102). In OpenMetrics' format, which a Prometheus asks for by itself,
durations have exemplars with the ids of traces.

Names are in base units. A counter ends in `_total` and begins at 0 when its process starts: use `rate` or `increase`.
Where all values of its labels are listed here its series are there from the start, else from the first time on. Of a
histogram `NAME` there are `NAME_bucket`, `NAME_sum` and `NAME_count`. No label is an id or anybody's text, so the
number of series does not grow with the number of users or tasks.

What is counted where a batch becomes durable is counted once; a process that is killed in that very moment has not
counted it. What is measured of a fold or a transaction is measured each time, also where it is done again.

Beside these there are Python's and the process's own (`process_resident_memory_bytes`, `process_cpu_seconds_total`,
`process_open_fds`, `python_gc_*`; of the process on Linux only).
"""

SECTION: Final = re.compile(r"^# --- (.+)$|\b(?:counter|gauge|histogram|collected)\(\s*\"(\w+)\"", re.MULTILINE)
SKIPPED: Final = ("labels", "buckets")
"""Parts of the list that declare no metrics."""


def sections() -> Iterator[tuple[str, list[Entry]]]:
    """The catalogue in the order and under the headings of its source."""
    title, found = "", list[Entry]()
    for match in SECTION.finditer(Path(metrics.__file__).read_text(encoding="utf-8")):
        if match[2]:
            found.append(ENTRIES[match[2]])
            continue
        if found:
            yield title, found
        title, found = match[1].partition(",")[0] if match[1].startswith(SKIPPED) else match[1], []
    yield title, found


def page() -> str:
    """The whole page."""
    parts = [HEAD.format(number=len(ENTRIES))]
    for title, entries in sections():
        parts.append(f"## {title[0].upper()}{title[1:]}\n")
        parts += [_entry(entry) for entry in entries]
    return "\n".join(parts)


def _entry(entry: Entry) -> str:
    lines = [f"### `{entry.name}`\n", f"{entry.kind.value.capitalize()}. {entry.help}.\n"]
    lines += [f"* `{label.name}`: {_label(label)}" for label in entry.labels]
    if entry.kind is Kind.HISTOGRAM:
        lines.append(f"* buckets: {', '.join(f'{bound:g}' for bound in entry.buckets)}")
    lines.append(f"* from: {entry.source.value}\n")
    return "\n".join(lines)


def _label(label: Label) -> str:
    if isinstance(label.values, str):
        return f"{label.meaning}; {label.values}"
    return f"{label.meaning}: {', '.join(f'`{value}`' for value in label.values)}"


def main() -> int:
    """The command line; 1 if the page is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    if parser.parse_args().check:
        return int(not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page())
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
