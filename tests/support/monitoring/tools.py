"""Where the real tools of monitoring are: `python -m tests.support.monitoring.tools` prints them, or what to do."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[3]
INSTALL: Final = ROOT / "tests/support/monitoring/install.sh"
CACHE: Final = ROOT / ".cache/monitoring"

NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "prometheus": ("prometheus",),
    "promtool": ("promtool",),
    "alertmanager": ("alertmanager", "prometheus-alertmanager"),
    "amtool": ("amtool",),
    "node_exporter": ("node_exporter", "prometheus-node-exporter"),
}
"""What each tool is called, by others and by Debian."""

DEBIAN: Final = Path("/usr/share/prometheus/alertmanager/default.tmpl")
"""What Debian's Alertmanager does not start without."""

NEWER: Final = ("prometheus", "promtool", "alertmanager", "amtool")
"""What `install.sh newer` builds."""


def find(tool: str, newer: bool = False) -> Path | None:
    """A tool's path: on PATH, else in our cache; with `newer` only what was built there. None where there is none."""
    if newer:
        built = CACHE / "newer" / tool
        return built if built.is_file() else None
    for name in NAMES[tool]:
        on_path = shutil.which(name)
        if on_path is not None:
            return Path(on_path)
        if (CACHE / "bin" / name).is_file() and (name != "prometheus-alertmanager" or DEBIAN.is_file()):
            return CACHE / "bin" / name
    return None


def tool(name: str, newer: bool = False) -> Path:
    """A tool's path; RuntimeError with the remedy where there is none."""
    found = find(name, newer)
    if found is None:
        raise RuntimeError(f"there is no {name}: run {INSTALL.relative_to(ROOT)}{' newer' if newer else ''}")
    return found


def main(newer: bool) -> int:
    """Prints each tool and its path; 1 if one is missing."""
    paths = {name: find(name, newer) for name in (NEWER if newer else NAMES)}
    for name, path in paths.items():
        sys.stdout.write(f"{name}\t{path or 'missing'}\n")
    return 0 if all(paths.values()) else 1


if __name__ == "__main__":
    sys.exit(main("newer" in sys.argv[1:]))
