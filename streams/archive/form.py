"""The file that a log is moved in: gzip of lines of JSON, to be read without us in ten years.

The first line says what it is. Then comes a line for each event (as it stands in the log, byte for byte), outcome, dead
letter, and command that was not folded yet; those of a workspace in their order. The last line, the manifest, counts
them by workspace, with the last link of the audit's hash chain, and has the SHA-256 of everything before it: a file
that was cut or changed is told.
"""

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from tasksys import audit, codec
from tasksys.outcomes import DeadLetter, Outcome

FORMAT: Final = 1

COMPRESSION: Final = 6
"""zlib's own; 9 takes three times as long for 2 % less."""

LINK_BYTES: Final = 8
"""So much of each link of the chain is kept while a file is read, to say where two logs part."""


class ArchiveUnfit(Exception):
    """The file is none of ours, damaged, or of a newer release; the message says which, and what to do."""


class Head(Struct, tag="tasksys-log", frozen=True):
    """The first line. `made` is an instant; `partitions` are those of the log that it was made from."""

    format: int
    release: str
    made: str
    partitions: int


class Stored(Struct, frozen=True, omit_defaults=True):
    """A record's value, as JSON where that keeps every byte, else in base64."""

    workspace: str
    json: Raw | UnsetType = UNSET
    base64: bytes | UnsetType = UNSET

    @classmethod
    def of(cls, workspace: str, value: bytes) -> Self:
        """The line of that value."""
        plain = cls(workspace, json=Raw(value))
        with suppress(msgspec.DecodeError, UnicodeDecodeError):
            if b"\n" not in value and msgspec.json.decode(msgspec.json.encode(plain), type=cls).value == value:
                return plain
        return cls(workspace, base64=value)

    @property
    def value(self) -> bytes:
        """The value."""
        return bytes(self.json) if isinstance(self.json, Raw) else self.base64 or b""


class EventLine(Stored, tag="event", frozen=True):
    """An event."""


class CommandLine(Stored, tag="command", frozen=True):
    """A command that is in the log and was not folded yet."""


class OutcomeLine(Struct, tag="outcome", frozen=True):
    """What became of a command."""

    workspace: str
    outcome: Outcome


class LetterLine(Struct, tag="letter", frozen=True):
    """A dead letter."""

    workspace: str
    letter: DeadLetter


class Counts(Struct, frozen=True):
    """What there is of a workspace. `chain` is the last link of its hash chain, in hex."""

    events: int = 0
    outcomes: int = 0
    letters: int = 0
    commands: int = 0
    chain: str = audit.GENESIS.hex()


class Manifest(Struct, tag="manifest", frozen=True):
    """The last line. `left_out` counts dead letters and unfolded records that belong to no workspace."""

    workspaces: dict[str, Counts]
    left_out: int
    sha256: str


Line = EventLine | OutcomeLine | LetterLine | CommandLine

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Head | EventLine | OutcomeLine | LetterLine | CommandLine | Manifest).decode


class Content:
    """What a file has of a workspace: counted, chained and digested while its lines pass."""

    def __init__(self) -> None:
        self.events = self.outcomes = self.letters = self.commands = 0
        self.chain = audit.GENESIS
        self.links: list[bytes] = []
        """The beginning of the link of the hash chain at each position, from 1 on."""
        self._digest = hashlib.sha256()

    @property
    def counts(self) -> Counts:
        """As the manifest has them."""
        return Counts(self.events, self.outcomes, self.letters, self.commands, self.chain.hex())

    @property
    def digest(self) -> bytes:
        """One for one content."""
        return self._digest.digest()

    def add(self, line: Line, encoded: bytes) -> None:
        """Counts a line. Raises ArchiveUnfit for an event that is not the next one, or cannot be read."""
        match line:
            case EventLine():
                position = _position(line)
                if position != self.events + 1:
                    where = f"position {self.events + 1} of the workspace {line.workspace}"
                    raise ArchiveUnfit(
                        f"an event is missing at {where}: {position} follows; the log was cut or changed"
                    )
                self.events = position
                self.chain = audit.link(self.chain, line.value)
                self.links.append(self.chain[:LINK_BYTES])
            case OutcomeLine():
                self.outcomes += 1
            case LetterLine():
                self.letters += 1
            case CommandLine():
                self.commands += 1
        self._digest.update(encoded)


