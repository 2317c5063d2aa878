"""A command that belongs to a sampled trace, while it is folded."""

from collections.abc import Iterator
from contextlib import contextmanager

from monitoring import tracing
from streams.fold import Headers, Record
from tasksys import codec
from tasksys.outcomes import Decided
from tasksys.refusals import Code


@contextmanager
def deciding(record: Record, context: tracing.Context, decided: list[Decided]) -> Iterator[Headers]:
    """Its span: what is added to `decided` meanwhile came of it. Gives the headers of its events."""
    before, span = len(decided), tracing.step(f"decide {_kind(record)}", context)
    if span is None:  # this process traces nothing; the trace goes on behind it
        yield context.headers
        return
    with span:
        yield span.context.headers
        for one in decided[before:]:
            _describe(span, one)


def _describe(span: tracing.Span, decided: Decided) -> None:
    outcome, events = decided.outcome, decided.events
    result = "replayed" if decided.replayed else outcome.status.value
    span.set({"tasksys.command": outcome.id, "tasksys.outcome": result, "tasksys.events": len(events)})
    if outcome.refusal is not None:
        span.set({"tasksys.refusal": outcome.refusal.code.value})
        if outcome.refusal.code in (Code.INTERNAL, Code.UNREADABLE):
            span.fail(outcome.refusal.code.value)


def _kind(record: Record) -> str:
    try:
        return type(codec.decode_command(record.value or b"").command).__name__
    except (ValueError, RecursionError):
        return "unreadable"
