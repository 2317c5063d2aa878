"""Nothing secret or personal is logged: every write is done, with planted texts, and all that was said is read."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import aiohttp
import jwt
import pytest

from tests.support.feed import PROTOCOL
from tests.support.http import Json, Space
from tests.support.kafka_broker import KafkaBroker
from tests.support.receivers import MailRelay, Receiver
from tests.support.serving import Serving
from tests.support.waiting import until
from views.writes import WRITES

MARK: Final = "pl4nted"
"""Stands in every text, name, address and secret."""

OWNER: Final = f"{MARK}-olga"
SECRET: Final = MARK * 5
NOT_OURS: Final = "other-secret-of-thirty-two-bytes!"


def token(secret: str = SECRET) -> str:
    """Who the owner is."""
    return jwt.encode({"sub": OWNER, "exp": int(datetime.now(UTC).timestamp()) + 600}, secret)


@asynccontextmanager
async def planted(directory: Path, *options: str) -> AsyncIterator[tuple[Serving, Space, Receiver]]:
    """A server that says all it has to say, and a workspace there."""
    async with Receiver.listening() as receiver, MailRelay.listening() as (_, relay):
        mail = relay.replace("//", f"//{MARK}-mailer:{MARK}-password@")
        settings = {
            "TASKSYS_JWT_SECRET": SECRET, "TASKSYS_SECRET_KEY": SECRET, "TASKSYS_SMTP_URL": mail,
            "TASKSYS_SMTP_FROM": f"{MARK}@mail.example",
        }  # fmt: skip
        told = ("--auth", "jwt", "--admins", OWNER, "--log-level", "debug", "--allow-private-webhooks")
        server = Serving(directory, *told, *options, settings=settings)
        await asyncio.to_thread(server.start)
        try:
            async with aiohttp.ClientSession(server.url) as session:
                headers = {"Authorization": f"Bearer {token()}", "User-Agent": f"{MARK}-browser"}
                anybody = Space(session, headers, "/api/v1/workspaces")
                made = (await anybody.post("", {"name": f"{MARK} workspace"})).ok
                yield server, Space(session, headers, f"/api/v1/workspaces/{made['id']}", made["id"]), receiver
        finally:
            await asyncio.to_thread(server.stop)


async def everything(space: Space, receiver: Receiver) -> None:
    """Every write there is."""
    await space.patch("", {"name": f"{MARK} home"})
    await space.put(f"/members/{MARK}-gustav", {"role": "editor"})
    await space.delete(f"/members/{MARK}-gustav")
    await channels(space, receiver)
    await ring(space)
    await structure(space)
    await tasks(space)
    await series(space)
    saved = (await space.post("/filters", {"name": f"{MARK} filter", "filter": f"label in ({MARK})"})).ok["id"]
    await space.patch(f"/filters/{saved}", {"name": f"{MARK} filter 2", "q": MARK})
    await space.delete(f"/filters/{saved}")


async def channels(space: Space, receiver: Receiver) -> None:
    """Channels that work, and channels that do not."""
    hook = f"{receiver.url}/{MARK}-hook?token={MARK}"
    await space.put("/preferences/channels/hook", {"kind": "webhook", "target": hook})
    dead = f"http://127.0.0.1:1/{MARK}-dead"
    await space.put("/preferences/channels/dead", {"kind": "webhook", "target": dead})
    mail = {"kind": "email", "target": f"{MARK}-olga@mail.example"}
    await space.put("/preferences/channels/mail", mail)
    chat = f"json://{MARK}-user:{MARK}-password@127.0.0.1:1/{MARK}"
    await space.put("/preferences/channels/chat", {"kind": "apprise", "target": chat})
    for change in ("disable", "enable"):
        await space.post(f"/preferences/channels/hook/{change}")
    await space.patch("/preferences", {"channels": ["feed", "hook", "dead", "chat"]})


async def structure(space: Space) -> None:
    """Projects and sections."""
    project = (await space.project(f"{MARK} project"))["id"]
    await space.patch(f"/projects/{project}", {"description": f"{MARK} description"})
    made = (await space.post(f"/projects/{project}/sections", {"name": f"{MARK} section"})).ok
    section = made["sections"][0]["id"]
    await space.patch(f"/projects/{project}/sections/{section}", {"name": f"{MARK} section 2"})
    await space.delete(f"/projects/{project}/sections/{section}")
    await space.delete(f"/projects/{project}")
    await space.post(f"/projects/{project}/restore")


async def tasks(space: Space) -> None:
    """A task's whole life."""
    due = {"local": "2126-03-08T09:00", "zone": "Europe/Berlin"}
    other = (await space.task(f"{MARK} other"))["id"]
    one = (await space.task(f"{MARK} title", description=f"{MARK} text", labels=[f"{MARK}-label"], due=due))["id"]
    path = f"/tasks/{one}"
    changed = (await space.patch(path, {"title": f"{MARK} title 2"})).ok
    await space.post(f"{path}/undo", {"position": changed["position"]})
    for step in ("start", "complete", "reopen", "cancel", "reopen"):
        await space.post(f"{path}/{step}")
    await space.delete(path)
    await space.post(f"{path}/restore")
    await space.post(f"{path}/postpone", {"by": "P1D"})
    await space.post(f"{path}/move", {"after": other})
    await space.post(f"{path}/assign", {"add": [OWNER]})
    await space.post(f"{path}/label", {"add": [f"{MARK}-2"]})
    await space.post(f"{path}/links", {"link": "blocked-by", "other": other})
    await space.delete(f"{path}/links/blocked-by/{other}")
    item = (await space.post(f"{path}/checklist", {"title": f"{MARK} item"})).ok["checklist"][0]["id"]
    await space.patch(f"{path}/checklist/{item}", {"title": f"{MARK} item 2", "done": True})
    await space.delete(f"{path}/checklist/{item}")
    comment = (await space.post(f"{path}/comments", {"body": f"{MARK} comment"})).ok["id"]
    await space.patch(f"{path}/comments/{comment}", {"body": f"{MARK} comment 2"})
    await space.delete(f"{path}/comments/{comment}")
    late = (await space.post(f"{path}/reminders", {"trigger": {"at": "2126-03-08T09:00:00Z"}})).ok["id"]
    await space.delete(f"{path}/reminders/{late}")


