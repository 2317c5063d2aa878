"""`tasksys series`, `repeat`, `skip`, `postpone`: what comes again and again."""

import re
from typing import Any, Final

import click

from tasksys.cli import moments, names, output
from tasksys.cli.actions import action
from tasksys.cli.client import Json, path
from tasksys.cli.failures import Refused
from tasksys.cli.options import in_workspace, option
from tasksys.cli.reminders import DURATION, iso
from tasksys.cli.session import Session
from tasksys.cli.tasks import after, project_names
from tasksys.series.shapes import Missed

WHICH: Final = "OCCURRENCE"
"""How an occurrence is named: the time that the rule gave it, as `tasksys series occurrences` shows it."""

NAMED: Final = re.compile(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?)?", re.ASCII)

CHANGES: Final = (
    option("--every", metavar="PHRASE", help="When: such as every monday at 9:00, or every 3 days after done."),
    option("--title", help="What the tasks are called."),
    option("--missed", type=click.Choice([one.value for one in Missed]), help="What becomes of those not done."),
    option("--ahead", metavar="DURATION", help="How long before its time an occurrence becomes a task."),
    option("--stop-after", type=click.IntRange(min=1), help="End after so many completions."),
)


def changes(command: Any) -> Any:
    """Adds the options for the fields of a series."""
    for decorate in reversed(CHANGES):
        command = decorate(command)
    return command


def _fields(session: Session, every: str | None, title: str | None, first: Json | None, **given: Any) -> Json:
    """The fields that options give, as the API has them. A phrase is read by the server, as that of `tasksys add`."""
    found: Json = {name: value for name, value in given.items() if value is not None}
    if "ahead" in found:
        found["ahead"] = iso(found["ahead"], "--ahead")
    if title:
        found["template"] = {"title": title}
    if every:
        found |= _recurs(session, every, first)
    return found


def _recurs(session: Session, phrase: str, first: Json | None) -> Json:
    """Rule and anchor of a phrase.

    The anchor is the `first` occurrence as it was, at the phrase's time of day if it names one; where the rule has no
    such occurrence it is the next that it has.
    """
    asked = {"text": f'"x" {phrase}', "workspace": session.workspace()["id"], "zone": moments.machine_zone()}
    command = session.client.send("POST", path("parse"), asked)["command"]
    if command["type"] != "CreateSeries" or command["template"]["title"].strip('"') != "x":
        said = f"{phrase!r} is not understood; say such as every monday at 9:00, or every 3 days after done."
        raise click.BadParameter(said, param_hint="PHRASE")
    found = {name: command[name] for name in ("rule", "anchor", "after_completion", "stop_after") if command.get(name)}
    if first is None:
        return found
    if "local" in found["anchor"]:
        day = str(first.get("date") or first["local"])[:10]
        wanted = found["anchor"] | {"local": f"{day}T{found['anchor']['local'].partition('T')[2]}"}
        return found | ({"anchor": wanted} if _has(session, found, wanted) else {})
    return found | {"anchor": first if _has(session, found, first) else _at_time_of(found["anchor"], first)}


def _has(session: Session, recurs: Json, anchor: Json) -> bool:
    """Whether a rule has an anchor."""
    asked = {**recurs, "anchor": anchor, "limit": 1}
    asked.pop("stop_after", None)
    try:
        session.client.send("POST", session.path("recurrence", "preview"), asked)
    except Refused:
        return False
    return True


def _at_time_of(day: Json, anchor: Json) -> Json:
    """The day, at the time of day and in the zone of an anchor that has them."""
    if "local" not in anchor:
        return day
    return anchor | {"local": f"{day['date']}T{anchor['local'].partition('T')[2]}"}


def _found(session: Session, name: str) -> Json:
    items = session.client.whole(session.path("series"))["items"]
    items += session.client.whole(session.path("series"), {"ended": "true"})["items"]
    return names.one(name, [one | {"title": one["template"]["title"]} for one in items], "series", "title")


def _line(one: Json) -> str:
    return f"“{one['template']['title']}”: {one['description']}"


def _occurrence(text: str, option: str) -> str:
    """The time that names an occurrence, also with a blank as lists show times. Raises click.BadParameter."""
    named = text.strip().replace(" ", "T")
    if NAMED.fullmatch(named) is None:
        said = f"{text!r} names no occurrence; give its time as `tasksys series occurrences` shows it."
        raise click.BadParameter(said, param_hint=option)
    return named


