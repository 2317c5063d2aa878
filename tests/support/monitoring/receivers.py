"""What receives alerts in tests: a web server in the place of Slack and PagerDuty, and a mail relay. In threads."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from aiosmtpd.controller import Controller

from tests.support.ports import HOST, free_ports


@dataclass
class Inbox:
    """What came. `refuse` makes the web server answer 500 from now on."""

    slack: list[dict[str, Any]] = field(default_factory=list)
    pagerduty: list[dict[str, Any]] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)
    refuse: bool = False
    web: str = ""
    smtp: str = ""

    @classmethod
    @contextmanager
    def listening(cls) -> Iterator[Self]:
        """One that listens on this machine: `web` is its base URL, `smtp` its host and port."""
        inbox = cls()
        server = ThreadingHTTPServer((HOST, 0), _handler(inbox))
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        serving.start()
        (port,) = free_ports(1)
        relay = Controller(_Relay(inbox), hostname=HOST, port=port)
        relay.start()
        inbox.web, inbox.smtp = f"http://{HOST}:{server.server_port}", f"{HOST}:{port}"
        try:
            yield inbox
        finally:
            relay.stop()
            server.shutdown()
            server.server_close()
            serving.join()

    def titles(self) -> list[str]:
        """The titles of what came as Slack's messages, in their order."""
        return [str(message["attachments"][0]["title"]) for message in self.slack]

    def titled(self, part: str) -> list[dict[str, Any]]:
        """The attachments of Slack's messages with that in their titles."""
        found = [message["attachments"][0] for message in self.slack]
        return [attachment for attachment in found if part in attachment["title"]]


def _handler(inbox: Inbox) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kind, answer = "application/json", b'{"status":"success"}'
            if inbox.refuse:
                self.send_response(500)
            elif self.path.startswith("/slack"):
                inbox.slack.append(json.loads(body))
                self.send_response(200)
                kind, answer = "text/html", b"ok"  # as Slack's webhooks answer; Alertmanager reads it
            else:
                inbox.pagerduty.append(json.loads(body))
                self.send_response(202)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    return Handler


class _Relay:
    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self._inbox.mails.append(mail)
        return "250 OK"
