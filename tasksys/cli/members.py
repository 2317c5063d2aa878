"""`tasksys member`: who belongs to the workspace, and what each may do."""

import click

from tasksys.cli import moments, output
from tasksys.cli.options import in_workspace
from tasksys.cli.session import Session
from tasksys.values import Role


@click.group()
def member() -> None:
    """Who belongs to a workspace, and what they may do."""


@member.command("list")
@in_workspace
def list_members(session: Session) -> None:
    """List the members."""
    found = session.client.whole(session.path("members"))
    rows = [(one["user"], one["role"], moments.clock(one["since"])) for one in found["items"]]
    session.show(found, output.table(("user", "role", "since"), rows, wide="user"))


@member.command("set")
@click.argument("who", metavar="USER")
@click.argument("role", type=click.Choice([role.value for role in Role]))
@in_workspace
def set_member(session: Session, who: str, role: str) -> None:
    """Add a member, or change a role.

    Viewers read; commenters comment; editors change everything that is theirs to do; admins also say who belongs;
    owners may do all.
    """
    where = session.path("members", who)
    answer = session.settled(session.client.send("PUT", where, {"role": role}), where)
    session.show(answer, f"{who} is {role} of {session.workspace()['name']}.")


@member.command("remove")
@click.argument("who", metavar="USER")
@in_workspace
def remove_member(session: Session, who: str) -> None:
    """Remove a member. Anybody may remove themselves."""
    answer = session.client.send("DELETE", session.path("members", who))
    session.show(answer, f"{who} is no member of {session.workspace()['name']} any more.")


COMMANDS = (member,)
