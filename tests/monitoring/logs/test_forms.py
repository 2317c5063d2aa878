"""The fields of a line, and their order."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from monitoring import logs, tracing


def line(name: str = "tasksys.x", **extra: Any) -> dict[str, Any]:
    """A line of JSON that says `said`."""
    record = logging.getLogger(name).makeRecord(name, logging.INFO, "", 0, "said", (), None, extra=extra)
    found: dict[str, Any] = json.loads(logs.JsonFormatter("here").format(record))
    return found


def test_fields_have_an_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """What lines have in common comes first, whatever it is known from."""
    monkeypatch.setattr(tracing, "ids", lambda: {"trace_id": "4bf9", "span_id": "00f0"})
    with logs.bound(workspace="w", request_id="r", component="api", own="bound"):
        found = line(special=1, duration_seconds=0.5, command_id="c", operation="GET /", agent="commands")
    common = ["component", "agent", "operation", "request_id", "command_id", "trace_id", "span_id", "workspace"]
    assert list(found) == [
        "timestamp", "level", "logger", "message", *common, "duration_seconds", "own", "special", "instance",
    ]  # fmt: skip


def test_what_a_line_says_itself_goes_before_what_is_bound() -> None:
    """It is the more exact one."""
    with logs.bound(workspace="w", component="fold"):
        assert (line(workspace="v", component="feed")["workspace"], line(component="feed")["component"]) == (
            "v",
            "feed",
        )


@pytest.mark.parametrize(
    ("logger", "component"),
    [
        ("tasksys.views", "api"),
        ("views.feed.hub", "feed"),
        ("views.auth", "api"),
        ("streams.node", "fold"),
        ("streams.outbox", "delivery"),
        ("streams.delivery.webhook", "delivery"),
        ("faust.app", "fold"),
        ("tasksys.serve", "process"),
        ("viewsx", "process"),
    ],
)
def test_the_logger_tells_the_component(logger: str, component: str) -> None:
    """Where nothing else does."""
    assert line(logger)["component"] == component


def test_secrets_are_hidden_wherever_they_are() -> None:
    """In the message, in fields, within fields, in what is no text, and in the traceback."""

    class Odd:
        def __str__(self) -> str:
            return "Bearer abcdefghijk"

    try:
        raise ValueError("Bearer abcdefghijk")
    except ValueError as error:
        given = (type(error), error, error.__traceback__)
    record = logging.getLogger("x").makeRecord(
        "x", logging.INFO, "", 0, "Bearer %s", ("abcdefghijk",), given,
        extra={"one": "Bearer abcdefghijk", "two": {"three": [("Bearer abcdefghijk",)]}, "odd": Odd()},
    )  # fmt: skip
    said = logs.JsonFormatter().format(record)
    assert "abcdefghijk" not in said
    assert said.count("[hidden]") == 6  # the traceback shows a line of the source too


def test_a_value_that_holds_itself_ends() -> None:
    """Only so many parts within parts are looked at."""
    odd: dict[str, Any] = {}
    odd["self"] = odd
    assert "[hidden]" in str(line(odd=odd)["odd"])
