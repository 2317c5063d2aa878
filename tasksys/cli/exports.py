"""`tasksys export`: a workspace in a file."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import click

from tasksys.cli.failures import Failure
from tasksys.cli.options import in_workspace, option
from tasksys.cli.session import Session

FILES: Final = {"csv": "export.csv", "ics": "calendar.ics"}
LEFT_OUT: Final = re.compile(rb"^X-TASKSYS-LEFT-OUT:(\d+)\r$", re.MULTILINE)


@click.command()
@option("--format", "kind", type=click.Choice(["json", "csv", "ics"]), default="json",
        help="All there is as JSON, the tasks as a spreadsheet, or as a calendar.")  # fmt: skip
@option("--output", "-o", "target", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
        help="Write to this file instead of standard output.")  # fmt: skip
@in_workspace
def export(session: Session, kind: str, target: Path | None) -> None:
    """Write a workspace: members, projects, tasks and comments as JSON, or its tasks as CSV or iCalendar.

    The CSV is safe to open in a spreadsheet: a text that it would run as a formula begins with an apostrophe.
    """
    parts = _json(session) if kind == "json" else session.client.download(session.path(FILES[kind]))
    parts = _whole(parts) if kind == "ics" else parts
    if target is None:
        out = click.get_binary_stream("stdout")
        for part in parts:
            out.write(part)
        return
    _write(target, parts)
    click.echo(f"Wrote {target}.", err=True)


def _whole(parts: Iterator[bytes]) -> Iterator[bytes]:
    """The calendar; Failure if it says that tasks are left out, for which it has no room."""
    raw = b"".join(parts)
    if left_out := LEFT_OUT.search(raw):
        raise Failure(f"A calendar has no room for {int(left_out[1])} of the tasks; export them with --format json.")
    yield raw


def _json(session: Session) -> Iterator[bytes]:
    document = session.client.get(session.path("export.json"))
    yield (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode("utf-8", "surrogatepass")


def _write(target: Path, parts: Iterable[bytes]) -> None:
    """The whole file or nothing: an export that breaks off leaves what was there before."""
    whole = target.with_name(f"{target.name}.part")
    try:
        with whole.open("wb") as file:
            for part in parts:
                file.write(part)
        whole.replace(target)
    except OSError as error:
        cause = error.strerror or str(error)
        raise Failure(f"{target} cannot be written ({cause}); give --output another file.") from error
    finally:
        whole.unlink(missing_ok=True) if whole.parent.is_dir() else None


COMMANDS = (export,)