def _changed(session: Session, one: Json, said: str) -> None:
    """What became of a series, and how to take it back: there is no task by which to undo it."""
    session.show(one, said, f"Take it back with `tasksys undo --position {session.client.position}`.")


@click.group()
def series() -> None:
    """Tasks that come again and again; make one with `tasksys add "Water the plants every friday"`, or `repeat`."""


@series.command("list")
@option("--ended", is_flag=True, help="Those that have ended instead.")
@in_workspace
def list_series(session: Session, ended: bool) -> None:
    """List the series."""
    answer = session.client.whole(session.path("series"), {"ended": "true"} if ended else None)
    items = answer["items"]
    short = names.short(one["id"] for one in items)
    rows = [
        (short[one["id"]], one["state"], one["template"]["title"], one["description"], _next(one)) for one in items
    ]  # fmt: skip
    columns = ("id", "state", "title", "when", "next to come")
    session.show(answer, output.table(columns, rows, least={"title": 12, "when": 16}) if rows else "No series.")


def _next(one: Json) -> str:
    """The next occurrence that is no task yet: what is open is a task already."""
    return "" if one["state"] == "ended" else str(one["next"] or "").replace("T", " ")


@series.command("show", short_help="Show a series, and what became of it.")
@click.argument("series")
@in_workspace
def show_series(session: Session, series: str) -> None:
    """Show a series, its open tasks, and what became of its occurrences."""
    found = _found(session, series)
    figures = session.client.get(session.path("series", found["id"], "statistics"))
    if session.as_json:
        session.show(found | {"statistics": figures})
        return
    coming = "" if found["state"] == "ended" else f"; next to come {_next(found) or 'not known yet'}"
    said = [_line(found), f"{found['state']}{coming}; missed: {found['missed']}"]
    ratio = "" if figures["done_ratio"] is None else f" ({figures['done_ratio']:.0%} of those that are over)"
    said.append(
        f"{figures['done']} done{ratio}, {figures['late']} of them late; {figures['skipped']} skipped,"
        f" {figures['missed']} missed, {figures['cancelled']} cancelled; put off {figures['postponed']} times;"
        f" {figures['streak']} in a row, at most {figures['longest_streak']}"
    )
    tasks = [session.client.get(session.path("tasks", one)) for one in found["open"]]
    session.show(found, *said, *([output.tasks(tasks, project_names(session, tasks))] if tasks else []))


@series.command("occurrences", short_help="List what became of occurrences, and what is to come.")
@click.argument("series")
@option("--from", "start", metavar="WHEN", help="Not before this date, local time or instant.")
@option("--to", "end", metavar="WHEN", help="Before this date, local time or instant.")
@option("--limit", type=click.IntRange(1, 200), default=20, help="How many at most.")
@in_workspace
def occurrences(session: Session, series: str, start: str | None, end: str | None, limit: int) -> None:
    """List the occurrences of a series: what became of them, and which are to come."""
    where = session.path("series", _found(session, series)["id"], "occurrences")
    answer = session.client.get(where, **{"from": start, "to": end}, limit=limit)
    rows = [
        (one["occurrence"], one["state"], moments.readable(one["due"]), one["title"]) for one in answer["items"]
    ]  # fmt: skip
    shown = output.table(("occurrence", "state", "due", "title"), rows) if rows else "No occurrences."
    more = "There are more; see them with --limit, or later ones with --from."
    session.show(answer, shown, *([more] if answer["next_cursor"] else []))


@click.command()
@click.argument("task")
@click.argument("phrase", nargs=-1, required=True)
@option("--missed", type=click.Choice([one.value for one in Missed]), help="What becomes of those not done.")
@in_workspace
def repeat(session: Session, task: str, phrase: tuple[str, ...], missed: str | None) -> None:
    """Have a task come again: `tasksys repeat TASK every monday`. It is the first of the series."""
    found = session.task(task)
    recurs = _fields(session, " ".join(phrase), None, found["due"], missed=missed)
    made = session.client.send("POST", session.path("series"), {"task": found["id"], **recurs})
    session.show(made, f"Comes again, {_line(made)}")


