"""Logs: lines of JSON for machines, text for people, and no noise."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import pytest
from prometheus_client import REGISTRY

from monitoring import logs

LINES = "tasksys_logged_lines_total"


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
    assert list(line) == ["level", "logger", "message", "component", "workspace", "partition"]
    assert list(line.values()) == ["info", "tasksys.x", "folded 3", "process", "w", 7]


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


@pytest.mark.parametrize(
    "odd",
    [object(), {1: 2}, {object(): 1}, "\ud800", float("nan")],
    ids=["an object", "no text as a key", "an object as a key", "a lone surrogate", "no number"],
)
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
    """Whoever asks for it sees what libraries say, but for those that show what they carry."""
    stream = io.StringIO()
    logs.configure("json", "debug", stream)
    logging.getLogger("faust.app").debug("detail")
    logging.getLogger("streams.agent").info("[^-Agent]: Starting...")
    logging.getLogger("aiokafka.conn").debug("Request 7: ProduceRequest(b'a title')")
    assert len(lines(stream)) == 2


def test_pretty_is_for_people() -> None:
    """Text, not JSON; and what is no terminal gets JSON by default."""
    stream = io.StringIO()
    logs.configure("pretty", stream=stream)
    with logs.bound(request_id="0123456789abcdef", agent="audit"):
        logging.getLogger("tasksys.x").info("up")
    assert "up  (audit, request 01234567)" in stream.getvalue()
    assert "{" not in stream.getvalue()
    stream = io.StringIO()
    logs.configure("auto", stream=stream)
    logging.getLogger("tasksys.x").info("up")
    assert lines(stream)


def test_what_is_shown_to_people_is_clean_too() -> None:
    """Secrets are hidden in every form."""
    stream = io.StringIO()
    logs.configure("pretty", stream=stream)
    logging.getLogger("tasksys.x").info("asked with Bearer abcdefghijk")
    assert "abcdefghijk" not in stream.getvalue()


def test_lines_are_counted_by_level() -> None:
    """Those that are written; what is dropped is not counted."""

    def counted() -> dict[str, float]:
        return {level: REGISTRY.get_sample_value(LINES, {"level": level}) or 0.0 for level in ("info", "warning")}

    logs.configure("json", stream=io.StringIO())
    before = counted()
    logging.getLogger("tasksys.x").info("one")
    logging.getLogger("tasksys.x").debug("none")
    logging.getLogger("streams.agent").info("[^-Agent]: Starting...")
    logging.getLogger("tasksys.x").warning("two")
    logging.getLogger("tasksys.x").warning("three")
    after = counted()
    assert {level: after[level] - before[level] for level in after} == {"info": 1.0, "warning": 2.0}


def test_every_level_is_there_from_the_start() -> None:
    """So that the first error is a rise from zero."""
    logs.configure("json", stream=io.StringIO())
    assert REGISTRY.get_sample_value(LINES, {"level": "critical"}) is not None


def test_a_process_is_named() -> None:
    """Each line says which process it is of, if that has a name."""
    stream = io.StringIO()
    logs.configure("json", stream=stream, instance="worker-2")
    logging.getLogger("tasksys.x").info("up")
    assert lines(stream)[0]["instance"] == "worker-2"


def test_a_flood_is_cut_and_told_at_the_end() -> None:
    """Of a message that comes again and again there are a hundred lines, and one that says how many there were."""
    stream = io.StringIO()
    logs.configure("json", stream=stream)
    for number in range(250):
        logging.getLogger("tasksys.x").error("broken %d", number)
    logs.finish()
    found = lines(stream)
    assert len(found) == 101
    assert found[-1]["message"] == "150 more lines like this were left out within 60 s: broken %d"
    assert found[-1]["level"] == "error"


def test_a_terminal_obeys_no_text() -> None:
    """What others wrote may be in an exception: it moves no cursor, and its lines do not look like ours."""
    stream = io.StringIO()
    logs.configure("pretty", stream=stream)
    logging.getLogger("tasksys.x").warning("odd: %s", "a\x1b[2J\x9b2K\x07\r\n00:00:00 INFO     forged")
    said = stream.getvalue()
    assert not set(said) & {"\x1b", "\x9b", "\x07", "\r"}
    assert "\\x1b[2J" in said
    assert not any(line.startswith("00:00:00") for line in said.splitlines())
