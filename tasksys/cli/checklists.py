"""`tasksys check`: the checklist of a task."""

from typing import Any

import click

from tasksys.cli import names, output
from tasksys.cli.client import Json
from tasksys.cli.failures import Exit, Failure
from tasksys.cli.options import in_workspace, option
from tasksys.cli.session import Session
from tasksys.cli.tasks import after


@click.group()
def check() -> None:
    """The checklist of a task.

    An item is named by its number in the list, its title, or its id.
    """


def _show(session: Session, task: Json) -> None:
    rows = [
        (str(number), "x" if item["done"] else "", item["title"])
        for number, item in enumerate(task["checklist"], start=1)
    ]
    shown = output.table(("", "done", "item"), rows, wide="item") if rows else "No checklist."
    session.show(task, shown)


def _item(session: Session, task: Json, name: str) -> Json:
    items: list[Json] = task["checklist"]
    if name.isascii() and name.isdigit() and 1 <= int(name[:9]) <= len(items):
        return items[int(name) - 1]
    if not items:
        raise Failure(f"“{task['title']}” has no checklist; add to it with `tasksys check add`.", Exit.NOT_FOUND)
    if name.isascii() and name.isdigit() and len(name) < names.SHORTEST:
        numbers = f"1 to {len(items)}" if len(items) > 1 else "1 only"
        raise Failure(f"There is no item {name} in the checklist of “{task['title']}”; there is {numbers}.",
                      Exit.NOT_FOUND)  # fmt: skip
    return session.among(items, name, "checklist item", "title")


def _change(session: Session, task: str, items: tuple[str, ...], method: str, body: Json | None = None) -> None:
    """Does the same to each of the items, which are all found before the first is changed."""
    found = session.task(task)
    for item in [_item(session, found, name) for name in items]:
        answer = session.client.send(method, session.path("tasks", found["id"], "checklist", item["id"]), body)
        found = after(session, answer, found["id"])
    _show(session, found)


@check.command("list")
@click.argument("task")
@in_workspace
def list_items(session: Session, task: str) -> None:
    """List the items."""
    _show(session, session.task(task))


@check.command("add")
@click.argument("task")
@click.argument("title", nargs=-1, required=True)
@in_workspace
def add_item(session: Session, task: str, title: tuple[str, ...]) -> None:
    """Add an item at the end."""
    found = session.task(task)
    answer = session.client.send("POST", session.path("tasks", found["id"], "checklist"), {"title": " ".join(title)})
    _show(session, after(session, answer, found["id"]))


def _one_of_two(name: str, done: bool, help: str) -> click.Command:
    @check.command(name, help=help)
    @click.argument("task")
    @click.argument("items", nargs=-1, required=True)
    @in_workspace
    def command(session: Session, task: str, items: tuple[str, ...]) -> None:
        _change(session, task, items, "PATCH", {"done": done})

    return command


_one_of_two("tick", True, "Tick items: they are done.")
_one_of_two("untick", False, "Untick items: they are not done after all.")


@check.command("edit")
@click.argument("task")
@click.argument("item")
@option("--title", required=True, help="The new title.")
@in_workspace
def edit_item(session: Session, task: str, item: str, title: str) -> None:
    """Change the title of an item."""
    _change(session, task, (item,), "PATCH", {"title": title})


@check.command("remove")
@click.argument("task")
@click.argument("items", nargs=-1, required=True)
@in_workspace
def remove_items(session: Session, task: str, items: tuple[str, ...]) -> None:
    """Remove items."""
    _change(session, task, items, "DELETE")


COMMANDS: tuple[Any, ...] = (check,)
