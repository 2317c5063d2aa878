"""Log lines in a file as well, for a shipper that reads files: the same lines that go to standard error.

A file of its own for each process. It is kept small by turning it over: a shipper that follows it has read the end of
the file that was renamed before it goes on with the new one.
"""

import sys
from contextlib import suppress
from io import TextIOBase
from pathlib import Path
from typing import IO, Final, TextIO

BYTES: Final = 32 * 1024 * 1024
KEPT: Final = 3
"""Files of BYTES that were turned over and are kept beside the one that is written: `.1` is the youngest."""


class Tee(TextIOBase):
    """A stream for `monitoring.logs.configure`: what is written goes to the file and to standard error.

    It is no terminal, so that lines are JSON unless another form was asked for. A disk that is full, or a file that is
    gone, stops neither the process nor its standard error.
    """

    def __init__(self, path: Path, stream: TextIO | None = None, size: int = BYTES) -> None:
        """Raises OSError if the file cannot be written."""
        self._path, self._size = path, size
        self._stream = sys.stderr if stream is None else stream
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: IO[bytes] = path.open("ab", buffering=0)

    def write(self, text: str) -> int:
        """Writes a whole line, or several; the number of characters."""
        try:
            if self._file.tell() >= self._size:
                with suppress(OSError):
                    self._turn_over()
            self._file.write(text.encode(errors="replace"))
        except OSError:
            pass  # there is the other stream, and nothing better to say it to
        return self._stream.write(text)

    def flush(self) -> None:
        """To standard error; the file has it already."""
        self._stream.flush()

    def isatty(self) -> bool:
        """No."""
        return False

    def close(self) -> None:
        """Closes the file only."""
        self._file.close()
        super().close()

    def _turn_over(self) -> None:
        """Nothing is renamed before the new file is there: where there is none to be had, the old one goes on."""
        fresh_path = self._path.with_name(f"{self._path.name}.new")
        fresh = fresh_path.open("ab", buffering=0)
        for number in range(KEPT, 0, -1):
            older = self._numbered(number - 1)
            if older.exists():
                older.replace(self._numbered(number))
        fresh_path.replace(self._path)
        self._file.close()
        self._file = fresh

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}") if number else self._path
