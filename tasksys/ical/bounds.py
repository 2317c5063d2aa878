"""Every bound of a calendar in one place; what exceeds one is reported, or left out and counted."""

from typing import Final

FILE_BYTES: Final = 4 * 1024 * 1024
"""Of a file that is imported."""

LINES: Final = 200_000
COMPONENTS: Final = 5_000
"""Of one file, of whatever kind, those inside others too."""

PROPERTIES: Final = 2_000
"""Of one component."""

VALUES: Final = 500
"""Of one field that is a list, before the domain's own bounds."""

COMMANDS: Final = 20_000
"""That one file may come to."""

COMMENTS: Final = 500
"""Of one task that are written, the newest."""

DEPTH: Final = 4
"""Of components within each other: an alarm in a to-do in a calendar is the third."""

HEAD_CHARACTERS: Final = 4_096
"""Of a line's name and parameters."""

VALUE_CHARACTERS: Final = 256 * 1024
"""Of a line's value as it stands in the file: more than a description may have, each character of it escaped."""

FEED_COMPONENTS: Final = 10_000
FEED_BYTES: Final = 8 * 1024 * 1024
"""Of one answer; tasks that were closed longest ago are left out first."""

NOTES: Final = 20
"""Of one component; a file must not make a report larger than itself."""
