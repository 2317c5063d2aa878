"""What people see: tables and cards in colours on a terminal, plain and uncut text elsewhere."""

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from tasksys.cli import moments, names
from tasksys.values import CLOSED

Json = dict[str, Any]

WIDE: Final = 10_000
"""Columns where the output is no terminal: no column is cut for want of room there."""

LONGEST_TITLE: Final = 120
LONGEST_CELL: Final = 40
"""Characters of a title, and of other texts, in a list of tasks; `tasksys show` and --json have all of them."""

LEAST: Final = {"title": 12, "labels": 6, "project": 7}
NARROW: Final = 100
"""Columns below which a list names zones by their cities: Berlin, not Europe/Berlin."""
LEAST_OF_HISTORY: Final = {"what": 14, "changes": 20}
"""Columns that give way on a narrow terminal, and how much of them stays."""

MARKS: Final = {"open": "○", "in-progress": "◐", "done": "●", "cancelled": "✕", "skipped": "↷", "missed": "–"}
AGAIN: Final = "↻"
"""Marks what comes again."""
COLOURS: Final = {"urgent": "bold red", "high": "red", "medium": "yellow", "low": "blue", "none": ""}


def console() -> Console:
    """Standard output as it is now. Colours only on a terminal, and not if NO_COLOR is set."""
    made = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    return made if made.is_terminal else Console(file=sys.stdout, highlight=False, markup=False, emoji=False,
                                                 width=WIDE)  # fmt: skip


def show(thing: RenderableType) -> None:
    """One renderable thing, or a line of text as it is."""
    shown = console()
    printed = Text(thing) if isinstance(thing, str) else thing
    if shown.is_terminal:
        shown.print(printed, soft_wrap=isinstance(thing, str))
        return
    with shown.capture() as captured:
        shown.print(printed)
    plain("\n".join(line.rstrip() for line in captured.get().splitlines()))


def plain(text: str) -> None:
    """Text exactly as it is, for programs."""
    sys.stdout.write(text + "\n")


def table(
    columns: Sequence[str],
    rows: Iterable[tuple[str | Text, ...]],
    wide: str = "",
    least: Mapping[str, int] = MappingProxyType({}),
) -> Table:
    """A table without lines; the column `wide` takes the room that is left.

    Where there is too little, it and those named in `least` give way, down to so many characters; no other is cut.
    """
    made = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0), show_header=any(columns))
    for column in columns:
        gives_way = column == wide or column in least
        made.add_column(column, overflow="fold", no_wrap=not gives_way, min_width=least.get(column))
    for row in rows:
        made.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    return made


