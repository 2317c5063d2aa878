"""The broker: the log, and the groups whose members share its partitions out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from streams.assignment import plan
from streams.parts import AGENTS
from tests.simulation.log import Log
from tests.simulation.loop import World

SESSION_SECONDS: Final = 3.0
"""A member that was not heard of for so long loses its partitions."""
REBALANCE_SECONDS: Final = 4.0
"""How long those that were there before may take to join again."""
LOOK_SECONDS: Final = 0.25


class Assignment(NamedTuple):
    """What a member has: the partitions that it writes, and those that it keeps warm. `owners` are the addresses."""

    generation: int
    active: tuple[int, ...]
    standby: tuple[int, ...]
    owners: dict[int, str]


class Unknown(Exception):
    """The group does not know this member."""


class Member:
    """One, as the group sees it. `assigned` tells it what it has, once it has joined."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.seen = 0.0
        self.assigned: Callable[[Assignment], None] | None = None


STANDBYS: Final = 1


class Group:
    """An agent's group."""

    def __init__(self, world: World, name: str, partitions: int) -> None:
        self._world, self._name, self._partitions = world, name, partitions
        self._members: dict[str, Member] = {}
        self._since: float | None = None
        """When the rebalance began that is under way."""
        self.generation = 0

    def join(self, name: str, url: str, assigned: Callable[[Assignment], None]) -> None:
        """The member wants its share; others must join again."""
        member = self._members.setdefault(name, Member(url))
        member.seen, member.assigned = self._world.now, assigned
        self._begin()
        self._complete()

    def leave(self, name: str) -> None:
        """The member goes."""
        if self._members.pop(name, None) is not None:
            self._begin()
            self._complete()

    def beat(self, name: str, generation: int) -> bool:
        """A sign of life: False if the member must join again. Raises Unknown."""
        member = self._members.get(name)
        if member is None:
            raise Unknown(name)
        member.seen = self._world.now
        return self._since is None and generation == self.generation

    def look(self) -> None:
        """Lets go of members that were not heard of, and of those that do not join again."""
        now = self._world.now
        silent = [
            name for name, one in self._members.items() if one.assigned is None and now - one.seen > SESSION_SECONDS
        ]
        for name in silent:
            del self._members[name]
            self._world.say(self._name, f"expels {name}")
            self._begin()
        if self._since is not None and now - self._since > REBALANCE_SECONDS:
            self._members = {name: one for name, one in self._members.items() if one.assigned is not None}
        self._complete()

    def hear_all(self) -> None:
        """Every member counts as just heard of."""
        for one in self._members.values():
            one.seen = self._world.now

    def _begin(self) -> None:
        if self._since is None:
            self._since = self._world.now

    def _complete(self) -> None:
        if self._since is None or not self._members:
            return
        if any(one.assigned is None for one in self._members.values()):
            return
        self._since, self.generation = None, self.generation + 1
        newest = {one.url: name for name, one in self._members.items()}
        owners, standbys = plan(newest.keys(), self._partitions, STANDBYS)
        self._world.say(self._name, f"generation {self.generation}: {owners}")
        for name, one in self._members.items():
            mine = newest[one.url] == name
            active = tuple(number for number, url in owners.items() if mine and url == one.url)
            standby = tuple(number for number, urls in standbys.items() if mine and one.url in urls)
            assert one.assigned is not None
            one.assigned(Assignment(self.generation, active, standby, owners))
            one.assigned, one.seen = None, self._world.now


class Broker:
    """It is down at times, and forgets nothing."""

    def __init__(self, world: World, now_ms: Callable[[], int], partitions: int) -> None:
        self.log = Log(now_ms)
        self.partitions = partitions
        self.groups = {name: Group(world, name, partitions) for name in AGENTS}
        self.down = False
        self._world = world
        world.later(LOOK_SECONDS, self._look)

    def come_up(self) -> None:
        """It is back, and gives every member a new session."""
        self.down = False
        for group in self.groups.values():
            group.hear_all()

    def _look(self) -> None:
        if not self.down:
            for group in self.groups.values():
                group.look()
        self._world.later(LOOK_SECONDS, self._look)
