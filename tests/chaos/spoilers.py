"""Each kind of violation, planted in a good history, in place; by `assume` where the history has no room for it.

Why so long: it is one list, a few lines for each kind.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from hypothesis import assume
from msgspec import structs

from tests.chaos.history import Event, Fate, Followed, History, Read, Seen, Space, Trouble, Write, called
from tests.chaos.kinds import Kind

Spoiler = Callable[[History, Random], None]

SPOILERS: dict[Kind, list[Spoiler]] = {}


def plants(kind: Kind) -> Callable[[Spoiler], Spoiler]:
    """Registers what plants a violation of that kind."""

    def registered(spoiler: Spoiler) -> Spoiler:
        SPOILERS.setdefault(kind, []).append(spoiler)
        return spoiler

    return registered


def _space(history: History, rng: Random, least: int = 2) -> Space:
    """A workspace with so many events."""
    fit = [space for space in history.spaces.values() if len(space.log) >= least]
    assume(fit)
    return rng.choice(fit)


def _accepted(history: History, rng: Random) -> tuple[Write, list[Event]]:
    """An acknowledged command, and the log that it is in."""
    fit = [one for one in history.writes if one.fate is Fate.ACCEPTED]
    assume(fit)
    write = rng.choice(fit)
    return write, history.spaces[write.workspace].log


def _renumber(log: list[Event]) -> None:
    log[:] = [structs.replace(event, position=number) for number, event in enumerate(log, 1)]


def _of(write: Write, log: list[Event]) -> list[Event]:
    names = called(log, [write])
    return [event for event, name in zip(log, names, strict=True) if name == (write.actor, write.command)]


@plants(Kind.LOST)
def an_acknowledged_command_is_gone(history: History, rng: Random) -> None:
    """An acknowledged command is gone."""
    write, log = _accepted(history, rng)
    for event in _of(write, log):
        log.remove(event)
    _renumber(log)


@plants(Kind.LOST)
def the_end_of_the_log_is_gone(history: History, rng: Random) -> None:
    """The end of the log is gone."""
    write, log = _accepted(history, rng)
    del log[_of(write, log)[0].position - 1 :]


@plants(Kind.DOUBLED)
def a_command_is_decided_again(history: History, rng: Random) -> None:
    """A command is decided again."""
    write, log = _accepted(history, rng)
    again = [structs.replace(one, id=f"{one.id}'", origin=f"{one.origin}'") for one in _of(write, log)]
    log += again
    _renumber(log)


@plants(Kind.DOUBLED)
def an_unanswered_command_is_decided_twice(history: History, rng: Random) -> None:
    """An unanswered command is decided twice."""
    log = _space(history, rng).log
    name = "key-x"
    workspace = next(name for name, space in history.spaces.items() if space.log is log)
    history.writes.append(_write(workspace, "ada", name, Fate.UNKNOWN))
    for origin in ("x-1", "x-2"):
        log.append(_event(len(log) + 1, "ada", name, origin))


@plants(Kind.DOUBLED)
def a_command_without_a_key_is_done_twice(history: History, rng: Random) -> None:
    """A command without a key is sent on twice, under two keys; whether its client was answered does not matter."""
    workspace, text = rng.choice(list(history.spaces)), "text-x"
    fate = rng.choice((Fate.UNKNOWN, Fate.ACCEPTED))
    history.writes.append(structs.replace(_write(workspace, "ada", text, fate), keyless=True))
    log = history.spaces[workspace].log
    for given in ("x-1", "x-2"):
        log.append(structs.replace(_event(len(log) + 1, "ada", f"given-{given}", given), text=text))


@plants(Kind.LOST)
def a_command_without_a_key_is_gone(history: History, rng: Random) -> None:
    """A command without a key was acknowledged, and is gone; another one says the same under its own key."""
    workspace, text = rng.choice(list(history.spaces)), "text-x"
    history.writes.append(structs.replace(_write(workspace, "ada", text, Fate.ACCEPTED), keyless=True))
    log = history.spaces[workspace].log
    log.append(structs.replace(_event(len(log) + 1, "ben", "given-x", "x-1"), text=text))


@plants(Kind.UNASKED)
def a_command_without_a_key_comes_with_another_text(history: History, rng: Random) -> None:
    """A command without a key comes with another text than was sent."""
    workspace = rng.choice(list(history.spaces))
    history.writes.append(structs.replace(_write(workspace, "ada", "text-x", Fate.UNKNOWN), keyless=True))
    log = history.spaces[workspace].log
    log.append(structs.replace(_event(len(log) + 1, "ada", "given-x", "x-1"), text="text-y"))


@plants(Kind.REFUSED_LEFT)
def a_refused_command_has_an_event(history: History, rng: Random) -> None:
    """A refused command has an event."""
    fit = [one for one in history.writes if one.fate is Fate.REFUSED]
    assume(fit)
    write = rng.choice(fit)
    log = history.spaces[write.workspace].log
    log.append(_event(len(log) + 1, write.actor, write.command, "x-1"))


@plants(Kind.UNASKED)
def an_event_of_nobodys_command(history: History, rng: Random) -> None:
    """An event of nobody's command."""
    log = _space(history, rng).log
    log.append(_event(len(log) + 1, "ada", "never-sent", "x-1"))


