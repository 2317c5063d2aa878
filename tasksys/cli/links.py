"""`tasksys link`: how tasks relate to each other."""

import click

from tasksys.cli import output
from tasksys.cli.client import Json
from tasksys.cli.options import in_workspace
from tasksys.cli.session import Session
from tasksys.cli.tasks import after
from tasksys.values import LinkType

KIND = click.Choice([kind.value for kind in LinkType])


@click.group()
def link() -> None:
    """How tasks relate: what blocks what, what is a duplicate."""


def _show(session: Session, task: Json) -> None:
    rows = [
        (one["type"], one["task"], session.client.get(session.path("tasks", one["task"]))["title"])
        for one in ([] if session.as_json else task["links"])
    ]
    session.show(task, output.table(("", "id", "task"), rows, wide="task") if rows else "No links.")


@link.command("list")
@click.argument("task")
@in_workspace
def list_links(session: Session, task: str) -> None:
    """List the links of a task."""
    _show(session, session.task(task))


@link.command("add")
@click.argument("task")
@click.argument("kind", type=KIND, metavar="KIND")
@click.argument("other", metavar="OTHER")
@in_workspace
def add_link(session: Session, task: str, kind: str, other: str) -> None:
    """Link a task to another: `tasksys link add PAINT blocked-by "BUY PAINT"`, by their ids.

    KIND is blocks, blocked-by, relates, duplicates or duplicated-by.
    """
    found, there = session.task(task), session.task(other)
    body = {"link": kind, "other": there["id"]}
    answer = session.client.send("POST", session.path("tasks", found["id"], "links"), body)
    _show(session, after(session, answer, found["id"]))


@link.command("remove")
@click.argument("task")
@click.argument("kind", type=KIND, metavar="KIND")
@click.argument("other", metavar="OTHER")
@in_workspace
def remove_link(session: Session, task: str, kind: str, other: str) -> None:
    """Remove a link, from both tasks. KIND and OTHER are as `tasksys link list TASK` shows them."""
    found, there = session.task(task), session.task(other)
    answer = session.client.send("DELETE", session.path("tasks", found["id"], "links", kind, there["id"]))
    _show(session, after(session, answer, found["id"]))


COMMANDS = (link,)
