"""`tasksys replay`: has a server rebuild its tables from the event log, with a progress bar."""

import json
from typing import Final

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from tasksys.cli import moments, output
from tasksys.cli.client import Json
from tasksys.cli.failures import Exit, Failure
from tasksys.cli.options import connected, option
from tasksys.cli.session import Session

PHASES: Final = {"fold": "events folded", "compare": "tables compared", "switch": "rows put right"}
"""What is counted in each phase that comes before `done`."""


@click.command()
@option("--verify", is_flag=True, help="Only compare: the live tables stay as they are.")
@option("--workspace", "-w", metavar="NAME|ID", help="One workspace only; one that you are no member of, by its id.")
@option("--until", metavar="INSTANT", help="Only the events up to then, such as 2026-03-08T09:00Z; to see that they "
        "can be folded. Nothing is compared.")  # fmt: skip
@connected
def replay(session: Session, verify: bool, until: str | None, workspace: str | None) -> None:
    """Rebuild the tables from the event log.

    The new ones are made beside the live ones and compared with them, and what differs is put right. With --verify
    differences are only shown, and the exit code is 5 if there are any.
    """
    if verify and until:
        raise click.UsageError(
            "With --until nothing is compared, so that --verify would verify nothing; give one of them."
        )
    up_to = moments.instant_of(until, "--until") if until else None
    last = _follow(session, {"verify": verify, "workspace": _id(session, workspace), "until": up_to})
    if last.get("phase") != "done":
        raise Failure("The server broke off before the replay was done; look at its log, then try again.")
    if session.as_json:
        if verify and last["different"]:
            raise click.exceptions.Exit(Exit.UNVERIFIED)
        return
    output.show(f"{last['total']} events folded.")
    if last["different"]:
        rows = [(one["agent"], str(one["partition"]), one["kind"], one["row"]) for one in last["differences"]]
        output.show(output.table(("agent", "partition", "is", "row"), rows))
    if verify and last["different"]:
        raise Failure(f"{last['different']} rows are not what the event log says; `tasksys replay` puts them right.",
                      Exit.UNVERIFIED)  # fmt: skip
    if last["different"]:
        output.show(f"{last['repaired']} of {last['different']} rows that were not what the event log says, put right.")
    elif not until:
        output.show("The tables are what the event log says.")


def _id(session: Session, workspace: str | None) -> str | None:
    """The id of one of the user's workspaces, or else what was given: operators need not be members."""
    if not workspace:
        return None
    session.name_workspace(workspace)
    try:
        return str(session.workspace()["id"])
    except Failure as failure:
        if failure.exit_code != Exit.NOT_FOUND:
            raise
        return workspace


def _follow(session: Session, wanted: Json) -> Json:
    """Shows the progress; the last of it."""
    last: Json = {}
    bars: dict[str, TaskID] = {}
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        for last in session.client.lines("POST", "/admin/replay", wanted):
            if session.as_json:
                output.plain(json.dumps(last, ensure_ascii=False))
            phase = last["phase"]
            if phase in PHASES:
                if phase not in bars:
                    bars[phase] = progress.add_task(PHASES[phase], total=None)
                progress.update(bars[phase], completed=last["done"], total=last.get("total"))
    return last


COMMANDS = (replay,)
