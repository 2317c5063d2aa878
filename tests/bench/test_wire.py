"""The load generator's HTTP is HTTP."""

from __future__ import annotations

import pytest

from tests.bench.wire import Answers, request

TWO = b"HTTP/1.1 201 Created\r\ncontent-length: 3\r\nX-A: b\r\n\r\nabcHTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n"


def test_a_request_has_host_headers_and_length() -> None:
    """A body always has its type and length."""
    assert request("POST", "/a", "h:1", {"X-A": "b"}, b"{}") == (
        b"POST /a HTTP/1.1\r\nHost: h:1\r\nX-A: b\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    )
    assert request("GET", "/a", "h:1", {}) == b"GET /a HTTP/1.1\r\nHost: h:1\r\n\r\n"


@pytest.mark.parametrize("size", [1, 2, 7, 50, len(TWO)])
def test_answers_are_found_however_the_bytes_come(size: int) -> None:
    """Split anywhere, or several at once."""
    answers = Answers()
    found = [one for at in range(0, len(TWO), size) for one in answers.feed(TWO[at : at + size])]
    assert found == [(201, b"abc"), (204, b"")]


def test_an_answer_without_a_length_is_refused() -> None:
    """Rather than counted wrongly."""
    with pytest.raises(ValueError, match="Content-Length"):
        list(Answers().feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"))
