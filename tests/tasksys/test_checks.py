"""Checks that hold in every aggregate."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasksys import checks
from tasksys.refusals import Code, FieldError, Refusal
from tasksys.state import State
from tasksys.values import Role
from tests.support.domain import ACTORS, EDITOR, OWNER, STRANGER, VIEWER, founded
from tests.tasksys.strategies import QUICK, SURROGATES


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("needed", Role)
def test_a_role_allows_what_lesser_roles_allow(role: Role, needed: Role) -> None:
    """The refusal says which role there is and which is needed."""
    refusal = checks.allowed(founded().state, ACTORS[role], needed)
    if role.may(needed):
        assert refusal is None
    else:
        assert refusal is not None
        assert refusal.code is Code.FORBIDDEN
        assert f"is {role.value}; this needs {needed.value}" in refusal.detail


def test_a_stranger_learns_nothing() -> None:
    """A workspace that is not there and one the actor may not see give the same answer."""
    assert checks.allowed(State(), OWNER, Role.VIEWER) == checks.no_workspace()
    assert checks.allowed(founded().state, STRANGER, Role.VIEWER) == checks.no_workspace()


@pytest.mark.parametrize(("expected", "refused"), [(None, False), (3, False), (2, True), (4, True), (0, True)])
def test_versions_must_match_if_given(expected: int | None, refused: bool) -> None:
    """No version is no condition; another one is a conflict."""
    refusal = checks.stale("task", expected, 3)
    assert (refusal is not None and refusal.code is Code.VERSION_CONFLICT) == refused


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Milk", None),
        ("x" * 32, None),
        ("🥛" * 32, None),
        ("\u202eright to left", None),
        ("שלום", None),
        ("a\u00a0b", None),
        ("", Code.INVALID),
        (" \t\u3000", Code.INVALID),
        ("a\nb", Code.INVALID),
        ("a\x00b", Code.INVALID),
        ("a\x85b", Code.INVALID),
        ("a\u2028b", Code.INVALID),
        ("a\u2029b", Code.INVALID),
        ("a\udfffb", Code.INVALID),
        ("x" * 33, Code.LIMIT),
        ("\x00" * 33, Code.LIMIT),
    ],
)
def test_a_line_is_one_short_line(text: str, code: Code | None) -> None:
    """Any script and any sign, but no line break, no control character, nothing too long, not nothing."""
    refusal = checks.line("/title", text, 32)
    assert (refusal.code if refusal else None) is code
    if refusal:
        assert [error.pointer for error in refusal.errors] == ["/title"]
    if text.strip():
        assert checks.short("/title", text, 32) == refusal


def test_a_short_line_may_be_empty() -> None:
    """Only a line that is required must say something."""
    assert checks.short("/colour", "", 10) is None
    assert checks.short("/colour", "  ", 10) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", None),
        ("# Head\r\n\ttext", None),
        ("x" * 16, None),
        ("é" * 8, None),
        ("🥛" * 4, None),
        ("x" * 17, Code.LIMIT),
        ("é" * 8 + "x", Code.LIMIT),
        ("🥛" * 4 + "x", Code.LIMIT),
        ("\ud800" * 6, Code.LIMIT),
        ("\ud800", Code.INVALID),
        ("a\x00", Code.INVALID),
        ("a\x7f", Code.INVALID),
    ],
)
def test_markdown_is_bounded_in_bytes(text: str, code: Code | None) -> None:
    """Line breaks and tabs are its only control characters; the bound counts UTF-8."""
    refusal = checks.markdown("/body", text, 16)
    assert (refusal.code if refusal else None) is code


@QUICK
@given(st.text(SURROGATES, max_size=40))
def test_text_that_passes_can_be_stored(text: str) -> None:
    """What the checks let through is encodable, and a line stays one line."""
    if checks.markdown("/body", text) is None:
        assert text.encode().decode() == text
    if checks.line("/title", text, 500) is None:
        assert len(text.splitlines()) == 1
        assert not {unicodedata.category(character) for character in text} & {"Cc", "Cs"}


def test_what_is_no_text_goes_by_unicode() -> None:
    """Every character there is: the patterns are the categories they are named after."""
    everything = [chr(code) for code in range(sys.maxunicode + 1)]
    controls = {one for one in everything if unicodedata.category(one) in {"Cc", "Cs"}}
    breaks = {one for one in everything if unicodedata.category(one) in {"Zl", "Zp"}}
    assert {one for one in everything if checks.NOT_IN_LINE.search(one)} == controls | breaks
    assert {one for one in everything if checks.NOT_IN_TEXT.search(one)} == controls - set("\n\r\t")


def test_a_zone_is_known() -> None:
    """The refusal gives an example of a right name."""
    assert checks.zone("/time_zone", "Europe/Berlin") is None
    refusal = checks.zone("/time_zone", "Berlin")
    assert refusal is not None
    assert refusal.detail == "Unknown time zone 'Berlin'; give an IANA name such as Europe/Berlin."


def test_labels_are_named_by_index() -> None:
    """The pointer leads to the label that is wrong."""
    assert checks.labels("/labels", ("a", "b")) is None
    refusal = checks.labels("/labels", ("a", "", "x" * 101))
    assert refusal is not None
    assert refusal.errors[0].pointer == "/labels/1"


def test_every_stranger_is_named() -> None:
    """All users that are not members are listed, each with its pointer."""
    state = founded().state
    assert checks.members("/assignees", (EDITOR, VIEWER), state) is None
    refusal = checks.members("/assignees", ("a", EDITOR, "b"), state)
    assert refusal is not None
    assert [error.pointer for error in refusal.errors] == ["/assignees/0", "/assignees/2"]
    assert refusal.detail == refusal.errors[0].detail


def test_an_id_is_chosen() -> None:
    """The way in fills ids in; an empty one is refused."""
    assert checks.identifier("/task", "t1") is None
    assert checks.identifier("/task", "") is not None


def test_the_first_refusal_counts() -> None:
    """None means all is well."""
    one, other = Refusal(Code.INVALID, "one"), Refusal(Code.LIMIT, "other", (FieldError("/x", "other"),))
    assert checks.every() is None
    assert checks.every(None, None) is None
    both = checks.every(None, one, other)
    assert both is not None
    assert (both.code, both.detail, both.errors) == (one.code, one.detail, one.errors + other.errors)
    assert checks.every(None, one) is one
