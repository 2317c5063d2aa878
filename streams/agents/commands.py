"""The fold of commands: state, outcomes, events. The one writer of every workspace.

Per record: an outcome that exists already stands (the command was seen); otherwise `decide` gives events or a
refusal, the events change the state, and all of it is one transaction. What cannot be decoded or decided becomes a
dead letter, and the partition goes on.

Why so long: whatever a record may turn out to be is answered here, and all of it shares what the batch has done so far.
"""

import zlib
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Final

import msgspec

from monitoring import tracing
from streams import keys
from streams.agents import dead_letters
from streams.agents.committed import UNREADABLE, Committed, Tally
from streams.agents.imports import IMPORT, Imports, Stage, under_way
from streams.agents.state_rows import StateFold, staged
from streams.agents.states import States
from streams.agents.sweep import Sweep
from streams.fold import AgentSpec, Effects, Headers, Output, Record, Rows
from streams.topics import COMMANDS, DEAD_LETTERS, EVENTS
from streams.traces import deciding
from streams.transport.database import DatabaseError
from tasksys import codec, decider
from tasksys.commands import CommandRecord
from tasksys.errors import NotFollowed
from tasksys.events import EventRecord, Fact
from tasksys.outcomes import Decided, Outcome, OutcomeStatus
from tasksys.refusals import Code, Refusal
from tasksys.rows import Row
from tasksys.state import Key, State

REQUEST: Final = "request"
"""Header that names the waiting request, so that its outcome finds it."""

RETRY: Final = "retry-of"
"""Header of a dead letter that an operator appended again: the offset of the first try."""

DISCARD: Final = "discard"
"""Header of a record that is nothing in itself: an operator wants no more of the dead letter of that offset."""

OFFSET_DIGITS: Final = 18
"""More than any offset has, and few enough for 8 bytes."""

EVENTS_AT_ONCE: Final = 2_000
"""So many make a batch, whose commands may be 500: most come to one event or two, but a series may open a hundred tasks
with all that each has."""
EVENT_BYTES_AT_ONCE: Final = 4 * 1024 * 1024

_encode = msgspec.msgpack.Encoder().encode
_decode_outcome = msgspec.msgpack.Decoder(Outcome).decode


