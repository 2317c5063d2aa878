"""When a cluster stands still."""

from typing import Any

from tests.scale.cluster import settled


def worker(served: list[int], copied: list[int], recovering: int = 0, ready: bool = True) -> dict[str, Any]:
    """What a worker says of one agent."""
    partitions = [{"partition": one, "recovering": 0} for one in served]
    copies = [{"partition": one, "recovering": recovering} for one in copied]
    return {"ready": ready, "agents": {"commands": {"partitions": partitions, "copies": copies}}}


def test_all_is_served_once_and_copied() -> None:
    """By two workers, each of which copies what the other one has."""
    assert settled([worker([0], [1]), worker([1], [0])], 2, 2)


def test_one_worker_has_nobody_to_copy() -> None:
    """So it needs no copies."""
    assert settled([worker([0, 1], [])], 1, 2)


def test_it_does_not_stand_yet() -> None:
    """Somebody lacks, is not ready, a partition is nobody's or two have it, a copy is missing or behind."""
    good = worker([0], [1])
    for told in (
        [good],
        [good, worker([1], [0], ready=False)],
        [good, worker([], [0])],
        [good, worker([0, 1], [0])],
        [good, worker([1], [])],
        [good, worker([1], [0], recovering=3)],
    ):
        assert not settled(told, 2, 2)