async def ring(space: Space) -> None:
    """Two reminders fire, and go to every channel."""
    task = (await space.task(f"{MARK} rings"))["id"]
    soon = (datetime.now(UTC) + timedelta(seconds=1.0)).isoformat()
    later = (datetime.now(UTC) + timedelta(seconds=1.5)).isoformat()
    made = [(await space.post(f"/tasks/{task}/reminders", {"trigger": {"at": at}})).ok["id"] for at in (soon, later)]

    async def attempted() -> bool:
        found: list[Json] = (await space.get("/deliveries")).ok["items"]
        tried = [one for firing in found for one in firing["deliveries"] if one["attempts"]]
        return len(tried) >= 6  # two firings on three channels beside the feed

    await until(attempted)
    again = await space.post(f"/reminders/{made[0]}/snooze", {"duration": "PT10M"})
    assert again.status == 201
    await space.post(f"/reminders/{made[1]}/acknowledge")


async def series(space: Space) -> None:
    """A series and one of its tasks."""
    anchor = {"local": "2126-03-10T18:00", "zone": "Europe/Berlin"}
    template = {"title": f"{MARK} series", "labels": [f"{MARK}-3"]}
    body = {"template": template, "rule": "FREQ=DAILY", "anchor": anchor}
    made = (await space.post("/series", body)).ok
    path = f"/series/{made['id']}"
    (task,) = [one["id"] for one in (await space.get("/tasks")).ok["items"] if one["series"]]
    await space.post(f"/tasks/{task}/skip")
    await space.post(f"{path}/skip", {"occurrence": "2126-03-14T18:00"})
    edited = {"scope": "all", "template": {**template, "title": f"{MARK} series 2"}}
    await space.patch(path, edited)
    await space.post(f"{path}/pause")
    await space.post(f"{path}/resume")
    await space.delete(path)


