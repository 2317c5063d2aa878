"""The lines of a workspace in a file as the records of its import."""

from collections.abc import Iterator
from itertools import repeat
from typing import Final

import msgspec

from streams.agents.import_parts import Events, Finish, Letter, Outcomes, Part, Proceed
from streams.agents.imports import SLICE, SLICE_BYTES, Import, Stage
from streams.archive.form import CommandLine, Content, EventLine, LetterLine, Line, OutcomeLine

PAGE: Final = 400
"""Events of a page: some 10 ms of the fold."""
PAGE_BYTES: Final = 256 * 1024
"""As they are; packed they are a third. A larger event is a page of its own."""

OUTCOMES: Final = 1_000
"""Outcomes of a page, about 150 bytes each."""

_encode = msgspec.msgpack.Encoder().encode


class Pages:
    """Makes the records of an import of a workspace out of its lines; what is there already is left out."""

    def __init__(self, content: Content, known: Import) -> None:
        self._content, self._known = content, known
        self._staging = known.stage in (Stage.ASKED, Stage.STAGING)
        self._position = self._outcomes = self._letters = self._bytes = self._size = 0
        self._page: list[bytes] = []
        self._row_page: list[tuple[str, str, bytes]] = []

    def add(self, line: Line) -> Iterator[Part]:
        """The records that are complete with this line."""
        match line:
            case EventLine():
                yield from self._event(line.value)
            case OutcomeLine(outcome=one):
                self._outcomes += 1
                self._row_page.append((one.actor, one.id, _encode(one)))
                if len(self._row_page) == OUTCOMES or self._outcomes == self._content.outcomes:
                    yield from self._if_staging(Outcomes(self._row_page))
                    self._row_page = []
            case LetterLine():
                if self._letters >= self._known.letters:
                    yield from self._if_staging(Letter(self._letters, line.letter))
                self._letters += 1
            case CommandLine():
                return
        counts = (self._position, self._outcomes, self._letters)
        if counts == (self._content.events, self._content.outcomes, self._content.letters):
            yield from self._if_staging(Finish(self._position, self._letters))
            if self._known.stage is not Stage.DONE:
                yield from repeat(Proceed(), self._position // SLICE + self._bytes // SLICE_BYTES + 1)

    def _if_staging(self, part: Part) -> Iterator[Part]:
        if self._staging:
            yield part

    def _event(self, value: bytes) -> Iterator[Part]:
        if self._page and (len(self._page) == PAGE or self._size + len(value) > PAGE_BYTES):
            yield from self._flushed()
        self._position += 1
        self._bytes += len(value)
        if self._position > self._known.position:
            self._page.append(value)
            self._size += len(value)
        if self._page and self._position == self._content.events:
            yield from self._flushed()

    def _flushed(self) -> Iterator[Part]:
        yield from self._if_staging(Events(self._position - len(self._page) + 1, self._page))
        self._page, self._size = [], 0
