"""What must hold between the events of a partition and everything that agents make of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from streams import keys
from streams.agents.audit import encode
from streams.agents.deliveries import Attempt
from streams.applied import APPLIED
from streams.fold import Record
from tasksys import audit, codec, decider
from tasksys.audit import Remembered
from tasksys.events import EventRecord, SeriesAdvanced
from tasksys.outcomes import Outcome, OutcomeStatus
from tasksys.rows import Firing, Member, Reminder, Workspace
from tasksys.state import State

Table = dict[bytes, bytes]
"""All rows of a partition of an agent's table."""

_outcome = msgspec.msgpack.Decoder(Outcome).decode


@dataclass
class Truth:
    """What is in the log and the tables; what holds together was found so when it was taken in."""

    events: dict[str, list[EventRecord]] = field(default_factory=lambda: defaultdict(list))
    outcomes: dict[tuple[str, str, str], Outcome] = field(default_factory=dict)
    """By workspace, actor and command."""

    def compare(
        self, records: Sequence[Record], state: Table, history: Table, timeline: Table, series: Table, outbox: Table
    ) -> None:
        """Takes in a partition: its events, and the tables of all agents. AssertionError where they differ."""
        for one in records:
            assert one.key is not None
            event = codec.decode_event(one.value or b"")
            events = self.events[one.key.decode()]
            events.append(event)
            assert event.position == len(events), f"{one.key!r}: a gap before, or a double: {event}"
        expected: Table = {}
        for workspace, folded in states(records).items():
            expected |= rows_of(workspace, folded)
        aside = (keys.OUTCOME, keys.DEAD_LETTER, keys.IMPORT)
        _check_rows({key: row for key, row in state.items() if not key.startswith(aside)}, expected)
        for key, row in state.items():
            if key.startswith(keys.OUTCOME):
                workspace, actor, command = key[1:].decode().split("\0")
                self.outcomes[workspace, actor, command] = _outcome(row)
        check_history(records, history)
        zones = {keys.zones(row.id): row.zones.encode() for row in _workspaces(expected)}
        check_timeline(expected, timeline, zones)
        check_series(records, series, zones)
        check_outbox(expected, outbox)

    def check_outcomes(self) -> None:
        """Accepted commands are in the log once, at the positions that their outcomes name; others are not."""
        found: dict[tuple[str, str, str], list[EventRecord]] = defaultdict(list)
        for workspace, events in self.events.items():
            for event in events:
                found[workspace, event.actor, event.command].append(event)
            assert len({event.id for event in events}) == len(events)
        for name, outcome in self.outcomes.items():
            positions = [event.position for event in found.pop(name, [])]
            assert positions == (list(range(outcome.first, outcome.last + 1)) if outcome.last else []), (name, outcome)
            assert outcome.status is OutcomeStatus.ACCEPTED or not positions
        assert not found, f"events without an outcome: {list(found)[:5]}"


def _unlike(rows: Table, expected: Table) -> str:
    wrong = sorted(key for key in rows.keys() | expected.keys() if rows.get(key) != expected.get(key))
    return f"{len(wrong)}, such as {wrong[0]!r}: {rows.get(wrong[0])!r} instead of {expected.get(wrong[0])!r}"


def states(records: Sequence[Record]) -> dict[str, State]:
    """What the events of a partition fold into, by workspace."""
    found: dict[str, State] = defaultdict(State)
    for one in records:
        workspace = (one.key or b"").decode()
        decider.replay(codec.decode_event(one.value or b""), workspace, found[workspace])
    return found


def rows_of(workspace: str, state: State) -> Table:
    """The rows of a state as they stand in the table of commands."""
    rows: Table = {}
    for (kind, name), row in state.rows.items():
        if row is not None:
            rows[keys.row(workspace, kind, name)] = codec.encode_row(row)
            if kind == Member.kind:
                rows[keys.membership(name, workspace)] = b""
    return rows


def _workspaces(state: Table) -> Iterator[Workspace]:
    """The workspaces of a partition."""
    for key, row in state.items():
        if key.endswith(b"\0w") and not key.startswith(keys.MEMBERSHIP):
            found = codec.decode_row(Workspace.kind, row)
            assert isinstance(found, Workspace)
            yield found


