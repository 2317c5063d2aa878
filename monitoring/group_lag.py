"""The lag of consumer groups as the brokers know it: seen from outside, so that a worker that is gone is seen too.

Who can ask the brokers gives a `Surveyor`; a `Monitor` asks it again and again in the background, and a
`GroupCollector` tells what was heard last. While no broker answers, `tasksys_broker_up` and `tasksys_kafka_brokers`
are 0, and everything else stays as it was known last: an outage of the log must not look as if all lag were gone, nor
as if all members were. Before the first answer there is nothing.
"""

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from monitoring import metrics

logger = logging.getLogger(__name__)

SURVEY_SECONDS: Final = 10.0
"""Between two surveys."""

ANSWER_SECONDS: Final = 8.0
"""A survey that takes longer is called off: the brokers count as away."""

WORTH_SAYING: Final = 2
"""Surveys in a row that failed, after which it is said."""

Place = tuple[str, int]
"""A topic's partition."""


class Unreachable(Exception):
    """No broker answers, or not all that is needed; the message says why."""


class Behind(NamedTuple):
    """How a group stands in a partition: its committed offset, records behind it, and when the oldest was appended.

    `oldest_ms` is Unix time; None if there is none, or if it could not be read.
    """

    committed: int
    records: int
    oldest_ms: int | None


@dataclass(frozen=True)
class Health:
    """How a topic's partitions are kept."""

    under_replicated: int
    offline: int


@dataclass(frozen=True)
class Survey:
    """What the brokers said."""

    brokers: int
    members: Mapping[str, int] = field(default_factory=dict)
    """By group; 0 for one that has nobody."""
    groups: Mapping[str, Mapping[Place, Behind]] = field(default_factory=dict)
    ends: Mapping[Place, int] = field(default_factory=dict)
    """The offset that the next record gets."""
    topics: Mapping[str, Health] = field(default_factory=dict)


class Surveyor(Protocol):
    """Who can ask the brokers."""

    async def survey(self) -> Survey:
        """Everything as of now. Raises Unreachable; may be called off at any time, and asked again."""
        ...

    async def close(self) -> None:
        """Hangs up. Raises nothing."""
        ...


class Monitor:
    """Keeps the last survey."""

    def __init__(self, surveyor: Surveyor, every: float = SURVEY_SECONDS, patience: float = ANSWER_SECONDS) -> None:
        """A survey begins every so many seconds, and is called off after `patience`."""
        self._surveyor = surveyor
        self._every = every
        self._patience = patience
        self.last: Survey | None = None
        """What was heard last; None before the first answer."""
        self.up: bool | None = None
        """Whether the last survey was answered; None before the first has ended."""
        self.why = ""
        """Why it was not."""
        self.seconds = 0.0
        """How long it took."""
        self._failed = 0

    async def run(self) -> None:
        """Asks again and again until it is cancelled, then hangs up."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                began = loop.time()
                await self.ask()
                await asyncio.sleep(max(0.0, began + self._every - loop.time()))
        finally:
            await self._surveyor.close()

    async def ask(self) -> None:
        """One survey. Raises nothing but cancellation.

        One that takes too long counts as not answered from then on, however long it takes to call it off. So does one
        that a client has called off by itself, which must not end the asking.
        """
        began = time.perf_counter()
        survey = asyncio.ensure_future(self._surveyor.survey())
        try:
            await asyncio.wait({survey}, timeout=self._patience)
            if late := not survey.done():
                self._heard(began, f"no answer in {self._patience:.0f} s")
        finally:
            if not survey.done():
                survey.cancel()
                await asyncio.wait({survey})
            if not survey.cancelled():
                survey.exception()  # heard of, also where nobody waits for it any more
        if late:
            return
        try:
            self.last, why = survey.result(), ""
        except Unreachable as error:
            why = str(error)
        except (Exception, asyncio.CancelledError) as error:
            if not isinstance(error, TimeoutError | asyncio.CancelledError):
                logger.exception("the brokers' answer could not be understood")
            why = repr(error)
        self._heard(began, why)

    def _heard(self, began: float, why: str) -> None:
        """The survey was answered, or why it was not."""
        heard = not why
        self.seconds = time.perf_counter() - began
        self._failed = 0 if heard else self._failed + 1
        if heard and self.up is False:
            logger.info("the brokers answer again")
        elif self._failed == WORTH_SAYING:
            logger.warning("the brokers cannot be asked for lag: %s; asked again every %.0f s", why, self._every)
        self.up, self.why = heard, why


class GroupCollector(Collector):
    """What a monitor heard last, as metrics."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor

    def describe(self) -> list[Metric]:
        """Empty: what there is shows at a scrape."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The gauges, as of the last survey; ages are as of now."""
        survey, up = self._monitor.last, self._monitor.up
        if up is None:
            return
        yield metrics.BROKER_UP.single(up)
        yield metrics.BROKERS.single(survey.brokers if up and survey is not None else 0)
        yield metrics.SCRAPE_SECONDS.single(self._monitor.seconds)
        if survey is not None:
            yield from _lag(survey)
            yield from _topics(survey)


def _lag(survey: Survey) -> Iterator[Metric]:
    records, seconds, committed = (
        entry.family() for entry in (metrics.GROUP_LAG, metrics.GROUP_SECONDS, metrics.GROUP_OFFSET)
    )
    now = time.time()
    for group, places in survey.groups.items():
        for (topic, partition), behind in places.items():
            labels = (group, topic, str(partition))
            records.add_metric(labels, float(behind.records))
            committed.add_metric(labels, float(behind.committed))
            if not behind.records:
                seconds.add_metric(labels, 0.0)
            elif behind.oldest_ms is not None:
                seconds.add_metric(labels, max(0.0, now - behind.oldest_ms / 1000))
    members = metrics.GROUP_MEMBERS.family()
    for group, number in survey.members.items():
        members.add_metric((group,), float(number))
    yield from (records, seconds, committed, members)


def _topics(survey: Survey) -> Iterator[Metric]:
    ends = metrics.TOPIC_END.family()
    for (topic, partition), end in survey.ends.items():
        ends.add_metric((topic, str(partition)), float(end))
    behind, offline = metrics.UNDER_REPLICATED.family(), metrics.OFFLINE.family()
    for topic, health in survey.topics.items():
        behind.add_metric((topic,), float(health.under_replicated))
        offline.add_metric((topic,), float(health.offline))
    yield from (ends, behind, offline)
