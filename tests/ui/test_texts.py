"""Texts as they are shown: Markdown that can be nothing but text, and what differs between two of them."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.ui.browsing import Browse

SHOWN = """async (text) => {
  const { markdown } = await import("/assets/js/lib/markdown.js");
  const { patch } = await import("/assets/js/lib/dom.js");
  const place = document.createElement("div");
  patch(place, markdown(text));
  return place.innerHTML;
}"""

DIFFERENT = """async ([before, after]) => {
  const { diff } = await import("/assets/js/lib/diff.js");
  return diff(before, after).map((piece) => [piece.kind, piece.text]);
}"""

CASES: list[tuple[str, str]] = [
    ("a *b* **c** ~~d~~ `e*f*`", "<p>a <em>b</em> <strong>c</strong> <s>d</s> <code>e*f*</code></p>"),
    ("snake_case_name and 2 * 3 * 4", "<p>snake_case_name and 2 * 3 * 4</p>"),
    ("# One\n## Two #", "<h4>One</h4><h5>Two</h5>"),
    ("one\ntwo\n\nthree", "<p>one<br>two</p><p>three</p>"),
    ("- a\n  - b\n- c", "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>"),
    ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'),
    ("> a\n> b", "<blockquote><p>a<br>b</p></blockquote>"),
    ("```py\n<b>*x*\n```\nafter", '<pre tabindex="0"><code>&lt;b&gt;*x*</code></pre><p>after</p>'),
    ("```\nnever closed", '<pre tabindex="0"><code>never closed</code></pre>'),
    ("---", "<hr>"),
    (r"\*not\* this", "<p>*not* this</p>"),
    ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
    ("[x](javascript:alert(1)) [y](data:text/html,x)", "<p>[x](javascript:alert(1)) [y](data:text/html,x)</p>"),
    ("[x](//evil.example)", "<p>[x](//evil.example)</p>"),
    ("<javascript:alert(1)>", "<p>&lt;javascript:alert(1)&gt;</p>"),
    (
        '[x](https://a.example/?q="onclick=alert(1))',
        '<p><a href="https://a.example/?q=%22onclick=alert(1)" target="_blank" rel="noopener noreferrer nofollow">x'
        "</a></p>",
    ),
]  # fmt: skip


async def test_markdown(browse: Browse) -> None:
    """What it becomes; never an element that the text names itself."""
    page = await browse("/")
    assert {text: await page.evaluate(SHOWN, text) for text, _ in CASES} == dict(CASES)


async def test_links_are_where_links_may_lead(browse: Browse) -> None:
    """The web and mail, each in another tab that knows nothing of this one; a sentence's stop is no part of it."""
    page = await browse("/")
    shown = await page.evaluate(
        SHOWN,
        "See https://a.example/x_y_(z). Or [**here**](https://b.example), (https://c.example) <mailto:d@e.example>",
    )
    found = await page.evaluate("""(html) => [...html.matchAll(/href="([^"]*)"/g)].map((one) => one[1])""", shown)
    assert found == ["https://a.example/x_y_(z)", "https://b.example/", "https://c.example/", "mailto:d@e.example"]
    assert shown.count('rel="noopener noreferrer nofollow"') == 4
    assert "<strong>here</strong>" in shown


async def test_hostile_markdown_costs_little(browse: Browse) -> None:
    """It is shown in a moment, whatever it is."""
    page = await browse("/")
    blank, long = " " * 60_000, "\n" * 60_000
    spaces = (
        f"# a{blank}b",
        f"# a {'#' * 60_000} b",
        f"-{blank}b",
        f"- a{long}b",
        f"[a](b{' ' * 19_000}",
        " " * 19_000,
    )
    marks = ("**a " * 5_000, "[" * 20_000, "> " * 10_000, "`" * 20_000, "- " * 10_000, "*_" * 9_000, "```\n" * 15_000)
    for text in (*spaces, *marks):
        begun = time.monotonic()
        await page.evaluate(SHOWN, text)
        assert time.monotonic() - begun < 5, text[:4]


@pytest.mark.parametrize(
    ("before", "after", "pieces"),
    [
        ("a b c", "a x c", [["same", "a "], ["gone", "b"], ["new", "x"], ["same", " c"]]),
        ("a", "a", [["same", "a"]]),
        ("", "new", [["new", "new"]]),
        ("one two three", "four five three", [["gone", "one two"], ["new", "four five"], ["same", " three"]]),
        ("the end", "the very end", [["same", "the "], ["new", "very "], ["same", "end"]]),
    ],
)
async def test_differences(browse: Browse, before: str, after: str, pieces: list[Any]) -> None:
    """Word by word, put together where only blanks are between."""
    page = await browse("/")
    assert await page.evaluate(DIFFERENT, [before, after]) == pieces


async def test_differences_of_long_texts(browse: Browse) -> None:
    """Both texts can be put together from the pieces, however long they are."""
    page = await browse("/")
    before = " ".join(f"w{number % 97}" for number in range(4_000))
    after = " ".join(f"w{number % 89}" for number in range(4_000))
    found = await page.evaluate(DIFFERENT, [before, after])
    assert "".join(text for kind, text in found if kind != "new") == before
    assert "".join(text for kind, text in found if kind != "gone") == after
