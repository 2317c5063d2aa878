"""Refusals: what `decide` answers instead of events. A value, published as the outcome, never an exception."""

from enum import StrEnum
from typing import Final

from msgspec import Struct


class Code(StrEnum):
    """Stable names that clients may rely on; each is also the last part of the problem's `type`."""

    INVALID = "invalid"
    NOT_FOUND = "not-found"
    FORBIDDEN = "forbidden"
    EXISTS = "already-exists"
    LIMIT = "limit-exceeded"
    VERSION_CONFLICT = "version-conflict"
    CYCLE = "subtask-cycle"
    TRASHED = "in-trash"
    LAST_OWNER = "last-owner"
    UNDO_CONFLICT = "undo-conflict"
    NOT_UNDOABLE = "not-undoable"
    REMINDER_OVER = "reminder-over"
    TASK_CLOSED = "task-closed"
    NOT_RECURRING = "not-recurring"
    SERIES_ENDED = "series-ended"
    OCCURRENCE_PAST = "occurrence-past"
    KEY_REUSED = "idempotency-key-reused"
    UNREADABLE = "unreadable-command"
    INTERNAL = "internal-error"


class FieldError(Struct, frozen=True, gc=False):
    """One field that is wrong: a JSON pointer into the command, and what to do."""

    pointer: str
    detail: str


class Refusal(Struct, frozen=True, gc=False, omit_defaults=True):
    """Why a command was refused.

    `detail` is one sentence that says what to do; `errors` name the fields it is about. Of a query that cannot be read,
    `position` counts the characters in the text of the `parameter`, and `hint` says what would be right there.
    """

    code: Code
    detail: str
    errors: tuple[FieldError, ...] = ()
    parameter: str | None = None
    position: int | None = None
    hint: str | None = None


def sentence(error: ValueError) -> str:
    """The message of an error as the detail of a refusal: errors begin small and end without a full stop."""
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


def missing(what: str, identifier: str) -> Refusal:
    """There is no such thing in this workspace."""
    return Refusal(Code.NOT_FOUND, f"There is no {what} {identifier!r} in this workspace; check the id.")


def invalid(pointer: str, detail: str) -> Refusal:
    """One field of the command is wrong."""
    return Refusal(Code.INVALID, detail, (FieldError(pointer, detail),))


def over(pointer: str, what: str, bound: int) -> Refusal:
    """A limit is exceeded."""
    detail = f"At most {bound:,} {what} are allowed; shorten or split it."
    return Refusal(Code.LIMIT, detail, (FieldError(pointer, detail),))


PLURAL: Final = ("The task's labels", "The task's assignees")


def conflict(what: str) -> Refusal:
    """Something was changed since, so that undoing would overwrite it."""
    verb = "were" if what in PLURAL else "was"
    return Refusal(Code.UNDO_CONFLICT, f"{what} {verb} changed again later; undo the later change first.")
