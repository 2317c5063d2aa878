"""Questions that many ask at once."""

import asyncio

import pytest

from streams.shared import Shared


class Oracle:
    """Answers when the test says so, with how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: list[asyncio.Future[int]] = []
        self.shared = Shared(self.question)

    async def question(self, thing: str) -> int:
        """Waits for the test."""
        self.asked.append(thing)
        self.answers.append(asyncio.get_running_loop().create_future())
        return await self.answers[-1]

    async def begun(self, many: int) -> None:
        """Returns when so many questions have begun."""
        async with asyncio.timeout(5):
            while len(self.asked) < many:  # noqa: ASYNC110  (rounds of the loop are what is waited for)
                await asyncio.sleep(0)

    def some(self, many: int, thing: str = "a") -> list[asyncio.Task[int]]:
        """So many who ask."""
        return [asyncio.create_task(self.shared.ask(thing)) for _ in range(many)]


async def test_who_asks_while_a_question_is_under_way_shares_the_next() -> None:
    """What the first one hears may be older than what the others know."""
    oracle = Oracle()
    first = oracle.some(1)
    await oracle.begun(1)
    others = oracle.some(100)
    await asyncio.sleep(0)
    assert oracle.asked == ["a"]
    oracle.answers[0].set_result(1)
    await oracle.begun(2)
    late = oracle.some(1)
    oracle.answers[1].set_result(2)
    await oracle.begun(3)
    oracle.answers[2].set_result(3)
    assert await asyncio.gather(*first, *others, *late) == [1, *[2] * 100, 3]
    assert (oracle.asked, oracle.shared._next, dict(oracle.shared._under_way)) == (["a"] * 3, {}, {})


async def test_things_do_not_wait_for_each_other() -> None:
    """Each has a question of its own."""
    oracle = Oracle()
    asking = [*oracle.some(1), *oracle.some(1, "b")]
    await oracle.begun(2)
    for number, answer in enumerate(oracle.answers):
        answer.set_result(number)
    assert await asyncio.gather(*asking) == [0, 1]


async def test_who_is_called_off_leaves_the_question_to_the_others() -> None:
    """Also the one that began it; and all hear of its error."""
    oracle = Oracle()
    began, other = oracle.some(2)
    await oracle.begun(1)
    began.cancel()
    await asyncio.wait([began])
    oracle.answers[0].set_exception(OSError("gone"))
    with pytest.raises(OSError, match="gone"):
        await other
