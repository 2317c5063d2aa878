"""Tables on disk heal: what RocksDB cannot read is put aside, and the table is recovered from its changelog."""

import logging
from itertools import count
from pathlib import Path

from rocksdict import Rdict

from streams.transport.database import DatabaseCorrupt, open_database

logger = logging.getLogger(__name__)


def open_or_put_aside(directory: Path) -> Rdict:
    """The database in `directory`; a corrupt one is renamed and an empty one takes its place."""
    directory.mkdir(parents=True, exist_ok=True)
    try:
        return open_database(directory)
    except DatabaseCorrupt as error:
        aside = next(path for number in count(1) if not (path := directory.with_suffix(f".corrupt-{number}")).exists())
        directory.rename(aside)
        logger.critical("the tables in %s are corrupt (%s); put aside as %s and rebuilt", directory, error, aside)
        directory.mkdir()
        return open_database(directory)
