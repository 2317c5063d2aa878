"""Judges a history: every way in which a run broke what is promised, by name. Pure; an empty list is a good run.

What is promised, and where it is looked for:

- `_commands`: an acknowledged command is in the log exactly once, an unanswered one at most once, a refused one not at
  all; nothing is there that nobody asked for; a repeated command is answered as the first time. All of it whether the
  command has a key or not: those without are known by a text in them.
- `_log`: positions are gapless, ids unique, instants do not run backwards, a reminder fires once at its instant.
- `order`: whatever began after an answer shows at least what that answer showed (reads at the owner are
  linearizable: so one reads one's writes, and nobody reads backwards), and what was written after it comes behind it.
- `unasked`: what may be old is shown to who asks for it, and else only where brokers or the way to them are broken.
- `_reads`, `_beyond`: what a read shows is the state at the very position that it names, and no answer shows more than
  the log has.
- `_feeds`: each subscriber saw exactly the log from where it began.
- `_ends`: tables, audit and replay say what the log says.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from tests.chaos.history import Event, Fate, Followed, History, Read, Space, Write, called
from tests.chaos.kinds import Command, Kind, Problem, Violation
from tests.chaos.order import known, order, unasked


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
            *order(writes, reads),
            *unasked(reads, history.troubles),
            *_reads(reads, space.log),
            *_beyond(writes, space.log),
            *(one for followed in told for one in _feed(followed, space.log)),
            *_ends(space),
        )
        found += (Violation(kind, workspace, what) for kind, what in problems)
    found += (Violation(kind, "", what) for kind, what in _everywhere(history))
    return found


def _commands(writes: list[Write], log: list[Event], others: set[str]) -> Iterator[Problem]:
    attempts: dict[Command, list[Write]] = defaultdict(list)
    happened: dict[Command, list[Event]] = defaultdict(list)
    for write in writes:
        attempts[write.actor, write.command].append(write)
    for event, name in zip(log, called(log, writes), strict=True):
        happened[name].append(event)
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
        if known(write) > len(log):
            yield Kind.NEVER_WAS, f"{write.command} was answered at {known(write)} of {len(log)} by {write.via}"


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