def cut(text: str, most: int) -> str:
    """The text, or its beginning and a sign that there is more."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def place(item: Json, names: Mapping[str, str]) -> str:
    """Project and section of a task. `names` are those of projects by id, and of sections by project/section."""
    project, section = item.get("project") or "", item.get("section") or ""
    parts = (names.get(project, project), names.get(f"{project}/{section}", section))
    return " / ".join(part for part in parts if part)


def tasks(items: Sequence[Json], projects: Mapping[str, str]) -> RenderableType:
    """A list of tasks, each in one line however long its title. `projects` names places, see `place`.

    When they are due is never cut.
    """
    if not items:
        return "No tasks."
    short, narrow = names.short(item["id"] for item in items), console().width < NARROW
    due = [moments.readable(item["due"], narrow) for item in items]
    return table(
        ("id", "", "title", "due", "priority", "labels", "project"),
        [
            (
                Text(short[item["id"]], style="cyan"),
                f"{MARKS.get(item['status'], item['status'])}{AGAIN if item.get('series') else ''}",
                _one_line(
                    cut(item["title"], LONGEST_TITLE),
                    style="strike dim" if item["status"] in CLOSED else "",
                ),
                Text(when, style="red" if overdue(item) else ""),
                Text(blank(item["priority"]), style=COLOURS.get(item["priority"], "")),
                _one_line(cut(" ".join(f"#{label}" for label in item["labels"]), LONGEST_CELL)),
                _one_line(cut(place(item, projects), LONGEST_CELL)),
            )
            for item, when in zip(items, due, strict=True)
        ],
        wide="title",
        least=LEAST,
    )


def _one_line(text: str, style: str = "") -> Text:
    """A text of which a narrow terminal shows the beginning."""
    return Text(text, no_wrap=True, overflow="ellipsis", style=style)


def overdue(item: Json) -> bool:
    """True for a task that is open although its due value is over."""
    return item["status"] not in CLOSED and moments.past(item["due"])


def blank(value: str) -> str:
    """A named value, empty for `none`."""
    return "" if value == "none" else value


def task(
    item: Json,
    comments: Sequence[Json] = (),
    project: str = "",
    subtasks: Sequence[Json] = (),
    reminders: Sequence[Json] = (),
    series: Json | None = None,
) -> RenderableType:
    """Everything about a task."""
    status = f"{MARKS.get(item['status'], '')} {item['status']}"
    facts = {
        "id": item["id"],
        "status": f"{status}, in the trash" if item.get("trashed") else status,
        "priority": blank(item["priority"]),
        "due": moments.readable(item["due"]),
        "start": moments.readable(item["start"]),
        "repeats": f"{series['description']} (series {series['id'][-names.SHORTEST :]})" if series else "",
        "labels": ", ".join(item["labels"]),
        "assignees": ", ".join(item["assignees"]),
        "project": project,
        "parent": item["parent"] or "",
        "estimate": f"{item['estimate_minutes']} min" if item["estimate_minutes"] is not None else "",
        "links": ", ".join(f"{link['type']} {link['task']}" for link in item["links"]),
        "reminders": "\n".join(
            f"{moments.clock(one['scheduled_for']) or 'waiting'}  {one['user']}, {one['state']} ({trigger(one)})"
            for one in reminders
        ),
        "created": f"{moments.clock(item['created_at'])} by {item.get('created_by', '')}",
        "completed": moments.clock(item["completed_at"]),
        "version": f"{item['version']}, position {item['position']}",
    }
    card = Table.grid(padding=(0, 2, 0, 0))
    card.add_column(style="dim", no_wrap=True)
    card.add_column(overflow="fold")
    card.add_row("", Text(item["title"], style="bold"))
    for name, value in facts.items():
        if value:
            card.add_row(name, Text(value))
    for entry in item["checklist"]:
        card.add_row("", Text(f"[{'x' if entry['done'] else ' '}] {entry['title']}"))
    short = names.short(one["id"] for one in subtasks)
    for one in subtasks:
        card.add_row(Text(short[one["id"]], style="cyan"), Text(f"{MARKS.get(one['status'], '')} {one['title']}"))
    if item["description"]:
        card.add_row("", Text(f"\n{item['description']}"))
    for comment in comments:
        card.add_row("", Text(f"\n{comment['author']}, {moments.clock(comment['created_at'])}:\n{comment['body']}"))
    return card


def trigger(one: Json) -> str:
    """When a reminder fires, in short words: `30m before due, then every 10m, 2 times`."""
    given, again = one["trigger"], one.get("repeat")
    said = (f"at {moments.clock(given['at'])}" if "at" in given else
            f"{duration(given['before'])} before {given.get('of', 'due')}")  # fmt: skip
    return f"{said}, then every {duration(again['every'])}, {again['times']} times" if again else said


def duration(spelled: str) -> str:
    """An ISO 8601 duration as people write it: `PT30M` is 30m, `P1DT2H` 1d 2h."""
    return " ".join(re.findall(r"\d+[wdhms]", spelled.lower())) if re.match("[+]?P", spelled) else spelled


def history(entries: Sequence[Json], called: Mapping[str, str], with_task: bool = False) -> RenderableType:
    """Audit entries, in the order given, and which task each is about if that is not clear; `called`: see `changes`."""
    short = names.short(entry["task"] for entry in entries if entry["task"])
    return table(
        ("position", "when", "who", "what", *(["task"] if with_task else []), "changes"),
        [
            (
                str(entry["position"]),
                moments.clock(entry["at"]),
                entry["actor"],
                entry["type"] + (f" (undoes {entry['undoes']})" if entry.get("undoes") else ""),
                *([short.get(entry["task"] or "", "")] if with_task else []),
                changes(entry, called),
            )
            for entry in entries
        ],
        wide="changes",
        least=LEAST_OF_HISTORY,
    )


def changes(entry: Json, called: Mapping[str, str] = MappingProxyType({})) -> str:
    """The fields that an audit entry changed, one a line, but not the place in the order that a new thing gets.

    `called` are the names of projects and sections by id.
    """
    shown = [one for one in entry["changes"] if one["field"] != "order" or one["before"] is not None]
    return "\n".join(_change(one["field"], one["before"], one["after"], called) for one in shown)


def _change(field: str, before: Any, after: Any, called: Mapping[str, str]) -> str:
    """A part that was there before and is still, such as a checklist item, by its title and what is different now."""
    said = "/".join(part[-names.SHORTEST :] if len(part) in ID_LENGTHS else part for part in field.split("/"))
    if "/" in field and isinstance(before, dict) and isinstance(after, dict):
        title = after.get("title") or after.get("name")
        said += f" “{title}”" if title else ""
        same = {name for name in before if name in after and before[name] == after[name]}
    else:
        same = set()
    places = called if field in PLACES else {}
    old, new = (_told(one, same, places) for one in (before, after))
    return f"{said}: {old} → {new}"


def _told(thing: Any, same: set[str], called: Mapping[str, str]) -> str:
    """A value in a cell, of a part without what only the program needs; a thing's name for its id if it is known."""
    if isinstance(thing, dict):
        return value({name: one for name, one in thing.items() if name not in same and name not in INNER})
    return called.get(thing, value(thing)) if isinstance(thing, str) else value(thing)


PLACES: Final = frozenset({"project", "section"})
"""Fields whose values are ids of what has a name; a title that looks like one stays as it is."""

INNER: Final = frozenset({"id", "task", "order", "position", "armed", "basis", "created_at"})
"""Fields of parts that say nothing to people: --json has them."""

ID_LENGTHS: Final = (26, 36)
"""Characters of ids that the program made; lists show their ends."""


EMPTY: Final[tuple[object, ...]] = (None, "", [], {})


def value(thing: Any) -> str:
    """A plain JSON value in a cell."""
    if thing in EMPTY:
        return "–"
    match thing:
        case bool():
            return "yes" if thing else "no"
        case {"date": _} | {"local": _}:
            return moments.readable(thing)
        case {"before": str()}:
            return trigger({"trigger": thing})
        case dict():
            return ", ".join(f"{name} {value(one)}" for name, one in thing.items())
        case list():
            return ", ".join(map(value, thing))
        case _:
            return str(thing)
