"""A damaged embedded log as one sentence: the file, and what to do, whether it shows at opening or while reading."""

from pathlib import Path
from typing import Final

from streams.transport.database import DatabaseCorrupt, database_error
from streams.transport.embedded.errors import LogCorrupt
from tasksys.cli.failures import Exit, Failure

REMEDY: Final = (
    "Stop what uses it and restore a copy; or save what can be read with `python -m streams.transport.embedded.repair "
    "{directory}`, which keeps a copy, start again, and rebuild the tables with `tasksys replay`."
)


def failure(error: Exception, directory: Path, exit_code: Exit = Exit.FAILED) -> Failure | None:
    """What to tell of damage in that directory; None for every other error. rocksdict's own errors are bare ones."""
    if isinstance(error, LogCorrupt):  # says all of it already
        return Failure(str(error), exit_code)
    found = database_error(error) if type(error) is Exception else error
    if not isinstance(found, DatabaseCorrupt):
        return None
    return Failure(f"The log in {directory} is damaged: {found}. {REMEDY.format(directory=directory)}", exit_code)
