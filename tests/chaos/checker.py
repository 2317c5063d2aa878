"""Judges a history: every way in which a run broke what is promised, by name. Pure; an empty list is a good run.

What is promised, and where it is looked for:

- `_commands`: an acknowledged command is in the log exactly once, an unanswered one at most once, a refused one not at
  all; nothing is there that nobody asked for; a repeated command is answered as the first time.
- `_log`: positions are gapless, ids unique, instants do not run backwards, a reminder fires once at its instant.
- `_order`: whatever began after an answer shows at least what that answer showed (reads at the owner are
  linearizable: so one reads one's writes, and nobody reads backwards), and what was written after it comes behind it.
- `_reads`, `_beyond`: what a read shows is the state at the very position that it names, and no answer shows more than
  the log has.
- `_feeds`: each subscriber saw exactly the log from where it began.
- `_ends`: tables, audit and replay say what the log says.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from tests.chaos.history import Event, Fate, Followed, History, Read, Space, Write


class Kind(StrEnum):
    """The ways in which a run can be wrong."""

    LOST = "lost"
    DOUBLED = "doubled"
    REFUSED_LEFT = "refused-left-something"
    UNASKED = "unasked"
    UNDECIDED = "undecided"
    ANSWER_DIFFERS = "answer-differs-from-log"
    REPEAT_DIFFERS = "repeat-differs"
    GAP = "gap"
    ID_TWICE = "id-twice"
    TIME_BACKWARDS = "time-backwards"
    FIRED_TWICE = "fired-twice"
    NOT_FIRED = "not-fired"
    OUT_OF_ORDER = "out-of-order"
    READ_YOUR_WRITES = "read-your-writes"
    NOT_MONOTONIC = "not-monotonic"
    STALE = "stale"
    NEVER_WAS = "never-was"
    FEED_GAP = "feed-gap"
    FEED_REPEAT = "feed-repeat"
    FEED_DIFFERS = "feed-differs"
    FEED_SHORT = "feed-short"
    STATE_DIFFERS = "state-differs"
    AUDIT_BROKEN = "audit-broken"
    REPLAY_DIFFERS = "replay-differs"
    COMPLAINT = "complaint"


class Violation(NamedTuple):
    """One promise that was broken, and by what."""

    kind: Kind
    workspace: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind} in {self.workspace or 'all'}: {self.what}"


Command = tuple[str, str]
"""Actor and key, which name a command within its workspace."""


def check(history: History) -> list[Violation]:
    """Everything that is wrong with it."""
    found: list[Violation] = []
    named = {one.workspace for one in history.writes} | {one.workspace for one in history.reads}
    for workspace in sorted(named | history.spaces.keys()):
        space = history.spaces.get(workspace, Space(log=[], folded={}))
        writes = [one for one in history.writes if one.workspace == workspace]
        reads = [one for one in history.reads if one.workspace == workspace]
        told = [one for one in history.followed if one.workspace == workspace]
        problems = (
            *_commands(writes, space.log, set(history.others)),
            *_log(space),
            *_order(writes, reads),
            *_reads(reads, space.log),
            *_beyond(writes, space.log),
            *(one for followed in told for one in _feed(followed, space.log)),
            *_ends(space),
        )
        found += (Violation(kind, workspace, what) for kind, what in problems)
    found += (Violation(kind, "", what) for kind, what in _everywhere(history))
    return found


Problem = tuple[Kind, str]


def _commands(writes: list[Write], log: list[Event], others: set[str]) -> Iterator[Problem]:
    attempts: dict[Command, list[Write]] = defaultdict(list)
    happened: dict[Command, list[Event]] = defaultdict(list)
    for write in writes:
        attempts[write.actor, write.command].append(write)
    for event in log:
        happened[event.actor, event.command].append(event)
    for name, events in happened.items():
        origins = list(dict.fromkeys(event.origin for event in events))
        if len(origins) > 1:
            yield Kind.DOUBLED, f"{name} was decided at {', '.join(origins)}"
        if name not in attempts and name[0] not in others:
            yield Kind.UNASKED, f"{name} at position {events[0].position} was sent by nobody"
    for name, tries in attempts.items():
        yield from _command(name, tries, happened.get(name, []))


def _command(name: Command, tries: list[Write], events: list[Event]) -> Iterator[Problem]:
    """One command: what its attempts were answered, beside its events."""
    answered = [one for one in tries if one.fate in (Fate.ACCEPTED, Fate.REFUSED)]
    if not answered and any(one.fate is Fate.APPENDED for one in tries):
        yield Kind.UNDECIDED, f"{name} was acknowledged as appended, and nothing became of it"
    for before, after in pairwise(answered):
        same = before.fate is after.fate and _agree(before.shown, after.shown)
        if not (same and _agree((before.first, before.last), (after.first, after.last))):
            yield Kind.REPEAT_DIFFERS, f"{name}: {_told(before)}, then {_told(after)}"
    accepted = [one for one in answered if one.fate is Fate.ACCEPTED]
    if accepted and not events:
        if any(one.effective or one.first for one in accepted):
            yield Kind.LOST, f"{name} was acknowledged by {accepted[0].via} and is not in the log"
        return
    for one in accepted:
        span = (events[0].position, events[-1].position)
        if one.first and (one.first, one.last) != span:
            yield Kind.ANSWER_DIFFERS, f"{name}: {_told(one)}, but the log has it at {span}"
        elif one.position and one.position < span[1]:
            yield Kind.ANSWER_DIFFERS, f"{name}: answered at position {one.position}, but the log has it at {span}"
    if events and len(accepted) < len(answered):
        yield Kind.REFUSED_LEFT, f"{name} was refused, and is in the log at {events[0].position}"


def _agree(one: object, other: object) -> bool:
    """Whether two answers say the same, as far as both say it."""
    return one == other or one in ("", (0, 0)) or other in ("", (0, 0))


def _told(write: Write) -> str:
    where = f" at {write.first} to {write.last}" if write.first else ""
    return f"{write.fate}{where} by {write.via or 'a worker'}{f' ({write.shown})' if write.shown else ''}"


def _log(space: Space) -> Iterator[Problem]:
    for number, event in enumerate(space.log, 1):
        if event.position != number:
            yield Kind.GAP, f"the event number {number} ({event.id}) has position {event.position}"
            break
    for before, after in pairwise(space.log):
        if after.at < before.at:
            yield Kind.TIME_BACKWARDS, f"{after.at} at {after.position} follows {before.at}"
    fired: dict[str, int] = {}
    for event in space.log:
        if event.fires in fired:
            yield Kind.FIRED_TWICE, f"{event.fires} at {fired[event.fires]} and at {event.position}"
        if event.fires:
            fired[event.fires] = event.position
    for due in space.due:
        if due not in fired:
            yield Kind.NOT_FIRED, due


def _order(writes: list[Write], reads: list[Read]) -> Iterator[Problem]:
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
        shown = _shown(one)
        if isinstance(one, Write):
            floor, by = first[one.actor, one.command]
            if one.first and one.first <= floor:
                yield Kind.OUT_OF_ORDER, f"{one.command} is at {one.first}, but {floor} was shown to {by} before it"
        if not (isinstance(one, Write) and one.replayed):
            yield from _late(one, shown, starts[id(one)])
        if isinstance(one, Read) and one.standby:
            continue  # a copy may have a batch some moments before its owner shows it: who goes on with it says so
        if shown > newest[0]:
            newest = (shown, one.client)
        kept = written if isinstance(one, Write) else looked
        kept[one.client] = max(kept[one.client], shown)


def _shown(one: Write | Read) -> int:
    """The least position that whoever got this answer knows of."""
    return max(one.position, one.last) if isinstance(one, Write) else one.position


def _late(one: Write | Read, shown: int, floors: tuple[int, str, int, int]) -> Iterator[Problem]:
    """Whether an answer shows less than it must. A standby's may be old, but not older than the client insists on."""
    newest, by, written, read = floors
    what = f"{one.client} was shown {shown} by {one.via or 'a worker'} in {one.began:.3f} to {one.ended:.3f}"
    if isinstance(one, Read) and shown < one.at_least:
        yield Kind.READ_YOUR_WRITES, f"{what}, and insisted on {one.at_least}"
    if one.standby if isinstance(one, Read) else not shown:
        return
    if shown < written:
        yield Kind.READ_YOUR_WRITES, f"{what}, and had written {written}"
    elif shown < read:
        yield Kind.NOT_MONOTONIC, f"{what}, and had read {read}"
    elif shown < newest:
        yield Kind.STALE, f"{what}, but {newest} had been shown to {by}"


