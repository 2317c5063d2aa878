"""Tracing of every process, by OpenTelemetry, with W3C's context. What is not sampled costs a look at a variable.

`configure` begins it; until then, and where it is not called, no span is made.
"""

from monitoring.tracing.batches import Batch, batch, onward, step
from monitoring.tracing.context import (
    ROOT,
    TRACEPARENT,
    TRACESTATE,
    Context,
    Headers,
    carried,
    packed,
    parsed,
    unpacked,
)
from monitoring.tracing.setup import Running, configure, instance
from monitoring.tracing.spans import (
    Attributes,
    Kind,
    Span,
    carry,
    child,
    clock,
    current,
    exemplar,
    exemplar_of,
    ids,
    led_to,
    sampled,
    settle,
    start,
    use,
    within,
)

__all__ = [
    "ROOT",
    "TRACEPARENT",
    "TRACESTATE",
    "Attributes",
    "Batch",
    "Context",
    "Headers",
    "Kind",
    "Running",
    "Span",
    "batch",
    "carried",
    "carry",
    "child",
    "clock",
    "configure",
    "current",
    "exemplar",
    "exemplar_of",
    "ids",
    "instance",
    "led_to",
    "onward",
    "packed",
    "parsed",
    "sampled",
    "settle",
    "start",
    "step",
    "unpacked",
    "use",
    "within",
]