@plants(Kind.UNDECIDED)
def an_appended_command_is_forgotten(history: History, rng: Random) -> None:
    """An appended command is forgotten."""
    workspace = rng.choice(list(history.spaces))
    history.writes.append(_write(workspace, "ada", "key-x", Fate.APPENDED))


@plants(Kind.ANSWER_DIFFERS)
def an_answer_names_other_positions(history: History, rng: Random) -> None:
    """An answer names other positions."""
    write, log = _accepted(history, rng)
    assume(write.last < len(log))
    _replace(history, write, first=write.first + 1, last=write.last + 1)


@plants(Kind.ANSWER_DIFFERS)
def an_answer_shows_what_was_before(history: History, rng: Random) -> None:
    """An answer shows what was before."""
    write, _ = _accepted(history, rng)
    assume(write.first > 1)
    _replace(history, write, first=0, last=0, position=write.first - 1)


@plants(Kind.REPEAT_DIFFERS)
def a_repeat_says_something_else(history: History, rng: Random) -> None:
    """A repeat says something else."""
    write, _ = _accepted(history, rng)
    history.writes.append(structs.replace(write, shown="something else", replayed=True))


@plants(Kind.REPEAT_DIFFERS)
def a_repeat_is_refused(history: History, rng: Random) -> None:
    """A repeat is refused."""
    write, _ = _accepted(history, rng)
    history.writes.append(structs.replace(write, fate=Fate.REFUSED, replayed=True))


@plants(Kind.GAP)
def a_position_is_left_out(history: History, rng: Random) -> None:
    """A position is left out."""
    log = _space(history, rng).log
    index = rng.randrange(len(log))
    log[index:] = [structs.replace(event, position=event.position + 1) for event in log[index:]]


@plants(Kind.GAP)
def two_events_have_one_position(history: History, rng: Random) -> None:
    """Two events have one position."""
    log = _space(history, rng).log
    log[-1] = structs.replace(log[-1], position=log[-2].position)


@plants(Kind.ID_TWICE)
def two_events_have_one_id(history: History, rng: Random) -> None:
    """Two events have one id."""
    log = _space(history, rng).log
    log[-1] = structs.replace(log[-1], id=log[0].id)


@plants(Kind.TIME_BACKWARDS)
def an_instant_runs_backwards(history: History, rng: Random) -> None:
    """An instant runs backwards."""
    log = _space(history, rng).log
    index = rng.randrange(1, len(log))
    log[index] = structs.replace(log[index], at="2000-01-01T00:00:00.000Z")


@plants(Kind.FIRED_TWICE)
def a_reminder_fires_again(history: History, rng: Random) -> None:
    """A reminder fires again."""
    log = _space(history, rng).log
    log[0], log[-1] = (structs.replace(log[index], fires="milk@noon") for index in (0, -1))


@plants(Kind.NOT_FIRED)
def a_reminder_does_not_fire(history: History, rng: Random) -> None:
    """A reminder does not fire."""
    _space(history, rng).due.append("milk@noon")


@plants(Kind.OUT_OF_ORDER)
def a_command_comes_before_what_was_known(history: History, rng: Random) -> None:
    """Somebody saw the newest position, and the command that was sent after that is before it."""
    write, log = _accepted(history, rng)
    history.reads.append(_read(write.workspace, "dora", len(log), 0.0))


