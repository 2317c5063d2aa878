"""`tasksys reminder`: what to be told of, and when."""

import re
from typing import Any, Final

import click

from tasksys import durations
from tasksys.cli import moments, names, output
from tasksys.cli.client import Json
from tasksys.cli.options import in_workspace, option, parts
from tasksys.cli.session import Session

UNITS: Final = {"m": "PT{}M", "h": "PT{}H", "d": "P{}D", "w": "P{}W"}
DURATION: Final = re.compile(r"(\d{1,5})\s*([mhdw])", re.ASCII | re.IGNORECASE)
FORMS: Final = "30m, 2h, 1d or 1w"
TASKS_AT_ONCE: Final = 20
"""Tasks that one filter names."""


def _before(text: str) -> str:
    try:
        return iso(text, "WHEN")
    except click.BadParameter as error:
        forms = '2026-03-08T09:00 or "tomorrow 17:00"'
        said = f"{text!r} is neither a duration ({FORMS}) nor a time such as {forms}."
        raise click.BadParameter(said, param_hint="WHEN") from error


@click.group()
def reminder() -> None:
    """What to be told of, and when: so long before a task is due, or at a time."""


def iso(text: str, name: str) -> str:
    """A duration as the API has it, of `30m`, `2h`, `1d`, `1w` or ISO 8601. Raises click.BadParameter."""
    short = DURATION.fullmatch(text.strip())
    spelled = UNITS[short[2].lower()].format(int(short[1])) if short else text.strip().upper()
    try:
        durations.parse(spelled)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is no duration; give {FORMS}.", param_hint=name) from error
    return spelled


def _shown(items: list[Json], titles: dict[str, str]) -> Any:
    """`titles` are those of tasks by id."""
    short = names.short(one["id"] for one in items)
    rows = [
        (short[one["id"]], one["state"], moments.clock(one["scheduled_for"]), output.trigger(one), one["user"],
         output.cut(str(titles.get(one["task"]) or one["task"]), output.LONGEST_CELL))
        for one in items
    ]  # fmt: skip
    columns = ("id", "state", "time", "when", "who", "task")
    return output.table(columns, rows, least={"when": 16, "task": 12}) if rows else "No reminders."


def _titles(session: Session, items: list[Json]) -> dict[str, str]:
    """The titles of the tasks that the reminders are of, asked for only if people read them."""
    if session.as_json:
        return {}
    wanted = sorted({one["task"] for one in items})
    found: dict[str, str] = {}
    for begin in range(0, len(wanted), TASKS_AT_ONCE):
        listed = ", ".join(f'"{one}"' for one in wanted[begin : begin + TASKS_AT_ONCE])
        for trashed in ("false", "true"):
            query = {"filter": f"id in ({listed}) and trashed = {trashed}"}
            found |= {one["id"]: one["title"] for one in session.client.items(session.path("tasks"), query)}
    return found


def _found(session: Session, name: str) -> Json:
    answer = session.client.whole(session.path("reminders"))
    return session.among(answer["items"], name, "reminder", "task")


@reminder.command("list")
@click.argument("task", required=False)
@option("--state", metavar="STATE", help="Only those that are pending, fired, acknowledged, snoozed, …")
@in_workspace
def list_reminders(session: Session, task: str | None, state: str | None) -> None:
    """List the reminders of a task, or all."""
    where = session.path("tasks", session.task(task)["id"], "reminders") if task else session.path("reminders")
    answer = session.client.whole(where, {"state": state} if state else None)
    session.show(answer, _shown(answer["items"], _titles(session, answer["items"])))


@reminder.command("add", short_help="Be reminded of a task.")
@click.argument("task")
@click.argument("when")
@option("--of", type=click.Choice(["due", "start"]), help="What a duration goes by.", default="due")
@option("--every", metavar="DURATION", help="Again and again so long after, until it is acknowledged.")
@option("--times", type=click.IntRange(min=1), help="How often again, with --every; 3 if this is not given.")
@option("--whom", metavar="USER", help="Whom to remind, if not you.")
@option("--on", metavar="CHANNEL,…", help="On which channels, if not on those of the preferences.")
@in_workspace
def add_reminder(
    session: Session,
    task: str,
    when: str,
    of: str,
    every: str | None,
    times: int | None,
    whom: str | None,
    on: str | None,
) -> None:
    """Be reminded of a task: `tasksys reminder add TASK 30m`, or at a time: `2026-03-08T09:00`.

    Times are this machine's unless they name a zone (2026-03-08T09:00@Europe/Berlin) or an offset; "tomorrow 17:00" and
    "monday 9:00" are times too.
    """
    if times and not every:
        raise click.UsageError("--times says how often again; give --every as well, such as --every 10m.")
    found = session.task(task)
    at = ":" in when
    trigger = {"at": moments.instant_of(when, "WHEN")} if at else {"before": _before(when), "of": of}
    body: Json = {"trigger": trigger} | ({"user": whom} if whom else {})
    if on:
        body["channels"] = parts(on)
    if every:
        body["repeat"] = {"every": iso(every, "--every"), "times": times or 3}
    made = session.client.send("POST", session.path("tasks", found["id"], "reminders"), body)
    said = moments.clock(made["scheduled_for"]) or f"when “{found['title']}” has a {of} date"
    session.show(made, f"Reminds of “{found['title']}”: {said}.")


@reminder.command("remove")
@click.argument("reminder")
@in_workspace
def remove_reminder(session: Session, reminder: str) -> None:
    """Remove a reminder; `tasksys undo` brings it back."""
    one = _found(session, reminder)
    where = session.path("tasks", one["task"], "reminders", one["id"])
    session.show(session.client.send("DELETE", where), "Removed the reminder.")


@reminder.command("snooze")
@click.argument("reminder")
@click.argument("duration", default="10m")
@in_workspace
def snooze(session: Session, reminder: str, duration: str) -> None:
    """Be reminded again in some time: `tasksys reminder snooze ID 1h`."""
    where = session.path("reminders", _found(session, reminder)["id"], "snooze")
    again = session.client.send("POST", where, {"duration": iso(duration, "DURATION")})
    session.show(again, f"Reminds again: {moments.clock(again['scheduled_for'])}.")


@reminder.command("ack")
@click.argument("reminder")
@in_workspace
def acknowledge(session: Session, reminder: str) -> None:
    """Acknowledge a reminder: it is seen, and does not repeat."""
    where = session.path("reminders", _found(session, reminder)["id"], "acknowledge")
    session.show(session.client.send("POST", where), "Acknowledged.")


COMMANDS = (reminder,)
