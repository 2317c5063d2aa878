"""How text is compared."""

import pytest

from tasksys.query import bounds
from tasksys.query.folding import caseless, caseless_set, fold, words


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Milk", "milk"),
        ("Été", "ete"),
        ("E\u0301te\u0301", "ete"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("İstanbul", "istanbul"),
        ("Ｆｕｌｌ", "full"),
        ("ﬁn", "fin"),
        ("Ёлка", "елка"),
        ("ガラス", "ガラス"),
        ("ｶﾞﾗｽ", "ガラス"),
        ("한국어", "한국어"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    """Case, accents and compatibility forms are gone; marks that make another letter stay."""
    assert fold(text) == folded


def test_caseless_keeps_accents() -> None:
    """Names are the same whatever their case and encoding, but not without their accents."""
    assert caseless("ÉTÉ") == caseless("e\u0301te\u0301") == "été"
    assert caseless("Home") == "home"
    assert caseless("ete") != caseless("été")
    assert caseless_set(("Home", "HOME", "Été")) == {"home", "été"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        (" -- ... \u2014 ", []),
        ("Buy milk, bread & e-mail", ["buy", "milk", "bread", "e", "mail"]),
        ("don\u2019t stop_it", ["don", "t", "stop", "it"]),
        ("買牛奶 milk", ["買", "牛", "奶", "milk"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("الخبز، الحليب", ["الخبز", "الحليب"]),
        ("Party 🎉!", ["party", "🎉"]),
        ("x" * 100, ["x" * bounds.WORD_CHARACTERS]),
    ],
)
def test_words(text: str, found: list[str]) -> None:
    """Words end at space and punctuation; a script without spaces has a word per character."""
    assert words(text) == found


def test_ascii_separators() -> None:
    """Of ASCII, exactly letters and digits make words."""
    for code in range(128):
        assert bool(words(chr(code))) == chr(code).isalnum()
