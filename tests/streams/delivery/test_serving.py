"""A real server sends by every kind of channel; the link of its mail acknowledges, and the ledger has it all."""

import asyncio
import json
import urllib.error
import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from tests.support.receivers import MailRelay, Receiver
from tests.support.serving import Serving
from tests.support.waiting import until

USER = {"Tasksys-Actor": "olga", "Content-Type": "application/json"}


def asked(method: str, url: str, body: Any = None) -> Any:
    """The JSON of an answer. Blocks."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, USER, method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.loads(answer.read() or b"null")


def pressed(url: str, token: str | None = None) -> str:
    """The page, or what its button leads to. Blocks."""
    data = None if token is None else urllib.parse.urlencode({"token": token}).encode()
    with urllib.request.urlopen(url, data, timeout=20) as answer:
        return str(answer.read().decode())


def linked(mail: EmailMessage, to: str) -> str:
    """The link in a mail to that page."""
    body = mail.get_body(("plain",))
    assert body is not None
    return next(line for line in str(body.get_content()).splitlines() if to in line)


async def test_every_kind_of_channel(tmp_path: Path) -> None:
    """On a key that the server makes itself; a restart keeps it."""
    async with Receiver.listening() as receiver, MailRelay.listening() as (relay, address):
        mail = ("--smtp-url", address, "--smtp-from", "tasks@example.org")
        server = Serving(tmp_path, "--allow-private-webhooks", *mail)
        await asyncio.to_thread(server.start)

        async def ask(method: str, path: str, body: Any = None) -> Any:
            return await asyncio.to_thread(asked, method, f"{server.url}/api/v1/workspaces{path}", body)

        try:
            space = f"/{(await ask('POST', '', {'name': 'Home'}))['id']}"
            targets = {
                "webhook": receiver.url, "email": "anna@example.org",
                "apprise": receiver.url.replace("http://", "json://"),
            }  # fmt: skip
            for kind, target in targets.items():
                await ask("PUT", f"{space}/preferences/channels/{kind}", {"kind": kind, "target": target})
            await until(lambda: relay.mails)
            shown = {
                one["channel"]: one["confirmed"] for one in (await ask("GET", f"{space}/preferences"))["own_channels"]
            }
            assert shown == {"webhook": True, "email": False, "apprise": True}
            (asking,) = relay.mails
            relay.mails.clear()
            asks = linked(asking, "/confirm?")
            assert "olga" in await asyncio.to_thread(pressed, asks)
            assert not (await ask("GET", f"{space}/preferences/channels/email"))["confirmed"]
            confirming = urllib.parse.unquote(asks.partition("token=")[2])
            for _ in range(2):
                assert "is confirmed" in await asyncio.to_thread(pressed, f"{server.url}/confirm", confirming)
            assert (await ask("GET", f"{space}/preferences/channels/email"))["confirmed"]
            assert "is confirmed" in await asyncio.to_thread(pressed, asks)
            with pytest.raises(urllib.error.HTTPError, match="410"):
                await asyncio.to_thread(pressed, f"{server.url}/confirm", confirming[:-1])
            secret = (await ask("GET", f"{space}/preferences/channels/webhook"))["secret"]
            await ask("PATCH", f"{space}/preferences", {"channels": ["feed", *targets]})
            await asyncio.to_thread(server.stop)
            await asyncio.to_thread(server.start)
            await ask("POST", f"{space}/tasks", {"task": "milk", "title": "Milk"})
            soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat(timespec="milliseconds")
            made = await ask("POST", f"{space}/tasks/milk/reminders", {"trigger": {"at": soon}})
            posts = await receiver.got(2)
            await until(lambda: relay.mails)
            (hook,) = [post for post in posts if "webhook-id" in post.headers]
            assert hook.signed_by(secret)
            (other,) = [post for post in posts if "webhook-id" not in post.headers]
            assert other.json["title"] == "Reminder: Milk"
            link = linked(relay.mails[0], "/acknowledge?")
            assert link.startswith(f"{server.url}/acknowledge?token=")
            assert "Milk" in await asyncio.to_thread(pressed, link)
            token = urllib.parse.unquote(link.partition("token=")[2])
            assert "Acknowledged" in await asyncio.to_thread(pressed, f"{server.url}/acknowledge", token)
            shown = await ask("GET", f"{space}/reminders/{made['id']}")
            assert {one["channel"]: one["state"] for one in shown["deliveries"]} == dict.fromkeys(
                ("feed", *targets), "acknowledged"
            )
        finally:
            await asyncio.to_thread(server.stop)
        said = server.output()
        assert "Traceback" not in said
        for hidden in ("/hook", "anna@", secret, token, confirming):
            assert hidden not in said
