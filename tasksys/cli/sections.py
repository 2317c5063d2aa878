"""`tasksys section`: the parts of a project."""

import click

from tasksys.cli import output
from tasksys.cli.client import Json
from tasksys.cli.options import in_workspace, option
from tasksys.cli.projects import changed, place
from tasksys.cli.session import Session


@click.group()
def section() -> None:
    """The parts of a project, such as To do and Doing."""


def _show(session: Session, project: Json, *said: str) -> None:
    rows = [(one["id"], one["name"]) for one in project["sections"]]
    session.show(project, *said, output.table(("id", "name"), rows, wide="name") if rows else "No sections.")


@section.command("list")
@click.argument("project")
@in_workspace
def list_sections(session: Session, project: str) -> None:
    """List the sections of a project, in their order."""
    _show(session, session.project(project))


@section.command("add")
@click.argument("project")
@click.argument("name")
@in_workspace
def add_section(session: Session, project: str, name: str) -> None:
    """Add a section at the end of a project."""
    where = session.path("projects", session.project(project)["id"], "sections")
    _show(session, changed(session, session.client.send("POST", where, {"name": name})))


@section.command("edit")
@click.argument("project")
@click.argument("section")
@option("--name", help="The new name.")
@option("--after", "behind", metavar="SECTION", help="Directly behind this one in the order.")
@option("--before", metavar="SECTION", help="Directly in front of this one in the order.")
@in_workspace
def edit_section(
    session: Session, project: str, section: str, name: str | None, behind: str | None, before: str | None
) -> None:
    """Rename a section, or move it in the order."""
    home = session.project(project)
    found = session.among(home["sections"], section, "section")
    others = [one for one in home["sections"] if one["id"] != found["id"]]
    changes = place(session, others, "section", behind, before)
    changes |= {} if name is None else {"name": name}
    if not changes:
        raise click.UsageError("Nothing to change: give --name, --after or --before.")
    where = session.path("projects", home["id"])
    answer = session.client.send("PATCH", session.path("projects", home["id"], "sections", found["id"]), changes)
    _show(session, session.settled(answer, where))


@section.command("remove")
@click.argument("project")
@click.argument("section")
@in_workspace
def remove_section(session: Session, project: str, section: str) -> None:
    """Remove a section; its tasks stay in the project."""
    home = session.project(project)
    found = session.among(home["sections"], section, "section")
    answer = session.client.send("DELETE", session.path("projects", home["id"], "sections", found["id"]))
    _show(session, session.settled(answer, session.path("projects", home["id"])), f"Removed {found['name']}.")


COMMANDS = (section,)
