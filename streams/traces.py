"""What is told of the system's own steps where a trace is recorded: commands, what falls due, deliveries."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from monitoring import tracing
from monitoring.tracing import Attributes, Kind, Span
from streams.agents.deliveries import Attempt
from streams.agents.timeline import Due
from streams.fold import Headers, Record
from tasksys import codec
from tasksys.deliveries import Letter, Result
from tasksys.outcomes import Decided
from tasksys.refusals import Code


def due(agent: str, batch: Sequence[Due]) -> list[Span | None]:
    """The spans of what has fallen due: each the first of a trace, which links to the one that set the time."""
    return [
        tracing.led_to(
            f"timer {agent}", Kind.INTERNAL, tracing.unpacked(one.trace),
            {"tasksys.agent": agent, "tasksys.workspace": one.workspace, "tasksys.due": one.at},
        )
        for one in batch
    ]  # fmt: skip


def attempt(one: Attempt, letter: Letter) -> Span | None:
    """The span of an attempt to deliver, below the event that it comes of."""
    about: Attributes = {"tasksys.workspace": one.workspace, "tasksys.attempt": one.attempt}
    return tracing.start(f"deliver {letter.channel.kind.value}", Kind.CLIENT, tracing.unpacked(one.trace), about)


@contextmanager
def attempting(span: Span | None) -> Iterator[Callable[[Result], Result]]:
    """While an attempt is made: what is called with its result, and gives it back."""
    if span is None:
        yield lambda result: result
        return

    def told(result: Result) -> Result:
        span.set({"tasksys.delivered": not result.error})
        if result.error:  # why is in the ledger
            span.fail("not delivered")
        return result

    with span:
        yield told


@contextmanager
def deciding(record: Record, context: tracing.Context, decided: list[Decided]) -> Iterator[Headers]:
    """The span of a command while it is folded; gives its events' headers. What is added to `decided` came of it."""
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
