"""A phrase as a row of words with a place in it, and the small things that phrases are made of."""

import re
from collections.abc import Callable, Container, Mapping
from typing import Final, TypeVar

from msgspec import Struct

from tasksys.recurrence.rule import ByDay, Weekday
from tasksys.recurrence.vocabulary import DAY_SETS, NUMBERS, ORDINALS, WEEKDAYS

T = TypeVar("T")

WORD: Final = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}(?!\d)|\d{1,2}:\d{2}(?::\d{2})?(?!\d)|\d+(?:st|nd|rd|th)\b|\d+|[^\W\d_]+(?:['’][^\W\d_]+)*|\S"
)
ORDINAL: Final = re.compile(r"(\d{1,7})(?:st|nd|rd|th)", re.ASCII)
TIMES: Final = frozenset({"time", "times", "x", "occurrence", "occurrences"})
"""Words behind a number of occurrences, which is no number of a list."""

ADDING: Final = frozenset({",", "and", "&", "+", "/"})
SEPARATORS: Final = ADDING | {"or"}


class Misread(Exception):
    """A phrase that cannot be read from some character on; `read_phrase` catches it."""

    def __init__(self, position: int, hint: str) -> None:
        super().__init__(hint)
        self.position = position
        self.hint = hint


class Word(Struct, frozen=True, gc=False):
    """A word in lower case, and where it begins in the phrase."""

    text: str
    start: int


class Cursor:
    """The words of a phrase from a place on. Whatever reads something moves the place; what does not leaves it."""

    def __init__(self, phrase: str) -> None:
        self.words = [Word(found[0].lower().replace("’", "'"), found.start()) for found in WORD.finditer(phrase)]
        self.place = 0
        self._end = len(phrase)

    @property
    def position(self) -> int:
        """Where in the phrase the next word begins; its end if there is none."""
        return self.words[self.place].start if self.place < len(self.words) else self._end

    def word(self, ahead: int = 0) -> str:
        """The next word, or one after it; empty behind the last."""
        return self.words[self.place + ahead].text if self.place + ahead < len(self.words) else ""

    def take(self, *texts: str) -> bool:
        """Moves behind the words if they are next."""
        if tuple(self.word(ahead) for ahead in range(len(texts))) != texts:
            return False
        self.place += len(texts)
        return True

    def any_of(self, *texts: str) -> bool:
        """Moves behind one of these sequences of words, written with spaces, if it is next."""
        return any(self.take(*text.split()) for text in texts)

    def one(self, table: Mapping[str, T]) -> T | None:
        """What the next word means by a table."""
        found = table.get(self.word())
        if found is not None:
            self.place += 1
        return found

    def attempt(self, read: Callable[[], T | None]) -> T | None:
        """What is read, or None with the place as it was."""
        place = self.place
        found = read()
        if found is None:
            self.place = place
        return found

    def separator(self, joining: Container[str] = SEPARATORS) -> bool:
        """Moves behind commas and words that join a list."""
        place = self.place
        while self.word() in joining:
            self.place += 1
        return self.place > place

    def several(self, read: Callable[[], T | None], joining: Container[str] = SEPARATORS) -> list[T]:
        """One or more things with separators between them; none is an empty list."""
        found: list[T] = []

        def following() -> T | None:
            if found:
                self.separator(joining)
            return read()

        while (one := self.attempt(following)) is not None:
            found.append(one)
        return found

    def number(self) -> int | None:
        """`3` or `three`."""
        if self.word().isdecimal() and self.word().isascii() and len(self.word()) <= 7:
            self.place += 1
            return int(self.words[self.place - 1].text)
        return self.one(NUMBERS)

    def numbers(self) -> set[int]:
        """A list of numbers, also with ranges: `9 to 17 and 20`."""

        def some() -> set[int] | None:
            first = None if self.word(1) in TIMES else self.number()
            last = self.attempt(lambda: self.number() if self.any_of("-", "–", "to") else None)
            return None if first is None else set(range(first, min(last or first, first + 366) + 1))

        return set().union(*self.several(some))

    def ordinal(self) -> int | None:
        """`1st`, `first`, `last`, `2nd to last`, `second last`: -1 is the last."""
        self.take("the")
        matched = ORDINAL.fullmatch(self.word())
        value = int(matched[1]) if matched else ORDINALS.get(self.word())
        if not value:
            return None
        self.place += 1
        if value > 0 and self.any_of("to last", "to the last", "from the end", "last"):
            return -value
        return value

    def weekday(self) -> Weekday | None:
        """`monday`, `mon`, `mondays`."""
        return self.one(WEEKDAYS)

    def days(self) -> set[Weekday] | None:
        """One weekday, or several: `mon-fri`, `weekdays`."""
        if (one := self.weekday()) is not None:
            last = self.attempt(lambda: self.weekday() if self.any_of("-", "–", "to", "through", "thru") else None)
            return {one} if last is None else {Weekday((one + more) % 7) for more in range((last - one) % 7 + 1)}
        several = self.one(DAY_SETS)
        if several is None:
            return None
        self.any_of("day", "days")
        return set(several)

    def counted_days(self) -> set[ByDay] | None:
        """`monday`, `weekdays`, or with ordinals: `the 1st and 3rd monday`."""
        if (days := self.days()) is not None:
            return {ByDay(day) for day in days}
        ordinals = self.several(self.ordinal, ADDING)
        weekday = self.weekday() if ordinals else None
        return None if weekday is None else {ByDay(weekday, ordinal) for ordinal in ordinals}
