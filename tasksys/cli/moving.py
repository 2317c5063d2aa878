"""`tasksys export-log` and `import-log`: a whole log in a file, and the file into another log."""

import asyncio
import json
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from tasksys.cli import output
from tasksys.cli.failures import Exit, Failure
from tasksys.cli.offline import BROKER, parse_broker, run
from tasksys.cli.options import BROKER_HELP, JSON, option
from tasksys.cli.serve import data_dir
from tasksys.settings import PARTITIONS_SHOWN, usual_partitions

T = TypeVar("T")

SEALED: Final = (
    "Where reminders go (webhooks, chats, mail) is sealed, and calendars' links are signed, with the server's key: "
)
OR_ELSE: Final = "or people set their channels again."


@click.command("export-log")
@click.argument("target", type=click.Path(path_type=Path), metavar="FILE|DIRECTORY")
@option("--broker", envvar="TASKSYS_BROKER", default="", metavar="URL", show_default="embedded://DATA_DIR/log",
        help=BROKER_HELP)  # fmt: skip
@option("--data-dir", envvar="TASKSYS_DATA_DIR", type=click.Path(file_okay=False, path_type=Path), default=data_dir,
        metavar="DIRECTORY", show_default=data_dir(), help="Where `tasksys serve` keeps the embedded log.")  # fmt: skip
@option("--force", is_flag=True, help="Write over a file that is there.")
@JSON
def export_log(target: Path, broker: str, data_dir: Path, force: bool, as_json: bool) -> None:
    """Write everything in a log into one file, for `import-log`: every workspace with all of its history.

    Nothing may write the log meanwhile: stop `tasksys serve` first. The file is gzip of lines of JSON; its last line
    counts and sums up what is before it. In a directory it gets a name with the time in it.
    """
    from streams.archive.exporting import export

    where = parse_broker(broker or f"embedded://{data_dir.expanduser().absolute() / 'log'}")
    if where.directory is not None and not (where.directory / "CURRENT").is_file():
        raise Failure(f"There is no embedded log in {where.directory}; name the right one with --broker or --data-dir.")
    if target.is_dir():
        target = target / f"tasksys-log-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.jsonl.gz"
    if target.exists() and not force:
        raise Failure(f"{target} is there already; name another file, or write over it with --force.")
    found = _moved(where, export(where, target), target)
    if as_json:
        told = {name: {"events": one.events, "chain": one.chain} for name, one in found.items()}
        output.plain(json.dumps({"file": str(target), "workspaces": told}, ensure_ascii=False))
        return
    events = sum(one.events for one in found.values())
    spaces = "1 workspace" if len(found) == 1 else f"{len(found)} workspaces"
    output.show(f"Wrote {target}: {spaces} with {events} events.")
    kept = data_dir.expanduser() / "secret.key"
    key = f"that in {kept}" if not broker and kept.is_file() else "that of this one"
    output.show(f"{SEALED}start the other server with the same --secret-key, {key}, {OR_ELSE}")


@click.command("import-log")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@BROKER
@option("--partitions", envvar="TASKSYS_PARTITIONS", type=click.IntRange(min=1), metavar="N",
        show_default=PARTITIONS_SHOWN,
        help="Of topics that do not exist yet.")  # fmt: skip
@option("--replication", envvar="TASKSYS_REPLICATION", type=click.IntRange(min=1), default=1, metavar="N",
        help="Copies of each partition, of topics that do not exist yet.")  # fmt: skip
@JSON
def import_log(file: Path, broker: str, partitions: int | None, replication: int, as_json: bool) -> None:
    """Bring every workspace of an exported log into another one, where it goes on as if it had always been there.

    Ids, positions and history stay as they are, byte for byte, which is read back and compared. Workers may run
    meanwhile; other workspaces are left alone. A workspace is there as a whole or not at all. If this is broken off,
    the same import goes on where it was; repeated, it does nothing. The exit code is 5 if what is in the log differs.
    """
    from streams.archive.form import Archive
    from streams.archive.importing import import_log

    where = parse_broker(broker)
    count = partitions or usual_partitions(embedded=where.directory is not None)
    console, bars = Console(stderr=True), dict[str, TaskID]()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as shown:

        def progress(what: str, done: int, total: int) -> None:
            if what not in bars:
                bars[what] = shown.add_task(what, total=total)
            shown.update(bars[what], completed=done)

        async def work() -> Any:
            archive = await asyncio.to_thread(Archive, file)
            return await import_log(where, archive, count, replication, progress), archive

        came, archive = _moved(where, work(), file)
    if as_json:
        output.plain(
            json.dumps({"workspaces": [msgspec.to_builtins(one) for one in came], "left_out": archive.left_out})
        )
        return
    columns_of = ("workspace", "partition", "events", "outcomes", "dead letters", "to decide", "last link", "")
    rows = [
        (one.workspace, str(one.partition), str(one.events), str(one.outcomes), str(one.dead_letters),
         str(one.commands), one.chain[:12], "was there" if one.before else "")
        for one in came
    ]  # fmt: skip
    output.show(output.table(columns_of, rows) if rows else "The file has no workspace.")
    if archive.left_out:
        output.show(f"{archive.left_out} records that belong to no workspace were left out.")
    output.show("Every event in the log is the one in the file, position by position.")
    output.show(f"{SEALED}start the workers here with the --secret-key of the server that the file is of, {OR_ELSE}")


def _moved(broker: Any, work: Coroutine[Any, Any, T], file: Path) -> T:
    from streams.archive.comparing import ImportDiffers
    from streams.archive.form import ArchiveUnfit
    from streams.archive.importing import ImportRefused

    try:
        return run(broker, work)
    except ImportDiffers as error:
        raise Failure(str(error), Exit.UNVERIFIED) from error
    except (ArchiveUnfit, ImportRefused) as error:
        said = str(error)  # it may begin with the file, whose name is as it is
        raise Failure(said if said.startswith((str(file), file.name)) else f"{said[0].upper()}{said[1:]}") from error
    except OSError as error:
        raise Failure(f"{file} cannot be used ({error.strerror or error}); name another file.") from error


COMMANDS = (export_log, import_log)
