"""Judges what was shown when: nobody may be shown less than an answer before had shown, unless that was asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from tests.chaos.history import Read, Trouble, Write
from tests.chaos.kinds import Command, Kind, Problem

HEALING_SECONDS: Final = 10.0
"""So long after a trouble, which ends when the worker says that it is ready, it may still have stale answers."""


def order(writes: list[Write], reads: list[Read]) -> Iterator[Problem]:
    """A sweep over time: what had been shown when something began is the least that it may show."""
    begun: dict[Command, float] = {}
    for write in writes:
        name = (write.actor, write.command)
        begun[name] = min(write.began, begun.get(name, write.began))
    moments: list[tuple[float, bool, Write | Read]] = []
    for write in writes:
        moments += ((begun[write.actor, write.command], False, write), (write.ended, True, write))
    for read in reads:
        moments += ((read.began, False, read), (read.ended, True, read))
    newest: tuple[int, str] = (0, "")
    written: dict[str, int] = defaultdict(int)
    looked: dict[str, int] = defaultdict(int)
    first: dict[Command, tuple[int, str]] = {}
    starts: dict[int, tuple[int, str, int, int]] = {}
    for _, over, one in sorted(moments, key=lambda moment: moment[:2]):
        if not over:
            starts[id(one)] = (*newest, written[one.client], looked[one.client])
            if isinstance(one, Write):
                first.setdefault((one.actor, one.command), newest)
            continue
        least = known(one)
        if isinstance(one, Write):
            floor, by = first[one.actor, one.command]
            if one.first and one.first <= floor:
                yield Kind.OUT_OF_ORDER, f"{one.command} is at {one.first}, but {floor} was shown to {by} before it"
        if not (isinstance(one, Write) and one.replayed):
            yield from _late(one, least, starts[id(one)])
        if isinstance(one, Read) and one.stale:
            continue  # a copy may have a batch some moments before its owner shows it: who goes on with it says so
        if least > newest[0]:
            newest = (least, one.client)
        kept = written if isinstance(one, Write) else looked
        kept[one.client] = max(kept[one.client], least)


def known(one: Write | Read) -> int:
    """The least position that whoever got this answer knows of."""
    return max(one.position, one.last) if isinstance(one, Write) else one.position


def _late(one: Write | Read, shown: int, floors: tuple[int, str, int, int]) -> Iterator[Problem]:
    """Whether an answer shows less than it must. One that says so may be old, not older than the client insists on."""
    newest, by, written, read = floors
    what = f"{one.client} was shown {shown} by {one.via or 'a worker'} in {one.began:.3f} to {one.ended:.3f}"
    if isinstance(one, Read) and shown < one.at_least:
        yield Kind.READ_YOUR_WRITES, f"{what}, and insisted on {one.at_least}"
    if one.stale if isinstance(one, Read) else not shown:
        return
    if shown < written:
        yield Kind.READ_YOUR_WRITES, f"{what}, and had written {written}"
    elif shown < read:
        yield Kind.NOT_MONOTONIC, f"{what}, and had read {read}"
    elif shown < newest:
        yield Kind.STALE, f"{what}, but {newest} had been shown to {by}"


def unasked(reads: Sequence[Read], troubles: Sequence[Trouble]) -> Iterator[Problem]:
    """Stale answers that nobody asked for, in times in which the worker that was asked has to know who has what.

    It hands the question on to another one, whose own trouble counts as long as it lasts: nobody asks it longer.
    """
    for read in reads:
        if read.stale and not read.asked and not any(_excuses(one, read) for one in troubles):
            what = f"{read.client} was shown {read.position} by {read.via} in {read.began:.3f} to {read.ended:.3f}"
            yield Kind.STALE_UNASKED, f"{what}, marked as stale, and had not asked for that"


def _excuses(trouble: Trouble, read: Read) -> bool:
    healing = HEALING_SECONDS if trouble.worker in ("", read.via) else 0.0
    return trouble.began < read.ended and read.began < trouble.ended + healing
