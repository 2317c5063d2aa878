"""Stand-ins for the components of the monitoring stack: servers that answer as each does, or as it should not."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from monitoring.stack_checks import ADDRESSES, JOBS

Answer = tuple[int, Any]
"""Status, and a text or what becomes JSON."""

PASSWORD = "of-this-test"


class Standins:
    """One server that stands for all components; each has a path of its own in front.

    `given` overrides an answer: by component and path, a function of the query and the headers.
    """

    def __init__(self) -> None:
        self.given: dict[tuple[str, str], Callable[[dict[str, str], Any], Answer]] = {}
        self.traces: list[str] = []
        """Ids of the traces of requests that came to tasksys."""
        self.silent: set[str] = set()
        """Components that take a connection and never answer."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer._handle(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._stopping = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def address(self, component: str) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/{component}"

    @property
    def addresses(self) -> dict[str, str]:
        """Of all."""
        return {component: self.address(component) for component in ADDRESSES}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        url = urlsplit(handler.path)
        _, component, *rest = url.path.split("/")
        path = "/" + "/".join(rest)
        if component in self.silent:
            self._stopping.wait(30)
            return
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        given = self.given.get((component, path))
        status, told = (given or self._well(component, path))(query, handler.headers)
        body = (told if isinstance(told, str) else json.dumps(told)).encode()
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def _well(self, component: str, path: str) -> Callable[[dict[str, str], Any], Answer]:
        def answer(query: dict[str, str], headers: Any) -> Answer:
            match component, path:
                case "tasksys", "/api/v1/workspaces":
                    self.traces.append(str(headers["traceparent"]).split("-")[1])
                    return 401, {"code": "unauthorized"}
                case "prometheus", "/api/v1/targets":
                    up = [{"labels": {"job": job}, "health": "up"} for job in JOBS.values()]
                    return 200, {"data": {"activeTargets": up}}
                case "prometheus", "/api/v1/rules":
                    return 200, {"data": {"groups": [{"rules": [{"name": "Watchdog", "health": "ok"}]}]}}
                case "prometheus", "/api/v1/query":
                    return 200, {"data": {"result": [{"value": [time.time(), str(time.time())]}]}}
                case "alertmanager", "/api/v2/alerts":
                    return 200, [{"labels": {"alertname": "Watchdog"}}]
                case "grafana", "/api/health":
                    return 200, {"database": "ok"}
                case "grafana", "/api/datasources":
                    if not headers["Authorization"]:
                        return 401, {"message": "Unauthorized"}
                    return 200, [{"type": kind} for kind in ("prometheus", "loki", "jaeger", "alertmanager")]
                case "loki", "/loki/api/v1/query_range":
                    line = {"stream": {"service": "tasksys", "level": "info"}, "values": []}
                    return 200, {
                        "data": {
                            "result": [line] if "|=" not in query["query"] or self._was_sent(query["query"]) else []
                        }
                    }
                case "jaeger", _ if path.startswith("/api/traces/"):
                    if not self._was_sent(path):
                        return 404, {"errors": [{"msg": "trace not found"}]}
                    processes = {"p1": {"serviceName": "tasksys"}}
                    return 200, {"data": [{"spans": [{"operationName": "HTTP GET"}], "processes": processes}]}
                case _:
                    return 200, "ok"

        return answer

    def _was_sent(self, text: str) -> bool:
        return any(trace in text for trace in self.traces)
