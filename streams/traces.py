"""What is told of the system's own steps where a trace is recorded: commands, what falls due, deliveries."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from monitoring import tracing
from monitoring.tracing import Attributes, Kind, Span
from streams.agents.deliveries import Attempt
from streams.agents.timeline import Due
from tasksys.deliveries import Letter, Result


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
