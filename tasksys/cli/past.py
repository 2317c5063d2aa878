"""Commands about the past: what happened to a task, and undoing any of it."""

from typing import Final

import click

from tasksys.cli import output
from tasksys.cli.client import Json
from tasksys.cli.failures import Failure
from tasksys.cli.options import in_workspace, option
from tasksys.cli.session import Session
from tasksys.cli.tasks import after, place_names, project_names
from tasksys.values import CLOCK

MAKES_SERIES: Final = "SeriesCreated"


@click.command()
@click.argument("task")
@option("--limit", type=click.IntRange(min=1), help="The newest ones only.")
@in_workspace
def history(session: Session, task: str, limit: int | None) -> None:
    """What happened to a task: when, by whom, before and after."""
    found = session.task(task)
    answer = _history(session, found)
    entries = answer["items"][-limit:] if limit else answer["items"]
    session.show({**answer, "items": entries}, output.history(entries, place_names(session, entries)))


@click.command()
@click.argument("task", required=False)
@click.argument("at", metavar="[POSITION]", type=click.IntRange(min=1), required=False)
@option("--position", type=click.IntRange(min=1), help="The change to undo, as `tasksys history` shows it.")
@option("--yes", is_flag=True, help="Also if that ends a whole series.")
@in_workspace
def undo(session: Session, task: str | None, at: int | None, position: int | None, yes: bool) -> None:
    """Undo a change of a task: the one at that position, or the last that was not undone yet.

    What made a task come again is undone only with --yes, or by its position: that ends the series.

    Without TASK, any change of the workspace, such as of a series: that at --position, as `tasksys audit list` shows.
    """
    if at and position:
        raise click.UsageError("Give one position, as POSITION or with --position.")
    if task is None:
        _undo_at(session, position)
        return
    found = session.task(task)
    entries: list[Json] = _history(session, found)["items"]
    wanted = at or position or _last(entries)
    if wanted is None:
        raise Failure("Nothing is left to undo; an undo itself is undone by its position, see `tasksys history`.")
    kinds = _kinds(session, wanted)
    if MAKES_SERIES in kinds and not (at or position or yes):
        said = (
            f"What is left to undo made “{found['title']}” come again: to undo it ends the series, with all of it that"
        )
        raise Failure(f"{said} is not due yet. Do it with `tasksys undo {task} --yes`, or give its position, {wanted}.")
    where = session.path("tasks", found["id"], "undo")
    answer = session.client.send("POST", where, {"position": wanted})
    made = answer["events"][-1]["position"] if answer.get("events") else session.client.position
    changed = after(session, answer, found["id"])
    said = f"Undone: {' and '.join(kinds) or 'the change'} at position {wanted}, by a new change at position {made}:"
    more = "Undo an older change with `tasksys undo TASK --position N`; `tasksys history TASK` shows positions."
    if changed.get("trashed"):
        more = f"“{changed['title']}” is in the trash now; `tasksys restore {changed['id']}` takes it out."
    session.show(changed, said, output.tasks([changed], project_names(session, [changed])), more)


def _kinds(session: Session, position: int) -> list[str]:
    """What the command did that did this, up to there, each kind once: a task may have changed for another's sake."""
    kinds: dict[str, None] = {}
    whose = None
    for entry in session.client.items(session.path("audit"), {"cursor": position + 1}):
        whose = whose or (entry["actor"], entry["command"])
        if (entry["actor"], entry["command"]) != whose:
            break
        kinds[entry["type"]] = None
    return list(reversed(kinds))


def _undo_at(session: Session, position: int | None) -> None:
    """Undoes what is about no task, or not about one alone."""
    if position is None:
        raise click.UsageError("Undo what? Name a task, or give --position, as `tasksys audit list` shows it.")
    answer = session.client.send("POST", session.path("commands"), {"type": "Undo", "position": position})
    said = f"Undone: the change at position {position}, by a new change at position {session.client.position}."
    session.show(answer, said)


def _history(session: Session, task: Json) -> Json:
    """All of it, oldest first."""
    return session.client.whole(session.path("tasks", task["id"], "history"), cursor_name="after")


def _last(entries: list[Json]) -> int | None:
    """The position of the newest change that is no undo and was not undone, by whatever client.

    An undo that was undone itself took nothing back; what fell due by itself is nobody's to undo.
    """
    undone: set[int] = set()
    commands: dict[tuple[str, str], list[Json]] = {}
    for entry in entries:
        commands.setdefault((entry["actor"], entry["command"]), []).append(entry)
    for changes in sorted(commands.values(), key=lambda one: -int(one[-1]["position"])):
        positions = [int(entry["position"]) for entry in changes]
        if not undone.isdisjoint(positions):
            continue
        taken = {int(entry["undoes"]) for entry in changes if entry.get("undoes")}
        if not taken and changes[0]["actor"] != CLOCK:
            return positions[0]
        undone |= taken
    return None


COMMANDS = (history, undo)
