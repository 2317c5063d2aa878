"""The spans of a batch that an agent folds: one in each trace that a record of it belongs to.

Records of several traces are folded at once, and become durable at once. The span of the first trace stands for the
batch: it links to the records of all others, and the transaction is below it. Those of the others link to it. So each
trace is whole, and from each one finds what its command shared its batch with.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, Protocol, TypeVar

from monitoring.tracing import spans
from monitoring.tracing.context import Context, Headers, carried
from monitoring.tracing.spans import Attributes, Kind, Span

MOST_LINKS: Final = 127
"""More are left out of a span: OpenTelemetry keeps 128."""

T = TypeVar("T")


Traced = Sequence[tuple[int, Context]]
"""The offsets of records, and what they belong to."""


class Carrier(Protocol):
    """A record."""

    @property
    def offset(self) -> int: ...

    @property
    def headers(self) -> Headers: ...


class Batch:
    """The records of a batch that belong to sampled traces, of which there is one at least."""

    def __init__(self, agent: str, topic: str, partition: int, size: int, traced: Traced) -> None:
        self._traced = traced
        self._agent = agent
        self._about: Attributes = {
            "messaging.operation.type": "process",
            "messaging.destination.name": topic,
            "messaging.destination.partition.id": str(partition),
            "messaging.batch.message_count": size,
            "tasksys.agent": agent,
        }
        self._at = spans.clock()
        first = traced[0][1]
        others = [context for _, context in traced if context != first][:MOST_LINKS]
        leader = spans.start(f"fold {agent}", Kind.CONSUMER, first, self._about, others, self._at)
        self.leader: Final = leader
        self._spans: dict[int, Span | None] = {first.trace: leader}

    def of(self, context: Context) -> Span | None:
        """The span of the batch in that trace."""
        if context.trace not in self._spans:
            links = () if self.leader is None else (self.leader.context,)
            self._spans[context.trace] = spans.start(
                f"fold {self._agent}", Kind.CONSUMER, context, self._about, links, self._at
            )
        return self._spans[context.trace]

    def fold(self, fold: Callable[[], T]) -> T:
        """Folds, within the batch's span. What the fold raises ends it."""
        token = FOLDING.set(self)
        try:
            with spans.within(self.leader):
                return fold()
        except Exception as error:
            self.end(error)
            raise
        finally:
            FOLDING.reset(token)

    def folded(self, last: int) -> "Batch | None":
        """The batch, of which the records up to an offset were folded; None if none of those belongs to a trace."""
        traced = [one for one in self._traced if one[0] <= last]
        if not traced:
            return None
        self._traced = traced
        for _, context in traced:
            self.of(context)
        return self

    @contextmanager
    def transaction(self) -> Iterator[Span | None]:
        """The span in which the effects become durable. What is raised ends it, and the batch."""
        leader = self.leader
        span = None if leader is None else spans.start(f"transaction {self._agent}", Kind.INTERNAL, leader.context)
        try:
            if span is None:
                yield None
            else:
                with span:
                    yield span
        except BaseException as error:
            self.end(error)
            raise

    @property
    def exemplar(self) -> dict[str, str] | None:
        """What a histogram's observation of the batch is shown with."""
        return None if self.leader is None else spans.exemplar(self.leader)

    def end(self, error: BaseException | None = None) -> None:
        """The batch is durable and told, or has failed."""
        ended, self._spans = self._spans, {}
        for span in ended.values():
            if span is not None:
                span.end(error)


FOLDING: Final[ContextVar[Batch | None]] = ContextVar("batch", default=None)
"""The batch that is folded now, if a record of it is traced."""


def batch(agent: str, topic: str, partition: int, records: Sequence[Carrier]) -> Batch | None:
    """The batch's spans; None for nearly all, none of whose records is traced."""
    if spans._tracer is None:
        return None
    traced = [
        (record.offset, context)
        for record in records
        if record.headers and (context := carried(record.headers)) is not None
    ]
    return Batch(agent, topic, partition, len(records), traced) if traced else None


def step(name: str, context: Context | None) -> Span | None:
    """The span of what a fold does for one record: below its batch's, in the record's own trace."""
    if context is None:
        return None
    folding = FOLDING.get()
    parent = folding.of(context) if folding is not None else None
    return None if parent is None else spans.start(name, Kind.INTERNAL, parent.context)


def onward(headers: Headers) -> Headers:
    """The headers of what comes of a record: they keep it in the record's trace. None for nearly all.

    Where this process traces nothing, those of the record are handed on.
    """
    context = carried(headers) if headers else None
    if context is None:
        return ()
    folding = FOLDING.get()
    span = folding.of(context) if folding is not None else None
    return context.headers if span is None else span.context.headers
