#!/opt/tasksys/bin/python
"""A stand-in for Jaeger: takes spans by OTLP over gRPC, and gives a trace as Jaeger's API does."""

from __future__ import annotations

import json
import threading
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

TRACES: dict[str, list[tuple[str, str]]] = {}
"""By id: each span's service and name."""


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """OTLP's service for spans."""

    def Export(self, request: Any, context: Any) -> Any:
        """Takes them."""
        for resource in request.resource_spans:
            named = {one.key: one.value.string_value for one in resource.resource.attributes}
            for scope in resource.scope_spans:
                for span in scope.spans:
                    TRACES.setdefault(span.trace_id.hex(), []).append((named.get("service.name", ""), span.name))
        return trace_service_pb2.ExportTraceServiceResponse()


class Handler(BaseHTTPRequestHandler):
    """GET /api/traces/ID; anything else says that it is well."""

    def do_GET(self) -> None:
        """Answers on every port alike."""
        status, told = 200, "jaeger_standin_up 1\n"
        if self.path.startswith("/api/traces/"):
            spans = TRACES.get(self.path.rpartition("/")[2], [])
            status = 200 if spans else 404
            processes = {f"p{number}": {"serviceName": service} for number, (service, _) in enumerate(spans)}
            told = json.dumps(
                {"data": [{"spans": [{"operationName": name} for _, name in spans], "processes": processes}]}
            )
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(told.encode())))
        self.end_headers()
        self.wfile.write(told.encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


if __name__ == "__main__":
    server = grpc.server(futures.ThreadPoolExecutor(4))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(Collector(), server)  # type: ignore[no-untyped-call]
    server.add_insecure_port("0.0.0.0:4317")
    server.start()
    for port in (13133, 16686):
        threading.Thread(target=ThreadingHTTPServer(("0.0.0.0", port), Handler).serve_forever, daemon=True).start()
    ThreadingHTTPServer(("0.0.0.0", 8888), Handler).serve_forever()