def _reads(reads: list[Read], log: list[Event]) -> Iterator[Problem]:
    versions: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for event in log:
        if event.thing:
            versions[event.thing].append((event.position, event.version))
    for read in reads:
        if read.position > len(log):
            yield Kind.NEVER_WAS, f"{read.client} was shown position {read.position} of {len(log)} by {read.via}"
            continue
        for thing, version in read.rows.items():
            known = versions.get(thing, [])
            index = bisect_right(known, read.position, key=lambda one: one[0])
            expected = known[index - 1][1] if index else 0
            if version != expected:
                yield (
                    Kind.NEVER_WAS,
                    f"{read.client} was shown {thing} in version {version} at {read.position} by {read.via}; "
                    f"it had {expected}",
                )


def _beyond(writes: list[Write], log: list[Event]) -> Iterator[Problem]:
    """Answers that show what the log has not got: they told what was not durable."""
    for write in writes:
        if _shown(write) > len(log):
            yield Kind.NEVER_WAS, f"{write.command} was answered at {_shown(write)} of {len(log)} by {write.via}"


def _feed(followed: Followed, log: list[Event]) -> Iterator[Problem]:
    expected, who = followed.after + 1, followed.subscriber
    for seen in followed.seen:
        if seen.position < expected:
            yield Kind.FEED_REPEAT, f"{who} saw {seen.position} after {expected - 1}"
            return
        if seen.position > expected:
            yield Kind.FEED_GAP, f"{who} saw {seen.position} after {expected - 1}"
            return
        event = log[seen.position - 1] if seen.position <= len(log) else None
        if event is None or event.id != seen.id or not _agree(event.digest, seen.digest):
            yield Kind.FEED_DIFFERS, f"{who} saw {seen} where the log has {event}"
            return
        expected += 1
    if followed.complete and expected <= len(log):
        yield Kind.FEED_SHORT, f"{who} saw up to {expected - 1} of {len(log)}"


