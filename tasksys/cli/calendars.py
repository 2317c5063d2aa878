"""`tasksys calendar` and `tasksys import`: tasks in calendar programs, and from their files."""

from typing import BinaryIO, Final

import click

from tasksys.cli.client import Json
from tasksys.cli.failures import Failure
from tasksys.cli.options import in_workspace, option
from tasksys.cli.session import Session

CONTENT: Final = "text/calendar"


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


@click.command("import")
@click.argument("file", type=click.File("rb"))
@option("--project", metavar="ID|NAME", show_default=False, help="The project that new tasks go to.")
@option("--dry-run", is_flag=True, help="Only say what would be done.")
@in_workspace
def import_(session: Session, file: BinaryIO, project: str | None, dry_run: bool) -> None:
    """Take over the to-dos of a calendar file (.ics); - reads standard input.

    What was imported before is changed if the file has a later version of it, and else left alone. Events are left out.
    """
    query: Json = {"dry_run": "true" if dry_run else None}
    if project is not None:
        query["project"] = session.project(project)["id"]
    try:
        raw = file.read()
    except OSError as error:
        raise Failure(f"{file.name} cannot be read ({error.strerror or error}); give another file.") from error
    told = session.client.upload(session.path("import"), raw, CONTENT, query)
    session.show(told, *_said(told))
    if told["failed"]:
        raise Failure(f"{told['failed']} of the file's components could not be imported; the same import tries again.")


def _said(told: Json) -> list[str]:
    """What became of each component that there is something to say of, and of all."""
    lines = []
    for item in told["items"]:
        remarks = [item["reason"], *item["notes"], *(f"{one['command']}: {one['detail']}" for one in item["problems"])]
        lines += [f"line {item['line']}, {item['title'] or 'without title'}: {one}" for one in remarks if one]
    made, changed = ("would be made", "would be changed") if told["dry_run"] else ("made", "changed")
    counts = f"{told['created']} {made}, {told['updated']} {changed}, {told['skipped']} left alone"
    return [*map(_printable, lines), f"{counts}, {told['failed']} failed." if told["failed"] else f"{counts}."]


def _printable(line: str) -> str:
    """A line that cannot move the cursor, whatever the file has."""
    return "".join(one if one.isprintable() else "?" for one in line)


COMMANDS = (calendar, import_)
