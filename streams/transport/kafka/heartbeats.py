"""A member of a group shows that it lives also while it takes its partitions over.

aiokafka stops a consumer's heartbeats before it joins, and goes on with them only after whoever listens has taken over
what was assigned. Here that means to become the writer of each partition, which asks the brokers several times: where
these or this machine are slow it lasts longer than a session. The member was expelled, joined again, had the others
rebalance, who were slow as well, and so on, for minutes.
"""

from typing import Any


def go_on_meanwhile(coordinator: Any) -> None:
    """Has an aiokafka GroupCoordinator send heartbeats as soon as it has its assignment; it has joined no group yet.

    What a heartbeat then learns, that the group rebalances or has forgotten this member, leads to the next join, as
    ever.
    """
    complete = coordinator._on_join_complete

    async def completing(*assigned: Any) -> None:
        coordinator._start_heartbeat_task()
        await complete(*assigned)

    coordinator._on_join_complete = completing
