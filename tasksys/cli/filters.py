"""`tasksys filters`: queries that are kept under a name. `tasksys list --saved NAME` runs one."""

import click

from tasksys.cli import names, output
from tasksys.cli.client import Json
from tasksys.cli.options import in_workspace, option
from tasksys.cli.session import Session


@click.group()
def filters() -> None:
    """Filters that are kept under a name, your own and those that are shared."""


def found(session: Session, name: str) -> Json:
    """The saved filter of that name or id. Failure 4 if there is none."""
    return session.among(list(session.client.items(session.path("filters"))), name, "saved filter")


def quoted(text: str) -> str:
    """A text as filters spell it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def joined(saved: Json, filter: str | None, q: str | None, sort: str | None) -> tuple[str | None, str | None, str]:
    """What a saved filter looks for, narrowed by what was given besides; a sort that was given goes instead."""
    texts = [text for text in (saved["filter"], filter) if text and text.strip()]
    wanted = texts[0] if len(texts) == 1 else " and ".join(f"({text})" for text in texts)
    return wanted or None, " ".join(text for text in (saved["q"], q) if text) or None, sort or saved["sort"]


@filters.command("list")
@option("--count", is_flag=True, help="Say how many tasks each finds now.")
@in_workspace
def list_filters(session: Session, count: bool) -> None:
    """List your saved filters and the shared ones."""
    query: Json = {"count": "true"} if count else {}
    answer = session.client.whole(session.path("filters"), query)
    items = answer["items"]
    short = names.short(one["id"] for one in items)
    rows = [
        (
            short[one["id"]],
            one["name"],
            *(("?" if one["total"] is None else f"{one['total']:,}",) if count else ()),
            one["user"] if one["shared"] else "",
            "  ".join(part for part in (one["filter"], one["q"] and f"“{one['q']}”", one["sort"]) if part),
        )
        for one in items
    ]
    columns = ("id", "name", *(("tasks",) if count else ()), "shared by", "finds")
    session.show(answer, output.table(columns, rows, wide="finds") if rows else "No saved filters.")


@filters.command("add")
@click.argument("name")
@option("--filter", metavar="FILTER", default="", help="Such as `due < today+3d and label = home`.")
@option("--q", metavar="TEXT", default="", help="Words to look for in title, description and labels.")
@option("--sort", metavar="FIELDS", default="", help="Such as `due,-priority`.")
@option("--colour", metavar="COLOUR", default="", help="How programs show it.")
@option("--shared", is_flag=True, help="For all members, not only for you.")
@in_workspace
def add_filter(session: Session, name: str, **given: str | bool) -> None:
    """Keep a filter under a name. It must be readable, and is checked."""
    body = {"name": name, **{field: value for field, value in given.items() if value}}
    session.show(session.client.send("POST", session.path("filters"), body), f"Saved “{name}”.")


@filters.command("remove")
@click.argument("name")
@in_workspace
def remove_filter(session: Session, name: str) -> None:
    """Remove a saved filter; `tasksys undo --position` brings it back."""
    saved = found(session, name)
    answer = session.client.send("DELETE", session.path("filters", saved["id"]))
    session.show(answer, f"Removed “{saved['name']}”.")


COMMANDS = (filters,)
