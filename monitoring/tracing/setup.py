"""Begins and ends the tracing of a process. OpenTelemetry is imported here, and only where there is a collector."""

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from monitoring.tracing import spans

if TYPE_CHECKING:
    from monitoring.tracing.pipeline import Pipeline

SERVICE: Final = "tasksys"
SAMPLE: Final = 0.01
"""The share of traces that is recorded unless the options say otherwise."""

STOP_SECONDS: Final = 3.0
"""How long a stop waits for what is still to be sent."""

SIGNAL: Final = "/v1/traces"


@dataclass(frozen=True)
class Endpoint:
    """A collector: `grpc` with a `target` of host and port, else the URL of its OTLP over HTTP."""

    grpc: bool
    target: str
    secure: bool

    @classmethod
    def parse(cls, url: str) -> "Endpoint":
        """Of `grpc://host:4317`, `grpcs://…`, `http://host:4318` or `https://…`. Raises ValueError that shows them."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if parts.password is not None or parts.username is not None:
            raise ValueError("leave user and password out, other users of this machine see options; give them in "
                             "OTEL_EXPORTER_OTLP_HEADERS")  # fmt: skip
        grpc = parts.scheme in ("grpc", "grpcs")
        fits = parts.scheme in ("grpc", "grpcs", "http", "https") and parts.hostname
        if not fits or parts.query or parts.fragment or (grpc and parts.path not in ("", "/")):
            raise ValueError("give grpc://host:4317, or http://host:4318; grpcs:// and https:// with TLS")
        if grpc:
            host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
            return cls(True, f"{host}:{port or 4317}", parts.scheme == "grpcs")
        path = parts.path.rstrip("/")
        path = path if path.endswith(SIGNAL) else path + SIGNAL
        return cls(False, f"{parts.scheme}://{parts.netloc}{path}", parts.scheme == "https")


@dataclass(frozen=True)
class Running:
    """The tracing of this process, until it is stopped."""

    pipeline: "Pipeline | None"

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """No spans are made from now on; those that have ended are sent, within so many seconds, or dropped.

        Blocks so long at most; raises nothing.
        """
        spans.make_by(None)
        if self.pipeline is not None:
            self.pipeline.stop(seconds)


def instance(host: str, port: int, name: str = "") -> str:
    """What tells this process from others of its service: a name, or this machine's and the port."""
    loopback = host in ("", "0.0.0.0", "::", "localhost", "::1") or host.startswith("127.")  # noqa: S104  (compared)
    return name or f"{socket.gethostname() if loopback else host}:{port}"


def configure(endpoint: str, ratio: float = SAMPLE, instance: str = "", version: str = "") -> Running:
    """Sends the spans of this process to a collector; nothing is traced if the endpoint is blank.

    `ratio` is the share of traces that are recorded of those that begin here, from 0 to 1. Nothing waits for the
    collector, now or later. Raises ValueError for an endpoint that is none.
    """
    if not endpoint:
        return Running(None)
    from monitoring.tracing.pipeline import Pipeline, exporter

    where = Endpoint.parse(endpoint)
    resource = {"service.name": SERVICE, "service.version": version, "service.instance.id": instance}
    pipeline = Pipeline(exporter(where), ratio, {name: value for name, value in resource.items() if value}, endpoint)
    spans.make_by(pipeline.tracer)
    return Running(pipeline)
