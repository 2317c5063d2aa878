"""A fake server for what a real one cannot be made to do: it answers with a script and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self


class Step(NamedTuple):
    """One answer. `body` None closes the connection instead; bytes are sent as they are, anything else as JSON.

    It is given once `when` is set, if there is one.
    """

    body: Any
    status: int = 200
    headers: Mapping[str, str] = {}
    when: threading.Event | None = None


BREAK = Step(None)


class Asked(NamedTuple):
    """One request."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


class Scripted:
    """Gives the steps in order, each to one request."""

    def __init__(self, *steps: Step) -> None:
        self.asked: list[Asked] = []
        left = list(steps)
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                length = int(self.headers.get("Content-Length", "0"))
                body = json.loads(self.rfile.read(length)) if length else None
                asked.append(Asked(self.command, self.path, dict(self.headers), body))
                step = left.pop(0)
                if step.when is not None:
                    step.when.wait(10.0)
                if step.body is None:
                    self.close_connection = True
                    return
                sent = step.body if isinstance(step.body, bytes) else json.dumps(step.body).encode()
                self.send_response(step.status)
                for name, value in {"Content-Length": str(len(sent)), **step.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(sent)

            do_GET = do_POST = do_PATCH = do_DELETE = answer

            def log_message(self, format: str, *args: object) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def paths(asked: Sequence[Asked]) -> list[str]:
    """What was asked for, in order."""
    return [f"{one.method} {one.path}" for one in asked]
