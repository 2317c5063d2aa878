"""Who has which partition: a pure function of who is there, so that all groups come to the same answer without talking.

Rendezvous hashing with an exact bound. Each pair of a partition and a member has a weight, a hash of both; pairs are
taken from the heaviest down, as long as the partition is free and the member has room. Who comes or goes moves what it
has or gets, and little else: 0.7 partitions of 12 on average with up to seven members, 2.1 of 64
(tests/streams/test_assignment.py holds bounds on both).

A partition's standby is who would have it if its owner were gone. So what a member leaves behind goes to whom it was a
standby of, always; that is worth more than an even spread of standbys, which cost a copy on a disk. And who gives a
partition to a newcomer becomes its standby.
"""

from collections.abc import Collection
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

WEIGHT_BYTES: Final = 8


class Plan(NamedTuple):
    """For each partition its owner, and its standbys, the first one to take over first."""

    active: dict[int, str]
    standby: dict[int, tuple[str, ...]]


def plan(members: Collection[str], partitions: int, standbys: int) -> Plan:
    """Who has what, of members known by their URLs, whatever their order.

    Numbers of active partitions differ by at most one. A partition has `standbys` standbys, but never its owner or one
    twice: with few members fewer. No members, no plan: both are empty then.
    """
    there = frozenset(members)
    if not there:
        return Plan({}, {})
    active = _owners(there, partitions)
    count = min(standbys, len(there) - 1)
    standby = {number: _successors(there, partitions, number, active[number], count) for number in active}
    return Plan(active, standby)


def _successors(there: frozenset[str], partitions: int, number: int, owner: str, count: int) -> tuple[str, ...]:
    """Who would have the partition if its owner were gone, and then that one, and so on."""
    found, gone = list[str](), frozenset[str]()
    while len(found) < count:
        gone |= {owner}
        owner = _owners(there, partitions, gone)[number]
        found.append(owner)
    return tuple(found)


@lru_cache(1024)
def _owners(members: frozenset[str], partitions: int, gone: frozenset[str] = frozenset()) -> dict[int, str]:
    """The owner of each partition, where some of the members are gone; not to be changed by who asks."""
    least, more = divmod(partitions, len(members) - len(gone))  # so many members have one more than the least
    room = dict.fromkeys(members - gone, least)
    owners = dict[int, str]()
    for number, member in _pairs(members, partitions):
        left = room.get(member)
        if left is None or number in owners:
            continue
        if left:
            room[member] = left - 1
        elif more:
            more -= 1
            del room[member]
        else:
            del room[member]
            continue
        owners[number] = member
        if len(owners) == partitions:
            break
    return dict(sorted(owners.items()))


@lru_cache(4)
def _pairs(members: frozenset[str], partitions: int) -> list[tuple[int, str]]:
    """All pairs of a partition and a member, the heaviest first: sorted once for all that may be gone."""
    pairs = ((_weight(member, number), number, member) for member in members for number in range(partitions))
    return [(number, member) for _, number, member in sorted(pairs, reverse=True)]


def _weight(member: str, number: int) -> bytes:
    return blake2b(f"{number} {member}".encode(), digest_size=WEIGHT_BYTES).digest()
