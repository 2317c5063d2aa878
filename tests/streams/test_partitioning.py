"""Keys and partitions."""

import pytest

from streams.partitioning import partition_of


@pytest.mark.parametrize(("key", "partition"), [("acme", 0), ("01JP8Q4T6ZK9V3W5X7Y1B2C3D4", 2), ("ü", 2)])
def test_a_key_is_where_kafka_puts_it(key: str, partition: int) -> None:
    """What a release before this one has stored must be found again: these never change."""
    assert partition_of(key, 4) == partition


def test_the_number_of_partitions_counts() -> None:
    """The same key, asked for again among more of them."""
    assert {partition_of("acme", number) for number in (1, 2, 64)} != {partition_of("acme", 1)}
