"""What folds keep in memory is bounded by bytes, over all partitions, and never outlives its truth."""

from streams.agents.states import States
from tasksys.state import State


def test_the_least_recently_used_goes_first() -> None:
    """Until what is left fits."""
    states = States(10_000)
    for name in "abc":
        states.put(name, State(), 0)
        states.grow(name, 1, 1600)
    assert states.get("a") is not None
    states.shrink()
    assert states.size <= 10_000
    assert len(states) == 2
    assert states.get("b") is None
    assert states.get("a") is not None


def test_long_texts_count() -> None:
    """One row of 64 KiB is as much as a hundred others."""
    states = States(100_000)
    states.put("a", State(), 0)
    states.grow("a", 1, 64 * 1024)
    states.shrink()
    assert (len(states), states.size) == (0, 0)
    states.grow("a", 1, 1)  # its fold goes on with it, but it is not here any more
    assert states.size == 0


def test_what_is_not_there_counts() -> None:
    """Somebody may ask for any number of names."""
    states = States(10_000)
    states.put("a", State(), 0)
    for _ in range(100):
        states.grow("a", 0, 0)
    states.shrink()
    assert len(states) == 0


def test_a_partition_is_forgotten_as_a_whole() -> None:
    """Others stay."""
    states = States(10_000)
    for number, name in enumerate("ab"):
        states.put(name, State(), number)
        states.grow(name, 1, 100)
    states.forget(0)
    assert states.get("a") is None
    assert states.get("b") is not None
    states.forget(1)
    assert states.size == 0
    assert states.rows("b") == {}
