"""Where Chromium is: `python -m tests.support.chromium.find` prints it, or says what to do."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Final

from playwright.sync_api import sync_playwright

NAMES: Final = ("chromium", "google-chrome")
REMEDY: Final = "There is no Chromium; tests/support/chromium/install.sh installs one."


def on_path() -> str | None:
    """A Chromium on PATH; a snap's is none, for it is shut off from the folders that Playwright gives it."""
    for name in NAMES:
        path = shutil.which(name)
        if path is not None and not Path(path).resolve().is_relative_to("/snap") and "snap" not in Path(path).parts:
            return path
    return None


def find() -> str | None:
    """The Chromium on PATH, or else Playwright's own; None where there is neither."""
    found = on_path()
    if found is not None:
        return found
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


if __name__ == "__main__":
    chromium = find()
    if chromium is None:
        sys.exit(REMEDY)
    sys.stdout.write(f"{chromium}\n")
