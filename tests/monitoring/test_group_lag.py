"""What is told of consumer groups while the brokers answer, and while they do not."""

import asyncio
import gc
import time

import pytest
from prometheus_client import CollectorRegistry

from monitoring import group_lag
from monitoring.group_lag import Behind, GroupCollector, Health, Monitor, Survey, Unreachable
from tasksys.cli import lag
from tests.support.scraping import scraped
from tests.support.waiting import until

PLACE = ("tasksys.events", 3)


class Brokers:
    """Answers as it is told."""

    def __init__(self) -> None:
        self.away = False
        self.hangs = False
        self.calls_off = False
        self.lets_go = asyncio.Event()
        self.lets_go.set()
        self.closed = False
        self.asked = 0
        self.behind = Behind(7, 5, int((time.time() - 60) * 1000))

    async def survey(self) -> Survey:
        """The survey, or not."""
        self.asked += 1
        if self.calls_off:
            raise asyncio.CancelledError
        if self.hangs:
            try:
                await asyncio.Event().wait()
            finally:
                await self.lets_go.wait()
        if self.away:
            raise Unreachable("nobody is there")
        return Survey(
            3, {"tasksys-audit": 0}, {"tasksys-audit": {PLACE: self.behind}}, {PLACE: 12}, {PLACE[0]: Health(2, 1)}
        )

    async def close(self) -> None:
        """Hangs up."""
        self.closed = True


async def test_what_the_brokers_say() -> None:
    """Lag in records and in seconds, members, ends, and how the topics are kept."""
    monitor, registry = Monitor(Brokers()), CollectorRegistry()
    registry.register(GroupCollector(monitor))
    assert scraped(registry).series() == 0
    await monitor.ask()
    figures, labels = scraped(registry), {"topic": "tasksys.events", "partition": "3"}
    assert figures.sum("tasksys_group_lag_records", group="tasksys-audit", **labels) == 5
    assert 59 < figures.sum("tasksys_group_lag_seconds", group="tasksys-audit", **labels) < 70
    assert figures.sum("tasksys_group_committed_offset", **labels) == 7
    assert figures.sum("tasksys_topic_end_offset", **labels) == 12
    assert figures.samples["tasksys_group_members"] == {frozenset({("group", "tasksys-audit")}): 0.0}
    assert figures.sum("tasksys_topic_under_replicated_partitions") == 2
    assert figures.sum("tasksys_topic_offline_partitions") == 1
    assert (figures.sum("tasksys_broker_up"), figures.sum("tasksys_kafka_brokers")) == (1, 3)


async def test_no_lag_is_no_age() -> None:
    """A group that has everything is 0 seconds behind."""
    brokers, registry = Brokers(), CollectorRegistry()
    brokers.behind = Behind(12, 0, None)
    monitor = Monitor(brokers)
    registry.register(GroupCollector(monitor))
    await monitor.ask()
    assert list(scraped(registry).samples["tasksys_group_lag_seconds"].values()) == [0.0]


async def test_brokers_that_are_away() -> None:
    """They are not up; what was known of groups stays, and is ready to be compared with when they are back."""
    brokers, registry = Brokers(), CollectorRegistry()
    monitor = Monitor(brokers, patience=0.05)
    registry.register(GroupCollector(monitor))
    brokers.away = True
    await monitor.ask()
    figures = scraped(registry)
    assert (figures.sum("tasksys_broker_up"), figures.has("tasksys_group_lag_records")) == (0, False)
    assert figures.has("tasksys_broker_up")
    brokers.away = False
    await monitor.ask()
    for brokers.away, brokers.hangs in ((True, False), (False, True)):
        await monitor.ask()
        figures = scraped(registry)
        assert (figures.sum("tasksys_broker_up"), figures.sum("tasksys_kafka_brokers")) == (0, 0)
        assert figures.sum("tasksys_group_lag_records") == 5
        assert monitor.why
    brokers.hangs = False
    await monitor.ask()
    assert scraped(registry).sum("tasksys_broker_up") == 1


async def test_it_asks_again_and_again() -> None:
    """Until it is stopped; then it hangs up."""
    brokers = Brokers()
    task = asyncio.create_task(Monitor(brokers, every=0.001).run())
    async with asyncio.timeout(5):
        while brokers.asked < 3:  # noqa: ASYNC110  (each survey is one round)
            await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert brokers.closed


def test_both_ask_as_often() -> None:
    """Alerts reckon with it, whether the exporter or a worker tells them."""
    assert lag.SURVEY_SECONDS == group_lag.SURVEY_SECONDS


async def test_a_survey_that_cannot_be_called_off() -> None:
    """Its brokers are away from the moment on at which it is late; asking goes on when it has ended."""
    brokers = Brokers()
    monitor = Monitor(brokers, every=0.01, patience=0.05)
    await monitor.ask()
    brokers.hangs = True
    brokers.lets_go.clear()
    asking = asyncio.create_task(monitor.run())
    await until(lambda: monitor.up is False)
    assert (brokers.asked, monitor.why) == (2, "no answer in 0 s")
    brokers.hangs = False
    brokers.lets_go.set()
    await until(lambda: monitor.up is True)
    asking.cancel()
    await asyncio.wait({asking})
    assert brokers.closed


async def test_a_survey_that_its_client_calls_off() -> None:
    """It was not answered, and the next one is asked for: it is no cancellation of ours."""
    brokers = Brokers()
    monitor = Monitor(brokers, every=0.01)
    brokers.calls_off = True
    asking = asyncio.create_task(monitor.run())
    await until(lambda: monitor.up is False)
    brokers.calls_off = False
    await until(lambda: monitor.up is True)
    asking.cancel()
    await asyncio.wait({asking})


async def test_a_survey_that_fails_while_it_is_called_off(caplog: pytest.LogCaptureFixture) -> None:
    """As where a start ends for another reason: nobody waits for it, and nothing is said of it."""

    class Failing(Brokers):
        async def survey(self) -> Survey:
            self.asked += 1
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise Unreachable("nobody is there") from None
            raise AssertionError

    brokers = Failing()
    asking = asyncio.create_task(Monitor(brokers).run())
    await until(lambda: brokers.asked)
    asking.cancel()
    await asyncio.wait({asking})
    del asking
    gc.collect()
    assert "never retrieved" not in caplog.text
