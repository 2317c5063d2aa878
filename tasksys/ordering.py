"""Manual order as text keys: between any two there is room for a third, so one move changes one row only.

Keys are base-62 digits in ASCII order, compared as text; a key never ends in the lowest digit (nothing would fit before
it). Two people who insert at the same place at once may get the same key: both stand there, ordered by id.
"""

from typing import Final

from tasksys.limits import ORDER_CHARACTERS

DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
VALUE: Final = {digit: value for value, digit in enumerate(DIGITS)}
MIDDLE: Final = DIGITS[len(DIGITS) // 2]
LENGTHS: Final = DIGITS.index("a")
"""Keys at an end of the list begin with a letter that counts their digits, so that 9 stands before 10."""


def at_end(position: int) -> str:
    """The key of something put at the end by the event at that position: after everything put there before it."""
    digits = _digits(position)
    return DIGITS[LENGTHS + len(digits)] + digits + MIDDLE


def at_start(position: int) -> str:
    """The key of something put at the start by the event at that position: before everything put there before it."""
    digits = "".join(DIGITS[61 - VALUE[digit]] for digit in _digits(position))
    return DIGITS[LENGTHS - len(digits)] + digits + MIDDLE


def between(after: str, before: str) -> str:
    """A key between two neighbours.

    Neighbours that are out of order (somebody else moved one of them meanwhile) give a key just behind `after`. Where
    there is no room left for a longer key, it is that of a neighbour: both stand there, ordered by id.
    """
    key, neighbour = (after + MIDDLE, after) if after >= before else (_midpoint(after, before), before)
    return key if len(key) <= ORDER_CHARACTERS else neighbour


def last(after: str, position: int) -> str:
    """The key of something put at the end, behind `after`, by the event at that position."""
    return max(at_end(position), between(after, ""))


def first(before: str, position: int) -> str:
    """The key of something put at the start, in front of `before`, by the event at that position."""
    return min(at_start(position), between("", before))


def directly_behind(after: str, before: str, position: int) -> str:
    """A key behind `after` and in front of `before`; without that one (""), in front of all that does not begin so.

    The event's position makes it unique and nearer to `after` than what an earlier event put into the same gap: moves
    that did not know of each other all come to stand, the latest nearest.
    """
    base = _midpoint(after, before) if after < before else after
    key = base + at_start(position)
    return key if len(key) <= ORDER_CHARACTERS else between(after, before)


def directly_in_front(after: str, before: str, position: int) -> str:
    """The same seen from `before`: a key in front of it and nearer to it than those of earlier events."""
    below = before[:-1] + DIGITS[VALUE[before[-1]] - 1] + DIGITS[-1]
    base = _midpoint(after, before) if "" < after < before else below
    key = base + at_end(position)
    return key if len(key) <= ORDER_CHARACTERS else between(after, before)


def _digits(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = DIGITS[digit] + digits
    return digits


def _midpoint(low: str, high: str) -> str:
    """A key between two keys, as short as halving gives."""
    prefix = ""
    bounded = True
    for index in range(max(len(low), len(high)) + 1):
        low_digit = VALUE[low[index]] if index < len(low) else 0
        high_digit = 62 if not bounded else VALUE[high[index]] if index < len(high) else 0
        if high_digit - low_digit > 1:
            return prefix + DIGITS[(low_digit + high_digit) // 2]
        prefix += DIGITS[low_digit]
        bounded = bounded and low_digit == high_digit
    return prefix + MIDDLE
