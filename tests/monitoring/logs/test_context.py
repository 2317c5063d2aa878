"""What lines say of what is being done."""

from __future__ import annotations

import asyncio

from monitoring import logs


def test_what_is_bound_ends_with_its_block() -> None:
    """Inner fields go before outer ones, and are gone after their block."""
    with logs.bound(agent="audit", partition=1):
        with logs.bound(partition=2, workspace="w"):
            assert logs.current() == {"agent": "audit", "partition": 2, "workspace": "w"}
        assert logs.current() == {"agent": "audit", "partition": 1}
    assert logs.current() == {}


def test_other_work_says_nothing_of_this() -> None:
    """`only` hides what was bound around it."""
    with logs.bound(request_id="r"):
        with logs.only(agent="audit"):
            assert logs.current() == {"agent": "audit"}
        assert logs.current() == {"request_id": "r"}


def test_it_ends_by_an_error_too() -> None:
    """Whatever leaves the block."""
    try:
        with logs.bound(agent="audit"):
            raise ValueError
    except ValueError:
        assert logs.current() == {}


def test_what_is_found_out_later_is_noted_where_something_is_bound() -> None:
    """And nowhere else: there is nothing that it would end with."""
    logs.note(workspace="w")
    assert logs.current() == {}
    with logs.bound(request_id="r"):
        logs.note(workspace="w")
        assert logs.current() == {"request_id": "r", "workspace": "w"}
    assert logs.current() == {}


async def test_tasks_keep_apart() -> None:
    """Each has what it began with, and inherits what was bound where it was made."""

    async def request(name: str) -> dict[str, str]:
        logs.begin({"request_id": name})
        await asyncio.sleep(0)
        logs.note(workspace=name)
        await asyncio.sleep(0)
        return await asyncio.create_task(inherited())

    async def inherited() -> dict[str, str]:
        return logs.current()

    assert list(await asyncio.gather(request("a"), request("b"))) == [
        {"request_id": "a", "workspace": "a"},
        {"request_id": "b", "workspace": "b"},
    ]
    assert logs.current() == {}
