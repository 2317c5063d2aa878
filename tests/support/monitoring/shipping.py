"""The shipper of logs for tests: a real Telegraf with our configuration, and who it pushes to."""

from __future__ import annotations

import gzip
import json
import threading
import urllib.parse
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Self

from tests.support.monitoring.programs import Program, fetched
from tests.support.monitoring.tools import CACHE, ROOT
from tests.support.ports import HOST, free_ports

CONFIG: Final = ROOT / "monitoring/telegraf"


def built(name: str) -> Path:
    """A program that its install script has built; RuntimeError with the remedy where it has not."""
    path = CACHE / name
    if not path.is_file():
        raise RuntimeError(f"there is no {name}: run tests/support/monitoring/{name}/install.sh")
    return path


@dataclass(frozen=True)
class Line:
    """A line as Loki got it: labels, nanoseconds since 1970, text."""

    labels: tuple[tuple[str, str], ...]
    nanoseconds: int
    text: str

    @property
    def label(self) -> dict[str, str]:
        """The labels."""
        return dict(self.labels)


class LokiReceiver:
    """Loki's push interface (JSON, gzip): keeps what is pushed, or answers with the status that it is told to."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.refused = 0
        self.status = 204
        """What is answered; 400 takes what it gets in part, as Loki does: nothing here."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self._body()
                if receiver.status == 204:
                    receiver.lines += _pushed(self.path, self.headers.get("Content-Encoding", ""), body)
                else:
                    receiver.refused += 1
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def _body(self) -> bytes:
                if "Content-Length" in self.headers:
                    return self.rfile.read(int(self.headers["Content-Length"]))
                parts = []
                while size := int(self.rfile.readline(), 16):
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(parts)

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer((HOST, 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{HOST}:{self._server.server_port}"

    def texts(self) -> list[str]:
        """The lines' texts, in the order in which they came."""
        return [line.text for line in self.lines]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _pushed(path: str, encoding: str, body: bytes) -> list[Line]:
    """The lines of a push; AssertionError where it is none of Loki's."""
    assert path == "/loki/api/v1/push", path
    said = json.loads(gzip.decompress(body) if encoding == "gzip" else body)
    assert set(said) == {"streams"}, said
    lines = []
    for stream in said["streams"]:
        assert set(stream) == {"stream", "values"}, stream
        assert all(isinstance(value, str) for value in stream["stream"].values()), stream
        labels = tuple(sorted(stream["stream"].items()))
        for nanoseconds, text in stream["values"]:
            assert isinstance(nanoseconds, str), stream
            lines.append(Line(labels, int(nanoseconds), text))
    return lines


class Telegraf(Program):
    """A real Telegraf with monitoring/telegraf/, its state in a directory. Files that are not named are none."""

    def __init__(self, directory: Path, loki: str, **files: str) -> None:
        [port] = free_ports(1)
        nowhere = str(directory / "nowhere/*")
        super().__init__(
            "telegraf",
            # As the image of today runs it: variables stand for texts only.
            [str(built("telegraf")), "--strict-env-handling", "--config", str(CONFIG / "telegraf.conf")],
            directory,
            f"http://{HOST}:{port}/metrics",
            {
                **dict.fromkeys(("TASKSYS_LOGS", "DOCKER_LOGS", "CRI_LOGS", "PODMAN_LOGS"), nowhere),
                **files,
                "LOKI_URL": loki,
                "TELEGRAF_STATE": str(directory),
                "TELEGRAF_LISTEN": f"{HOST}:{port}",
                "TELEGRAF_SCRIPTS": str(CONFIG),
            },
        )
        self.address = f"{HOST}:{port}"

    def metrics(self) -> str:
        """Its own metrics."""
        return fetched(self.ready).decode()


class VictoriaLogs(Program):
    """A real database of logs that takes Loki's push."""

    def __init__(self, directory: Path) -> None:
        [port] = free_ports(1)
        self.url = f"http://{HOST}:{port}"
        data = f"-storageDataPath={directory / 'data'}"
        super().__init__(
            "victorialogs",
            [str(built("victorialogs")), data, f"-httpListenAddr={HOST}:{port}", "-retentionPeriod=100y"],
            directory,
            f"{self.url}/health",
        )

    @property
    def push(self) -> str:
        """Where Loki's push is, without its path."""
        return f"{self.url}/insert"

    def query(self, logsql: str) -> list[dict[str, Any]]:
        """The lines that a query finds."""
        asked = urllib.parse.urlencode({"query": logsql, "limit": 1000})
        said = fetched(f"{self.url}/select/logsql/query?{asked}").decode()
        return [json.loads(line) for line in said.splitlines()]
