"""From a span that has ended to the collector: a bounded line, and a thread that sends what is in it.

OpenTelemetry's own processor counts nothing, and says a line for every batch that could not be sent. Here what could
not be sent is counted and dropped; a warning says so once a minute at most. Nothing waits for the collector: who ends a
span appends to a deque.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Final

from opentelemetry.context import Context as OtelContext
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)

from monitoring import metrics
from monitoring.tracing.context import Context
from monitoring.tracing.setup import Endpoint
from monitoring.tracing.spans import Attributes, Kind, Recorded

logger = logging.getLogger(__name__)

WAITING: Final = 4_096
"""Spans that wait to be sent, about 8 MB at most; above it the newest are dropped."""

BATCH: Final = 128
"""Spans that are sent at once. To encode them takes 4 ms of Python, during which nothing else runs."""

LATEST_SECONDS: Final = 1.0
"""How long a span waits for others to be sent with it."""

EXPORT_SECONDS: Final = 5.0
"""How long a batch is tried to be sent, with a second attempt where the collector says that it is busy."""

WARNING_SECONDS: Final = 60.0
"""Between two warnings of the same."""

LIMITS: Final = SpanLimits(
    max_span_attributes=32, max_events=8, max_links=128, max_attribute_length=256, max_link_attributes=4
)

KINDS: Final = (SpanKind.INTERNAL, SpanKind.SERVER, SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER)
NO_STATE: Final = TraceState()


def exporter(where: Endpoint, seconds: float = EXPORT_SECONDS) -> SpanExporter:
    """What speaks OTLP with a collector. Connects with the first batch. Further headers, and certificates, are those
    of OpenTelemetry's own variables (OTEL_EXPORTER_OTLP_HEADERS, OTEL_EXPORTER_OTLP_CERTIFICATE)."""
    if where.grpc:
        from opentelemetry.exporter.otlp.proto.grpc import trace_exporter as grpc

        return grpc.OTLPSpanExporter(endpoint=where.target, insecure=not where.secure, timeout=seconds)
    from opentelemetry.exporter.otlp.proto.http import trace_exporter as http

    return http.OTLPSpanExporter(endpoint=where.target, timeout=seconds)


class Reason(logging.Filter):
    """Keeps what an exporter would log of every batch, to be said once in a while."""

    LOGGERS: Final = (
        "opentelemetry.exporter.otlp.proto.grpc.exporter",
        "opentelemetry.exporter.otlp.proto.http.trace_exporter",
        "opentelemetry.exporter.otlp.common.http",
    )

    def __init__(self) -> None:
        super().__init__()
        self.last = ""

    def filter(self, record: logging.LogRecord) -> bool:
        """False: it is not logged there."""
        self.last = record.getMessage()
        return False


