"""Receivers of OTLP over gRPC and over HTTP, in the process of the test, which keep the spans that come.

with receiving("grpc") as collector:
    …                                # point something at collector.url
    collector.behave(Behaviour.REFUSE)
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status

STALL_SECONDS: Final = 60.0
"""After so long a stalled request is let go, whatever becomes of the test."""

KINDS: Final = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Spanned:
    """A span as it came. Ids are in hexadecimal; `parent` is blank for the first of a trace."""

    name: str
    kind: str
    trace: str
    id: str
    parent: str
    state: str
    flags: int
    links: tuple[tuple[str, str], ...]
    attributes: Json
    failed: bool
    reason: str
    began: int
    ended: int
    resource: Json


class Behaviour(Enum):
    """What a receiver does with what comes."""

    TAKE = "take"
    REFUSE = "refuse"
    """It is not allowed; to try again is of no use."""
    BUSY = "busy"
    """It may be tried again later."""
    STALL = "stall"
    """It is not answered."""


@dataclass
class Collector:
    """What came."""

    url: str = ""
    spans: list[Spanned] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    """All bytes of what came."""
    requests: int = 0
    behaviour: Behaviour = Behaviour.TAKE
    _moved: threading.Event = field(default_factory=threading.Event)

    def behave(self, behaviour: Behaviour) -> None:
        """From now on it does that; what is stalled is let go."""
        self.behaviour = behaviour
        self._moved.set()
        self._moved = threading.Event()

    def came(self, data: bytes) -> Behaviour:
        """Takes a request; how it is to be answered."""
        self.requests += 1
        behaviour, moved = self.behaviour, self._moved
        if behaviour is Behaviour.STALL:
            moved.wait(STALL_SECONDS)
        if behaviour is Behaviour.TAKE:
            self.raw.append(data)
            self.spans += read(ExportTraceServiceRequest.FromString(data))
        return behaviour

    def named(self, name: str) -> list[Spanned]:
        """The spans of that name, as they came."""
        return [one for one in self.spans if one.name == name]

    def trace(self, trace: str) -> list[Spanned]:
        """The spans of a trace, by when they began."""
        return sorted((one for one in self.spans if one.trace == trace), key=lambda one: one.began)

    def tree(self, trace: str) -> list[str]:
        """A trace as lines, each span below its parent, by its name; spans without their parent begin with `?`."""
        spans = self.trace(trace)
        known = {one.id for one in spans}
        lines: list[str] = []

        def show(above: str, depth: int) -> None:
            for one in sorted((one for one in spans if one.parent == above), key=lambda one: (one.name, one.began)):
                lines.append("  " * depth + one.name)
                show(one.id, depth + 1)

        for one in sorted((one for one in spans if one.parent not in known), key=lambda one: one.began):
            lines.append(one.name)
            show(one.id, 1)
        return lines


def read(request: ExportTraceServiceRequest) -> Iterator[Spanned]:
    """The spans of a request."""
    for resource in request.resource_spans:
        about = {one.key: _value(one.value) for one in resource.resource.attributes}
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield _spanned(span, about)


def _spanned(span: ProtoSpan, resource: Json) -> Spanned:
    return Spanned(
        name=span.name,
        kind=KINDS[span.kind],
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        state=span.trace_state,
        flags=span.flags & 0xFF,
        links=tuple((one.trace_id.hex(), one.span_id.hex()) for one in span.links),
        attributes={one.key: _value(one.value) for one in span.attributes},
        failed=span.status.code == Status.STATUS_CODE_ERROR,
        reason=span.status.message,
        began=span.start_time_unix_nano,
        ended=span.end_time_unix_nano,
        resource=resource,
    )


def _value(value: AnyValue) -> Any:
    return getattr(value, value.WhichOneof("value") or "string_value")


@contextmanager
def receiving(protocol: str, port: int = 0) -> Iterator[Collector]:
    """A receiver of `grpc` or `http`, until the end."""
    collector = Collector()
    with (_grpc if protocol == "grpc" else _http)(collector, port):
        yield collector
        collector.behave(Behaviour.TAKE)


@contextmanager
def _grpc(collector: Collector, port: int) -> Iterator[None]:
    class Service(TraceServiceServicer):
        def Export(self, request: ExportTraceServiceRequest, context: Any) -> ExportTraceServiceResponse:
            match collector.came(request.SerializeToString()):
                case Behaviour.REFUSE:
                    context.abort(grpc.StatusCode.PERMISSION_DENIED, "not for you")
                case Behaviour.BUSY:
                    context.abort(grpc.StatusCode.UNAVAILABLE, "later")
            return ExportTraceServiceResponse()

    server = grpc.server(ThreadPoolExecutor(4))
    add_TraceServiceServicer_to_server(Service(), server)  # type: ignore[no-untyped-call]
    found = server.add_insecure_port(f"127.0.0.1:{port}")
    collector.url = f"grpc://127.0.0.1:{found}"
    server.start()
    try:
        yield
    finally:
        collector.behave(Behaviour.TAKE)
        server.stop(None).wait()


@contextmanager
def _http(collector: Collector, port: int) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces", self.path
            data = self.rfile.read(int(self.headers["Content-Length"]))
            statuses = {Behaviour.REFUSE: HTTPStatus.FORBIDDEN, Behaviour.BUSY: HTTPStatus.SERVICE_UNAVAILABLE}
            self.send_response(statuses.get(collector.came(data), HTTPStatus.OK))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    collector.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        collector.behave(Behaviour.TAKE)
        server.shutdown()
        server.server_close()
        thread.join()
