"""Every bound of an import in one place; what exceeds one is refused with the bound in the message, or reported."""

from typing import Final

FILE_BYTES: Final = 16 * 1024 * 1024
"""Of a file that is imported, but for calendars, which are read line by line."""

ROWS: Final = 50_000
"""Of a spreadsheet, or things in an export."""

COLUMNS: Final = 200
COMMANDS: Final = 50_000
"""That one file may come to."""

NOTES: Final = 20
"""Of one thing; a file must not make a report larger than itself."""

SHOWN: Final = 64
"""Characters of a value that a note quotes."""
