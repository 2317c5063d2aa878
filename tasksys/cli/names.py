"""Short names: a part of an id that only one thing has, or a thing's own name."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from tasksys.cli.failures import Exit, Failure

Json = dict[str, Any]

SHORTEST: Final = 4
"""Characters of an id that lists show, and that a part of one needs, at least."""

CANDIDATES: Final = 10


def one(name: str, things: Sequence[Json], kind: str, label: str, by_label: bool = True) -> Json:
    """The thing of that id; of that label (in any case); or of the one id that begins or ends with so many characters.

    Failure 4 if there is none or the part is too short, 1 with the candidates if there are several.
    """
    wanted = name.casefold()
    matches = (
        [thing for thing in things if thing["id"] == name],
        [thing for thing in things if by_label and str(thing[label]).casefold() == wanted],
        [thing for thing in things if thing["id"].casefold().startswith(wanted)]
        + [thing for thing in things
           if thing["id"].casefold().endswith(wanted) and not thing["id"].casefold().startswith(wanted)],
    )  # fmt: skip
    found = next((match for match in matches[: 3 if len(name) >= SHORTEST else 2] if match), [])
    if not found and name:
        long_enough(name, kind)
    if not found or not name:
        raise Failure(f"There is no {kind} {name!r}; give its id, or the part of it that the lists show.",
                      Exit.NOT_FOUND)  # fmt: skip
    if len(found) > 1:
        raise Failure(f"{name!r} could be any of these; give more of the id:\n{listed(found, label)}")
    return found[0]


def long_enough(name: str, kind: str) -> None:
    """Failure 4 for what is too short to be a part of an id: it would find whatever happens to end so."""
    if len(name) < SHORTEST:
        raise Failure(f"There is no {kind} {name!r}; a part of an id needs at least the {SHORTEST} characters that "
                      "lists show.", Exit.NOT_FOUND)  # fmt: skip


def listed(things: Sequence[Json], label: str) -> str:
    """Ids and labels, one a line, and which are in the trash."""
    lines = [
        f"  {thing['id']}  {thing[label]}{' (in the trash)' if thing.get('trashed') else ''}"
        for thing in things[:CANDIDATES]
    ]
    return "\n".join([*lines, *(["  …"] if len(things) > CANDIDATES else [])])


def short(identifiers: Iterable[str]) -> dict[str, str]:
    """For each id its end, long enough to tell them apart: the beginnings of ids made one after another are alike."""
    ids = sorted(set(identifiers))
    length = SHORTEST
    while length < max(map(len, ids), default=0) and len({one[-length:].casefold() for one in ids}) < len(ids):
        length += 1
    return {one: one[-length:] for one in ids}