@plants(Kind.READ_YOUR_WRITES)
def ones_own_write_is_not_seen(history: History, rng: Random) -> None:
    """One's own write is not seen."""
    write, _ = _accepted(history, rng)
    history.reads.append(_read(write.workspace, write.client, write.first - 1, write.ended + 1))


@plants(Kind.READ_YOUR_WRITES)
def less_is_shown_than_was_insisted_on(history: History, rng: Random) -> None:
    """Less is shown than was insisted on."""
    write, _ = _accepted(history, rng)
    old = _read(write.workspace, "dora", write.first - 1, write.ended + 1)
    history.reads.append(structs.replace(old, asked=True, stale=True, at_least=write.last))


@plants(Kind.NOT_MONOTONIC)
def somebody_reads_backwards(history: History, rng: Random) -> None:
    """Somebody reads backwards."""
    workspace = rng.choice([name for name, space in history.spaces.items() if len(space.log) > 1] or [""])
    assume(workspace)
    late = 1e6
    newest = len(history.spaces[workspace].log)
    history.reads += [_read(workspace, "dora", newest, late), _read(workspace, "dora", newest - 1, late + 2)]


@plants(Kind.STALE)
def a_frozen_worker_answers(history: History, rng: Random) -> None:
    """A frozen worker answers."""
    write, _ = _accepted(history, rng)
    assume(write.position > 1)
    history.reads.append(_read(write.workspace, "dora", write.position - 1, write.ended + 1))


@plants(Kind.STALE_UNASKED)
def a_copy_answers_who_did_not_ask_for_it(history: History, rng: Random) -> None:
    """A copy answers who did not ask for it, and it is not even old."""
    workspace = rng.choice(list(history.spaces))
    read = _read(workspace, "dora", rng.randint(0, len(history.spaces[workspace].log)), 1e6)
    history.reads.append(structs.replace(read, stale=True))


@plants(Kind.STALE_UNASKED)
def a_copy_answers_because_another_worker_was_in_trouble(history: History, rng: Random) -> None:
    """A copy answers because another worker was in trouble, a moment ago, or this one long ago."""
    a_copy_answers_who_did_not_ask_for_it(history, rng)
    worker, over = rng.choice((("worker-1", 1.0), ("worker-2", 11.0), ("", 11.0)))
    history.troubles.append(Trouble(worker, 1e6 - 60, 1e6 - over))


@plants(Kind.STALE_UNASKED)
def everybody_is_shown_a_copy(history: History, rng: Random) -> None:
    """Everybody is shown a copy, though nothing is broken."""
    assume(any(not one.asked for one in history.reads))
    history.troubles.clear()
    history.reads[:] = [structs.replace(one, stale=True) for one in history.reads]


@plants(Kind.NEVER_WAS)
def a_read_shows_more_than_there_is(history: History, rng: Random) -> None:
    """A read shows more than there is."""
    workspace = rng.choice(list(history.spaces))
    history.reads.append(_read(workspace, "dora", len(history.spaces[workspace].log) + 1, 1e6))


@plants(Kind.NEVER_WAS)
def a_read_shows_half_of_a_change(history: History, rng: Random) -> None:
    """The position is the new one, the thing still the old one."""
    fit = [one for one in history.reads if any(one.rows.values())]
    assume(fit)
    read = rng.choice(fit)
    thing = next(name for name, version in read.rows.items() if version)
    history.reads.append(structs.replace(read, rows={**read.rows, thing: read.rows[thing] - 1}))


@plants(Kind.NEVER_WAS)
def an_answer_shows_what_was_not_durable(history: History, rng: Random) -> None:
    """An answer shows what was not durable."""
    write, log = _accepted(history, rng)
    _replace(history, write, position=len(log) + 1)


def _fed(history: History, rng: Random, least: int) -> tuple[Followed, list[Seen]]:
    fit = [one for one in history.followed if len(one.seen) >= least]
    assume(fit)
    followed = rng.choice(fit)
    return followed, followed.seen


@plants(Kind.FEED_GAP)
def a_feed_leaves_one_out(history: History, rng: Random) -> None:
    """A feed leaves one out."""
    _, seen = _fed(history, rng, 2)
    del seen[rng.randrange(len(seen) - 1)]


