"""Commands about where tasks are: workspaces and projects."""

import click

from tasksys.cli import chosen, moments, names, output
from tasksys.cli.options import connected, in_workspace, option
from tasksys.cli.session import Session


@click.command()
@connected
def workspaces(session: Session) -> None:
    """List your workspaces.

    The one marked is used where none is named.
    """
    found = session.workspaces()
    used = chosen.workspace(session.client.server) or (found[0]["id"] if len(found) == 1 else "")
    rows = [
        ("*" if one["id"] == used else "", one["id"], one["name"], one["time_zone"], one.get("role") or "",
         str(one["position"]))
        for one in found
    ]  # fmt: skip
    columns = ("", "id", "name", "time zone", "role", "position")
    shown = output.table(columns, rows, wide="name") if rows else "No workspaces; make one: tasksys workspace create."
    session.show({"items": found}, shown)


@click.group()
def workspace() -> None:
    """Make workspaces."""


@workspace.command("create")
@click.argument("name")
@option("--time-zone", default="", metavar="ZONE", help="Such as Europe/Berlin; without, this machine's.")
@connected
def create_workspace(session: Session, name: str, time_zone: str) -> None:
    """Make a workspace and become its owner."""
    made = session.new_workspace(name, time_zone or moments.machine_zone())
    session.show(made, f"Made {made['name']} ({made['id']}, {made['time_zone']}).")


@click.command()
@click.argument("name", metavar="WORKSPACE")
@connected
def use(session: Session, name: str) -> None:
    """Use this workspace where none is named. Remembered for this server."""
    found = names.one(name, session.workspaces(), "workspace", "name")
    chosen.choose(session.client.server, found["id"])
    session.show(found, f"Using {found['name']} ({found['id']}).")


@click.command()
@in_workspace
def projects(session: Session) -> None:
    """List the projects."""
    found = session.projects()
    rows = [(one["id"], one["name"], ", ".join(part["name"] for part in one["sections"])) for one in found]
    shown = output.table(("id", "name", "sections"), rows, wide="name") if rows else "No projects."
    session.show({"items": found}, shown)


@click.group()
def project() -> None:
    """Make projects."""


@project.command("create")
@click.argument("name")
@in_workspace
def create_project(session: Session, name: str) -> None:
    """Make a project."""
    made = session.client.send("POST", session.path("projects"), {"name": name})
    session.show(made, f"Made project {name}.")


COMMANDS = (workspaces, workspace, use, projects, project)
