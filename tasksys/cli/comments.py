"""`tasksys comment`: what people say about a task."""

import click

from tasksys.cli import moments, names, output
from tasksys.cli.client import Json
from tasksys.cli.options import in_workspace
from tasksys.cli.session import Session


@click.group()
def comment() -> None:
    """What people say about a task, in Markdown."""


def _answer(session: Session, task: Json) -> Json:
    return session.client.whole(session.path("tasks", task["id"], "comments"))


def _all(session: Session, task: Json) -> list[Json]:
    found: list[Json] = _answer(session, task)["items"]
    return found


@comment.command("list")
@click.argument("task")
@in_workspace
def list_comments(session: Session, task: str) -> None:
    """List the comments on a task, oldest first."""
    answer = _answer(session, session.task(task))
    found = answer["items"]
    short = names.short(one["id"] for one in found)
    rows = [(short[one["id"]], moments.clock(one["created_at"]), one["author"], one["body"]) for one in found]
    shown = output.table(("id", "when", "who", "comment"), rows, wide="comment") if rows else "No comments."
    session.show(answer, shown)


@comment.command("add")
@click.argument("task")
@click.argument("text", nargs=-1, required=True)
@in_workspace
def add_comment(session: Session, task: str, text: tuple[str, ...]) -> None:
    """Say something about a task."""
    found = session.task(task)
    answer = session.client.send("POST", session.path("tasks", found["id"], "comments"), {"body": " ".join(text)})
    session.show(answer, f"Commented on “{found['title']}”.")


@comment.command("edit")
@click.argument("task")
@click.argument("comment")
@click.argument("text", nargs=-1, required=True)
@in_workspace
def edit_comment(session: Session, task: str, comment: str, text: tuple[str, ...]) -> None:
    """Say it otherwise. Only the author, or an admin, may."""
    found = session.task(task)
    one = session.among(_all(session, found), comment, "comment", "body")
    where = session.path("tasks", found["id"], "comments", one["id"])
    session.show(session.client.send("PATCH", where, {"body": " ".join(text)}), "Changed the comment.")


@comment.command("remove")
@click.argument("task")
@click.argument("comment")
@in_workspace
def remove_comment(session: Session, task: str, comment: str) -> None:
    """Remove a comment. Only the author, or an admin, may; `tasksys undo` brings it back."""
    found = session.task(task)
    one = session.among(_all(session, found), comment, "comment", "body")
    where = session.path("tasks", found["id"], "comments", one["id"])
    session.show(session.client.send("DELETE", where), "Removed the comment.")


COMMANDS = (comment,)
