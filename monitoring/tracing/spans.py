"""Spans, for whoever has something to tell of a trace. Nothing here costs more than a look while nothing is traced.

Whether a trace is recorded is decided once, where it begins: as whoever sent the request says, or by chance. Only then
is OpenTelemetry asked for anything, and only then does a record carry a header. So what is not sampled leaves nothing.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, Token
from enum import IntEnum
from types import TracebackType
from typing import Any, Final, Protocol, Self

from monitoring.tracing.context import ROOT, Context, Headers, parsed

ASKED_A_SECOND: Final = 50
"""Traces that are recorded because whoever sent a request asks for it; more are not: anybody may ask, a recorded
command costs twice as much, and the collector is everybody's."""

Value = str | int | float | bool
Attributes = Mapping[str, Value]


class Kind(IntEnum):
    """OpenTelemetry's kinds of spans, under its numbers."""

    INTERNAL = 0
    SERVER = 1
    CLIENT = 2
    PRODUCER = 3
    CONSUMER = 4


class Recorded(Protocol):
    """A span of OpenTelemetry's, as far as we use it."""

    def set_attribute(self, key: str, value: Value) -> None: ...

    def update_name(self, name: str) -> None: ...

    def end(self, end_time: int | None = None) -> None: ...


class Tracer(Protocol):
    """What makes spans; see `monitoring.tracing.pipeline`."""

    ratio: float

    def span(
        self, name: str, kind: Kind, parent: Context, links: Sequence[Context], attributes: Attributes, at: int | None
    ) -> tuple[Recorded, Context]:
        """A span that has begun, at an instant if it is given (nanoseconds of Unix time)."""
        ...

    def failed(self, span: Recorded, reason: str) -> None:
        """Marks a span as one that has failed."""
        ...


_tracer: Tracer | None = None


class Allowance:
    """So many a second."""

    def __init__(self, most: int, now: Callable[[], float] = time.monotonic) -> None:
        self._most, self._now = most, now
        self._second, self._taken = 0, 0

    def take(self) -> bool:
        """Takes one of this second's; False if there is none left."""
        second = int(self._now())
        if second != self._second:
            self._second, self._taken = second, 0
        self._taken += 1
        return self._taken <= self._most


_asked = Allowance(ASKED_A_SECOND)


def make_by(tracer: Tracer | None) -> None:
    """From now on spans are this tracer's; None: there are none."""
    global _tracer
    _tracer = tracer


class Span:
    """A span of a sampled trace. As a context manager it is the current one until it ends there."""

    __slots__ = ("_recorded", "_token", "_tracer", "context")

    def __init__(self, tracer: Tracer, recorded: Recorded, context: Context) -> None:
        self._tracer, self._recorded = tracer, recorded
        self.context: Final = context
        self._token: Token[Span | None] | None = None

    def set(self, attributes: Attributes) -> None:
        """Adds attributes. Never a text of anybody's, an address or a secret: traces are read by operators."""
        for name, value in attributes.items():
            self._recorded.set_attribute(name, value)

    def rename(self, name: str) -> None:
        """Gives it the name that it has once more is known."""
        self._recorded.update_name(name)

    def fail(self, reason: str) -> None:
        """It has failed; the reason is a word, such as an error's type: messages may hold what nobody should read."""
        self._tracer.failed(self._recorded, reason)

    def end(self, error: BaseException | None = None) -> None:
        """It is over, and by that error if there is one."""
        if error is not None:
            self.fail(type(error).__name__)
        self._recorded.end()

    def __enter__(self) -> Self:
        self._token = CURRENT.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._token is not None
        CURRENT.reset(self._token)
        self.end(error)


CURRENT: Final[ContextVar[Span | None]] = ContextVar("span", default=None)
"""The span that what happens now belongs to."""


def use(span: Span | None) -> None:
    """What this task does from now on belongs to the span, or to none."""
    CURRENT.set(span)


@contextmanager
def within(span: Span | None) -> Iterator[None]:
    """What happens meanwhile belongs to the span, which goes on afterwards."""
    token = CURRENT.set(span)
    try:
        yield
    finally:
        CURRENT.reset(token)


def current() -> Span | None:
    """The current span; None for nearly all that happens."""
    return CURRENT.get()


def ids() -> dict[str, str]:
    """The fields of a log line that lead to its trace: none where nothing is traced."""
    span = CURRENT.get()
    return {} if span is None else {"trace_id": span.context.trace_id, "span_id": span.context.span_id}


def exemplar(span: Span | None = None) -> dict[str, str] | None:
    """What a histogram's observation is shown with: the trace of a span, or of the current one, if there is one."""
    span = CURRENT.get() if span is None else span
    return None if span is None else exemplar_of(span.context)


def exemplar_of(context: Context | None) -> dict[str, str] | None:
    """The same of a span that is known by its context."""
    return None if context is None else {"trace_id": context.trace_id, "span_id": context.span_id}


def sampled(traceparent: str | None = None, tracestate: str = "") -> Context | None:
    """Decides whether a trace is recorded that reaches this process, or begins here: its parent, or None.

    Who sent a `traceparent` has decided, as long as not too many do; a malformed one counts as none.
    """
    if _tracer is None:
        return None
    if traceparent is not None and (parent := parsed(traceparent, tracestate)) is not None:
        return parent if parent.sampled and _asked.take() else None
    return ROOT if random.random() < _tracer.ratio else None  # noqa: S311  (nothing secret)


def start(
    name: str,
    kind: Kind,
    parent: Context | None,
    attributes: Attributes | None = None,
    links: Sequence[Context] = (),
    at: int | None = None,
) -> Span | None:
    """A span below a parent, or the first of a trace (ROOT); None without a parent, and where nothing is traced."""
    tracer = _tracer
    if tracer is None or parent is None:
        return None
    return Span(tracer, *tracer.span(name, kind, parent, links, attributes or {}, at))


def child(name: str, kind: Kind, attributes: Attributes | None = None) -> Span | None:
    """A span below the current one; None for nearly all."""
    span = CURRENT.get()
    return None if span is None else start(name, kind, span.context, attributes)


def led_to(name: str, kind: Kind, origin: Context | None, attributes: Attributes | None = None) -> Span | None:
    """The first span of a trace that something of another trace led to, much earlier: it links there.

    It is recorded if that one was, or else by chance.
    """
    tracer = _tracer
    if tracer is None:
        return None
    if origin is None:
        return start(name, kind, sampled(), attributes)
    return start(name, kind, ROOT, attributes, (origin,))


def carry(headers: Headers, span: Span | None) -> Headers:
    """The headers of a record that belongs to the span."""
    return headers if span is None else (*headers, *span.context.headers)


def settle(span: Span) -> Callable[[Any], None]:
    """Ends the span when a future is done; to be added to it as a callback."""

    def done(future: Any) -> None:
        if future.cancelled():
            span.fail("cancelled")
            span.end()
        else:
            span.end(future.exception())

    return done


def clock() -> int:
    """Now, as spans count it: nanoseconds of Unix time."""
    return time.time_ns()
