"""Commands for operators that ask a running server: dead letters."""

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

import click

from tasksys.cli import output
from tasksys.cli.client import Json
from tasksys.cli.failures import Exit, Failure
from tasksys.cli.options import connected
from tasksys.cli.session import Session

DEAD_LETTERS: Final = "/admin/dead-letters"


@click.group("dead-letters")
def dead_letters() -> None:
    """Records that could not be folded, and folding them again."""


def _letters(session: Session) -> Iterator[Json]:
    """All of them, page by page."""
    more: dict[str, str] = {}
    while True:
        page = session.client.get(DEAD_LETTERS, **more)
        yield from page["items"]
        if not page.get("next_cursor"):
            return
        more = {"cursor": page["next_cursor"]}


def _when(letter: Json) -> str:
    return datetime.fromtimestamp(letter["at_ms"] / 1000, UTC).astimezone().strftime("%Y-%m-%d %H:%M")


@dead_letters.command("list")
@connected
def list_letters(session: Session) -> None:
    """List them."""
    found = list(_letters(session))
    rows = [
        (one["id"], _when(one), one["workspace"] or "", one["actor"] or "", one["command"] or "", one["reason"])
        for one in found
    ]
    columns = ("id", "when", "workspace", "actor", "command", "reason")
    session.show({"items": found}, output.table(columns, rows, wide="reason") if rows else "No dead letters.")


@dead_letters.command("show")
@click.argument("letter")
@connected
def show_letter(session: Session, letter: str) -> None:
    """Show one, with the record as it was sent."""
    found = next((one for one in _letters(session) if one["id"] == letter), None)
    if found is None:
        raise Failure(f"There is no dead letter {letter!r}; see `tasksys dead-letters list`.", Exit.NOT_FOUND)
    value = found["value"]
    with suppress(TypeError, ValueError):
        value = json.dumps(json.loads(value), indent=2, ensure_ascii=False)
    facts = [(name, str(found[name] or "–")) for name in ("id", "workspace", "actor", "command", "key", "reason")]
    session.show(found, output.table(("", ""), [*facts, ("when", _when(found)), ("value", value or "–")]))


@dead_letters.command("retry")
@click.argument("letters", nargs=-1, required=True)
@connected
def retry_letters(session: Session, letters: tuple[str, ...]) -> None:
    """Append the records again, to be folded by this release."""
    for letter in letters:
        answer = session.client.send("POST", f"{DEAD_LETTERS}/{letter}/retry")
        session.show(answer, f"{letter} was appended again; it goes from the list when it is folded.")


@dead_letters.command("discard")
@click.argument("letters", nargs=-1, required=True)
@connected
def discard_letters(session: Session, letters: tuple[str, ...]) -> None:
    """Take letters off the list that are never to be folded. Their records stay in the topic of dead letters."""
    for letter in letters:
        answer = session.client.send("POST", f"{DEAD_LETTERS}/{letter}/discard")
        session.show(answer, f"{letter} goes from the list.")


COMMANDS = (dead_letters,)
