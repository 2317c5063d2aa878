"""The filter language: what it reads, and what it says about the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasksys.query import FilterError, bounds, parse_filter, unparse
from tasksys.query.fields import FIELDS, NAMES, OPERATORS


def read(text: str) -> str:
    """The filter as it is printed."""
    expression = parse_filter(text)
    assert not isinstance(expression, FilterError), expression
    return unparse(expression)


def refused(text: str) -> FilterError:
    """What is wrong with the filter."""
    error = parse_filter(text)
    assert isinstance(error, FilterError), error
    assert error.parameter == "filter"
    return error


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        (
            "(status = open and due < today+3d) or (priority >= high and label in (urgent, home))",
            '(status = open and due < today+3d) or (priority >= high and label in ("urgent", "home"))',
        ),
        ("status=open or status=done and due<now", "status = open or (status = done and due < now)"),
        ("not status = open and due < now", "not status = open and due < now"),
        ("NOT (Status = OPEN OR Due < NOW)", "not (status = open or due < now)"),
        ("not not blocked = true", "not not blocked = true"),
        ("((trashed = FALSE))", "trashed = false"),
        ("labels not in (a,b)", 'label not in ("a", "b")'),
        ("not label in (a)", 'label not in ("a")'),
        ("project IS EMPTY", "project is empty"),
        ("due is not empty", "due is not empty"),
        ("assignees = none", "assignee is empty"),
        ("due != None", "due is not empty"),
        ('label = "none"', 'label = "none"'),
        ("priority = none", "priority = none"),
        ("priority in (none, low)", "priority in (none, low)"),
        ("assignee = me and assignee != Me", "assignee = me and assignee != me"),
        ('assignee = "me"', 'assignee = "me"'),
        ("title ~ 'say \"x\\\\y\"'", r'title ~ "say \"x\\y\""'),
        ('label = "and"', 'label = "and"'),
        ("label = buy-milk.now/a:b@c", 'label = "buy-milk.now/a:b@c"'),
        ("status = in-progress", "status = in-progress"),
        ("links = blocked-by", "link = blocked-by"),
        ("estimate <= 2h and checklist > 3", "estimate <= 120 and checklist > 3"),
        ("due < today + 3d - 1w or due = monday", "due < today-4d or due = monday"),
        ("due < today 3d", "due < today+3d"),
        ("due in (today, tomorrow +1w)", "due in (today, today+8d)"),
        ('due < "today+1m"', "due < today+1m"),
    ],
)
def test_reads(text: str, printed: str) -> None:
    """Keywords and names are read without case; `and` binds closer than `or`, `not` closest."""
    assert read(text) == printed


def test_every_field_and_operator() -> None:
    """Each field takes the operators of its kind and refuses all others, with those it takes as a hint."""
    for name, field in NAMES.items():
        for operator in ("=", "!=", "<", "<=", ">", ">=", "~", "in"):
            value = {"status": "open", "priority": "high", "blocked": "true", "trashed": "true", "link": "blocks"}.get(
                field.name, "today" if "<" in OPERATORS[field.kind] and field.name not in NUMBERS else "3"
            )
            text = f"{name} {operator} ({value})" if operator == "in" else f"{name} {operator} {value}"
            if operator in OPERATORS[field.kind]:
                assert read(text).startswith(f"{field.name} {operator} ")
                continue
            error = refused(text)
            assert error.position == len(name) + 1
            assert error.detail == f"The field {field.name} cannot be compared with {operator}."
            assert error.hint.startswith(f"Use one of: {', '.join(OPERATORS[field.kind])}")


NUMBERS = ("estimate", "checklist", "unchecked")


def test_empty() -> None:
    """A field that may be empty can be asked for it in both ways; one that never is says so."""
    for name, field in FIELDS.items():
        if field.empty:
            assert read(f"{name} is empty") == f"{name} is empty"
            assert "is empty" in refused(f"{name} ? x").hint
        else:
            assert refused(f"{name} is empty").detail == f"The field {name} is never empty."


CONDITION = "Here belongs a condition such as status = open."
FURTHER = 'Here belongs "and", "or" or the end.'


@pytest.mark.parametrize(
    ("text", "position", "detail", "hint"),
    [
        ("", 0, "The filter ends too early.", CONDITION),
        ("status = open and", 17, "The filter ends too early.", CONDITION),
        ("status", 6, "The filter ends too early.", "Use one of: =, !=, in."),
        ("status =", 8, "The filter ends too early.", "Here belongs a value of status."),
        ("due is", 6, "The filter ends too early.", 'Here belongs "empty".'),
        ("due is nil", 7, 'The filter cannot go on with "nil" here.', 'Here belongs "empty".'),
        ("label not on (a)", 10, 'The filter cannot go on with "on" here.', 'Here belongs "in".'),
        (
            "label in a",
            9,
            'The filter cannot go on with "a" here.',
            'Here belongs a list in parentheses, such as "(a, b)".',
        ),
        ("label in ()", 10, 'The filter cannot go on with ")" here.', "Here belongs a value of label."),
        ("label in (a,)", 12, 'The filter cannot go on with ")" here.', "Here belongs a value of label."),
        ("label in (a b)", 12, 'The filter cannot go on with "b" here.', 'Here belongs "," or ")".'),
        ("label in (a", 11, "The filter ends too early.", 'Here belongs "," or ")".'),
        (
            "label in (a, none)",
            13,
            "none is not a value that a list can hold.",
            'Write "label is empty or …", or "none" in quotes if it is a name.',
        ),
        (
            "(status = open",
            14,
            "The filter ends too early.",
            'Here belongs "and", "or" or the ")" for the "(" at 0.',
        ),
        ("status = open)", 13, 'This ")" closes nothing.', "Leave it out, or open it before."),
        ("status = open due < now", 14, 'The filter cannot go on with "due" here.', FURTHER),
        ("status = open && due < now", 14, 'The filter cannot go on with "&&" here.', "Did you mean and?"),
        ("!(status = open)", 0, 'The filter cannot go on with "!" here.', "Did you mean not?"),
        ('"status" = open', 0, 'The filter cannot go on with "status" here.', CONDITION),
        ("and status = open", 0, 'The filter cannot go on with "and" here.', CONDITION),
        ("stauts = open", 0, 'There is no field "stauts".', "Did you mean status or start?"),
        ("  deadline < now", 2, 'There is no field "deadline".', "Did you mean due?"),
        ("status == open", 7, '"==" is not an operator.', "Did you mean =?"),
        ("status <> open", 7, '"<>" is not an operator.', "Did you mean !=?"),
        ("title contains milk", 6, '"contains" is not an operator.', "Did you mean ~?"),
        (
            "label = and",
            8,
            'The filter cannot go on with "and" here.',
            "Here belongs a value of label; put it in quotes if it is one.",
        ),
        ("status = opne", 9, '"opne" is not a value of status.', "Did you mean open or done?"),
        ("label = a\"b\"", 9, 'The filter cannot go on with "b" here.', FURTHER),
        ("due < today 02:00", 12, 'The filter cannot go on with "02:00" here.', FURTHER),
        ("title ~ 'x", 8, "The string that begins here has no end.", "Close it with '."),
    ],
)  # fmt: skip
def test_errors(text: str, position: int, detail: str, hint: str) -> None:
    """An error has the place, one sentence, and what would be right there."""
    assert refused(text) == FilterError(position, detail, hint)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("(" * 4096, 64),
        ("not " * 1024, 64 * 4),
        ("not(" * 1024, 32 * 4),
        ("(" * 65 + "id=a" + ")" * 65, 64),
    ],
)
def test_nesting_is_bounded(text: str, position: int) -> None:
    """However deep a filter goes, it is refused where it goes too deep."""
    error = refused(text)
    assert error.detail == f"Parentheses and nots go at most {bounds.NESTING} deep."
    assert error.position == position


@pytest.mark.parametrize(
    "text",
    [
        "(" * 64 + "id=a" + ")" * 64,
        "not " * 64 + "id=a",
        "(id=b or id=c and" * 64 + " id=a" + ")" * 64,
        "(id=a)and" * 400 + "(id=a)",
    ],
)
def test_nesting_within_bounds(text: str) -> None:
    """What is closed again counts no more."""
    assert 'id = "a"' in read(text)


def test_conditions_are_bounded() -> None:
    """The condition after the last allowed one is refused, at its place."""
    condition = "id=a or "
    assert read(condition * (bounds.TERMS - 1) + "id=a").count(" = ") == bounds.TERMS
    error = refused(condition * bounds.TERMS + "id=a")
    assert error.detail == "A filter has at most 500 conditions."
    assert error.position == bounds.TERMS * len(condition)


@pytest.mark.parametrize("condition", ["text ~ a", "description = a", "label ~ a", "title in (a)"])
def test_conditions_on_text_are_bounded(condition: str) -> None:
    """Conditions that read whole texts are fewer."""
    read(" or ".join([condition] * bounds.TEXT_TERMS))
    error = refused(" or ".join([condition] * (bounds.TEXT_TERMS + 1)))
    assert error.detail == "A filter has at most 20 conditions on text or with ~."
    assert error.position == bounds.TEXT_TERMS * (len(condition) + 4)


def test_lists_are_bounded() -> None:
    """The value after the last allowed one is refused, at its place."""
    values = "v," * bounds.LIST_VALUES
    read(f"label in ({values[:-1]})")
    error = refused(f"label in ({values}v)")
    assert error.detail == "A list has at most 200 values."
    assert error.position == len("label in (") + len(values)


def test_length_is_bounded() -> None:
    """A filter may be as long as allowed, and not longer."""
    assert read("id = a".ljust(bounds.FILTER_CHARACTERS)) == 'id = "a"'
    assert refused("id = a".ljust(bounds.FILTER_CHARACTERS + 1)).position == bounds.FILTER_CHARACTERS


PIECES = st.sampled_from(
    ["(", ")", ",", "=", "!=", "<", ">=", "~", "and", "or", "not", "in", "is", "empty", "none", "me", "status", "due",
     "label", "title", "estimate", "open", "today", "+3d", "2026-03-08", "'a'", '"b"', "2h", "true", "x"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map(" ".join))
def test_anything_is_read_or_refused(text: str) -> None:
    """No order of pieces raises; an error's place is in the text, and what is read can be read again."""
    found = parse_filter(text)
    if isinstance(found, FilterError):
        assert 0 <= found.position <= len(text)
        assert found.detail
        assert found.hint
    else:
        assert parse_filter(unparse(found)) == found