class Pipeline(SpanProcessor):
    """A bounded line of spans, and the thread that sends them, until `stop`."""

    def __init__(
        self, exporter: SpanExporter, ratio: float, resource: dict[str, str], where: str, most: int = WAITING
    ) -> None:
        """`where` is how warnings name the collector."""
        self._exporter, self._where, self._most = exporter, where, most
        self._line: deque[ReadableSpan] = deque()
        self._enough, self._stopping = threading.Event(), threading.Event()
        self._exported = metrics.SPANS_ENDED.labels("exported")
        self._failed = metrics.SPANS_ENDED.labels("failed")
        self._dropped = metrics.SPANS_ENDED.labels("dropped")
        self._lost, self._warned = 0, -WARNING_SECONDS
        self._in_hand, self._ended = 0, threading.Lock()
        """Spans that are being sent; whoever ends that, the thread or a stop, counts them."""
        self._reason = Reason()
        for name in Reason.LOGGERS:
            logging.getLogger(name).addFilter(self._reason)
        provider = TracerProvider(
            sampler=ALWAYS_ON,  # what is not sampled does not come here
            resource=Resource.create(dict(resource)),
            shutdown_on_exit=False,
            span_limits=LIMITS,
        )
        provider.add_span_processor(self)
        self.tracer = OtelTracer(provider, ratio)
        self._thread = threading.Thread(target=self._run, name="spans", daemon=True)
        self._thread.start()

    def on_start(self, span: Span, parent_context: OtelContext | None = None) -> None:
        """Nothing to do."""

    def on_end(self, span: ReadableSpan) -> None:
        """Puts the span into the line, or drops it."""
        if len(self._line) >= self._most or self._stopping.is_set():
            self._dropped.inc()
            self._lost += 1
            return
        self._line.append(span)
        if len(self._line) >= BATCH:
            self._enough.set()

    def stop(self, seconds: float) -> None:
        """Sends what is in the line, within so many seconds, drops the rest, and ends the thread; raises nothing.

        A second time it does nothing.
        """
        if self._stopping.is_set():
            return
        until = time.monotonic() + seconds
        self._stopping.set()
        self._enough.set()
        self._thread.join(max(0.0, seconds - 0.5))
        try:
            self._exporter.shutdown()  # ends an attempt that is under way
        except Exception as error:
            logger.warning("the exporter of spans did not end in good order: %r", error)
        self._thread.join(max(0.0, until - time.monotonic()))
        left = len(self._line) + self._handed()  # what is in hand still, is with somebody who does not answer
        self._line.clear()
        if left:
            self._dropped.inc(left)
            logger.warning("%d spans were not sent to %s before the stop", left, self._where)
        for name in Reason.LOGGERS:
            logging.getLogger(name).removeFilter(self._reason)

    def shutdown(self) -> None:
        """Of OpenTelemetry's interface."""
        self.stop(1.0)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Of OpenTelemetry's interface; not used."""
        return not self._line

    def _run(self) -> None:
        while not self._stopping.is_set() or self._line:
            if not self._stopping.is_set():
                self._enough.wait(LATEST_SECONDS)
                if len(self._line) < 2 * BATCH:
                    self._enough.clear()
            batch = [self._line.popleft() for _ in range(min(BATCH, len(self._line)))]
            if batch and not self._send(batch) and self._stopping.is_set():
                return  # nobody is there, and nobody waits for it any longer

    def _handed(self) -> int:
        """How many spans are in hand; from now on they are not."""
        with self._ended:
            count, self._in_hand = self._in_hand, 0
        return count

    def _send(self, batch: Sequence[ReadableSpan]) -> bool:
        self._in_hand = len(batch)
        try:
            sent = self._exporter.export(batch) is SpanExportResult.SUCCESS
        except Exception as error:  # of a channel that a stop has closed, say
            sent, self._reason.last = False, f"{type(error).__name__}: {error}"
        if not self._handed():
            return False  # it was given up meanwhile
        (self._exported if sent else self._failed).inc(len(batch))
        if not sent:
            self._lost += len(batch)
        self._tell()
        return sent

    def _tell(self) -> None:
        """Warns of what was lost since the last warning, if that is long ago."""
        now = time.monotonic()
        if self._lost and now - self._warned >= WARNING_SECONDS:
            lost, self._lost, self._warned = self._lost, 0, now
            logger.warning(
                "%d spans were lost: %s does not take them (%s); commands are not affected. Is the collector up, and "
                "--otlp-endpoint right?", lost, self._where, self._reason.last or "it is too slow",
            )  # fmt: skip


class OtelTracer:
    """Makes OpenTelemetry's spans of our words for them."""

    def __init__(self, provider: TracerProvider, ratio: float) -> None:
        self.ratio = ratio
        self._tracer = provider.get_tracer("tasksys")

    def span(
        self, name: str, kind: Kind, parent: Context, links: Sequence[Context], attributes: Attributes, at: int | None
    ) -> tuple[Recorded, Context]:
        """As `monitoring.tracing.spans.Tracer` says."""
        above = OtelContext()
        if parent.span:
            above = set_span_in_context(NonRecordingSpan(_otel(parent)), above)
        led = [Link(_otel(one)) for one in links]
        span = self._tracer.start_span(name, above, KINDS[kind], dict(attributes), led, at)
        made = span.get_span_context()
        return span, Context(made.trace_id, made.span_id, int(made.trace_flags), parent.state)

    def failed(self, span: Recorded, reason: str) -> None:
        """As `monitoring.tracing.spans.Tracer` says."""
        assert isinstance(span, Span)
        span.set_status(Status(StatusCode.ERROR, reason))


def _otel(context: Context) -> SpanContext:
    state = TraceState.from_header([context.state]) if context.state else NO_STATE
    return SpanContext(context.trace, context.span, True, TraceFlags(context.flags & 0xFF), state)
