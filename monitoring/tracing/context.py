"""Where a span stands in its trace, as it is handed on: in headers of requests and records, and in rows.

The form is W3C's Trace Context (level 1, and the flag for random ids of level 2).
"""

import re
import struct
from collections.abc import Iterable
from typing import Final, NamedTuple

TRACEPARENT: Final = "traceparent"
TRACESTATE: Final = "tracestate"

STATE_CHARACTERS: Final = 512
"""What of a `tracestate` must be handed on; a longer one is dropped, as if it were malformed."""

SAMPLED: Final = 1
RANDOM: Final = 2

MEMBERS: Final = 32
MEMBER: Final = re.compile(
    r"[a-z0-9][a-z0-9_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
)
"""A vendor's entry of a `tracestate`."""

FORM: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
PACKED: Final = struct.Struct(">QQQB")

Headers = tuple[tuple[str, bytes], ...]
"""Headers of a record."""


class Context(NamedTuple):
    """A span, as those after it know it. `state` is what other vendors' programs have put into `tracestate`."""

    trace: int
    span: int
    flags: int = SAMPLED
    state: str = ""

    @property
    def sampled(self) -> bool:
        """Whether its trace is recorded."""
        return bool(self.flags & SAMPLED)

    @property
    def trace_id(self) -> str:
        """The trace's id, 32 digits."""
        return f"{self.trace:032x}"

    @property
    def span_id(self) -> str:
        """The span's id, 16 digits."""
        return f"{self.span:016x}"

    @property
    def traceparent(self) -> str:
        """The header of that name."""
        return f"00-{self.trace:032x}-{self.span:016x}-{self.flags & (SAMPLED | RANDOM):02x}"

    @property
    def headers(self) -> Headers:
        """The headers of a record that belongs to it."""
        parent = (TRACEPARENT, self.traceparent.encode())
        return (parent, (TRACESTATE, self.state.encode())) if self.state else (parent,)

    def packed(self) -> bytes:
        """What a row remembers of it: 25 bytes."""
        high, low = divmod(self.trace, 1 << 64)
        return PACKED.pack(high, low, self.span, self.flags & (SAMPLED | RANDOM))


ROOT: Final = Context(0, 0)
"""The parent of what begins a trace."""


def parsed(traceparent: str, tracestate: str = "") -> Context | None:
    """The context that two headers name; None if the first is malformed. A malformed second is as if it were not there.

    A later version's may go on after what we know of it.
    """
    found = FORM.fullmatch(traceparent.strip())
    if found is None:
        return None
    version, trace, span, flags, more = found.groups()
    if version == "ff" or (version == "00" and more) or not int(trace, 16) or not int(span, 16):
        return None
    return Context(int(trace, 16), int(span, 16), int(flags, 16), _state(tracestate) if tracestate else "")


def _state(tracestate: str) -> str:
    members = [one.strip(" \t") for one in tracestate.split(",") if one.strip(" \t")]
    names = {one.partition("=")[0] for one in members}
    fits = len(tracestate) <= STATE_CHARACTERS and len(names) == len(members) <= MEMBERS
    return ",".join(members) if fits and all(map(MEMBER.fullmatch, members)) else ""


def carried(headers: Iterable[tuple[str, bytes | None]]) -> Context | None:
    """The sampled trace that a record belongs to; None for nearly all, and where the header is malformed."""
    for name, value in headers:
        if name == TRACEPARENT:
            states = [state for other, state in headers if other == TRACESTATE]
            state = (states[0] or b"").decode("ascii", "replace") if states else ""
            context = parsed((value or b"").decode("ascii", "replace"), state)
            return context if context is not None and context.sampled else None
    return None


def packed(headers: Iterable[tuple[str, bytes | None]]) -> bytes:
    """What a row remembers of a record's trace: nothing for nearly all. It depends on the headers alone."""
    context = carried(headers)
    return b"" if context is None else context.packed()


def unpacked(row: bytes) -> Context | None:
    """The context that a row remembers, if it does."""
    if len(row) != PACKED.size:
        return None
    high, low, span, flags = PACKED.unpack(row)
    return Context(high << 64 | low, span, flags)
