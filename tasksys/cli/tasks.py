"""Commands about tasks as they are: list, show, edit; and their fields as options."""

import re
from collections.abc import Callable
from typing import Any, Final

import click

from tasksys.cli import filters, moments, output
from tasksys.cli.client import Json
from tasksys.cli.options import in_workspace, option
from tasksys.cli.session import Session
from tasksys.values import Priority, Status

NOT_DONE = "status in (open, in-progress)"


class Minutes(click.ParamType):
    """A number of minutes, also in hours; `none` is none."""

    name = "minutes"
    SPELLED: Final = re.compile(r"(?:(\d{1,5})\s*h\s*)?(?:(\d{1,7})\s*(?:m|min)?)?", re.ASCII | re.IGNORECASE)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """The minutes. Raises click.BadParameter that says what to give."""
        if isinstance(value, int):
            return value
        text = str(value).strip()
        if text == "none":
            return text
        found = self.SPELLED.fullmatch(text)
        if found is None or not any(found.groups()):
            self.fail(f"{text!r} is no length of time; give minutes, such as 90, or 90min, 2h or 1h30.", param, ctx)
        return int(found[1] or 0) * 60 + int(found[2] or 0)


FIELDS: tuple[Callable[[Any], Any], ...] = (
    option("--due", metavar="WHEN", help=f"When it must be done: {moments.FORMS}; `none` clears it."),
    option("--start", metavar="WHEN", help="When it can be begun; in the same forms."),
    option("--priority", "-p", type=click.Choice([one.value for one in Priority]), help="How pressing it is."),
    option("--label", "-l", "labels", multiple=True, help="A label; repeat it for more."),
    option("--assignee", "-a", "assignees", multiple=True, help="A member who is to do it; repeat it for more."),
    option("--project", metavar="NAME|ID", help="The project it belongs to; `none` takes it out."),
    option("--section", metavar="NAME|ID", help="The section of the project; `none` takes it out."),
    option("--parent", metavar="TASK", help="The task that this is a part of; `none` makes it one of its own."),
    option("--description", "-d", help="More about it, in Markdown."),
    option(
        "--estimate",
        "estimate_minutes",
        type=Minutes(),
        metavar="MINUTES",
        help="How long it takes: 90, 90min, 2h or 1h30; `none` clears it.",
    ),
)


