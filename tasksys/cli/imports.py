"""`tasksys import`: tasks from files, of ours and of other programs."""

import json
from pathlib import PurePath
from typing import BinaryIO, Final

import click

from tasksys.cli.client import Json
from tasksys.cli.failures import Exit, Failure
from tasksys.cli.options import in_workspace, option
from tasksys.cli.session import Session

CONTENT: Final = {
    "ics": "text/calendar", "json": "application/json", "csv": "text/csv", "todoist": "text/csv",
}  # fmt: skip
NAMES: Final = {".ics": "ics", ".ical": "ics", ".json": "json", ".csv": "csv", ".tsv": "csv", ".txt": "csv"}


@click.command("import")
@click.argument("file", type=click.File("rb"))
@option("--format", "kind", type=click.Choice(list(CONTENT)), show_default=False,
        help="What the file is, if its name and content do not say it.")  # fmt: skip
@option("--project", metavar="ID|NAME", show_default=False, help="The project that new tasks go to.")
@option("--map", "mapping", metavar="FIELD=COLUMN", multiple=True,
        help="Which column of a spreadsheet is which field, such as title=Task; repeat it for more.")  # fmt: skip
@option("--dry-run", is_flag=True, help="Only say what would be done.")
@in_workspace
def import_(
    session: Session, file: BinaryIO, kind: str | None, project: str | None, mapping: tuple[str, ...], dry_run: bool
) -> None:
    """Take over the tasks of a file; - reads standard input.

    It may be an export of ours (JSON or CSV), any spreadsheet (CSV) with a column for the title, a template of
    Todoist's, or a calendar (.ics), of which events are left out. What is here already is left alone, so that the same
    file twice makes nothing double; only a calendar changes what it has a later version of.
    """
    try:
        raw = file.read()
    except OSError as error:
        raise Failure(f"{file.name} cannot be read ({error.strerror or error}); give another file.") from error
    name = PurePath(str(getattr(file, "name", "")))
    kind = kind or detected(name, raw)
    query: Json = {"format": kind, "dry_run": "true" if dry_run else None}
    if kind == "csv" and not mapping:  # the server tells a template of Todoist's by its columns
        del query["format"]
    if kind in ("csv", "todoist") and project is None:
        query["project_name"] = name.stem[:200] if name.suffix else None
    if project is not None:
        query["project"] = session.project(project)["id"]
    if mapping:
        query["mapping"] = json.dumps(mapped(mapping), ensure_ascii=False)
    told = session.client.upload(session.path("import"), raw, CONTENT[kind], query)
    session.show(told, *_said(told))
    if told["failed"]:
        raise Failure(f"{told['failed']} of what is in the file could not be imported; the same import tries again.")


def detected(name: PurePath, raw: bytes) -> str:
    """The format of a file, by its beginning, else by its name; else it is taken for a spreadsheet."""
    head = raw[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head[:15].upper() == b"BEGIN:VCALENDAR":
        return "ics"
    if head.startswith(b"{"):
        return "json"
    return NAMES.get(name.suffix.lower(), "csv")


def mapped(given: tuple[str, ...]) -> dict[str, str]:
    """Fields and their columns. Failure 2 for what is none."""
    found = {}
    for one in given:
        field, sign, column = one.partition("=")
        if not sign or not field.strip() or not column.strip():
            raise Failure(f"{one!r} says no column; give --map FIELD=COLUMN, such as title=Task.", Exit.USAGE)
        found[field.strip()] = column.strip()
    return found


def _said(told: Json) -> list[str]:
    """What became of each thing that there is something to say of, and of all."""
    where = "number" if told["format"] == "json" else "line"
    lines = []
    for item in told["items"]:
        remarks = [item["reason"], *item["notes"], *(f"{one['command']}: {one['detail']}" for one in item["problems"])]
        kind = "" if item["kind"] in ("task", "file") else f"{item['kind']} "
        lines += [f"{where} {item['line']}, {kind}{item['title'] or 'without title'}: {one}" for one in remarks if one]
    made, changed = ("would be made", "would be changed") if told["dry_run"] else ("made", "changed")
    kinds = [one["kind"] for one in told["items"] if one["action"] == "create" and one["status"] in DONE]
    several = [f"{kinds.count(one):,} {words[kinds.count(one) > 1]}" for one, words in KINDS.items() if one in kinds]
    said = f" ({', '.join(several)})" if len(several) > 1 or (several and "task" not in kinds) else ""
    counts = f"{told['created']} {made}{said}, {told['updated']} {changed}, {told['skipped']} left alone"
    return [*map(_printable, lines), f"{counts}, {told['failed']} failed." if told["failed"] else f"{counts}."]


DONE: Final = ("planned", "done", "partly")
KINDS: Final = {
    "task": ("task", "tasks"), "project": ("project", "projects"), "series": ("series", "series"),
    "filter": ("filter", "filters"),
}  # fmt: skip


def _printable(line: str) -> str:
    """A line that cannot move the cursor, whatever the file has."""
    return "".join(one if one.isprintable() else "?" for one in line)


COMMANDS = (import_,)