async def mistakes(space: Space) -> None:
    """What is refused, cannot be read, or is no business of the caller's."""
    await space.post("/tasks", {"title": MARK * 2000})
    await space.post("/tasks", {MARK: MARK})
    await space.send(
        "POST", "/tasks", data=f'{{"title": "{MARK}'.encode(), headers={"Content-Type": "application/json"}
    )
    await space.get("/tasks", q=MARK, filter=f"{MARK} (((")
    await space.get("/tasks", **{MARK: MARK})
    await space.get(f"/{MARK}")
    await space.get(f"/tasks/{MARK}")
    await space.post("/commands", {"commands": [{"type": "CreateTask", "title": f"{MARK} batch"}, {"type": MARK}]})
    await space.send("POST", "/import", data=f"title\r\n{MARK} row\r\n".encode(), headers={"Content-Type": "text/csv"})
    await space.put("/preferences/channels/bad", {"kind": "webhook", "target": f"ftp://{MARK}"})
    await space.put("/preferences/channels/bad", {"kind": "apprise", "target": f"nosuch://{MARK}:{MARK}@{MARK}"})
    stranger = Space(space.session, {"Authorization": f"Bearer {token(NOT_OURS)}"}, space.prefix, space.id)
    assert (await stranger.get("/tasks")).status == 401
    calendar = (await space.get("/calendar-token")).ok["todos"]
    await Space(space.session, {}, "").get(calendar[calendar.index("/api") :])
    async with space.session.ws_connect(
        f"{space.prefix}/feed", headers=dict(space.headers), protocols=(PROTOCOL,)
    ) as feed:
        await feed.send_json({"op": "subscribe", "after": None})
        await feed.send_json({"op": "presence", "where": {"task": MARK}})
        await feed.send_json({"op": "command", "command": {"id": "f1", "type": "CreateTask", "title": f"{MARK} feed"}})
        async with asyncio.timeout(20):
            while (await feed.receive_json())["op"] not in ("outcome", "error"):
                pass
        await feed.send_str(f"no JSON but {MARK}")
        await feed.receive()


async def unused(server: Serving, space: Space) -> list[str]:
    """Writes that were not done with success."""
    async with space.session.get(f"{server.metrics_url}/metrics") as answer:
        said = await answer.text()
    done = set[tuple[str, str]]()
    for line in said.splitlines():
        if line.startswith("tasksys_http_requests_total{"):
            labels = dict(re.findall(r'(\w+)="([^"]*)"', line))
            if labels["code"].startswith("2"):
                done.add((labels["method"], labels["route"]))
    return [f"{one.method} {one.path}" for one in WRITES if (one.method, one.path) not in done]


async def quiet(directory: Path, *options: str) -> None:
    """All is done, and nothing of it is logged, neither on standard output nor on standard error."""
    async with planted(directory, *options) as (server, space, receiver):
        await everything(space, receiver)
        await mistakes(space)
        await space.delete("/preferences/channels/hook")
        assert await unused(server, space) == []
        assert [one for one in receiver.posts if MARK in one.path]
        await until(lambda: "/commands" in server.output())
    said = server.output()
    lines = [json.loads(line) for line in said.splitlines()]
    assert len([line for line in lines if line["level"] == "debug" and line.get("route")]) > 50
    assert {"api", "fold", "feed", "process"} <= {line["component"] for line in lines}
    found = [line for line in said.splitlines() if MARK in line or token()[:20] in line or "eyJ" in line]
    assert found == []


@pytest.mark.timeout(300)
async def test_nothing_secret_is_logged(tmp_path: Path) -> None:
    """At the level at which most is said."""
    await quiet(tmp_path / "server")


@pytest.mark.kafka
@pytest.mark.timeout(300)
async def test_nothing_secret_is_logged_on_kafka(kafka: KafkaBroker, tmp_path: Path) -> None:
    """Neither by the libraries that carry the records."""
    await quiet(tmp_path / "server", "--broker", f"kafka://{kafka.bootstrap}")
