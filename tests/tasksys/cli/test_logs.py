"""Logs: lines of JSON for machines, text for people, and no noise."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from monitoring import logs


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Logging is put back after the test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    quiet = {name: logging.getLogger(name).level for name in logs.QUIET}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in quiet.items():
        logging.getLogger(name).setLevel(before)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """What was logged."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_with_extra_fields() -> None:
    """Timestamp, level, logger, message, and whatever else the record has."""
    stream = io.StringIO()
    logs.configure("json", stream=stream)
    logging.getLogger("tasksys.x").info("folded %d", 3, extra={"workspace": "w", "partition": 7})
    (line,) = lines(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"level": "info", "logger": "tasksys.x", "message": "folded 3", "workspace": "w", "partition": 7}


def test_an_exception_is_in_its_line() -> None:
    """The traceback does not break the line."""
    stream = io.StringIO()
    logs.configure("json", stream=stream)
    try:
        raise ValueError("no")
    except ValueError:
        logging.getLogger("tasksys.x").exception("failed")
    (line,) = lines(stream)
    assert "ValueError: no" in line["exception"]


@pytest.mark.parametrize("odd", [object(), {1: 2}, {object(): 1}, "\ud800", float("nan")], ids=repr)
def test_no_value_breaks_a_line(odd: object) -> None:
    """What JSON cannot say is said as text."""
    stream = io.StringIO()
    logs.configure("json", stream=stream)
    logging.getLogger("tasksys.x").info("odd", extra={"odd": odd})
    assert "odd" in lines(stream)[0]


def test_libraries_are_quiet_but_for_warnings() -> None:
    """What Faust and aiokafka say every day is dropped, also what mode says in the names of our own classes."""
    stream = io.StringIO()
    logs.configure("json", stream=stream)
    logging.getLogger("faust.app").info("everyday")
    logging.getLogger("faust.app").warning("worrying")
    logging.getLogger("streams.agent").info("[^-Agent]: Starting...")
    logging.getLogger("streams.agent").warning("[^-Agent]: stuck")
    logging.getLogger("aiokafka").error('Unable connect to "k:9092"')
    assert [line["message"] for line in lines(stream)] == ["worrying", "[^-Agent]: stuck"]


def test_debugging_shows_everything() -> None:
    """Whoever asks for it sees what libraries say."""
    stream = io.StringIO()
    logs.configure("json", "debug", stream)
    logging.getLogger("faust.app").debug("detail")
    logging.getLogger("streams.agent").info("[^-Agent]: Starting...")
    assert len(lines(stream)) == 2


def test_pretty_is_for_people() -> None:
    """Text, not JSON; and what is no terminal gets JSON by default."""
    stream = io.StringIO()
    logs.configure("pretty", stream=stream)
    logging.getLogger("tasksys.x").info("up")
    assert "up" in stream.getvalue()
    assert "{" not in stream.getvalue()
    stream = io.StringIO()
    logs.configure("auto", stream=stream)
    logging.getLogger("tasksys.x").info("up")
    assert lines(stream)
