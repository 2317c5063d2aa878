"""Notices agents that stand still without a fault: a batch that never ends, or a consumer that died without a word."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import faust

from monitoring import logs
from streams import progress
from streams.app import fold_agent
from tasksys.errors import BrokerUnavailable

logger = logging.getLogger(__name__)

STUCK_SECONDS: Final = 60.0
"""An agent that has something to do and gets no further for so long is started anew. A batch takes milliseconds, and
what is asked of brokers is given up, or refused for good, within a minute."""

UNHEARD_SECONDS: Final = 120.0
"""The same for one that its group has not heard of, though brokers answer: a rebalance waits 20 s for who is away,
and one may follow another."""

PLACE: Final = "its place in the group"

LOOK_SECONDS: Final = 10.0
"""Between two looks, each of which asks the brokers where partitions end."""

ANSWER_SECONDS: Final = 5.0
"""How long brokers may take to say where a partition ends; else nobody knows whether there is something to do."""


class Stuck(Exception):
    """The agent got no further for so long; nothing is lost, and recovery begins where it stood."""


class Watchdog:
    """Watches the agents of a node; `apps` are those that run or are starting.

    While the brokers do not answer nothing can move, and nobody is to blame: that time does not count.
    """

    def __init__(
        self, apps: Mapping[str, faust.App], reach: Callable[[], Awaitable[object]], told: Callable[[str], None]
    ) -> None:
        """`reach` raises BrokerUnavailable where no broker answers; `told` is called with the name of each agent that
        is stopped."""
        self._apps = apps
        self._reach = reach
        self._told = told
        self._stood: dict[str, dict[str, tuple[object, float]]] = {}

    async def run(self) -> None:
        """Looks again and again, until it is cancelled; raises nothing."""
        logs.begin({"component": "process", "operation": "watch"})
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for name, app in list(self._apps.items()):
                try:
                    await self.look(name, app)
                except Exception as error:  # it is just being stopped
                    logger.info("the agent %s could not be looked at: %r", name, error)

    async def look(self, name: str, app: faust.App) -> None:
        """Stops the app with a fault, and so has it started anew, if something of it stood still for too long."""
        now = asyncio.get_running_loop().time()
        before, stands = self._stood.get(name, {}), await self._standing(app)
        self._stood[name] = {
            what: found if (found := before.get(what)) is not None and found[0] == stand else (stand, now)
            for what, stand in stands.items()
        }
        waited = {what: now - since for what, (_, since) in self._stood[name].items()}
        late = sorted(what for what in waited if waited[what] > (UNHEARD_SECONDS if what == PLACE else STUCK_SECONDS))
        if late:
            self._stood.pop(name)
            self._told(name)
            why = "though brokers answer" if PLACE in late else "though there is more to read"
            fault = Stuck(f"{', '.join(late)} got no further for {max(waited[what] for what in late):.0f} s {why}")
            logger.critical("agent %s is stuck: %s; it is started anew", name, fault, extra={"agent": name})
            await app.crash(fault)

    async def _standing(self, app: faust.App) -> dict[str, object]:
        """What has something to do, and where it stands."""
        consumer: Any = app._consumer
        if consumer is None or app.should_stop:
            return {}
        if not consumer.leased:
            return {PLACE: app.consumer_generation_id} if await self._answered() else {}
        if app.rebalancing or not app.tables.actives_ready:
            return {"the recovery": (app.consumer_generation_id, *sorted(progress.to_recover(app).items()))}
        agent = fold_agent(app)
        await progress.ask(agent, ANSWER_SECONDS, every=True)  # the consumer, which hears of ends, may be dead
        return {
            f"{agent.spec.source.name}[{number}]": stand.position
            for number, stand in progress.stands(agent).items()
            if agent.owns(number) and stand.fault is None and stand.position < stand.heard
        }

    async def _answered(self) -> bool:
        """Whether brokers do."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._reach()
        except (BrokerUnavailable, TimeoutError):
            return False
        return True
