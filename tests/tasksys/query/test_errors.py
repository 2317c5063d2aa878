"""What an error says."""

import pytest

from tasksys.query.errors import shown, suggestion


@pytest.mark.parametrize(
    ("text", "quoted"),
    [("milk", '"milk"'), ("x" * 41, f'"{"x" * 39}…"'), ("a\nb", "'a\\nb'"), ("\ud800", "'\\ud800'")],
)
def test_shown(text: str, quoted: str) -> None:
    """What is quoted is short and printable."""
    assert shown(text) == quoted


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("Statsu", "Did you mean status?"),
        ("du", "Did you mean due?"),
        ("deadline", "Did you mean due?"),
        ("q", "Use one of: status, due, update."),
        ("x" * 100_000, "Use one of: status, due, update."),
    ],
)
def test_suggestion(text: str, hint: str) -> None:
    """What is near is suggested, also from other languages; if nothing is, all choices are named."""
    assert suggestion(text, ["status", "due", "update"]) == hint


def test_suggestion_of_two() -> None:
    """Two choices that are as near are both suggested."""
    assert suggestion("opne", ["open", "one", "done"]) in {"Did you mean open or one?", "Did you mean one or open?"}
