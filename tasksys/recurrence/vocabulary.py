"""The words of phrases about recurrence, English, in lower case: what each means, and how each value is said."""

from collections.abc import Sequence
from typing import Final

from tasksys.recurrence.rule import Frequency, Weekday

WEEKDAY_NAMES: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTH_NAMES: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
UNIT_NAMES: Final = {
    Frequency.YEARLY: "year",
    Frequency.MONTHLY: "month",
    Frequency.WEEKLY: "week",
    Frequency.DAILY: "day",
    Frequency.HOURLY: "hour",
    Frequency.MINUTELY: "minute",
    Frequency.SECONDLY: "second",
}

WEEKDAYS: Final = {
    word: weekday
    for weekday, words in zip(
        Weekday,
        ("mo mon", "tu tue tues", "we wed weds", "th thu thur thurs", "fr fri", "sa sat", "su sun"),
        strict=True,
    )
    for name in (WEEKDAY_NAMES[weekday].lower(), *words.split())
    for word in (name, f"{name}s")
}
WORKING_DAYS: Final = frozenset({Weekday.MO, Weekday.TU, Weekday.WE, Weekday.TH, Weekday.FR})
WEEKEND: Final = frozenset({Weekday.SA, Weekday.SU})
DAY_SETS: Final = {
    "weekday": WORKING_DAYS, "weekdays": WORKING_DAYS, "workday": WORKING_DAYS, "workdays": WORKING_DAYS,
    "weekend": WEEKEND, "weekends": WEEKEND,
}  # fmt: skip

MONTHS: Final = {
    word: number
    for number, name in enumerate(MONTH_NAMES, 1)
    for word in (name.lower(), name[:3].lower(), *(("sept",) if number == 9 else ()))
}
UNITS: Final = {
    word: freq
    for freq, name in UNIT_NAMES.items()
    for word in (name, f"{name}s", *({"hour": ("hr", "hrs"), "minute": ("min", "mins")}.get(name, ())))
}
ADVERBS: Final = {
    "yearly": (Frequency.YEARLY, 1), "annually": (Frequency.YEARLY, 1), "monthly": (Frequency.MONTHLY, 1),
    "weekly": (Frequency.WEEKLY, 1), "daily": (Frequency.DAILY, 1), "everyday": (Frequency.DAILY, 1),
    "hourly": (Frequency.HOURLY, 1), "quarterly": (Frequency.MONTHLY, 3), "fortnightly": (Frequency.WEEKLY, 2),
    "biweekly": (Frequency.WEEKLY, 2),
}  # fmt: skip
SPANS: Final = {
    "quarter": (Frequency.MONTHLY, 3), "quarters": (Frequency.MONTHLY, 3),
    "fortnight": (Frequency.WEEKLY, 2), "fortnights": (Frequency.WEEKLY, 2),
}  # fmt: skip
"""Units that are several of a rule's."""

NUMBERS: Final = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12,
}  # fmt: skip
ORDINALS: Final = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "last": -1, "final": -1, "penultimate": -2,
}  # fmt: skip
TIMES_OF_DAY: Final = {"noon": 12, "midday": 12, "midnight": 0}


def said_ordinal(number: int) -> str:
    """1 is `1st`, -1 is `last`, -2 is `2nd to last`."""
    if number < 0:
        return "last" if number == -1 else f"{said_ordinal(-number)} to last"
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def said_list(items: Sequence[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    return f" {last} ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def said_numbers(numbers: Sequence[int]) -> str:
    """Ascending numbers as a list, three or more in a row as `9 to 17`."""
    items: list[str] = []
    rest = list(numbers)
    while rest:
        size = next((place for place, number in enumerate(rest) if number != rest[0] + place), len(rest))
        row, rest = (rest[:size], rest[size:]) if size > 2 else (rest[:1], rest[1:])
        items.append(f"{row[0]} to {row[-1]}" if len(row) > 2 else str(row[0]))
    return said_list(items)
