"""What a durable batch of commands did, as metrics: commands, refusals, events, dead letters, firings, occurrences.

Counted when the batch is durable, once each; what became durable just before a process was killed is not counted.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from time import perf_counter
from typing import Final

from monitoring import metrics, tracing
from streams.agents.committed import UNREADABLE, Committed, Tally
from tasksys import codec
from tasksys.deliveries import Letter, Result
from tasksys.events import EventRecord, ReminderExpired, ReminderFired, TaskCreated

Inc = Callable[[float], None]

TOLD: Final = {ReminderFired.__name__: b"", ReminderExpired.__name__: b"late", TaskCreated.__name__: b"occurs"}
"""Types of events of which more is told than that they happened, and what stands in the bytes of those."""

_command: Callable[[str, str], Inc] = cache(lambda kind, outcome: metrics.COMMANDS.labels(kind, outcome).inc)
_refusal: Callable[[str], Inc] = cache(lambda code: metrics.REFUSALS.labels(code).inc)
_event: Callable[[str], Inc] = cache(lambda kind: metrics.EVENTS.labels(kind).inc)
_letter: Callable[[str], Inc] = cache(lambda reason: metrics.DEAD_LETTERS.labels(reason).inc)
_firing: Callable[[str], Inc] = cache(lambda result: metrics.FIRINGS.labels(result).inc)


def count(committed: Committed, now: datetime) -> None:
    """Counts the batch, which is durable now."""
    _count_commands(committed.tally)
    events = [event for happened in committed.happened.values() for event, _ in happened]
    traced = {
        id(event): contexts[event.position]
        for workspace, contexts in committed.traced.items()
        for event, _ in committed.happened[workspace]
        if event.position in contexts
    }
    for kind, times in Counter([event.type for event in events]).items():
        _event(kind)(times)
        if kind in TOLD:
            for event in events:
                if event.type == kind and TOLD[kind] in bytes(event.data):  # hundreds of others need not be decoded
                    _count_one(event, now, traced.get(id(event)))


def _count_commands(tally: Tally) -> None:
    for (kind, outcome, code), times in tally.items():
        _command(kind, outcome)(times)
        if outcome == "refused":
            _refusal(code)(times)
        elif outcome == "dead":
            _letter("unreadable" if kind == UNREADABLE else "fault")(times)


def _count_one(record: EventRecord, now: datetime, context: tracing.Context | None) -> None:
    event = codec.event(record)
    match event:
        case ReminderFired():
            _firing("late" if event.late_by_seconds else "on_time")(1)
            metrics.LATENESS_SECONDS.observe(_since(event.scheduled_for, now), tracing.exemplar_of(context))
        case ReminderExpired() if event.late_by_seconds:  # else it was over when it was set
            _firing("passed_over")(1)
        case TaskCreated() if event.occurs is not None:
            metrics.OCCURRENCES.inc()
        case _:
            pass


def _since(instant: str, now: datetime) -> float:
    return max(0.0, (now - datetime.fromisoformat(instant)).total_seconds())


@contextmanager
def attempt(letter: Letter) -> Iterator[Callable[[Result], Result]]:
    """Counts and times an attempt to deliver, by the result that it is told; one that tells none is to be retried."""
    kind, began, came = letter.channel.kind.value, perf_counter(), ["retried"]

    def told(result: Result) -> Result:
        came[0] = "delivered" if not result.error else "retried" if result.retry else "failed"
        return result

    try:
        yield told
    finally:
        metrics.DELIVERIES.labels(kind, came[0]).inc()
        metrics.DELIVERY_SECONDS.labels(kind).observe(perf_counter() - began, tracing.exemplar())
