"""Pauses are counted from the acknowledgements alone, and each acknowledgement once."""

import asyncio
from http import HTTPStatus

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.scale.writers import Writers, longest


@pytest.mark.parametrize(
    ("moments", "pause"),
    [
        ([1.0, 2.0, 2.5, 3.0, 9.0], 1.0),  # inside; the pause after the end is none of it
        ([1.0, 4.0], 3.0),  # over all of it
        ([0.0, 1.9, 2.2, 3.5], 1.9),  # it began before
        ([1.0, 2.1], 1.1),  # what has not come yet is waited for until the end
        ([1.0], 2.0),
    ],
)
def test_the_longest_pause_that_touches_a_fault(moments: list[float], pause: float) -> None:
    """From the last moment before it to the first one after it."""
    assert longest(moments, 1.5, 3.0) == pytest.approx(pause)


def test_who_had_nothing_before_has_no_pause() -> None:
    """It would be counted from nowhere."""
    with pytest.raises(ValueError, match="nothing was acknowledged before"):
        longest([2.0], 1.0, 3.0)


async def test_each_answer_counts_once() -> None:
    """A 202 is one acknowledgement and one command that is not decided yet, a 503 is one that failed."""
    statuses = [HTTPStatus.CREATED, HTTPStatus.ACCEPTED, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.ACCEPTED]
    answered, over = iter(statuses), asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        status = next(answered, None)
        if status is None:
            over.set()
            await asyncio.sleep(60)
        return web.Response(status=status or HTTPStatus.GONE)

    app = web.Application()
    app.router.add_post("/api/v1/workspaces/home/tasks", answer)
    async with TestServer(app) as server, aiohttp.ClientSession() as http:
        writers = Writers(http, [str(server.make_url("")).rstrip("/")], ["home"], "w")
        writing = asyncio.create_task(writers.write("home"))
        await over.wait()
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
    assert (writers.undecided, writers.failed, len(writers.acknowledged["home"])) == (2, 1, 3)
