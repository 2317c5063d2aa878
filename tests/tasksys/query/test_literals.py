"""Values as they are written."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from tasksys.query.errors import Misread
from tasksys.query.fields import (
    ASSIGNEE,
    BLOCKED,
    CHECKLIST,
    DUE,
    ESTIMATE,
    LABEL,
    LINK,
    PRIORITY,
    STATUS,
    TITLE,
    Field,
)
from tasksys.query.lexer import Kind, Token
from tasksys.query.literals import MOMENT_HINT, read
from tasksys.query.syntax import Base, Me, Relative, Text, Value
from tasksys.values import LinkType, Priority, Status

WEST = timezone(-timedelta(hours=5, minutes=30))


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        (STATUS, "In-Progress", Status.IN_PROGRESS),
        (PRIORITY, "none", Priority.NONE),
        (LINK, "blocked-by", LinkType.BLOCKED_BY),
        (BLOCKED, "TRUE", True),
        (BLOCKED, "false", False),
        (CHECKLIST, "007", 7),
        (ESTIMATE, "90", 90),
        (ESTIMATE, "90min", 90),
        (ESTIMATE, "2H", 120),
        (LABEL, "Home", Text("Home")),
        (LABEL, "me", Text("me")),
        (TITLE, "today", Text("today")),
        (ASSIGNEE, "ME", Me()),
        (ASSIGNEE, "olga", Text("olga")),
        (DUE, "2026-03-08", date(2026, 3, 8)),
        (DUE, "2026-03-08T09:00", datetime(2026, 3, 8, 9)),
        (DUE, "2026-03-08t09:00:30.25", datetime(2026, 3, 8, 9, 0, 30, 250_000)),
        (DUE, "2026-03-08T09:00Z", datetime(2026, 3, 8, 9, tzinfo=UTC)),
        (DUE, "2026-03-08T09:00:00.123456789-05:30", datetime(2026, 3, 8, 9, 0, 0, 123456, WEST)),
        (DUE, "now", Relative(Base.NOW)),
        (DUE, "today", Relative(Base.TODAY)),
        (DUE, "tomorrow", Relative(Base.TODAY, days=1)),
        (DUE, "yesterday-2d", Relative(Base.TODAY, days=-3)),
        (DUE, "Friday+1W", Relative(Base.FRIDAY, days=7)),
        (DUE, "today+1y-2m+3w+4d", Relative(Base.TODAY, months=10, days=25)),
        (DUE, "today+0h", Relative(Base.TODAY, minutes=0)),
        (DUE, "now+4h-30min", Relative(Base.NOW, minutes=210)),
        (DUE, "today+1m+1min", Relative(Base.TODAY, months=1, minutes=1)),
    ],
)  # fmt: skip
def test_read(field: Field, text: str, value: Value) -> None:
    """A word is what the field's kind makes of it."""
    assert read(field, Token(Kind.WORD, text, 0)) == value


def test_a_quoted_me_is_a_name() -> None:
    """Only the bare word stands for the user who asks."""
    assert read(ASSIGNEE, Token(Kind.STRING, "me", 0)) == Text("me")


@pytest.mark.parametrize(
    ("field", "text", "hint"),
    [
        (STATUS, "canceled", "Did you mean cancelled?"),
        (STATUS, "xyz", "Use one of: open, in-progress, done, cancelled, skipped, missed."),
        (PRIORITY, "hi", "Did you mean high?"),
        (LINK, "blocked_by", "Did you mean blocked-by or blocks?"),
        (BLOCKED, "yes", "It is true or false."),
        (CHECKLIST, "2h", "Write digits, such as 3."),
        (CHECKLIST, "-1", "Write digits, such as 3."),
        (CHECKLIST, "1234567890", "Write digits, such as 3."),
        (CHECKLIST, "٣", "Write digits, such as 3."),
        (ESTIMATE, "2d", "Write minutes as 90, 90min or 2h."),
        (DUE, "2026-02-30", "There is no such day or time; check the calendar."),
        (DUE, "2026-03-08T24:30", "There is no such day or time; check the calendar."),
        (DUE, "0000-01-01", "There is no such day or time; check the calendar."),
        (DUE, "tomorow+3d", f"Did you mean tomorrow? {MOMENT_HINT}"),
        (DUE, "today+3x", MOMENT_HINT),
        (DUE, "today+", MOMENT_HINT),
        (DUE, "+3d", MOMENT_HINT),
        (DUE, "2026-3-8", MOMENT_HINT),
        (DUE, "2026-03-08+3d", MOMENT_HINT),
        (DUE, "", MOMENT_HINT),
    ],
)
def test_refused(field: Field, text: str, hint: str) -> None:
    """A word that is no value of the field is refused at its place, with what would be one."""
    with pytest.raises(Misread) as caught:
        read(field, Token(Kind.WORD, text, 7))
    assert caught.value.error.position == 7
    assert caught.value.error.detail.endswith(f"is not a value of {field.name}.")
    assert caught.value.error.hint == hint
