"""The events of outcomes are shown within bounds, and the others can be read."""

from __future__ import annotations

import pytest

from tasksys.outcomes import Outcome, OutcomeStatus
from tests.support.http import OUTCOME, Json, Site, Space, key
from views.outcomes import outcome_shape
from views.room import EVENTS_BYTES, Room

COMMENTS = 70
BODY = "x" * 64 * 1024
"""Bytes of a comment; all of them are more than an answer shows."""


def test_what_fits_is_taken() -> None:
    """Up to the first that does not fit; what is taken is gone."""
    room = Room(10)
    assert [bytes(one) for one in room.first([b"1234", b"1234", b"123", b"1"])] == [b"1234", b"1234"]
    assert [bytes(one) for one in room.first(iter([b"12"]))] == [b"12"]
    assert (room.left, room.first([b"1"])) == (0, [])


def test_no_more_is_made_than_is_shown() -> None:
    """Events are only encoded, or read, as far as there is room."""
    taken = iter([b"123"] * 5)
    assert len(Room(7).first(taken)) == 2
    assert len(list(taken)) == 2


@pytest.mark.asyncio(loop_scope="module")
async def test_a_batch_has_a_size(site: Site, space: Space) -> None:
    """Of a small request that removes large texts the first are shown; the rest is where the answer says."""
    await space.task(task="milk")
    for number in range(COMMENTS):
        await space.post("/tasks/milk/comments", {"body": BODY, "comment": f"c{number}"})
    removals = [{"type": "RemoveComment", "task": "milk", "comment": f"c{number}"} for number in range(COMMENTS)]
    same = {"Idempotency-Key": key()}
    for _ in range(2):  # as it is decided, and as it is remembered
        answer = await space.post("/commands", {"commands": removals}, headers=same)
        items: list[Json] = answer.ok["items"]
        assert len(answer.raw) <= EVENTS_BYTES + COMMENTS * 1_000
        assert {one["status"] for one in items} == {"accepted"}
        whole = [one for one in items if one.keys() == OUTCOME]
        assert len(whole) == items.index(whole[-1]) + 1 == EVENTS_BYTES // (len(BODY) + 500)
        assert all(len(one["events"]) == 1 for one in whole)
        for one in items[len(whole) :]:
            assert (one["events"], one["events_left_out"]) == ([], 1)
            (event,) = (await space.get("/events", after=one["events_after"], limit=one["events_left_out"])).ok["items"]
            assert (event["command"], event["type"]) == (one["id"], "CommentRemoved")


def test_an_outcome_of_several_events() -> None:
    """The first that fit, how many there are besides, and after which position."""
    outcome = Outcome("key", "olga", OutcomeStatus.ACCEPTED, "", first=5, last=7, position=9)
    events = [b'{"position":5}', b'{"position":6}', b'{"position":7}']
    shown = outcome_shape(outcome, events, Room(len(events[0]) * 2))
    assert (len(shown["events"]), shown["events_left_out"], shown["events_after"]) == (2, 1, 6)
    assert outcome_shape(outcome, events, Room()).keys() == OUTCOME