class CommandsFold:
    """The fold of commands on one partition."""

    def __init__(
        self, partition: int, rows: Rows, publish: Callable[[Committed], None], states: States | None = None
    ) -> None:
        """`states` may be those of several partitions."""
        self._partition = partition
        self._rows = rows
        self._publish = publish
        self._states = States() if states is None else states
        self._states.forget(partition)
        self._effects = Effects()
        self._decided: list[Decided] = []
        self._touched: dict[str, State] = {}
        self._changed: dict[str, dict[Key, Row | None]] = {}
        self._happened: dict[str, list[tuple[EventRecord, bytes]]] = {}
        self._tally: Tally = {}
        self._letters = False
        self._traced: dict[str, dict[int, tracing.Context]] = {}
        self._onward: Headers = ()
        """What the events of the command in hand carry on of its trace."""
        self._sweep = Sweep(rows, keys.OUTCOME, lambda row: _decode_outcome(row).at)
        self._imports = Imports(rows, lambda workspace: self._state(workspace).workspace is not None)

    def fold(self, records: Sequence[Record]) -> Effects:
        """Decides the commands in order, up to where they have come to many events."""
        self._effects, self._decided, self._touched, self._changed = Effects(), [], {}, {}
        self._happened, self._tally, self._letters, self._traced = {}, {}, False, {}
        self._imports.begin(self._effects)
        events = size = 0
        for folded, record in enumerate(records, 1):
            if (context := tracing.carried(record.headers)) is None:
                self._fold_one(record)
            else:
                self._fold_traced(record, context)
            size += sum(len(one.value or b"") for one in self._effects.outputs[events:])
            events, staged = len(self._effects.outputs), self._imports
            enough = events + staged.events >= EVENTS_AT_ONCE or size + staged.size >= EVENT_BYTES_AT_ONCE
            if folded < len(records) and (enough or staged.ends):
                self._effects.folded = folded
                break
        for workspace, state in self._touched.items():
            self._store(workspace, state)
        self._imports.end()
        self._changed.update(self._imports.shown)
        for key in self._sweep.expired(min(record.timestamp_ms for record in records)):
            self._effects.rows.setdefault(key, None)
        return self._effects

    def committed(self) -> None:
        """Tells who waits, and lets go of the workspaces that were not used for longest."""
        told = (self._decided, self._changed, self._happened, self._tally, self._letters, self._traced)
        self._publish(Committed(self._partition, *told))
        self._states.shrink()

    def aborted(self) -> None:
        """The store is the truth again."""
        self._states.forget(self._partition)
        self._sweep.aborted()
        self._imports.aborted()

    def _fold_traced(self, record: Record, context: tracing.Context) -> None:
        try:
            with deciding(record, context, self._decided) as self._onward:
                self._fold_one(record)
        finally:  # the batch is folded again if this fails, and what comes first may belong to no trace
            self._onward = ()

    def _fold_one(self, record: Record) -> None:
        headers = dict(record.headers)
        if headers and (discarded := headers.get(DISCARD)):
            self._done_with(discarded)
            return
        if headers and (digest := headers.get(IMPORT)):
            self._import(record, digest)
            return
        request = (headers.get(REQUEST) or b"").decode("ascii", "replace") if headers else ""  # Kafka's can be null
        try:
            command = codec.decode_command(record.value or b"")
            datetime.fromisoformat(command.at)
            if record.key != command.workspace.encode():
                raise ValueError(f"the record's key is not its workspace {command.workspace!r}")
        except (ValueError, RecursionError) as error:  # DecodeError and ValidationError are ValueErrors
            self._unreadable(record, request, headers, f"not a command: {error}")
            return
        retried = self._retried(headers)
        key = keys.outcome(command.workspace, command.actor, command.command.id)
        before = self._outcome(key)
        failed = before is not None and before.refusal is not None and before.refusal.code is Code.INTERNAL
        if before is not None and not (retried and failed):
            self._seen_before(command, before, request)
            return
        if self._imports.stage(command.workspace) is Stage.STAGING:
            self._not_yet(command, request)
            return
        state = self._state(command.workspace)
        try:
            answer = decider.decide(command, state)
        except DatabaseError:  # the disk's fault, not the command's: it is decided when its rows can be read
            raise
        except Exception as error:
            self._faulty(record, command, key, state, request, f"decide raised {error!r}")
            return
        try:
            self._conclude(command, key, state, answer, request, f"{self._partition}-{record.offset}")
        except NotFollowed as error:
            if isinstance(error.__cause__, DatabaseError):
                raise error.__cause__ from error
            self._faulty(record, command, key, state, request, f"what follows raised {error}")

    def _import(self, record: Record, digest: bytes) -> None:
        try:
            self._imports.fold(record, digest)
        except (ValueError, zlib.error) as error:  # msgspec's errors are ValueErrors
            self._dead(record, f"a part of an import: {error}")
        self._letters = self._letters or self._imports.letters
        for workspace in self._imports.shown:
            self._states.drop(workspace)  # it knew that there was none

    def _not_yet(self, command: CommandRecord, request: str) -> None:
        """No outcome is kept: the same command can be sent again when the workspace is here."""
        refusal = Refusal(Code.EXISTS, "The workspace is being imported from another log; wait for its end.")
        refused = Outcome(
            command.command.id, command.actor, OutcomeStatus.REFUSED, command.at, command.digest, refusal=refusal
        )
        self._decided.append(Decided(request, refused, (), replayed=False))
        self._count(command, "refused", Code.EXISTS)

    def _faulty(
        self, record: Record, command: CommandRecord, key: bytes, state: State, request: str, reason: str
    ) -> None:
        self._dead(record, reason, command)
        refusal = Refusal(Code.INTERNAL, "A fault of the server; the operators see it and can retry the command.")
        self._conclude(command, key, state, refusal, request)

    def _conclude(
        self,
        command: CommandRecord,
        key: bytes,
        state: State,
        answer: list[Fact] | Refusal,
        request: str,
        origin: str = "",
    ) -> None:
        """Raises NotFollowed, and has then changed nothing."""
        events: list[EventRecord] = []
        refusal: Refusal | None = None
        status = OutcomeStatus.ACCEPTED
        if isinstance(answer, Refusal):
            refusal, status = answer, OutcomeStatus.REFUSED
        elif answer:
            draft = state.draft()
            events = decider.enact(answer, command, origin, draft)
            state.take(draft)
            self._touched[command.workspace] = state
            name, happened = command.workspace.encode(), self._happened.setdefault(command.workspace, [])
            held = self._imports.stage(command.workspace) is Stage.FOLLOWING
            for event in events:
                stored = codec.encode_event(event)
                if held:
                    self._imports.hold(command.workspace, event.position, stored)
                else:
                    self._effects.outputs.append(Output(EVENTS.name, name, stored, self._onward))
                happened.append((event, stored))
            if (context := tracing.carried(self._onward)) is not None:
                self._traced.setdefault(command.workspace, {}).update({one.position: context for one in events})
        workspace = state.workspace
        position = workspace.position if workspace else 0
        first, last = (events[0].position, events[-1].position) if events else (0, 0)
        identifier, actor = command.command.id, command.actor
        outcome = Outcome(identifier, actor, status, command.at, command.digest, position, first, last, refusal)
        self._effects.rows[key] = _encode(outcome)
        self._decided.append(Decided(request, outcome, tuple(events), replayed=False))
        if refusal is None:
            self._count(command, "accepted")
        else:
            self._count(command, "dead" if refusal.code is Code.INTERNAL else "refused", refusal.code)

    def _count(self, command: CommandRecord, outcome: str, code: str = "") -> None:
        entry = (type(command.command).__name__, outcome, code)
        self._tally[entry] = self._tally.get(entry, 0) + 1

    def _seen_before(self, command: CommandRecord, before: Outcome, request: str) -> None:
        """The first outcome again; but a key that comes with another payload was meant as another command."""
        if before.digest == command.digest:
            self._decided.append(Decided(request, before, (), replayed=True))
            self._count(command, "replayed")
            return
        refusal = Refusal(
            Code.KEY_REUSED,
            f"The idempotency key {before.id!r} was used for another payload; send this command with a new key.",
        )
        refused = Outcome(before.id, before.actor, OutcomeStatus.REFUSED, command.at, command.digest, refusal=refusal)
        self._decided.append(Decided(request, refused, (), replayed=False))
        self._count(command, "refused", Code.KEY_REUSED)

    def _outcome(self, key: bytes) -> Outcome | None:
        stored = self._effects.rows.get(key) or self._rows.get(key)
        return _decode_outcome(stored) if stored else None

    def _unreadable(self, record: Record, request: str, headers: dict[str, bytes], reason: str) -> None:
        self._retried(headers)
        self._dead(record, reason)
        entry = (UNREADABLE, "dead", "")
        self._tally[entry] = self._tally.get(entry, 0) + 1
        if request:
            refusal = Refusal(Code.UNREADABLE, "The command could not be read; the operators see it and can retry it.")
            outcome = Outcome("", "", OutcomeStatus.REFUSED, "", refusal=refusal)
            self._decided.append(Decided(request, outcome, (), replayed=False))

    def _dead(self, record: Record, reason: str, command: CommandRecord | None = None) -> None:
        dead_letters.put(self._effects, record, reason, command)
        self._letters = True

    def _retried(self, headers: dict[str, bytes]) -> bool:
        """True if the record is a dead letter's second try; the letter is then done with, so a third is none."""
        offset = headers.get(RETRY)
        return bool(offset) and self._done_with(offset or b"")

    def _done_with(self, offset: bytes) -> bool:
        """Takes the dead letter of that offset away; False if there is none."""
        if not offset.isdigit() or len(offset) > OFFSET_DIGITS:
            return False
        key = keys.dead_letter(int(offset))
        letter = self._effects.rows[key] if key in self._effects.rows else self._rows.get(key)
        self._effects.rows[key] = None
        self._letters = True
        return letter is not None

    def _state(self, workspace: str) -> State:
        state = self._states.get(workspace)
        if state is None:
            state = State(self._loader(workspace))
            self._states.put(workspace, state, self._partition)
        return state

    def _loader(self, workspace: str) -> Callable[[str, str], Row | None]:
        get, row, decode, grow = self._rows.get, keys.row, codec.decode_row, self._states.grow

        def load(kind: str, name: str) -> Row | None:
            stored = get(row(workspace, kind, name))
            if stored is None:
                grow(workspace, 0, 0)
                return None
            grow(workspace, 1, len(stored))
            return decode(kind, stored)

        return load

    def _store(self, workspace: str, state: State) -> None:
        rows = dict(staged(workspace, state.changed))
        self._effects.rows.update(rows)
        self._changed[workspace] = state.changed
        self._states.grow(workspace, len(state.changed), sum(len(row) for row in rows.values() if row))
        state.changed = {}


def agent(
    publish: Callable[[Committed], None],
    close: Callable[[int], None] = lambda partition: None,
    states: States | None = None,
    elsewhere: Callable[[Collection[int]], None] = lambda partitions: None,
) -> AgentSpec:
    """The declaration; `publish` is called with what each batch did, once it is durable.

    `states` are what the folds of all partitions keep in memory; without, each bounds its own.
    """
    return AgentSpec(
        name="commands",
        source=COMMANDS,
        outputs=(EVENTS, DEAD_LETTERS),
        open=lambda partition, rows: CommandsFold(partition, rows, publish, states),
        rebuild=StateFold,
        kept=(keys.OUTCOME, keys.DEAD_LETTER, keys.IMPORT),
        apart=lambda rows: {name.encode() for name in under_way(rows)},
        close=close,
        elsewhere=elsewhere,
    )
