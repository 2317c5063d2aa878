"""Whether a process can serve: each check has a name, says what to do, and hangs nobody up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from monitoring import health as module
from monitoring.health import FRESH, Health, Verdict, agents, disk


class Clock:
    """A clock that is set."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class Broker:
    """What a probe asks: it answers, refuses or hangs."""

    def __init__(self) -> None:
        self.asked = 0
        self.answers = asyncio.Event()
        self.answers.set()
        self.refuses = False

    async def __call__(self) -> Verdict:
        self.asked += 1
        await self.answers.wait()
        if self.refuses:
            raise ConnectionError("nobody there")
        return Verdict(True, "here")


@pytest.fixture
def clock() -> Clock:
    """The clock of the checks."""
    return Clock()


@pytest_asyncio.fixture
async def health(clock: Clock) -> AsyncIterator[Health]:
    """Checks that wait for nobody long."""
    health = Health(patience=0.05, clock=clock)
    yield health
    await health.close()


async def test_a_process_without_checks_is_ready(health: Health) -> None:
    """And alive."""
    report = await health.report()
    assert (report.ready, report.status, report.missing) == (True, 200, {})
    assert report.body()["checks"] == {"process": {"status": "ok", "detail": "serving"}}


async def test_what_is_wrong_says_what_to_do(health: Health) -> None:
    """The members that were there before keep their meaning; the checks say more."""
    health.source(lambda: {"audit": Verdict(False, "recovering", "Wait"), "commands": Verdict(True, "recovered")})
    report = await health.report()
    assert report.status == 503
    assert report.body() == {
        "status": "not ready",
        "missing": {"audit": "recovering"},
        "checks": {
            "audit": {"status": "failing", "detail": "recovering. Wait"},
            "commands": {"status": "ok", "detail": "recovered"},
            "process": {"status": "ok", "detail": "serving"},
        },
    }


async def test_a_process_that_stops_is_not_ready(health: Health) -> None:
    """Whatever else is right."""
    health.stopping = True
    assert (await health.report()).missing == {"process": "stopping"}


async def test_a_probe_is_asked_seldom(health: Health, clock: Clock) -> None:
    """Reports may come as often as they like; after some seconds it is asked again."""
    broker = Broker()
    health.probe("broker", broker)
    for _ in range(5):
        assert (await health.report()).checks["broker"] == Verdict(True, "here")
    assert broker.asked == 1
    clock.now += FRESH
    broker.refuses = True
    assert (await health.report()).missing == {"broker": "nobody there"}
    assert broker.asked == 2


async def test_a_probe_that_hangs_holds_nobody_up(health: Health, clock: Clock) -> None:
    """The report comes and says so, however long it takes; it is asked once, and when it answers all is well."""
    broker = Broker()
    health.probe("broker", broker)
    assert (await health.report()).ready
    broker.answers.clear()
    clock.now += FRESH
    async with asyncio.timeout(5.0):
        assert (await health.report()).missing == {"broker": "no answer for 0.0 s"}
        clock.now += 3.0
        assert (await health.report()).missing == {"broker": "no answer for 3.0 s"}
    assert broker.asked == 2
    broker.answers.set()
    assert (await health.report()).ready


async def test_a_probe_that_never_answers_is_called_off(health: Health, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that it can begin anew."""
    monkeypatch.setattr(module, "PROBE_SECONDS", 0.01)
    broker = Broker()
    broker.answers.clear()
    health.probe("broker", broker)
    assert (await health.report()).missing == {"broker": "no answer within 0 s"}


async def test_many_who_ask_at_once_are_one_question(health: Health) -> None:
    """A probe runs once at a time."""
    broker = Broker()
    broker.answers.clear()
    health.probe("broker", broker)
    asked = [asyncio.create_task(health.report()) for _ in range(10)]
    await asyncio.sleep(0)
    broker.answers.set()
    assert all(report.ready for report in await asyncio.gather(*asked))
    assert broker.asked == 1


def test_every_agent_is_a_check() -> None:
    """With its partitions where it is right; what else is wrong is one too."""
    wrong = {"audit": "recovering", "other": "a fault"}
    found = agents(("commands", "audit"), lambda: wrong, {"commands": 4}.__getitem__)()
    assert list(found) == ["commands", "audit", "other"]
    assert found["commands"] == Verdict(True, "recovered, 4 partitions assigned")
    assert (found["audit"].ok, found["audit"].detail) == (False, "recovering")
    assert found["audit"].remedy.startswith("Its tables are made equal with the log")
    assert (found["other"].ok, found["other"].detail) == (False, "a fault")


@dataclass
class Disk:
    """A disk, as it is said to be."""

    free: int | None
    writable: bool = True


@pytest.mark.parametrize(
    ("room", "ok", "detail"),
    [
        (Disk(10**9), True, "writable, 954 MiB free"),
        (Disk(None), True, "writable"),
        (Disk(10**7), False, "10 MiB are left at /data"),
        (Disk(10**9, writable=False), False, "/data cannot be written"),
    ],
)
def test_a_disk_has_room_and_can_be_written(room: Disk, ok: bool, detail: str) -> None:
    """Below a bound nothing more should be sent here."""
    verdict = disk(room, "/data")()["disk"]
    assert verdict[:2] == (ok, detail)
    assert bool(verdict.remedy) is not ok
