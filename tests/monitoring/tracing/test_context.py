"""W3C's headers, as they come and as they are handed on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.tracing.context import (
    RANDOM,
    SAMPLED,
    TRACEPARENT,
    TRACESTATE,
    Context,
    carried,
    packed,
    parsed,
    unpacked,
)

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"

contexts = st.builds(
    Context,
    st.integers(1, (1 << 128) - 1),
    st.integers(1, (1 << 64) - 1),
    st.sampled_from((SAMPLED, SAMPLED | RANDOM)),
    st.just(""),
)


@given(contexts)
def test_what_is_handed_on_is_read_again(context: Context) -> None:
    """By a header, by a record and by a row."""
    assert parsed(context.traceparent) == context
    assert carried(context.headers) == context
    assert unpacked(packed((("request", b"1"), *context.headers))) == context


@pytest.mark.parametrize(
    "header",
    [
        "",
        "00",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"{PARENT}-more",
        f"01-{TRACE}-{SPAN}-01more",
        PARENT.replace("4", "٤"),
        "x" * 100_000,
    ],
)
def test_what_is_malformed_is_ignored(header: str) -> None:
    """As if no header had come."""
    assert parsed(header) is None
    assert carried(((TRACEPARENT, header.encode()),)) is None
    assert packed(((TRACEPARENT, header.encode()),)) == b""


def test_what_is_not_text_is_ignored() -> None:
    """Kafka's headers are bytes, or nothing at all."""
    assert carried(((TRACEPARENT, b"\xff\x00"),)) is None
    assert carried(((TRACEPARENT, None),)) is None
    assert carried(((TRACEPARENT, PARENT.encode()), (TRACESTATE, None))) == parsed(PARENT)


def test_a_later_version_may_say_more() -> None:
    """What is known of it holds."""
    assert parsed(f"42-{TRACE}-{SPAN}-01-what-will-be") == Context(int(TRACE, 16), int(SPAN, 16))
    assert parsed(f"42-{TRACE}-{SPAN}-ff") == Context(int(TRACE, 16), int(SPAN, 16), 0xFF)


def test_what_is_not_sampled_is_not_carried() -> None:
    """A record of a trace that is not recorded is as one of no trace."""
    assert parsed(f"00-{TRACE}-{SPAN}-00") == Context(int(TRACE, 16), int(SPAN, 16), 0)
    assert carried(((TRACEPARENT, f"00-{TRACE}-{SPAN}-00".encode()),)) is None


@pytest.mark.parametrize(
    ("given_state", "kept"),
    [
        ("vendor=1", "vendor=1"),
        ("a=1,b@c=2", "a=1,b@c=2"),
        (" a=1 ,\tb=2,,", "a=1,b=2"),
        ("Vendor=1", ""),
        ("a=1,a=2", ""),
        ("a=1,b", ""),
        ("a=\n", ""),
        ("a=ü", ""),
        (f"a={'x' * 600}", ""),
        (",".join(f"a{number}=1" for number in range(33)), ""),
    ],
)
def test_the_state_of_other_vendors(given_state: str, kept: str) -> None:
    """Is handed on as it came, in its order; a malformed one is left out, and the parent counts all the same."""
    context = parsed(PARENT, given_state)
    assert context is not None
    assert context.state == kept
    assert carried(context.headers) == context


@pytest.mark.parametrize("row", [b"", b"\x00" * 8, b"\x00" * 24, b"\x00" * 26])
def test_rows_without_a_trace(row: bytes) -> None:
    """Old rows, and those of what was not recorded, remember none."""
    assert unpacked(row) is None