def _position(line: EventLine) -> int:
    try:
        event = codec.decode_event(line.value)
        codec.event(event)
    except (msgspec.DecodeError, UnicodeDecodeError, codec.UnknownEvent) as error:
        raise ArchiveUnfit(
            f"an event of the workspace {line.workspace} cannot be read by this release: {error}"
        ) from error
    return event.position


class Writer:
    """Writes a file: whole, with `finish`, or not at all."""

    def __init__(self, path: Path, head: Head) -> None:
        self._path = path
        self._part = path.with_name(f"{path.name}.part")
        self._part.unlink(missing_ok=True)
        # Everybody's history is in it: it is for whoever made it.
        self._file = os.fdopen(os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        self._gzip = gzip.GzipFile("", "wb", COMPRESSION, self._file, mtime=0)
        self._sum = hashlib.sha256()
        self.contents: dict[str, Content] = {}
        self._put(_encode(head))

    def _put(self, line: bytes) -> None:
        line += b"\n"
        self._sum.update(line)
        self._gzip.write(line)

    def add(self, line: Line) -> None:
        """One more. Raises ArchiveUnfit for an event that is not the next one."""
        encoded = _encode(line)
        self.contents.setdefault(line.workspace, Content()).add(line, encoded)
        self._put(encoded)

    def finish(self, left_out: int) -> None:
        """Writes the manifest, and puts the file where it belongs, durably."""
        counts = {name: one.counts for name, one in self.contents.items()}
        self._put(_encode(Manifest(counts, left_out, self._sum.hexdigest())))
        self._gzip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.replace(self._path)

    def abandon(self) -> None:
        """Leaves nothing behind."""
        self._gzip.close()
        self._file.close()
        self._part.unlink(missing_ok=True)


def lines(path: Path) -> Iterator[tuple[Head | Line | Manifest, bytes]]:
    """Every line, with its bytes. Raises ArchiveUnfit, and OSError if the file cannot be read."""
    try:
        with gzip.open(path, "rb") as file:
            for encoded in file:
                yield _decode(encoded), encoded
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise ArchiveUnfit(f"{path} is no export of a log, or it is damaged ({error}); export the log again") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ArchiveUnfit(
            f"{path} has a line that this release cannot read ({error}); use the release that made it, or a later one"
        ) from error


class Archive:
    """A file that was read once, from its beginning to its end, and found whole."""

    def __init__(self, path: Path) -> None:
        """Reads it. Raises ArchiveUnfit, OSError."""
        self.path = path
        self.contents: dict[str, Content] = {}
        self.left_out = 0
        total, found, manifest = hashlib.sha256(), lines(path), None
        head, encoded = next(found, (None, b""))
        if not isinstance(head, Head):
            raise ArchiveUnfit(f"{path} is no export of a log")
        if head.format > FORMAT:
            raise ArchiveUnfit(
                f"{path} was made by release {head.release} in a newer format; use that release or a later"
            )
        self.head = head
        for line, following in found:
            total.update(encoded)
            encoded = following
            if manifest is not None or isinstance(line, Head):
                raise ArchiveUnfit(f"{path} goes on behind its end; export the log again")
            if isinstance(line, Manifest):
                manifest = line
            else:
                self.contents.setdefault(line.workspace, Content()).add(line, encoded.rstrip(b"\n"))
        if manifest is None:
            raise ArchiveUnfit(f"{path} ends before its last line; export the log again")
        counts = {name: one.counts for name, one in self.contents.items()}
        if total.hexdigest() != manifest.sha256 or counts != manifest.workspaces:
            raise ArchiveUnfit(f"{path} was changed since it was made: its checksum differs; export the log again")
        self.left_out = manifest.left_out

    def lines(self) -> Iterator[Line]:
        """What it has, in the order of the log."""
        return (line for line, _ in lines(self.path) if not isinstance(line, Head | Manifest))
