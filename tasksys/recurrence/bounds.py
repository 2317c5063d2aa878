"""Every bound of a recurrence in one place; what exceeds one is refused with the bound in the message."""

from typing import Final

TEXT_CHARACTERS: Final = 4096
"""Of a rule. The longest part that means anything, BYYEARDAY with each day of a year, has 1,500."""

LIST_VALUES: Final = 366
"""Of one BY part, and of RDATE and of EXDATE."""

INTERVAL: Final = 1_000_000
COUNT: Final = 10_000
"""COUNT is counted from the anchor: daily for 27 years take some milliseconds."""

TIMES_PER_DAY: Final = 24 * 60
"""BYHOUR times BYMINUTE times BYSECOND: no rule yields more than one occurrence a minute."""

FIRST_YEAR: Final = 1600
LAST_YEAR: Final = 9998
"""Of anchors and occurrences, so that an instant of any zone is still a date and time of Python's."""

SEARCHED: Final = 1000
"""Periods or stretches looked at without finding an occurrence, after which a search is given up.

The Gregorian calendar repeats every 400 years, so this much in vain proves a yearly rule at its end. Every rule whose
parts are not made to miss each other finds its next occurrence in far fewer: 29 February on a Monday takes 480 months.
"""

PAGE: Final = 200
"""Occurrences of one page at most."""

PHRASE_CHARACTERS: Final = 500
