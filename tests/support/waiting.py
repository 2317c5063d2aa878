"""How tests wait: on a condition, with a bound, and with what was waited for in what a failure says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from inspect import isawaitable
from typing import Any, Final, TypeVar

T = TypeVar("T")

WAIT: Final = 20.0
"""Seconds that a busy machine may take for what takes milliseconds."""
OTHERS: Final = 60.0
"""Seconds that other processes may take for what takes seconds."""

PAUSE: Final = 0.01
"""Seconds between two looks at what is in this process."""
LOOK: Final = 0.05
"""The same at other processes."""


async def until(condition: Callable[..., object], what: str = "", bound: float = WAIT) -> Any:
    """Gives what the condition gives, or what it gives when awaited, as soon as that is true.

    AssertionError after `bound` seconds, also if it is awaited for as long.
    """
    try:
        async with asyncio.timeout(bound) as limit:
            while True:
                found: Any = condition()
                if isawaitable(found):
                    found = await found
                if found:
                    return found
                await asyncio.sleep(PAUSE)
    except TimeoutError:
        assert not limit.expired(), f"not within {bound:.0f} s: {what or condition}"
        raise


def wait_until(condition: Callable[..., T], what: str = "", bound: float = OTHERS) -> T:
    """The same where there is no event loop; what the condition gives is not awaited."""
    give_up = time.monotonic() + bound
    while not (found := condition()):
        assert time.monotonic() < give_up, f"not within {bound:.0f} s: {what or condition}"
        time.sleep(LOOK)
    return found
