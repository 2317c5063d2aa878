"""Which workers have which partitions of an agent, as its group's last assignment says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Setting(StrEnum):
    """What is to be put right of a worker that gets nothing, by the name of its option."""

    KEY = "secret-key"
    """The others do not know it by its keys."""
    ADDRESS = "advertise-url"
    """Another one has its address, and what falls to that."""


class KeptOut(NamedTuple):
    """A worker that gets nothing: its address, which may be another one's too, and why."""

    url: str
    by: Setting


@dataclass(frozen=True)
class Ownership:
    """Owners and standbys by partition; workers are named by the addresses at which others reach their API.

    Empty where nobody knows, as before the first assignment. `generation` grows with every assignment of the group.
    """

    generation: int = -1
    active: Mapping[int, str] = field(default_factory=dict)
    standby: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    kept_out: tuple[KeptOut, ...] = ()

    def owner(self, partition: int) -> str | None:
        """The worker that writes the partition, and answers for it; None if nobody is known to."""
        return self.active.get(partition)

    def keepers(self, partition: int) -> tuple[str, ...]:
        """Workers with rows of the partition: who writes it, and those with a copy."""
        owner = self.active.get(partition)
        return (*(() if owner is None else (owner,)), *self.standby.get(partition, ()))

    def of(self, worker: str) -> set[int]:
        """The partitions that a worker has."""
        return {number for number, owner in self.active.items() if owner == worker}

    @property
    def members(self) -> tuple[str, ...]:
        """Every worker that has anything, in the order of their addresses."""
        return tuple(sorted({*self.active.values(), *(one for several in self.standby.values() for one in several)}))
