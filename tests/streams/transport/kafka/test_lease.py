"""A worker counts as the owner of its partitions only while nobody else can have them, and it can tell that alone."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import NodeNotReadyError
from aiokafka.protocol.group import HeartbeatRequest, JoinGroupRequest, SyncGroupRequest

from streams.transport.kafka.lease import Lease, now

SECONDS = 6.0


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Coordinator:
    """aiokafka's, as far as a lease follows it: what it is answered, and what it does until the answer comes."""

    def __init__(self) -> None:
        self.error_code = 0
        self.meanwhile: Callable[[], object] = lambda: None
        self.left = 0

    async def _send_req(self, request: Any) -> Any:
        self.meanwhile()
        return SimpleNamespace(error_code=self.error_code)

    async def _maybe_leave_group(self) -> None:
        self.left += 1

    def reset_generation(self) -> None:
        self.left += 1


@pytest.fixture
def clock() -> Clock:
    """A clock that stands."""
    return Clock()


@pytest.fixture
def lease(clock: Clock) -> Lease:
    """Nothing was sent yet."""
    return Lease(SECONDS, clock)


@pytest.fixture
def coordinator(lease: Lease) -> Any:
    """The lease follows it."""
    followed = Coordinator()
    lease.follow(followed)
    return followed


def holds(lease: Lease) -> bool:
    """Whether it is held now; mypy takes a property for a constant."""
    return lease.held


def passing(clock: Clock, seconds: float) -> Callable[[], None]:
    """Time passes."""

    def passes() -> None:
        clock.now += seconds

    return passes


HEARTBEAT = HeartbeatRequest("group", 1, "member")
SYNC = SyncGroupRequest("group", 1, "member", None, [])


def test_nobody_owns_anything_before_the_group_is_joined(lease: Lease) -> None:
    """What was assigned in an earlier life says nothing."""
    assert not holds(lease)
    assert lease.left <= 0


@pytest.mark.parametrize("request_", [HEARTBEAT, SYNC])
def test_a_lease_counts_from_what_was_sent(lease: Lease, clock: Clock, coordinator: Any, request_: Any) -> None:
    """And not from its answer, which may have waited in a frozen process for long."""
    coordinator.meanwhile = passing(clock, 4.0)
    asyncio.run(coordinator._send_req(request_))
    assert holds(lease)
    clock.now += 1.9
    assert holds(lease)
    assert 0 < lease.left < 0.1
    clock.now += 0.1
    assert not holds(lease)

    coordinator.meanwhile = passing(clock, 60.0)
    asyncio.run(coordinator._send_req(request_))
    assert not holds(lease)


def test_only_signs_of_life_that_count_renew_it(lease: Lease, clock: Clock, coordinator: Any) -> None:
    """Neither a refused heartbeat, nor a group that is being joined anew, nor one that could not be sent."""
    asyncio.run(coordinator._send_req(HEARTBEAT))
    clock.now += 5.0
    for code in (27, 25, 22, 16):  # it is rebalancing; who is that; which generation; not the coordinator
        coordinator.error_code = code
        asyncio.run(coordinator._send_req(HEARTBEAT))
        asyncio.run(coordinator._send_req(SYNC))
    coordinator.error_code = 0
    join = JoinGroupRequest("group", 6000, 6000, "member", None, "consumer", [])
    asyncio.run(coordinator._send_req(join))

    def fails() -> None:
        raise NodeNotReadyError

    coordinator.meanwhile = fails
    with pytest.raises(NodeNotReadyError):
        asyncio.run(coordinator._send_req(HEARTBEAT))
    assert holds(lease)
    clock.now += 1.0
    assert not holds(lease)


def test_an_old_answer_shortens_nothing(lease: Lease) -> None:
    """Answers may overtake each other."""
    lease.renew(103.0)
    left = lease.left
    lease.renew(101.0)
    assert lease.left == left


@pytest.mark.parametrize("how", ["leaves", "is reset"])
def test_who_gives_up_by_itself_holds_nothing(lease: Lease, clock: Clock, coordinator: Any, how: str) -> None:
    """Also where the answer to a heartbeat comes after that which was sent before it."""

    asyncio.run(coordinator._send_req(HEARTBEAT))
    assert holds(lease)
    if how == "leaves":
        asyncio.run(coordinator._maybe_leave_group())
    else:
        coordinator.reset_generation()
    assert coordinator.left == 1
    assert not holds(lease)

    clock.now += 0.5

    def gives_up() -> None:
        clock.now += 0.5
        coordinator.reset_generation()

    coordinator.meanwhile = gives_up
    asyncio.run(coordinator._send_req(HEARTBEAT))
    assert not holds(lease)
    coordinator.meanwhile = lambda: None
    asyncio.run(coordinator._send_req(SYNC))
    assert holds(lease)


FROZEN = """
import sys
from streams.transport.kafka.lease import Lease, now
lease = Lease(0.2)
lease.renew(now())
print(lease.held, flush=True)
sys.stdin.readline()
print(lease.held, flush=True)
"""


def test_the_clock_goes_on_while_the_process_is_frozen() -> None:
    """The first thing that it does when it thaws finds the lease lapsed."""
    process = subprocess.Popen([sys.executable, "-c", FROZEN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "True\n"
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
        frozen = now()
        while now() < frozen + 0.2:
            time.sleep(0.01)
        process.stdin.write("\n")
        process.stdin.flush()
        process.send_signal(signal.SIGCONT)
        assert process.stdout.readline() == "False\n"
    finally:
        process.kill()
        process.communicate()
