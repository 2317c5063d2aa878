"""What was measured is kept and shown as it was."""

from __future__ import annotations

from pathlib import Path

from tests.scale import results, told
from tests.scale.__main__ import NAMES
from tests.scale.results import Part, Table, document, keep, kept, spread


def part(title: str) -> Part:
    """A part with one table."""
    return Part(title, "2 cores.", 7, [Table(["what"], [["this"]])], "So and so.", {"a_us": 1.5}, ["Mind it."])


def test_a_spread_has_its_median_first() -> None:
    """One value has none."""
    assert spread([3.0, 1.0, 2.5], "s") == "2.50 s (1 to 3)"
    assert spread([120.4], "µs") == "120 µs"


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    """And nothing is there before."""
    file = tmp_path / "measured.json"
    assert kept(file) == {}
    keep({"rates": part("Throughput")}, file)
    assert kept(file) == {"rates": part("Throughput")}


def test_the_page_has_what_there_is_and_says_what_is_not() -> None:
    """In the order of the parts, not of their measurement."""
    parts = {"second": part("Second"), "first": part("First")}
    shown = document(parts, ["first", "second", "third"])
    assert shown.index("## First") < shown.index("## Second")
    assert "2 cores. Seed 7." in shown
    assert "| this |" in shown
    assert "* Mind it." in shown
    assert shown.endswith("## Not measured\n\n* third\n")


def test_the_pages_are_those_of_what_was_measured() -> None:
    """Nobody wrote a figure by hand, and none is of an earlier measurement."""
    parts = kept()
    assert results.PAGE.read_text(encoding="utf-8") == document(parts, NAMES)
    page = told.CAPACITY.read_text(encoding="utf-8")
    assert page == told.put_into(page, told.computed(parts))
