"""`tasksys project`: lists of tasks."""

from typing import Any

import click

from tasksys import ordering
from tasksys.cli import output
from tasksys.cli.client import Json
from tasksys.cli.options import in_workspace, option
from tasksys.cli.session import Session


def listed(session: Session, trashed: bool = False) -> None:
    """Shows the projects."""
    found = session.projects(trashed)
    rows = [(one["id"], one["name"], ", ".join(part["name"] for part in one["sections"])) for one in found]
    nothing = "No projects in the trash." if trashed else "No projects."
    shown = output.table(("id", "name", "sections"), rows, wide="name") if rows else nothing
    session.show({"items": found}, shown)


def changed(session: Session, answer: Json) -> Json:
    """The project that a command's answer shows, also if it was decided late."""
    project = answer["events"][0]["data"]["project"] if answer.get("events") else ""
    return session.settled(answer, session.path("projects", project))


def place(session: Session, things: list[Json], kind: str, behind: str | None, before: str | None) -> Json:
    """The order that puts something directly behind the thing named, or in front of it; {} if none is named."""
    named = behind or before
    if named is None:
        return {}
    at = things.index(session.among(things, named, kind))
    if behind is None:
        at -= 1
    orders = ["", *(one["order"] for one in things), ""]
    return {"order": ordering.between(orders[at + 1], orders[at + 2])}


@click.command()
@in_workspace
def projects(session: Session) -> None:
    """List the projects."""
    listed(session)


@click.group()
def project() -> None:
    """Projects: lists of tasks, with sections."""


@project.command("list")
@option("--trashed", is_flag=True, help="Those in the trash instead.")
@in_workspace
def list_projects(session: Session, trashed: bool) -> None:
    """List the projects."""
    listed(session, trashed)


@project.command("add")
@click.argument("name")
@option("--description", "-d", help="More about it, in Markdown.")
@option("--colour", help="Its colour, in a word of your own.")
@in_workspace
def add_project(session: Session, name: str, **given: str | None) -> None:
    """Add a project."""
    fields = {field: value for field, value in given.items() if value is not None}
    made = changed(session, session.client.send("POST", session.path("projects"), {"name": name, **fields}))
    session.show(made, f"Added project {made['name']} ({made['id']}).")


@project.command("show")
@click.argument("name", metavar="PROJECT")
@in_workspace
def show_project(session: Session, name: str) -> None:
    """Show a project and its sections."""
    found = session.project(name)
    facts = [(fact, str(found[fact])) for fact in ("id", "name", "description", "colour", "version") if found[fact]]
    sections = ", ".join(one["name"] for one in found["sections"])
    session.show(found, output.table(("", ""), [*facts, *([("sections", sections)] if sections else [])]))


@project.command("edit")
@click.argument("project", metavar="PROJECT")
@option("--name", help="The new name.")
@option("--description", "-d", help="More about it, in Markdown; blank clears it.")
@option("--colour", help="Its colour; blank clears it.")
@option("--after", "behind", metavar="PROJECT", help="Directly behind this one in the order.")
@option("--before", metavar="PROJECT", help="Directly in front of this one in the order.")
@in_workspace
def edit_project(session: Session, project: str, behind: str | None, before: str | None, **given: Any) -> None:
    """Change a project, or its place in the order."""
    found = session.project(project)
    others = [one for one in session.projects() if one["id"] != found["id"]]
    changes = {field: value for field, value in given.items() if value is not None}
    changes |= place(session, others, "project", behind, before)
    if not changes:
        raise click.UsageError("Nothing to change: give --name, --description, --colour, --after or --before.")
    answer = session.client.send("PATCH", session.path("projects", found["id"]), changes)
    edited = session.settled(answer, session.path("projects", found["id"]))
    session.show(edited, f"Changed project {edited['name']}.")


@project.command("trash")
@click.argument("name", metavar="PROJECT")
@in_workspace
def trash_project(session: Session, name: str) -> None:
    """Move a project and its tasks to the trash."""
    where = session.path("projects", session.project(name)["id"])
    gone = session.settled(session.client.send("DELETE", where), where)
    session.show(gone, f"In the trash, with its tasks: {gone['name']}")


@project.command("restore")
@click.argument("name", metavar="PROJECT")
@in_workspace
def restore_project(session: Session, name: str) -> None:
    """Take a project and its tasks out of the trash."""
    found = session.project(name, trashed=True)
    answer = session.client.send("POST", session.path("projects", found["id"], "restore"))
    back = session.settled(answer, session.path("projects", found["id"]))
    session.show(back, f"Back, with its tasks: {back['name']}")


COMMANDS = (projects, project)
