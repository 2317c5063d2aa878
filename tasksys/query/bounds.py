"""Every bound of a query in one place; what exceeds one is refused with the bound in the message."""

from typing import Final

FILTER_CHARACTERS: Final = 4096
NESTING: Final = 64
TERMS: Final = 500
LIST_VALUES: Final = 200
TEXT_TERMS: Final = 20
"""Conditions on text read whole descriptions: they are what one query may cost most by."""

SEARCH_CHARACTERS: Final = 1000
SEARCH_TERMS: Final = 32
WORDS_PER_TASK: Final = 5000
"""Of a task's title, labels and description, in this order; the words after these are not searched by `q`."""

WORD_CHARACTERS: Final = 64
"""A longer word counts by its beginning, in the task as in the search."""

SORTED_CHARACTERS: Final = 100
"""Titles are sorted by their beginning, so that a cursor fits into a URL: the folded title may be 9,000 long."""

CURSOR_CHARACTERS: Final = 4096

PAGE_BYTES: Final = 1024 * 1024
"""Bytes of tasks that a page has at most, unless a single one has more."""
