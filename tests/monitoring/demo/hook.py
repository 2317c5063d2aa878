"""The web server that reminders are delivered to: in a thread, to be taken down and put up again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


@dataclass
class Hook:
    """While it is `down`, it answers 503."""

    url: str = ""
    down: bool = False
    taken: int = 0

    @classmethod
    @contextmanager
    def listening(cls) -> Iterator[Self]:
        """One that listens on this machine."""
        hook = cls()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"] or 0))
                hook.taken += not hook.down
                self.send_response(503 if hook.down else 204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        serving.start()
        hook.url = f"http://127.0.0.1:{server.server_port}/hook"
        try:
            yield hook
        finally:
            server.shutdown()
            server.server_close()
            serving.join()
