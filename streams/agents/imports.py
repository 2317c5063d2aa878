"""Workspaces that come from another log: what the fold of commands does with the records of an import.

The pages of a workspace are staged first: its events are evolved into rows as they come, and wait in rows of their
own. Nobody sees any of it, for the workspace's own row and its members lie apart. The last record shows all of it at
once. From then on it is a workspace like any other, but that its events follow into the event log slice by slice, those
of new commands behind them. So whatever is folded from the event log finds, as always, a state that is as new or newer:
no reminder fires again, and nothing is sent twice.

Every record may come again: what is done already is passed.
"""

from collections.abc import Callable, Iterator
from enum import StrEnum
from itertools import islice
from typing import Final

import msgspec

from streams import keys
from streams.agents import import_parts
from streams.agents.import_parts import Begin, Events, Finish, Letter, Outcomes, Part, Proceed
from streams.fold import Effects, Output, Record, Rows
from streams.topics import DEAD_LETTERS, EVENTS, MEBI
from streams.transport.database import DatabaseError
from tasksys import codec, decider
from tasksys.rows import Member, Row, Workspace
from tasksys.state import Key, State

IMPORT: Final = "import"
"""Header of the records of an import: the digest of all that it brings for the workspace that is their key."""

SLICE: Final = 500
"""Events that follow into the event log with one batch, about."""
SLICE_BYTES: Final = MEBI

APART: Final = (Workspace.kind, Member.kind)
"""Kinds of rows without which nobody gets to see any other."""


class Stage(StrEnum):
    """How far an import is."""

    HERE = "here"
    """The workspace was here before, and was not imported."""
    ASKED = "asked"
    """Nothing of it has come yet."""
    STAGING = "staging"
    FOLLOWING = "following"
    """It is shown; its events follow into the event log."""
    DONE = "done"


class Import(msgspec.Struct, frozen=True, omit_defaults=True):
    """The row of a workspace that is being, or was, imported; `digest` is that of all that came.

    `position` is that of the last event staged, `followed` that of the last in the event log. `fault` says what was
    wrong with the last page, if anything was.
    """

    stage: Stage
    digest: bytes = b""
    position: int = 0
    letters: int = 0
    followed: int = 0
    fault: str = ""


_encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Import).decode
"""The row of an import."""


def all_imports(rows: Rows) -> Iterator[tuple[str, Import]]:
    """Every workspace of a partition that is being, or was, imported."""
    start = keys.IMPORT
    while (found := next(iter(rows.scan(keys.IMPORT, start)), None)) is not None:
        name = found[0][len(keys.IMPORT) :].partition(b"\0")[0]
        if found[0] == keys.imported(name.decode()):
            yield name.decode(), decode(found[1])
        start = keys.IMPORT + name + b"\x01"


def under_way(rows: Rows) -> dict[str, Import]:
    """Those workspaces whose rows are not, or not yet, what the event log says."""
    return {name: one for name, one in all_imports(rows) if one.stage in (Stage.STAGING, Stage.FOLLOWING)}