def _ends(space: Space) -> Iterator[Problem]:
    for shown in space.shown:
        if shown.position != len(space.log):
            yield Kind.STATE_DIFFERS, f"{shown.worker} is at {shown.position}, the log at {len(space.log)}"
        names = sorted(shown.rows.keys() | space.folded.keys())
        wrong = [name for name in names if shown.rows.get(name) != space.folded.get(name)]
        if wrong:
            yield Kind.STATE_DIFFERS, f"{shown.worker} shows {len(wrong)} things otherwise, such as {wrong[0]}"
    for audited in space.audited:
        if audited.broken or audited.verified != len(space.log):
            what = audited.broken or "nothing broken"
            yield Kind.AUDIT_BROKEN, f"{audited.worker} verified {audited.verified} of {len(space.log)}: {what}"


def _everywhere(history: History) -> Iterator[Problem]:
    ids: dict[str, str] = {}
    for workspace, space in history.spaces.items():
        for event in space.log:
            if event.id in ids:
                yield Kind.ID_TWICE, f"{event.id} in {ids[event.id]} and {workspace}"
            ids[event.id] = workspace
    for who, count in history.differences.items():
        if count:
            yield Kind.REPLAY_DIFFERS, f"{who}: {count} rows are not what the events say"
    for complaint in history.complaints:
        yield Kind.COMPLAINT, complaint
