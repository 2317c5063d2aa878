"""Commands about the past: what happened to a task, and undoing any of it."""

import click

from tasksys.cli import output
from tasksys.cli.options import in_workspace, option
from tasksys.cli.session import Session
from tasksys.cli.tasks import after, project_names


@click.command()
@click.argument("task")
@option("--limit", type=click.IntRange(min=1), help="The newest ones only.")
@in_workspace
def history(session: Session, task: str, limit: int | None) -> None:
    """What happened to a task: when, by whom, before and after."""
    found = session.task(task)
    everything = list(session.client.items(session.path("tasks", found["id"], "history"), cursor_name="after"))
    entries = everything[-limit:] if limit else everything
    session.show({"items": entries}, output.history(entries))


@click.command()
@click.argument("task")
@click.argument("position", type=click.IntRange(min=1), required=False)
@in_workspace
def undo(session: Session, task: str, position: int | None) -> None:
    """Undo a change of a task: the one at that position, or its last one."""
    found = session.task(task)
    answer = session.client.send(
        "POST", session.path("tasks", found["id"], "undo"), {"position": position or found["position"]}
    )
    changed = after(session, answer, found["id"])
    said = f"Undone, by a new change at position {changed['position']}:"
    session.show(changed, said, output.tasks([changed], project_names(session, [changed])))


COMMANDS = (history, undo)
