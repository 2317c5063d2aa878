"""Logging is put back after each test."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from monitoring.logs.output import QUIET, TALKATIVE


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Handlers and levels are those of before."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    quiet = {name: logging.getLogger(name).level for name in (*QUIET, *TALKATIVE)}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in quiet.items():
        logging.getLogger(name).setLevel(before)
