#!/usr/bin/env python3
"""A stand-in for Loki: takes what is pushed, keeps it in memory, and finds lines that contain a text."""

from __future__ import annotations

import gzip
import json
import re
import sys
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

STREAMS: list[tuple[dict[str, str], list[str]]] = []


class Handler(BaseHTTPRequestHandler):
    """POST /loki/api/v1/push, GET /loki/api/v1/query_range, /ready and /metrics."""

    def do_POST(self) -> None:
        """Takes lines as JSON."""
        body = self._body()
        if self.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        for stream in json.loads(body)["streams"]:
            STREAMS.extend((stream["stream"], value) for value in stream["values"])
        self._answer(204, b"")

    def do_GET(self) -> None:
        """Answers {label="value"} |= "text", or that it is well."""
        url = urlsplit(self.path)
        if url.path != "/loki/api/v1/query_range":
            return self._answer(200, b"loki_standin_up 1\n" if url.path == "/metrics" else b"ready\n")
        query = parse_qs(url.query)["query"][0]
        labels = dict(re.findall(r'(\w+)="([^"]*)"', query.partition("}")[0]))
        wanted = re.findall(r'\|= "([^"]*)"', query)
        result: list[Any] = [
            {"stream": stream, "values": [value]}
            for stream, value in STREAMS
            if labels.items() <= stream.items() and all(text in value[1] for text in wanted)
        ]
        told = {"status": "success", "data": {"resultType": "streams", "result": result}}
        return self._answer(200, json.dumps(told).encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""

    def _body(self) -> bytes:
        if self.headers["Transfer-Encoding"] != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"] or 0))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    if "-health" in sys.argv:
        urllib.request.urlopen("http://127.0.0.1:3100/ready", timeout=3)
    else:
        ThreadingHTTPServer(("0.0.0.0", 3100), Handler).serve_forever()
