"""How text is compared: names without case; titles, descriptions and searches also without accents."""

import re
from functools import lru_cache
from sys import getsizeof
from typing import Final
from unicodedata import normalize

from tasksys.query import bounds

ACCENTS: Final = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")
"""The blocks of combining diacritical marks. Marks that make another letter, such as kana's dakuten, stay."""

IDEOGRAPHS: Final = "\u2e80-\u2fdf\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Scripts written without spaces: each character is a word of its own."""

SEPARATORS: Final = (
    r"\s\x00-/:-@\[-`{-\xa9\xab-\xb4\xb6-\xb9\xbb-\xbf\xd7\xf7\u055d\u0589\u05be\u060c\u061b\u061f\u066a-\u066d\u06d4"
    r"\u0964\u0965\u2000-\u206f\u3000-\u303f"
)
"""Space and punctuation. Everything else is part of a word, emoji and other scripts' vowel signs too."""

WORD: Final = re.compile(f"[{IDEOGRAPHS}]|[^{SEPARATORS}{IDEOGRAPHS}]+")


LONG: Final = 256
"""Characters above which a text is long."""

FOLDED_BYTES: Final = 64 * 1024 * 1024
"""Memory for long texts in their folded form, with the texts: what a thousand of the longest take."""


def fold(text: str) -> str:
    """The text without case, accents and compatibility forms: `Été` and `ete` are the same."""
    return text.lower() if text.isascii() else _fold(text)


def _fold(text: str) -> str:
    return _short(text) if len(text) <= LONG else _long(text)


def _folded(text: str) -> str:
    return normalize("NFC", ACCENTS.sub("", normalize("NFKD", text).casefold()))


_short = lru_cache(maxsize=4096)(_folded)


class FoldedTexts:
    """The folded forms of long texts, as many as take so many bytes; a description of 64 KiB takes 1 to 3 ms to fold.

    A query reads the same texts in the same order as the one before it. When they do not fit, replacing the oldest each
    time would keep none until it is wanted again: only each eighth one comes in, the last one besides.
    """

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._size = self._missed = 0
        self._texts: dict[str, str] = {}
        self._last = ("", "")

    def __call__(self, text: str) -> str:
        """The text, folded."""
        found = self._texts.get(text)
        if found is not None:
            return found
        if self._last[0] != text:
            self._last = (text, _folded(text))
            self._missed += 1
            self._keep(*self._last)
        return self._last[1]

    def _keep(self, text: str, folded: str) -> None:
        size = getsizeof(text) + getsizeof(folded)
        if self._size + size > self._bound and self._missed % 8:
            return
        self._texts[text] = folded
        self._size += size
        while self._size > self._bound:
            oldest = next(iter(self._texts))
            self._size -= getsizeof(oldest) + getsizeof(self._texts.pop(oldest))


_long = FoldedTexts(FOLDED_BYTES)


def caseless(name: str) -> str:
    """The name without case; accents count, but not how they are encoded."""
    return name.lower() if name.isascii() else normalize("NFC", normalize("NFC", name).casefold())


@lru_cache(maxsize=8192)
def caseless_set(names: tuple[str, ...]) -> frozenset[str]:
    """The names without case. Equal sets are shared: most tasks have the labels of another one."""
    return frozenset(map(caseless, names))


def words(text: str) -> list[str]:
    """The folded words of the text in their order, each cut to `bounds.WORD_CHARACTERS`."""
    return [word[: bounds.WORD_CHARACTERS] for word in WORD.findall(fold(text))]
