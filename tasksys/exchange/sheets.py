"""Spreadsheets as text: encoding and delimiter are found out, rows are told by the line where they begin."""

import csv
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from tasksys.exchange import bounds, cells
from tasksys.exchange.errors import Unreadable

DELIMITERS: Final = ",;\t"
HEAD: Final = 64 * 1024
"""Characters in which the first row is looked for."""

LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")


class Row(NamedTuple):
    """A row, and the line of the file where it begins."""

    line: int
    cells: list[str]


class Sheet(NamedTuple):
    """A spreadsheet: the names of its columns, and its rows, which are read one by one.

    `rows` may raise Unreadable.
    """

    columns: list[str]
    rows: Iterator[Row]


def text_of(raw: bytes) -> str:
    """The text of a file: UTF-8 or UTF-16 if it says so or is that, else Windows' Western one (cp1252)."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def sheet(raw: bytes) -> Sheet:
    """The spreadsheet in a file. Raises Unreadable."""
    text = text_of(raw)
    if "\0" in text:
        raise Unreadable("the file is no text; export it as comma-separated values")
    if "\n" not in text:
        text = text.replace("\r", "\n")
    found = rows(text, delimiter(text))
    head = next((row for row in found if any(one.strip() for one in row.cells)), None)
    if head is None:
        raise Unreadable("the file is empty; its first row must name the columns")
    if len(head.cells) > bounds.COLUMNS:
        raise Unreadable(f"a spreadsheet has at most {bounds.COLUMNS} columns")
    return Sheet([one.strip() for one in head.cells], found)


def delimiter(text: str) -> str:
    """What stands between the cells of the first row: what there is most of, outside of quotes; else a comma."""
    first = next((one for one in text[:HEAD].split("\n") if one.strip()), "")
    outside = re.sub(r'"[^"]*"?', "", first)
    return max(DELIMITERS, key=outside.count)


def rows(text: str, between: str) -> Iterator[Row]:
    """The rows, one by one. Raises Unreadable where the quotes are not closed or there are too many."""
    lines = (one[0] for one in LINE.finditer(text))
    reader = csv.reader(lines, delimiter=between, strict=False)
    line = 1
    try:
        for number, found in enumerate(reader):
            if number > bounds.ROWS:
                raise Unreadable(f"a spreadsheet has at most {bounds.ROWS:,} rows; import it in parts")
            yield Row(line, [cells.read(one) for one in found])
            line = reader.line_num + 1
    except csv.Error as error:
        raise Unreadable(f"line {line} cannot be read ({error}); check its quotes") from error
