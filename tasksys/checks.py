"""Checks on what a command says that hold in every aggregate: lengths, control characters, zones, roles."""

import re
from collections.abc import Iterable
from typing import Final

from msgspec import UnsetType, structs

from tasksys import durations, limits
from tasksys.refusals import Code, FieldError, Refusal, invalid, over, sentence
from tasksys.rows import Member
from tasksys.state import State
from tasksys.values import Repeat, Role, When, require_when, require_zone

NOT_IN_TEXT: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""Controls but for tab and line breaks, and lone surrogates: Unicode's Cc and Cs, which no new version can add to."""

NOT_IN_LINE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Controls, lone surrogates, and the separators of lines and paragraphs: Unicode's Cc, Cs, Zl and Zp."""


def allowed(state: State, actor: str, needed: Role) -> Refusal | None:
    """Refuses an actor whose role is less than needed; a stranger learns nothing about the workspace."""
    member = state.member(actor)
    if state.workspace is None or member is None:
        return no_workspace()
    if not member.role.may(needed):
        return forbidden(member, needed)
    return None


def no_workspace() -> Refusal:
    """The same answer for a workspace that is not there and one the actor is not a member of."""
    return Refusal(Code.NOT_FOUND, "There is no such workspace, or you are not a member; ask an admin to add you.")


def forbidden(member: Member, needed: Role) -> Refusal:
    """The actor's role is not enough."""
    asked = Role.OWNER if needed is Role.OWNER else Role.ADMIN
    detail = f"Your role is {member.role.value}; this needs {needed.value} or more. Ask an {asked} of the workspace."
    return Refusal(Code.FORBIDDEN, detail)


def stale(what: str, expected: int | None, current: int) -> Refusal | None:
    """Refuses a command that insists on a version that is not the current one."""
    if expected is None or expected == current:
        return None
    detail = f"The {what} is at version {current}, not {expected}; read it again, then repeat the change."
    return Refusal(Code.VERSION_CONFLICT, detail)


def line(pointer: str, text: str, characters: int) -> Refusal | None:
    """A single line that must not be empty."""
    if not text.strip():
        return invalid(pointer, "This must not be empty.")
    return short(pointer, text, characters)


def short(pointer: str, text: str, characters: int) -> Refusal | None:
    """A single line that may be empty."""
    if len(text) > characters:
        return over(pointer, "characters", characters)
    if NOT_IN_LINE.search(text):
        return invalid(pointer, "Control characters and line breaks are not allowed here; remove them.")
    return None


def markdown(pointer: str, text: str, size: int = limits.DESCRIPTION_BYTES) -> Refusal | None:
    """Text of several lines; tabs and line breaks are its only control characters."""
    if len(text) > size // 4 and len(text.encode("utf-8", "surrogatepass")) > size:
        return over(pointer, "bytes", size)
    if NOT_IN_TEXT.search(text):
        return invalid(pointer, "Control characters other than tab and line break are not allowed here; remove them.")
    return None


def zone(pointer: str, name: str) -> Refusal | None:
    """A known time zone."""
    try:
        require_zone(name)
    except ValueError as error:
        return invalid(pointer, sentence(error))
    return None


def when(pointer: str, value: When | UnsetType | None) -> Refusal | None:
    """A start or due value of one of the three kinds."""
    try:
        if isinstance(value, When):
            require_when(value)
    except ValueError as error:
        return invalid(pointer, sentence(error))
    return None


def labels(pointer: str, names: Iterable[str]) -> Refusal | None:
    """Each label is a short line."""
    found = (line(f"{pointer}/{index}", name, limits.LABEL_CHARACTERS) for index, name in enumerate(names))
    return every(*found)


def apart(add: tuple[str, ...], remove: tuple[str, ...]) -> Refusal | None:
    """Nothing is both added and removed."""
    both = [(index, name) for index, name in enumerate(remove) if name in add]
    said = "{!r} is in `add` too; leave it in one of the two."
    return every(*(invalid(f"/remove/{index}", said.format(name)) for index, name in both))


def members(pointer: str, users: Iterable[str], state: State, known: tuple[str, ...] = ()) -> Refusal | None:
    """Each user is a member of the workspace; those who are `known`, such as assignees who have left, are not asked."""
    errors = tuple(
        FieldError(f"{pointer}/{index}", f"{user!r} is not a member of the workspace; add them first.")
        for index, user in enumerate(users)
        if user not in known and state.member(user) is None
    )
    return Refusal(Code.INVALID, errors[0].detail, errors) if errors else None


def repeat(pointer: str, value: Repeat | None) -> Refusal | None:
    """A reminder repeats after a duration of a minute or more."""
    try:
        if value is None or durations.parse(value.every) >= durations.MINUTE:
            return None
    except ValueError as error:
        return invalid(f"{pointer}/every", sentence(error))
    return invalid(f"{pointer}/every", "A reminder repeats after a minute at the soonest; give PT1M or more.")


def identifier(pointer: str, name: str) -> Refusal | None:
    """An id was chosen: the way in fills it in where the client left it out."""
    return None if name else invalid(pointer, "Give an id, such as a ULID.")


def every(*refusals: Refusal | None) -> Refusal | None:
    """The first refusal with the errors of all that there are, if there is any."""
    found = [refusal for refusal in refusals if refusal is not None]
    if len(found) < 2:
        return found[0] if found else None
    return structs.replace(found[0], errors=tuple(error for one in found for error in one.errors))
