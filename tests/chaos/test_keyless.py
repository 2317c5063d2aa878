"""Clients without keys repeat what they may, and only that."""

from __future__ import annotations

import random
from collections.abc import Iterator

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.chaos.asking import API, Asker
from tests.chaos.history import Fate, History
from tests.chaos.keyless import Keyless

SPARE = {"Tasksys-Spare-Key": "given-1"}


async def told(answers: Iterator[web.Response | None]) -> tuple[History, list[tuple[str, str | None]]]:
    """What one such client notes, and what it sent: texts and keys. An answer that is None breaks the connection."""
    sent: list[tuple[str, str | None]] = []

    async def answer(request: web.Request) -> web.Response:
        body = await request.json()
        sent.append((body.get("title") or body["body"], request.headers.get("Idempotency-Key")))
        found = next(answers)
        if found is None:
            assert request.transport is not None
            request.transport.abort()
        return found or web.Response()

    app = web.Application()
    app.router.add_post(f"{API}/home/{{rest:.*}}", answer)
    async with TestServer(app) as server, aiohttp.ClientSession() as http:
        urls = [("worker-0", str(server.make_url("")).rstrip("/"))]
        history = History()
        asker = Asker("k", "eva", lambda: urls, http, history, random.Random(1))
        rounds = iter((True, True, False))
        await Keyless(asker, "home", 0.01).run(lambda: next(rounds))
    return history, sent


def made(status: int = 201) -> web.Response:
    """An answer to a command that is done."""
    return web.json_response({"id": "t1"}, status=status, headers={"Tasksys-Position": "3", "ETag": '"1"'})


def failed(spare: bool) -> web.Response:
    """An answer that leaves it open."""
    return web.json_response({"code": "not-ready"}, status=503, headers=SPARE if spare else {})


async def test_what_has_a_spare_key_is_repeated_under_it() -> None:
    """Also when that attempt breaks: the client keeps the key until it has an answer."""
    history, sent = await told(iter([failed(True), None, failed(False), made(), made()]))
    assert [key for _, key in sent] == [None, "given-1", "given-1", "given-1", None]
    assert len({text for text, _ in sent}) == 2
    assert [one.fate for one in history.writes] == [*[Fate.UNKNOWN] * 3, Fate.ACCEPTED, Fate.ACCEPTED]
    assert all(one.keyless and one.command == text for one, (text, _) in zip(history.writes, sent, strict=True))
    assert not history.complaints


async def test_what_breaks_or_has_no_spare_key_is_left_as_it_is() -> None:
    """It may be done or not; another one comes next."""
    for first in (None, failed(False)):
        history, sent = await told(iter([first, made()]))
        assert [key for _, key in sent] == [None, None]
        assert sent[0][0] != sent[1][0]
        assert [one.fate for one in history.writes] == [Fate.UNKNOWN, Fate.ACCEPTED]
        assert bool(history.complaints) == (first is not None)  # it has to name one
