"""Commands that do one thing to tasks: from one status to another, to another place, into the trash."""

import click

from tasksys.cli import moments, output
from tasksys.cli.client import Json
from tasksys.cli.failures import Exit, Failure
from tasksys.cli.options import in_workspace, option
from tasksys.cli.session import Session
from tasksys.cli.tasks import after, body, project_names


@click.command()
@click.argument("task")
@option("--project", metavar="NAME|ID", help="To this project; `none` takes it out.")
@option("--section", metavar="NAME|ID", help="To this section; `none` takes it out.")
@option("--parent", metavar="TASK", help="To be a part of this task; `none` makes it one of its own.")
@option("--after", "behind", metavar="TASK", help="Directly behind this one in the manual order.")
@option("--before", metavar="TASK", help="Directly in front of this one in the manual order.")
@in_workspace
def move(session: Session, task: str, behind: str | None, before: str | None, **given: str | None) -> None:
    """Move a task to another place, or in the manual order."""
    if not (any(given.values()) or behind or before):
        raise click.UsageError("Move it where? Give --project, --section, --parent, --after or --before.")
    found = session.task(task)
    target = body(session, given, found["project"])
    target |= {side: session.task(one)["id"] for side, one in (("after", behind), ("before", before)) if one}
    answer = session.client.send("POST", session.path("tasks", found["id"], "move"), target)
    moved = after(session, answer, found["id"])
    session.show(moved, output.tasks([moved], project_names(session, [moved])))


@click.command()
@click.argument("task")
@click.argument("users", nargs=-1)
@option("--remove", "-r", multiple=True, metavar="USER", help="Who is not to do it any more; repeat it for more.")
@in_workspace
def assign(session: Session, task: str, users: tuple[str, ...], remove: tuple[str, ...]) -> None:
    """Assign a task to members, beside those it has: `tasksys assign TASK anna`."""
    _add_and_remove(session, task, "assign", users, remove)


@click.command()
@click.argument("task")
@click.argument("labels", nargs=-1)
@option("--remove", "-r", multiple=True, metavar="LABEL", help="A label to take away; repeat it for more.")
@in_workspace
def label(session: Session, task: str, labels: tuple[str, ...], remove: tuple[str, ...]) -> None:
    """Label a task, beside the labels it has: `tasksys label TASK home urgent`."""
    _add_and_remove(session, task, "label", labels, remove)


def _add_and_remove(session: Session, task: str, action: str, add: tuple[str, ...], remove: tuple[str, ...]) -> None:
    if not (add or remove):
        raise click.UsageError("Nothing to change: name what to add, or what to --remove.")
    found = session.task(task)
    body = {"add": list(add), "remove": list(remove)}
    changed = after(session, session.client.send("POST", session.path("tasks", found["id"], action), body), found["id"])
    has = changed["assignees" if action == "assign" else "labels"]
    session.show(changed, f"“{changed['title']}”: {', '.join(has) or 'none'}")


def _following(session: Session, task: Json) -> str:
    """When a task that comes again is to be done next, once this one is over."""
    if session.as_json or not task.get("series") or task["status"] in ("open", "in-progress"):
        return ""
    series = session.client.get(session.path("series", task["series"]))
    for one in series["open"]:
        due = session.client.get(session.path("tasks", one))["due"]
        return f" (next: {moments.readable(due)})"
    return ""


def action(name: str, method: str, action: str, said: str, help: str) -> click.Command:
    """A command that does one thing to each task named, whatever becomes of the others."""

    @click.command(name, help=help)
    @click.argument("tasks", nargs=-1, required=True)
    @in_workspace
    def command(session: Session, tasks: tuple[str, ...]) -> None:
        worst = Exit.OK
        for task in tasks:
            try:
                found = session.task(task)
                place = session.path("tasks", found["id"], *([action] if action else []))
                changed = after(session, session.client.send(method, place), found["id"])
            except Failure as failure:
                if len(tasks) == 1 or failure.exit_code == Exit.UNREACHABLE:
                    raise
                failure.show()
                worst = max(worst, Exit(failure.exit_code))
                continue
            session.show(changed, f"{said}: {changed['title']}{_following(session, changed)}")
        if worst:
            raise click.exceptions.Exit(worst)

    return command


done = action("done", "POST", "complete", "Done", "Complete tasks.")
reopen = action("reopen", "POST", "reopen", "Open again", "Reopen tasks that were completed or cancelled.")
cancel = action("cancel", "POST", "cancel", "Cancelled", "Cancel tasks: they will not be done.")
trash = action("trash", "DELETE", "", "In the trash", "Move tasks to the trash.")
restore = action("restore", "POST", "restore", "Back", "Take tasks out of the trash.")
start = action("start", "POST", "start", "In progress", "Begin tasks.")

COMMANDS = (start, done, cancel, reopen, trash, restore, move, assign, label)