class Imports:
    """The imports of one partition. `here` says whether there is such a workspace already."""

    def __init__(self, rows: Rows, here: Callable[[str], bool]) -> None:
        self._rows = rows
        self._here = here
        self._under_way = under_way(rows)
        self.begin(Effects())

    def begin(self, effects: Effects) -> None:
        """What follows belongs to a new batch."""
        self._effects = effects
        self._states: dict[str, State] = {}
        self._changed: dict[str, Import] = {}
        self.events = self.size = 0
        """Events staged in this batch, and their bytes."""
        self.ends = False
        """Whether the batch has to end with this record: so each of many slices is one of its own."""
        self.shown: dict[str, dict[Key, Row | None]] = {}
        """Workspaces that are shown with this batch, with the rows that lay apart."""
        self.letters = False

    def aborted(self) -> None:
        """The rows are the truth again."""
        self._under_way = under_way(self._rows)
        self.begin(Effects())

    def stage(self, workspace: str) -> Stage | None:
        """How far a workspace is that is not settled yet."""
        found = self._under_way.get(workspace)
        return None if found is None else found.stage

    def hold(self, workspace: str, position: int, event: bytes) -> None:
        """Keeps an event that has to wait for those before it."""
        self._effects.rows[keys.waiting(workspace, position)] = event

    def fold(self, record: Record, digest: bytes) -> None:
        """One record of an import. Raises ValueError for what is none."""
        workspace = (record.key or b"").decode()
        if not workspace or "\0" in workspace:
            raise ValueError("it names no workspace")
        part, known = import_parts.decode(record.value or b""), self._known(workspace)
        self.ends = isinstance(part, Finish | Proceed)
        if known is None or known.stage in (Stage.HERE, Stage.ASKED):
            known = Import(Stage.HERE) if self._here(workspace) else Import(Stage.ASKED, digest)
        if isinstance(part, Begin):
            self._put(workspace, msgspec.structs.replace(known, fault=""))
        elif known.digest == digest and known.stage in (Stage.ASKED, Stage.STAGING):
            try:
                staged = self._staged(workspace, msgspec.structs.replace(known, stage=Stage.STAGING), part, record)
                self._put(workspace, msgspec.structs.replace(staged, fault=""))
            except DatabaseError:
                raise
            except Exception as error:  # whatever an event of another release may bring about, the partition goes on
                self._put(workspace, msgspec.structs.replace(known, fault=f"{error!r}"))
                raise ValueError(f"it cannot be imported: {error!r}") from error

    def _known(self, workspace: str) -> Import | None:
        if (changed := self._changed.get(workspace)) is not None:
            return changed
        row = self._rows.get(keys.imported(workspace))
        return None if row is None else decode(row)

    def _put(self, workspace: str, known: Import) -> None:
        self._changed[workspace] = known
        if known.stage in (Stage.STAGING, Stage.FOLLOWING):
            self._under_way[workspace] = known
        else:
            self._under_way.pop(workspace, None)

    def _staged(self, workspace: str, known: Import, part: Part, record: Record) -> Import:
        rows = self._effects.rows
        match part:
            case Events():
                return self._evolved(workspace, known, part)
            case Outcomes():
                for actor, command, row in part.rows:
                    rows[keys.outcome(workspace, actor, command)] = row
            case Letter() if part.number == known.letters:
                letter = msgspec.structs.replace(part.letter, offset=record.offset)
                rows[keys.dead_letter(record.offset)] = _encode(letter)
                said = (("offset", str(record.offset).encode()), ("reason", letter.reason.encode()))
                self._effects.outputs.append(Output(DEAD_LETTERS.name, letter.key or b"", letter.value or b"", said))
                self.letters = True
                return msgspec.structs.replace(known, letters=known.letters + 1)
            case Finish() if (part.position, part.letters) == (known.position, known.letters):
                self._show(workspace)
                return msgspec.structs.replace(known, stage=Stage.FOLLOWING)
            case _:
                pass
        return known

    def _evolved(self, workspace: str, known: Import, page: Events) -> Import:
        """Stages those events that come next; a page that begins later has lost one before it, and is passed."""
        state = self._state(workspace)
        draft, position, held = state.draft(), known.position, dict[bytes, bytes | None]()
        for number, value in enumerate(page.events, page.first):
            if number == position + 1:
                event = codec.decode_event(value)
                if event.position != number:
                    raise ValueError(f"the event {event.id} is at position {event.position}, not {number}")
                decider.replay(event, workspace, draft)
                held[keys.waiting(workspace, number)] = value
                position = number
                self.size += len(value)
        state.take(draft)
        self._effects.rows.update(held)
        self.events += len(held)
        return msgspec.structs.replace(known, position=position)

    def _state(self, workspace: str) -> State:
        state = self._states.get(workspace)
        if state is None:

            def load(kind: str, name: str) -> Row | None:
                stored = self._rows.get(_place(workspace, kind, name))
                return None if stored is None else codec.decode_row(kind, stored)

            state = self._states[workspace] = State(load)
        return state

    def _store(self, workspace: str, state: State) -> None:
        for (kind, name), row in state.changed.items():
            self._effects.rows[_place(workspace, kind, name)] = None if row is None else codec.encode_row(row)
        state.changed = {}

    def _show(self, workspace: str) -> None:
        """Puts the rows that lay apart where they belong."""
        if (state := self._states.pop(workspace, None)) is not None:
            self._store(workspace, state)
        rows, prefix, shown = self._effects.rows, keys.apart(workspace), dict[Key, Row | None]()
        for key, row in self._current(prefix):
            kind, name = key[len(prefix) :][:1].decode(), key[len(prefix) + 1 :].decode()
            rows[key], rows[keys.row(workspace, kind, name)] = None, row
            shown[kind, name] = codec.decode_row(kind, row)
            if kind == Member.kind:
                rows[keys.membership(name, workspace)] = b""
        self.shown[workspace] = shown

    def _current(self, prefix: bytes, start: bytes | None = None, most: int | None = None) -> list[tuple[bytes, bytes]]:
        """The rows under a prefix as they are with this batch, in the order of their keys; `most` of those stored."""
        found: dict[bytes, bytes | None] = dict(islice(self._rows.scan(prefix, start), most))
        found |= {key: row for key, row in self._effects.rows.items() if key.startswith(prefix)}
        return sorted((key, row) for key, row in found.items() if row is not None)

    def end(self) -> None:
        """Puts into the effects what the batch did."""
        for workspace, state in self._states.items():
            self._store(workspace, state)
        left = SLICE
        for workspace, known in list(self._under_way.items()):
            if known.stage is Stage.FOLLOWING and left > 0:
                left -= self._follow(workspace, known)
        for workspace, known in self._changed.items():
            self._effects.rows[keys.imported(workspace)] = _encode(known)

    def _follow(self, workspace: str, known: Import) -> int:
        """Lets a slice of events follow into the event log; how many."""
        prefix, followed, size = keys.all_waiting(workspace), known.followed, 0
        held = self._current(prefix, keys.waiting(workspace, followed + 1), SLICE)
        for key, event in held:
            if keys.last_position(key) != followed + 1 or followed - known.followed == SLICE or size > SLICE_BYTES:
                break
            self._effects.outputs.append(Output(EVENTS.name, workspace.encode(), event))
            self._effects.rows[key] = None
            followed += 1
            size += len(event)
        done = followed - known.followed == len(held) < SLICE
        stage = Stage.DONE if done else Stage.FOLLOWING
        self._put(workspace, msgspec.structs.replace(known, followed=followed, stage=stage))
        return followed - known.followed


def _place(workspace: str, kind: str, name: str) -> bytes:
    """Where a row of a workspace is as long as it is staged."""
    return keys.apart(workspace, kind, name) if kind in APART else keys.row(workspace, kind, name)
