"""A real OpenTelemetry Collector, which writes what comes to a file."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.support.kafka_broker import ROOT
from tests.support.monitoring.otlp import KINDS, Collector, Spanned
from tests.support.ports import HOST, free_ports

PROGRAM: Final = ROOT / ".cache" / "monitoring" / "otelcol"
START_SECONDS: Final = 60.0

CONFIG: Final = """
receivers:
  otlp:
    protocols:
      grpc: {{endpoint: "{host}:{grpc}"}}
      http: {{endpoint: "{host}:{http}"}}
exporters:
  file: {{path: "{file}", flush_interval: 50ms}}
service:
  telemetry:
    metrics: {{level: none}}
  pipelines:
    traces: {{receivers: [otlp], exporters: [file]}}
"""


@dataclass
class Written(Collector):
    """What a collector has written."""

    file: Path = Path()

    def read(self) -> None:
        """Takes what was written since."""
        data = self.file.read_bytes() if self.file.exists() else b""
        lines = data[: data.rfind(b"\n") + 1].splitlines()
        self.raw, self.spans = [data], [span for line in lines for span in _spans(json.loads(line))]

    def named(self, name: str) -> list[Spanned]:
        """The spans of that name."""
        self.read()
        return super().named(name)

    def trace(self, trace: str) -> list[Spanned]:
        """The spans of a trace."""
        self.read()
        return super().trace(trace)


def _spans(written: Mapping[str, Any]) -> Iterator[Spanned]:
    for resource in written["resourceSpans"]:
        about = _attributes(resource["resource"])
        for scope in resource["scopeSpans"]:
            for one in scope["spans"]:
                status = one.get("status", {})
                yield Spanned(
                    name=one["name"], kind=KINDS[one["kind"]], trace=one["traceId"], id=one["spanId"],
                    parent=one.get("parentSpanId", ""), state=one.get("traceState", ""),
                    flags=one.get("flags", 0) & 0xFF,
                    links=tuple((link["traceId"], link["spanId"]) for link in one.get("links", ())),
                    attributes=_attributes(one), failed=status.get("code") == 2, reason=status.get("message", ""),
                    began=int(one["startTimeUnixNano"]), ended=int(one["endTimeUnixNano"]), resource=about,
                )  # fmt: skip


def _attributes(one: Mapping[str, Any]) -> dict[str, Any]:
    return {found["key"]: _value(found["value"]) for found in one.get("attributes", ())}


def _value(value: Mapping[str, Any]) -> Any:
    ((kind, content),) = value.items()
    return int(content) if kind == "intValue" else content


@contextmanager
def collecting(directory: Path, protocol: str) -> Iterator[Written]:
    """A collector that runs, to be sent spans to by `grpc` or `http`."""
    grpc, http = free_ports(2)
    config, file, said = directory / "otelcol.yaml", directory / "spans.json", directory / "otelcol.log"
    config.write_text(CONFIG.format(host=HOST, grpc=grpc, http=http, file=file))
    with said.open("wb") as log, subprocess.Popen([PROGRAM, "--config", config], stdout=log, stderr=log) as process:
        try:
            _up((grpc, http), process, said)
            port = grpc if protocol == "grpc" else http
            yield Written(url=f"{protocol}://{HOST}:{port}", file=file)
        finally:
            process.terminate()
            process.wait(START_SECONDS)


def _up(ports: tuple[int, ...], process: subprocess.Popen[bytes], said: Path) -> None:
    until = time.monotonic() + START_SECONDS
    for port in ports:
        while True:
            try:
                socket.create_connection((HOST, port), 1).close()
                break
            except OSError:
                assert process.poll() is None, said.read_text()
                assert time.monotonic() < until, said.read_text()
                time.sleep(0.05)
