"""Whether a table's offsets go with those of its topics."""

import pytest

from streams.transport.kafka.standing import FORGETS_SECONDS, WORDS, Held, Source, astray, gap, unfit

NOW = 1_800_000_000_000
OLD = NOW - int(FORGETS_SECONDS * 1000) - 1


@pytest.mark.parametrize(
    ("held", "end", "reason"),
    [
        (Held(9, NOW), 10, None),  # nothing came after it
        (Held(9, OLD), 10, None),  # however long ago that was
        (Held(5, NOW), 10, None),  # the rest is recovered
        (Held(5, OLD + 1), 10, None),
        (Held(5, OLD), 10, "old"),
        (Held(5, 0), 10, "old"),  # written by a release that noted no time
        (Held(10, NOW), 10, "ahead"),
        (Held(99, OLD), 10, "ahead"),
        (Held(0, NOW), 0, "ahead"),  # made again
    ],
)
def test_rows_that_cannot_be_brought_up_to_date(held: Held, end: int, reason: str | None) -> None:
    """Newer than the changelog, or behind it for so long that it may have forgotten what was deleted."""
    assert unfit(held, end, NOW) == reason
    assert reason is None or WORDS[reason]


@pytest.mark.parametrize(
    ("held", "first", "missing"),
    [
        (None, 0, False),
        (None, 1, True),
        (Held(4, NOW), 0, False),
        (Held(4, NOW), 5, False),
        (Held(4, NOW), 6, True),
    ],
)
def test_a_changelog_that_lost_its_beginning(held: Held | None, first: int, missing: bool) -> None:
    """It matters where the rows do not have it either."""
    reason = gap("c[0]", held, first)
    assert (reason is not None) is missing
    assert reason is None or f"c[0] begins at offset {first}" in reason


@pytest.mark.parametrize(
    ("source", "applied", "committed", "told"),
    [
        (Source("s", 0, 0, True), 0, 0, None),  # new
        (Source("s", 0, 9, True), 9, 9, None),
        (Source("s", 0, 9, True), 5, 9, None),
        (Source("s", 5, 9, False), 7, 7, None),
        (Source("s", 5, 9, False), 3, 3, None),  # the wishes between were too old
        (Source("s", 5, 9, False), 0, 0, None),
        (Source("s", 0, 9, True), 10, 10, "ends at offset 9"),
        (Source("s", 0, 0, False), 1, 0, "ends at offset 0"),
        (Source("s", 5, 9, True), 4, 0, "begins at offset 5"),
        (Source("s", 5, 9, True), 0, 0, "begins at offset 5"),
        (Source("s", 0, 9, False), 0, 7, "changelog is gone"),
        (Source("s", 0, 9, True), 0, 7, None),  # it is folded anew from the beginning
    ],
)
def test_a_source_that_is_not_what_was_folded(source: Source, applied: int, committed: int, told: str | None) -> None:
    """Made again, cut off at either end; or the table is lost and no fold of the source alone."""
    reason = astray(source, applied, committed)
    assert (reason is not None) is (told is not None)
    assert told is None or told in (reason or "")
