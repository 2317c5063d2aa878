"""Another process that has a database open."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.kafka_broker import ROOT

HOLDING = """
import sys
from pathlib import Path
from streams.transport.database import open_database
database = open_database(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.readline()
database.put(b"k", b"v")
database.close()
"""


@contextmanager
def holding(directory: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process has it open."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(directory)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.communicate("\n")
