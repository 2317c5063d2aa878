"""`tasksys calendar`: tasks in calendar programs. Their files come in with `tasksys import`."""

import click

from tasksys.cli.options import in_workspace, option
from tasksys.cli.session import Session


@click.command()
@option("--renew", is_flag=True, help="Make other addresses; the former stop working.")
@in_workspace
def calendar(session: Session, renew: bool) -> None:
    """Show the secret addresses of your calendar, for programs that subscribe to one.

    Whoever has an address can read the calendar, and nothing else: keep it like a password. The first has tasks as
    to-dos; the second has those that are due as events, for programs that show no to-dos.
    """
    path = session.path("calendar-token")
    found = session.client.send("POST", path) if renew else session.client.get(path)
    if "events" not in found or "todos" not in found:  # decided late
        found = session.client.get(path)
    session.show(found, f"to-dos  {found['todos']}", f"events  {found['events']}")


COMMANDS = (calendar,)