@series.command("edit", short_help="Change all occurrences, one, or one and those after it.")
@click.argument("series")
@option("--only", metavar=WHICH, help="Change this occurrence alone.")
@option("--from", "start", metavar=WHICH, help="Change this occurrence and those that follow.")
@option("--due", metavar="WHEN", help="Move the occurrence, with --only.")
@changes
@in_workspace
def edit_series(
    session: Session, series: str, only: str | None, start: str | None, due: str | None, **given: Any
) -> None:
    """Change all occurrences of a series, one of them, or one and those that follow."""
    if only and start:
        raise click.UsageError("Give either --only or --from.")
    only, start = (one and _occurrence(one, name) for one, name in ((only, "--only"), (start, "--from")))
    found = _found(session, series)
    first = found["anchor"] if start is None else found["anchor"] | {"local" if "T" in start else "date": start}
    body = _fields(session, first=first, **given)
    body.pop("after_completion", None)
    if due:
        body["due"] = moments.when(due, lambda: str(session.workspace()["time_zone"]), "--due")
        if "zone" in found["anchor"] and "local" in (body["due"] or {}):
            body["due"] = {"zone": found["anchor"]["zone"], **body["due"]}  # as the others are
    if not body:
        raise click.UsageError("Nothing to change: give at least one field, such as --every or --title.")
    scope = "this" if only else "this-and-following" if start else "all"
    where = {"occurrence": only or start} if only or start else {}
    changed = session.client.send("PATCH", session.path("series", found["id"]), {"scope": scope, **where, **body})
    which = f"only {only}" if only else f"from {start} on" if start else "all"
    _changed(session, changed, f"Changed, {which}: {_line(changed)}")


@series.command("skip", short_help="Leave an occurrence out.")
@click.argument("series")
@click.argument("occurrence")
@in_workspace
def skip_occurrence(session: Session, series: str, occurrence: str) -> None:
    """Leave an occurrence out, by the time that `tasksys series occurrences` shows."""
    named = _occurrence(occurrence, "OCCURRENCE")
    found = _found(session, series)
    answer = session.client.send("POST", session.path("series", found["id"], "skip"), {"occurrence": named})
    _changed(session, answer, f"Left out: {named}.")


def _change(name: str, method: str, said: str, help: str) -> None:
    """A command that does one thing to a series."""

    @series.command(name, help=help)
    @click.argument("series")
    @in_workspace
    def command(session: Session, series: str) -> None:
        found = _found(session, series)
        where = session.path("series", found["id"], *([] if method == "DELETE" else [name]))
        _changed(session, session.client.send(method, where), f"{said}: {_line(found)}")


_change("pause", "POST", "Paused", "Make no more tasks of a series until it is resumed.")
_change("resume", "POST", "Goes on", "Go on with a series; nothing was missed in between.")
_change("end", "DELETE", "Ended", "End a series: no more tasks of it. Those that are not due yet go to the trash.")

skip = action("skip", "POST", "skip", "Left out", "Leave out tasks that come again; the next ones come.")


@click.command()
@click.argument("task")
@click.argument("until", default="1d")
@in_workspace
def postpone(session: Session, task: str, until: str) -> None:
    """Put a task off: `tasksys postpone TASK 1d`, or until a day: `tasksys postpone TASK friday`."""
    found = session.task(task)
    by = DURATION.fullmatch(until.strip()) or until.strip().upper().startswith("P")
    zone = str(session.workspace()["time_zone"])
    body = {"by": iso(until, "UNTIL")} if by else {"to": moments.when(until, lambda: zone, "UNTIL")}
    if by and not found["due"]:
        said = f"“{found['title']}” has no due date to count from; give a day, such as friday or 2026-03-08."
        raise click.BadParameter(said, param_hint="UNTIL")
    if by and "date" in found["due"] and "T" in str(body["by"]):
        said = f"“{found['title']}” is due on a day, without a time; give days, such as 1d, or a time: tomorrow 17:00."
        raise click.BadParameter(said, param_hint="UNTIL")
    answer = session.client.send("POST", session.path("tasks", found["id"], "postpone"), body)
    changed = after(session, answer, found["id"])
    session.show(changed, f"Put off: {changed['title']}, now due {moments.readable(changed['due'])}")


ON_TASKS = (skip, postpone, repeat)
COMMANDS = (series,)