@plants(Kind.FEED_GAP)
def a_feed_comes_in_the_wrong_order(history: History, rng: Random) -> None:
    """A feed comes in the wrong order."""
    _, seen = _fed(history, rng, 2)
    index = rng.randrange(len(seen) - 1)
    seen[index], seen[index + 1] = seen[index + 1], seen[index]


@plants(Kind.FEED_REPEAT)
def a_feed_says_one_twice(history: History, rng: Random) -> None:
    """A feed says one twice."""
    _, seen = _fed(history, rng, 1)
    index = rng.randrange(len(seen))
    seen.insert(index, seen[index])


@plants(Kind.FEED_DIFFERS)
def a_feed_says_what_is_not_in_the_log(history: History, rng: Random) -> None:
    """A feed says what is not in the log."""
    _, seen = _fed(history, rng, 1)
    index = rng.randrange(len(seen))
    seen[index] = structs.replace(seen[index], digest="other bytes")


@plants(Kind.FEED_DIFFERS)
def a_feed_goes_on_behind_the_end(history: History, rng: Random) -> None:
    """A feed goes on behind the end."""
    followed = rng.choice([one for one in history.followed if one.complete] or [None])
    assume(followed is not None)
    assert followed is not None
    followed.seen.append(Seen(followed.after + len(followed.seen) + 1, "x-1-0", "bytes"))


@plants(Kind.FEED_SHORT)
def a_feed_stops_early(history: History, rng: Random) -> None:
    """A feed stops early."""
    fit = [one for one in history.followed if one.complete and one.seen]
    assume(fit)
    rng.choice(fit).seen.pop()


@plants(Kind.STATE_DIFFERS)
def a_worker_shows_another_row(history: History, rng: Random) -> None:
    """A worker shows another row."""
    space = _space(history, rng)
    thing = rng.choice(list(space.folded))
    rng.choice(space.shown).rows[thing] = "something else"


@plants(Kind.STATE_DIFFERS)
def a_worker_shows_a_row_too_few(history: History, rng: Random) -> None:
    """A worker shows a row too few."""
    space = _space(history, rng)
    del rng.choice(space.shown).rows[rng.choice(list(space.folded))]


@plants(Kind.STATE_DIFFERS)
def a_worker_shows_a_row_too_many(history: History, rng: Random) -> None:
    """A worker shows a row too many."""
    rng.choice(_space(history, rng).shown).rows["ghost"] = "in 1"


@plants(Kind.STATE_DIFFERS)
def a_worker_is_behind(history: History, rng: Random) -> None:
    """A worker is behind."""
    space = _space(history, rng)
    space.shown[0] = structs.replace(space.shown[0], position=len(space.log) - 1)


@plants(Kind.AUDIT_BROKEN)
def the_chain_is_broken(history: History, rng: Random) -> None:
    """The chain is broken."""
    space = _space(history, rng)
    space.audited[0] = structs.replace(space.audited[0], broken="at 1")


@plants(Kind.AUDIT_BROKEN)
def the_chain_is_short(history: History, rng: Random) -> None:
    """The chain is short."""
    space = _space(history, rng)
    space.audited[0] = structs.replace(space.audited[0], verified=len(space.log) - 1)


@plants(Kind.REPLAY_DIFFERS)
def a_replay_finds_a_difference(history: History, rng: Random) -> None:
    """A replay finds a difference."""
    history.differences["worker-1"] = rng.randint(1, 9)


@plants(Kind.COMPLAINT)
def a_worker_does_not_come_back(history: History, rng: Random) -> None:
    """A worker does not come back."""
    history.complaints.append(f"worker-{rng.randint(1, 9)} is not ready")


def _replace(history: History, write: Write, **changes: object) -> None:
    history.writes[history.writes.index(write)] = structs.replace(write, **changes)


def _write(workspace: str, actor: str, command: str, fate: Fate) -> Write:
    return Write(client=actor, workspace=workspace, actor=actor, command=command, began=0, ended=0, fate=fate)


def _read(workspace: str, client: str, position: int, began: float) -> Read:
    return Read(client=client, workspace=workspace, began=began, ended=began + 1, position=position, via="worker-2")


def _event(position: int, actor: str, command: str, origin: str) -> Event:
    return Event(
        position=position, id=f"{origin}-0", origin=origin, actor=actor, command=command, digest="bytes",
        at="2127-01-01T00:00:00.000Z",
    )  # fmt: skip
