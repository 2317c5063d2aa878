"""Outcomes and dead letters, as they are stored."""

import msgspec
import pytest

from tasksys import errors
from tasksys.outcomes import DeadLetter, Decided, Outcome, OutcomeStatus
from tasksys.refusals import Code, FieldError, Refusal, invalid, missing, over

AT = "2026-03-08T09:00:00.000Z"


@pytest.mark.parametrize(
    "value",
    [
        Outcome("c1", "olga", OutcomeStatus.ACCEPTED, AT, "digest", 9, 8, 9),
        Outcome("c1", "olga", OutcomeStatus.REFUSED, AT, refusal=invalid("/title", "This must not be empty.")),
        DeadLetter(7, 1_772_960_400_000, "not JSON", None, b"\xff", "acme"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_outcomes_are_read_back_as_they_were_written(value: msgspec.Struct) -> None:
    """In the table and in the log."""
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(value), type=type(value)) == value
    assert msgspec.json.decode(msgspec.json.encode(value), type=type(value)) == value


def test_a_replayed_outcome_has_no_events() -> None:
    """Whoever waits gets the outcome with what happened now."""
    outcome = Outcome("c1", "olga", OutcomeStatus.ACCEPTED, AT)
    assert Decided("r1", outcome, (), replayed=True).outcome is outcome


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (
            missing("task", "a\ud800"),
            Refusal(Code.NOT_FOUND, "There is no task 'a\\ud800' in this workspace; check the id."),
        ),
        (invalid("/title", "No."), Refusal(Code.INVALID, "No.", (FieldError("/title", "No."),))),
        (
            over("/body", "bytes", 65_536),
            Refusal(
                Code.LIMIT,
                "At most 65,536 bytes are allowed; shorten or split it.",
                (FieldError("/body", "At most 65,536 bytes are allowed; shorten or split it."),),
            ),
        ),
    ],
)
def test_refusals_say_what_to_do(refusal: Refusal, expected: Refusal) -> None:
    """A sentence with the remedy, and the field it is about; always storable, whatever the client sent."""
    assert refusal == expected
    assert msgspec.json.encode(refusal)


def test_codes_are_stable_names() -> None:
    """Clients rely on them: lower case, words joined by hyphens, each once."""
    assert all(code.value == code.value.lower() and "_" not in code.value for code in Code)
    assert len({code.value for code in Code}) == len(Code)


def test_conditions_of_the_moment_are_errors() -> None:
    """Not refusals: the same command may pass in a moment."""
    conditions = {
        errors.BrokerUnavailable, errors.LogUnreadable, errors.Busy, errors.StillPending, errors.RecordTooLarge,
        errors.NotOwned, errors.NotHere, errors.Elsewhere,
    }  # fmt: skip
    assert all(issubclass(condition, Exception) and condition.__doc__ for condition in conditions)