def fields(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options for a task's fields."""
    for decorate in reversed(FIELDS):
        command = decorate(command)
    return command


def body(session: Session, given: Json, project: str | None = None) -> Json:
    """The fields that were given, as the API wants them: `none` is null, or the empty list.

    A section is looked for in the project that is given, else in the one where the task is; it brings its project.
    """
    found: Json = {name: value for name, value in given.items() if value is not None and value != ()}
    for name in ("due", "start"):
        if name in found:
            found[name] = moments.when(found[name], lambda: str(session.workspace()["time_zone"]), f"--{name}")
    if found.get("estimate_minutes") == "none":
        found["estimate_minutes"] = None
    for name in ("labels", "assignees"):
        if name in found:
            found[name] = [] if found[name] == ("none",) else list(found[name])
    for name, find in (("project", session.project), ("parent", session.task)):
        if name in found:
            found[name] = None if found[name] == "none" else find(found[name])["id"]
    if found.get("section") == "none":
        found["section"] = None
    elif "section" in found:
        found |= session.section(found["section"], found.get("project") or project)
    return found


def after(session: Session, answer: Json, task: str = "") -> Json:
    """The task that a command's answer shows; a command that was decided late answers with its events.

    `task` is its id, but for a new one.
    """
    late = answer.get("events", [])
    return session.settled(answer, session.path("tasks", task or (late[0]["task"] if late else "")))


@click.command("list")
@option("--filter", metavar="FILTER", help="Such as `due < today+3d and label = home`. Without: what is not done.")
@option("--saved", metavar="NAME|ID", help="What this saved filter finds; other options narrow it.")
@option("--q", metavar="TEXT", help="Words to look for in title, description and labels.")
@option("--sort", metavar="FIELDS", help="Such as `due,-priority`.")
@option("--limit", type=click.IntRange(1, 200), default=50, help="How many at most.")
@option("--all", "everything", is_flag=True, help="All of them, and without --filter also what is done.")
@option("--project", metavar="NAME|ID", help="In this project only.")
@option("--parent", metavar="TASK", help="The subtasks of this task only.")
@option("--label", "-l", "labels", multiple=True, help="With this label; repeat it for those that have all.")
@option("--assignee", "-a", "assignees", multiple=True, help="For this member to do, or `me`; repeat it for all.")
@option("--overdue", is_flag=True, help="Those that are not done in time.")
@option("--trashed", is_flag=True, help="What is in the trash instead.")
@option("--count", is_flag=True, help="Say how many there are in all, too.")
@option("--as-of", metavar="POSITION|INSTANT", help="As it was then, such as 2026-03-08T09:00:00Z or yesterday.")
@in_workspace
def list_(
    session: Session,
    filter: str | None,
    saved: str | None,
    q: str | None,
    sort: str | None,
    limit: int,
    everything: bool,
    count: bool,
    as_of: str | None,
    **narrower: Any,
) -> None:
    """List tasks."""
    if saved is not None:
        filter, q, sort = filters.joined(filters.found(session, saved), filter, q, sort)
    wanted = _narrowed(session, filter, everything or saved is not None, **narrower)
    query = {"filter": wanted, "q": q, "sort": sort, "as_of": moments.as_of(as_of)}
    if everything:
        page = session.client.whole(session.path("tasks"), query)
        page |= {"total": len(page["items"])} if count else {}
    else:
        page = session.client.get(session.path("tasks"), limit=limit, count="true" if count else None, **query)
    items = page["items"]
    said = [f"{page['total']:,} in all."] if count else []
    said += ["There are more; see them with --all, or fewer with --filter."] if page["next_cursor"] else []
    session.show(page, output.tasks(items, project_names(session, items)), *said)


def _narrowed(
    session: Session, filter: str | None, everything: bool, project: str | None, parent: str | None, trashed: bool,
    labels: tuple[str, ...], assignees: tuple[str, ...], overdue: bool,
) -> str:  # fmt: skip
    """The filter that was given, or what is not done, and what else narrows the list."""
    parts = [f"({filter})"] if filter else []
    parts += [NOT_DONE] if overdue or not (filter or everything or trashed) else []
    parts += ["due < now"] if overdue else []
    parts += [f"label = {filters.quoted(label)}" for label in labels]
    parts += [f"assignee = {'me' if user == 'me' else filters.quoted(user)}" for user in assignees]
    parts += [f'project = "{session.project(project)["id"]}"'] if project else []
    parts += [f'parent = "{session.task(parent)["id"]}"'] if parent else []
    parts += ["trashed = true"] if trashed else []
    return filter if filter and len(parts) == 1 else " and ".join(parts)


def project_names(session: Session, tasks: list[Json]) -> dict[str, str]:
    """The names of the tasks' places, see `output.place`; asked for only if there are any, and if people read it."""
    if session.as_json or not any(task["project"] for task in tasks):
        return {}
    found = session.projects()
    sections = {f"{one['id']}/{part['id']}": part["name"] for one in found for part in one["sections"]}
    return {project["id"]: project["name"] for project in found} | sections


def place_names(session: Session, entries: list[Json]) -> dict[str, str]:
    """The names of projects and sections by id, asked for only if an entry is about any, and if people read it."""
    fields = {one["field"] for entry in entries for one in entry["changes"]}
    if session.as_json or fields.isdisjoint(output.PLACES):
        return {}
    return {one["id"]: one["name"] for project in session.projects() for one in (project, *project["sections"])}


@click.command()
@click.argument("task")
@option("--as-of", metavar="POSITION|INSTANT", help="As it was then.")
@in_workspace
def show(session: Session, task: str, as_of: str | None) -> None:
    """Show everything about a task."""
    as_of = moments.as_of(as_of)
    found = session.task(task)
    if as_of:
        found = session.client.get(session.path("tasks", found["id"]), as_of=as_of)
    if session.as_json:
        session.show(found)
        return
    comments = [] if as_of else list(session.client.items(session.path("tasks", found["id"], "comments")))
    reminders = [] if as_of else list(session.client.items(session.path("tasks", found["id"], "reminders")))
    below = {"filter": f'parent = "{found["id"]}"', "sort": "order", "as_of": as_of}
    subtasks = list(session.client.items(session.path("tasks"), below))
    project = output.place(found, project_names(session, [found]))
    series = session.client.get(session.path("series", found["series"])) if found["series"] else None
    session.show(found, output.task(found, comments, project, subtasks, reminders, series))


@click.command()
@click.argument("task")
@option("--title", help="The new title.")
@option("--status", type=click.Choice([one.value for one in Status]), help="The new status.")
@option("--if-version", type=click.IntRange(min=1), help="Change it only if nobody else has since this version.")
@fields
@in_workspace
def edit(session: Session, task: str, if_version: int | None, **given: Any) -> None:
    """Change fields of a task. --label and --assignee replace what was there; `none` clears."""
    if all(value in (None, ()) for value in given.values()):
        raise click.UsageError("Nothing to change: give at least one field, such as --title or --due.")
    found = session.task(task)
    changes = body(session, given, found["project"])
    answer = session.client.send("PATCH", session.path("tasks", found["id"]), changes, if_version)
    changed = after(session, answer, found["id"])
    session.show(changed, output.tasks([changed], project_names(session, [changed])))


COMMANDS = (list_, show, edit)
