"""`tasksys workspace`: the workspaces of a user, and which one is used."""

from typing import Any

import click

from tasksys.cli import chosen, moments, names, options, output
from tasksys.cli.options import connected, in_workspace, option
from tasksys.cli.reminders import iso
from tasksys.cli.session import Session


def _listed(session: Session) -> None:
    found = session.workspaces()
    used = chosen.workspace(session.client.remembered) or (found[0]["id"] if len(found) == 1 else "")
    rows = [
        ("*" if one["id"] == used else "", one["id"], one["name"], one["time_zone"], one.get("role") or "",
         str(one["position"]))
        for one in found
    ]  # fmt: skip
    columns = ("", "id", "name", "time zone", "role", "position")
    shown = output.table(columns, rows, wide="name") if rows else "No workspaces; make one: tasksys workspace create."
    session.show({"items": found}, shown)


@click.command()
@connected
def workspaces(session: Session) -> None:
    """List your workspaces.

    The one marked is used where none is named.
    """
    _listed(session)


@click.group()
def workspace() -> None:
    """Workspaces: each with its own members, projects and tasks."""


@workspace.command("list")
@connected
def list_workspaces(session: Session) -> None:
    """List your workspaces.

    The one marked is used where none is named.
    """
    _listed(session)


@workspace.command("show")
@in_workspace
def show_workspace(session: Session) -> None:
    """Show the workspace that is used."""
    found = session.client.get(session.path())
    facts = [(name.replace("_", " "), output.value(value)) for name, value in found.items() if name != "created_at"]
    session.show(found, output.table(("", ""), [*facts, ("created", moments.clock(found["created_at"]))]))


@workspace.command("edit")
@option("--name", help="The new name.")
@option("--time-zone", metavar="ZONE", help="Where its days begin and end, such as Europe/Berlin.")
@option(
    "--reminder-hour",
    metavar="HOUR",
    help="From which hour on a date counts, for reminders of those who set none; `none` is midnight.",
)
@option("--catch-up", metavar="DURATION", help="How late reminders still fire after an outage, such as 7d or 12h.")
@in_workspace
def edit_workspace(session: Session, **given: Any) -> None:
    """Change the workspace that is used."""
    changes = {field: value for field, value in given.items() if value is not None}
    if "reminder_hour" in changes:
        changes["reminder_hour"] = options.hour(changes["reminder_hour"], "--reminder-hour")
    if "catch_up" in changes:
        changes["catch_up"] = iso(changes["catch_up"], "--catch-up")
    if not changes:
        raise click.UsageError("Nothing to change: give --name, --time-zone, --reminder-hour or --catch-up.")
    changed = session.settled(session.client.send("PATCH", session.path(), changes), session.path())
    session.show(changed, f"Changed workspace {changed['name']} ({changed['id']}, {changed['time_zone']}).")


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
    """Use this workspace where none is named. Remembered for this server and user."""
    found = names.one(name, session.workspaces(), "workspace", "name")
    chosen.choose(session.client.remembered, found["id"])
    session.show(found, f"Using {found['name']} ({found['id']}).")


COMMANDS = (workspaces, workspace, use)
