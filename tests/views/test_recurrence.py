"""The preview of a recurrence over HTTP: the vectors of its contract, and what is wrong with one."""

from __future__ import annotations

import pytest

from tests.support.http import Json, Space

pytestmark = pytest.mark.asyncio(loop_scope="module")

BERLIN = {"local": "2026-01-31T09:00", "zone": "Europe/Berlin"}


async def preview(space: Space, rule: str, anchor: Json, **more: object) -> Json:
    """The answer."""
    shown: Json = (await space.post("/recurrence/preview", {"rule": rule, "anchor": anchor, **more})).ok
    return shown


async def test_month_ends(space: Space) -> None:
    """Backward to the last day; with zone and instant, and in words."""
    shown = await preview(space, "FREQ=MONTHLY;SKIP=BACKWARD;RSCALE=GREGORIAN;COUNT=4", BERLIN)
    assert [one["local"] for one in shown["items"]] == [
        "2026-01-31T09:00", "2026-02-28T09:00", "2026-03-31T09:00", "2026-04-30T09:00",
    ]  # fmt: skip
    assert shown["items"][2] == {
        "local": "2026-03-31T09:00", "zone": "Europe/Berlin", "instant": "2026-03-31T07:00:00.000Z",
    }  # fmt: skip
    assert shown["truncated"] is False
    assert "month" in shown["description"]


async def test_the_hour_that_a_clock_change_skips(space: Space) -> None:
    """It is read with the offset before the gap, and counts."""
    anchor = {"local": "2025-03-07T02:30", "zone": "America/New_York"}
    shown = await preview(space, "FREQ=DAILY;COUNT=5", anchor, limit=3)
    assert [one["instant"] for one in shown["items"]] == [
        "2025-03-07T07:30:00.000Z", "2025-03-08T07:30:00.000Z", "2025-03-09T07:30:00.000Z",
    ]  # fmt: skip
    assert shown["truncated"] is True


async def test_dates_with_exceptions(space: Space) -> None:
    """A date has neither zone nor instant; what EXDATE removes was counted."""
    shown = await preview(
        space, "FREQ=DAILY;COUNT=3", {"date": "2026-03-01"}, exdate=["2026-03-02"], rdate=["2026-04-01"]
    )
    assert shown["items"] == [
        {"local": day, "zone": None, "instant": None} for day in ("2026-03-01", "2026-03-03", "2026-04-01")
    ]


async def test_after_completion(space: Space) -> None:
    """As if each were done on its day."""
    shown = await preview(space, "FREQ=DAILY;INTERVAL=3", {"date": "2026-03-01"}, after_completion=True, limit=2)
    assert [one["local"] for one in shown["items"]] == ["2026-03-01", "2026-03-04"]
    assert (shown["truncated"], "after" in shown["description"]) == (True, True)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"rule": "FREQ=DAILY"}, "/anchor"),
        ({"rule": "FREQ=DAILY", "anchor": {}}, "/anchor"),
        ({"rule": "FREQ=DAILY", "anchor": {"local": "2026-03-01T09:00", "zone": "Mars/Base"}}, "/anchor"),
        ({"rule": "every day", "anchor": BERLIN}, "/rule"),
        ({"rule": "FREQ=MONTHLY;BYMONTHDAY=1", "anchor": BERLIN}, "/rule"),
        ({"rule": "FREQ=SECONDLY", "anchor": BERLIN}, "/rule"),
        ({"rule": "FREQ=DAILY", "anchor": BERLIN, "rdate": ["2026-02-01"]}, "/rdate"),
        ({"rule": "FREQ=DAILY", "anchor": BERLIN, "exdate": ["soon"]}, "/exdate"),
        ({"rule": "FREQ=DAILY", "anchor": BERLIN, "exdate": ["2026-02-01T09:00"], "after_completion": True}, "/exdate"),
        ({"rule": "FREQ=DAILY;COUNT=3", "anchor": BERLIN, "after_completion": True}, "/rule"),
        ({"rule": "FREQ=DAILY", "anchor": BERLIN, "limit": 0}, "/limit"),
        ({"rule": "FREQ=DAILY", "anchor": BERLIN, "mood": "good"}, "/mood"),
    ],
)
async def test_what_is_wrong(space: Space, body: Json, pointer: str) -> None:
    """The field is named, and what to do is said."""
    problem = (await space.post("/recurrence/preview", body)).problem(422, "invalid")
    assert [one["pointer"] for one in problem["errors"]] == [pointer]


async def test_members_only(space: Space) -> None:
    """To a stranger there is no such workspace."""
    body = {"rule": "FREQ=DAILY", "anchor": BERLIN}
    (await space.acting("sam").post("/recurrence/preview", body)).problem(404, "not-found")
