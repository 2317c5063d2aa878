"""The text of a quick add as a row of words, and what stands around a phrase.

Readers ask a `Line` for the word at a place and get nothing where none may be read: beyond the end, in quotes, behind a
backslash, or where a capital says that it is part of a name. Two words are one phrase only if nothing but space is
between them: punctuation ends what stands before it.
"""

import re
from typing import Final

from msgspec import Struct, structs

from tasksys.recurrence.vocabulary import MONTHS, WEEKDAYS

QUOTED: Final = re.compile(r'(?:"(?:[^"\\]|\\.)+"|“[^“”]+”)(?=[\s,;.!?:)]|$)', re.DOTALL)
NAME: Final = r'(?:"(?:[^"\\]|\\.)+"|[^\s"/]+)'
MARKED: Final = re.compile(rf"[#%]{NAME}(?:/{NAME})?(?=[\s,;.!?:)]|$)", re.DOTALL)
"""A mark and a name, either part of which may be in quotes."""

BARE: Final = re.compile(r"\S+")
SPACE: Final = re.compile(r"\s*")
TAIL: Final = re.compile(r"[,;.!?:]+$")

FOLLOWING: Final = frozenset(
    {"about", "with", "at", "in", "for", "to", "from", "via", "because", "if", "when", "while", "by", "around", "near"}
    | {"re", "regarding", "using", "without", "the", "a", "an", "my", "our", "your", "his", "her", "their", "-", "–"}
    | {"—", "&", "+", "|", "/", "so", "until", "before", "after", "on"}
)
"""Words that begin something new: what stands before one of them does not describe it, as in "Monday report"."""

REACHING: Final = frozenset({"to", "until", "till", "through", "before", "after", "the", "-", "–", "—", "/", "&", "+"})
"""Words that make one phrase of a date and the date behind them: both stay, as in "monday to friday"."""

LIMITING: Final = frozenset({"for", "from", "except", "but"})
"""The same behind what comes again: it would have no end, or come when it should not, without the rest of it."""

BEFORE: Final = frozenset(
    {"for", "before", "after", "since", "until", "till", "from", "of", "the", "a", "an", "my", "our", "your", "his"}
    | {"her", "its", "their", "last", "past", "previous", "about", "around", "than", "like", "as", "with", "to", "per"}
    | {"between", "through", "during", "via", "over", "under", "no", "each", "every", "this", "next", "i", "we", "you"}
    | {"black", "good", "fat", "ash", "ruby", "super", "cyber", "easter", "bloody", "palm", "freaky", "tgi", "casual"}
    | {"high", "early", "late", "mid", "in", "at", "on", "by", "is", "was", "are", "were", "be", "it's", "due"}
)
"""Words to which a date behind them belongs, so that it cannot be taken away from them."""

JOINING: Final = frozenset({"and", "or", "not", "except", "but", "&", "+", "/"})
"""What joins a date to another one: both stay where they are."""

COUPLING: Final = frozenset({"and", "&", "+", ","})
"""What couples two marks of a kind, and goes with them: `@anna and @ben`."""

BEING: Final = frozenset({"is", "are", "was", "were", "be", "it's", "what's", "not"})

DASHES: Final = frozenset({"-", "–", "—"})

GOES_ON: Final = frozenset({"is", "was", "will", "never", "has", "can", "may", "must", "and", "or"})
"""Behind a day that begins the text these make it a sentence about the day."""

PROPER: Final = WEEKDAYS.keys() | MONTHS.keys() | {"am", "pm", "utc", "i"}
"""Words that may have a capital anywhere."""


class Word(Struct, frozen=True, gc=False):
    """A word without the punctuation behind it: from `start` to `end`, and what is between `end` and `whole`.

    `text` is in lower case, and empty where nothing may be read.
    """

    start: int
    end: int
    whole: int
    raw: str
    text: str


class Line:
    """The words of a text."""

    def __init__(self, text: str, words: list[Word]) -> None:
        self.text = text
        self.words = words

    def at(self, place: int) -> str:
        """The word at that place; empty if there is none, or none to be read."""
        return self.words[place].text if 0 <= place < len(self.words) else ""

    def raw(self, place: int) -> str:
        """The word as it is written; empty if there is none."""
        return self.words[place].raw if 0 <= place < len(self.words) else ""

    def joined(self, place: int) -> bool:
        """True if there is a word before that place with nothing but space behind it."""
        return 0 < place <= len(self.words) and self.words[place - 1].end == self.words[place - 1].whole

    def then(self, place: int) -> str:
        """The word at that place if it may be one phrase with the word before it."""
        return self.at(place) if self.joined(place) else ""

    def begins(self, place: int, *phrases: str) -> int | None:
        """The place behind the first of these phrases, written with spaces, that begins here; None if none does."""
        for phrase in phrases:
            texts = phrase.split()
            if self.at(place) == texts[0] and all(self.then(place + n) == texts[n] for n in range(1, len(texts))):
                return place + len(texts)
        return None

    def passed(self, place: int, *phrases: str) -> int:
        """The place behind one of the phrases if it goes on with that, and the same place otherwise."""
        return (self.begins(place, *phrases) if self.joined(place) else None) or place

    def before(self, place: int) -> str:
        """The word before that place in lower case, whatever it is, if nothing is between them."""
        return self.words[place - 1].raw.lower() if self.joined(place) else ""

    def with_word(self, place: int, word: Word) -> "Line":
        """The same line with another word at that place."""
        return Line(self.text, [*self.words[:place], word, *self.words[place + 1 :]])


def line_of(text: str) -> Line:
    """The line of a text. Takes time in proportion to its length."""
    words: list[Word] = []
    at = SPACE.match(text).end()  # type: ignore[union-attr]
    while at < len(text):
        quoted = QUOTED.match(text, at)
        found = quoted or MARKED.match(text, at) or BARE.match(text, at)
        assert found is not None
        words.append(_word(text, at, found.end(), bool(quoted), not words))
        at = SPACE.match(text, words[-1].whole).end()  # type: ignore[union-attr]
    return Line(text, words)


def _word(text: str, start: int, end: int, quoted: bool, first: bool) -> Word:
    """The word there; what follows it up to the next space belongs to it as punctuation, or else is part of it."""
    rest = BARE.match(text, end)
    whole = rest.end() if rest else end
    if whole > end and not TAIL.fullmatch(text, end, whole):
        quoted, end = False, whole
    elif not quoted:
        tail = TAIL.search(text, start, whole)
        end = tail.start() if tail and tail.start() > start else whole
        end += text[:whole].startswith(".", end) and text[start:end].lower().endswith(("a.m", "p.m"))
    raw = text[start:end]
    return Word(start, end, whole, raw, "" if quoted else readable(raw, first))


def readable(raw: str, first: bool) -> str:
    """The word in lower case; empty if a capital makes it part of a name, which the first word's does not."""
    lower = raw.lower().replace("’", "'")
    return "" if raw[:1].isupper() and not first and lower not in PROPER else lower


def is_quoted(word: Word) -> bool:
    """True for a word that is a text in quotes."""
    return QUOTED.fullmatch(word.raw) is not None


def without_backslash(word: Word, first: bool) -> Word:
    """A word that begins with a backslash, as it would be without."""
    return structs.replace(word, raw=word.raw[1:], text=readable(word.raw[1:], first))
