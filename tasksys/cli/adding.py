"""`tasksys add`: a line of text becomes a task, or a series of what comes again."""

from typing import Any, Final

import click

from tasksys.cli import moments, output
from tasksys.cli.client import Json, path
from tasksys.cli.options import in_workspace, option
from tasksys.cli.session import Session
from tasksys.cli.tasks import after, body, fields, project_names
from tasksys.quickadd import Kind
from tasksys.series.shapes import Missed

GIVEN: Final = {
    "due": (Kind.DUE, Kind.RECURRENCE),
    "start": (Kind.START, Kind.RECURRENCE),
    "priority": (Kind.PRIORITY,),
    "project": (Kind.PROJECT,),
    "section": (Kind.PROJECT,),
    "parent": (Kind.PROJECT,),
    "estimate_minutes": (Kind.ESTIMATE,),
}
"""Options, and the phrases that are not looked for where they are given: the dates of a series come from its rule, and
a subtask is where its parent is."""

SETS: Final = {"labels": Kind.LABEL, "assignees": Kind.ASSIGNEE}
"""Options that add to what the text says, unless they are `none`."""


@click.command()
@click.argument("text", nargs=-1, required=True)
@option("--plain", is_flag=True, help="Take the text as the title, as it is.")
@option(
    "--missed",
    type=click.Choice([one.value for one in Missed]),
    help="Of what comes again: what becomes of those not done.",
)
@fields
@in_workspace
def add(session: Session, text: tuple[str, ...], plain: bool, missed: str | None, **given: Any) -> None:
    """Add a task: `tasksys add "Buy milk tomorrow 9am #home !high"`.

    Dates, times and phrases such as "every monday" or "remind me 1h before" are understood, in this machine's zone, and
    #project, %label, @member, !high and ~30m. What an option gives is not looked for in the text, and what is in quotes
    is left alone.
    """
    _workspace_to_add_to(session)
    line = " ".join(text)
    found: Json = (
        {"command": {"title": line}, "understood": [], "reminders": []} if plain else _read(session, line, given)
    )
    command, wanted = found["command"], body(session, given)
    if command.pop("type", "CreateTask") == "CreateSeries":
        _add_series(session, found, wanted, missed)
    elif missed:
        raise click.UsageError("--missed is for what comes again; say how often, such as every monday.")
    else:
        _add_task(session, found, _with(command, wanted))


def _read(session: Session, line: str, given: Json) -> Json:
    """What the server understands of the text: it has the same parser for everybody, and knows the names."""
    without = {kind.value for name, kinds in GIVEN.items() if given.get(name) is not None for kind in kinds}
    without |= {kind.value for name, kind in SETS.items() if given.get(name) == ("none",)}
    asked = {
        "text": line,
        "workspace": session.workspace()["id"],
        "zone": moments.machine_zone(),
        "without": sorted(without),
    }
    return session.client.send("POST", path("parse"), asked)


def _with(command: Json, given: Json) -> Json:
    """The command's fields with those that options give; labels and assignees are added to."""
    both = {
        name: list(dict.fromkeys([*command[name], *given[name]]))
        for name in SETS
        if given.get(name) and command.get(name)
    }
    return command | given | both


def _add_task(session: Session, found: Json, fields: Json) -> None:
    task = after(session, session.client.send("POST", session.path("tasks"), fields))
    shown = output.tasks([task], project_names(session, [task]))
    of = [one["trigger"].get("of", "due") for one in found["reminders"] if "before" in one["trigger"]]
    more = [f"It has no {name} date: the reminder waits until it has one." for name in sorted({*of}) if not task[name]]
    session.show(task, *_understood(found), "Added:", shown, *more)
    for one in found["reminders"]:
        session.client.send("POST", session.path("tasks", task["id"], "reminders"), one)


def _add_series(session: Session, found: Json, given: Json, missed: str | None) -> None:
    command = found["command"]
    series = {**command, "template": _with(command["template"], given)} | ({"missed": missed} if missed else {})
    made = session.client.send("POST", session.path("series"), series)
    if late := made.get("events"):
        made = session.client.get(session.path("series", late[0]["data"]["series"]))
    tasks = [session.client.get(session.path("tasks", one)) for one in made.get("open", [])]
    shown = [output.tasks(tasks, project_names(session, tasks))] if tasks else []
    session.show(made, *_understood(found), f"Added, to come again and again: {found['description']}", *shown)


def _understood(found: Json) -> list[Any]:
    """What was understood of the text, if anything was."""
    rows = [(one["text"], one["meaning"]) for one in found["understood"]]
    return ["Understood:", output.table(("", ""), rows)] if rows else []


def _workspace_to_add_to(session: Session) -> None:
    """Whoever has no workspace at all and names none gets one."""
    if session.names_workspace or session.workspaces():
        return
    made = session.new_workspace("Personal", moments.machine_zone())
    click.echo(f"You had no workspace yet; made {made['name']} ({made['id']}, {made['time_zone']}).", err=True)


COMMANDS = (add,)