def _check_rows(rows: Table, expected: Table) -> None:
    found = {key: row for key, row in rows.items() if key != APPLIED}
    assert found == expected, f"rows differ from what the events say: {_unlike(found, expected)}"


def check_timeline(state: Table, rows: Table, zones: Table) -> None:
    """Every armed reminder of the state is in the timeline, and nothing else is."""
    expected = dict(zones)
    for key, row in state.items():
        workspace, _, name = key.partition(b"\0")
        if row and name.startswith(Reminder.kind.encode()):  # a membership ends with the workspace, and has no row
            found = codec.decode_row(Reminder.kind, row)
            assert isinstance(found, Reminder)
            if found.armed:
                assert found.scheduled_for is not None
                place = keys.timeline(found.scheduled_for, workspace.decode(), found.id)
                expected |= {key: found.scheduled_for.encode(), place: found.position.to_bytes(8)}
    _check_rows(rows, expected)


def check_series(records: Sequence[Record], rows: Table, zones: Table) -> None:
    """Every series is in the timeline at the instant that its newest event named, if it named one."""
    newest: dict[tuple[str, str], tuple[str | None, int]] = {}
    for one in records:
        assert one.key is not None
        assert one.value is not None
        record = codec.decode_event(one.value)
        if record.type == SeriesAdvanced.__name__:
            event = codec.event(record)
            assert isinstance(event, SeriesAdvanced)
            newest[one.key.decode(), event.series] = event.at, record.position
    expected = dict(zones)
    for (workspace, name), (at, position) in newest.items():
        if at is not None:
            expected[keys.armed(workspace, name)] = at.encode()
            expected[keys.timeline(at, workspace, name)] = position.to_bytes(8)
    _check_rows(rows, expected)


def check_outbox(state: Table, rows: Table) -> None:
    """Every attempt that the ledger waits for is in the outbox, and whose each reminder is; and nothing else."""
    expected: Table = {}
    for key, row in state.items():
        workspace, _, name = (part.decode() for part in key.partition(b"\0"))
        if row and name.startswith(Firing.kind):  # a membership ends with the workspace, and has no row
            fired = codec.decode_row(Firing.kind, row)
            assert isinstance(fired, Firing)
            for number, one in enumerate(fired.deliveries):
                if one.next_attempt is not None:
                    which = (workspace, fired.reminder, fired.scheduled_for, one.channel)
                    tried = Attempt(one.next_attempt, *which, fired.position, number, one.attempts + 1, fired.user)
                    expected |= {tried.key: tried.row, tried.in_lane: tried.row}
                    expected[keys.delivery(*which)] = one.next_attempt.encode()
        if row and name.startswith(Reminder.kind):
            found = codec.decode_row(Reminder.kind, row)
            assert isinstance(found, Reminder)
            expected[keys.user_of(workspace, found.id)] = found.user.encode()
            if found.armed:
                expected[keys.armed_of(workspace, found.user, found.id)] = b""
    _check_rows(rows, expected)


def check_history(records: Sequence[Record], rows: Table) -> None:
    """Every event is in the history, byte for byte and in the chain, and is found by its task and its command."""
    links: Table = {}
    expected: Table = {}
    for one in records:
        assert one.key is not None
        assert one.value is not None
        workspace, event = one.key.decode(), codec.decode_event(one.value)
        links[one.key] = audit.link(links.get(one.key, audit.GENESIS), one.value)
        expected[keys.event(workspace, event.position)] = encode(Remembered(one.value, links[one.key]))
        if event.task is not None:
            expected[keys.task_event(workspace, event.task, event.position)] = b""
        command, here = keys.command_events(workspace, event.actor, event.command), event.position.to_bytes(8)
        first, last = (expected[command][:8], expected[command][8:]) if command in expected else (here, b"")
        follows = int.from_bytes(last) == event.position - 1
        expected[command] = (first if follows else here) + here
    _check_rows(rows, expected)
