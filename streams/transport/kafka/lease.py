"""How long a worker may believe that its partitions are its own: as long as its session lasts at the coordinator.

Writes are fenced by the brokers (`transactional`), reads of the tables are not: a worker that was frozen, or cut off
from the brokers, has old rows, and learns only by its next heartbeat that others have its partitions. So it counts as
the owner only while it holds a lease, which it can tell by a clock, at the moment of the read and without asking.

The argument. The coordinator gives a member's partitions to others at the earliest a session timeout after it
*received* the member's last good heartbeat (or the SyncGroup that brought the assignment). That was received after it
was *sent*, and the time of sending is what a lease counts from; when the answer came does not matter. A member that is
told to rejoin gives its partitions away by itself, or is left out when the rebalance timeout ends; so a heartbeat that
is answered by anything but success renews nothing, and the lease is no longer than that timeout either. What is done
by the member itself (it leaves, its generation is reset) ends the lease before it is sent. A frozen process runs
nothing, its clock goes on; the first thing that it does when it thaws is compare that clock.

What clocks must not do. Only durations are compared, so it does not matter what time it is anywhere, but one second
must be as long here as at the coordinator: `MARGIN` is what the two rates may differ by, hundred times what quartz
does. The clock must go on while the process does not: under SIGSTOP, and while the machine is suspended, for which
CLOCK_BOOTTIME is taken where there is one. A hypervisor that stops a guest's clocks with the guest breaks this.
And the broker that answers must be the coordinator still: one that is cut off from the cluster's controllers but not
from this worker could go on answering heartbeats which do not count any more. Kafka cannot tell such answers apart.
"""

import time
from collections.abc import Callable
from typing import Any, Final

from aiokafka.protocol.group import HeartbeatRequest, SyncGroupRequest

MARGIN: Final = 0.01
"""The part of a session that is given away for clocks that run at different rates."""

ENDED: Final = float("-inf")


def now() -> float:
    """Seconds since some moment, for which nothing that stops this process stands still."""
    return time.clock_gettime(_CLOCK)


_CLOCK: Final[int] = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Lease:
    """Of one worker on its partitions of one group. It is renewed in one thread, and asked for in another."""

    def __init__(self, seconds: float, clock: Callable[[], float] = now) -> None:
        """It lasts so long after a renewal was sent, less the margin."""
        self._seconds = seconds * (1 - MARGIN)
        self._clock = clock
        self._until = self._since = ENDED

    def renew(self, sent: float) -> None:
        """The coordinator has taken what was sent at that moment for a sign of life."""
        if sent >= self._since:
            self._until = max(self._until, sent + self._seconds)

    def end(self) -> None:
        """The worker gives its partitions up by itself; nothing that was sent before renews the lease any more."""
        self._until, self._since = ENDED, self._clock()

    @property
    def held(self) -> bool:
        """Whether nobody else can have the partitions now."""
        return self._clock() < self._until

    @property
    def left(self) -> float:
        """Seconds for which it is held without another sign of life; not more than 0 if it is not."""
        return self._until - self._clock()

    def follow(self, coordinator: Any) -> None:
        """Counts what this aiokafka GroupCoordinator sends from now on; it has joined no group yet."""
        send, leave, reset = coordinator._send_req, coordinator._maybe_leave_group, coordinator.reset_generation

        async def sending(request: Any) -> Any:
            sent = self._clock()
            answer = await send(request)
            if isinstance(request, HeartbeatRequest | SyncGroupRequest) and not answer.error_code:
                self.renew(sent)
            return answer

        async def leaving() -> None:
            self.end()
            await leave()

        def resetting() -> None:
            self.end()
            reset()

        coordinator._send_req = sending
        coordinator._maybe_leave_group, coordinator.reset_generation = leaving, resetting
