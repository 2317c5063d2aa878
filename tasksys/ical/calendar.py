"""A calendar: its head, the time zones that its values are in, and its components, as bytes in parts."""

from collections.abc import Iterable, Iterator
from typing import Final

from icalendar import Calendar, Component

from tasksys.ical import bounds, times
from tasksys.ical.writing import put
from tasksys.values import When

PRODUCT: Final = "-//tasksys//tasksys//EN"
END: Final = b"END:VCALENDAR\r\n"
X_LEFT_OUT: Final = "X-TASKSYS-LEFT-OUT"
"""How many tasks are not in it."""


def head(name: str, zone: str, left_out: int) -> bytes:
    """The beginning of a calendar. NAME and REFRESH-INTERVAL are of RFC 7986; the X-WR- ones are what programs read."""
    made = Calendar()
    for key, value in (("VERSION", "2.0"), ("PRODID", PRODUCT), ("CALSCALE", "GREGORIAN")):
        put(made, key, value, raw=True)
    for key, value in (("NAME", name), ("X-WR-CALNAME", name), ("X-WR-TIMEZONE", zone)):
        put(made, key, value)
    put(made, "REFRESH-INTERVAL", "PT15M", {"VALUE": "DURATION"}, raw=True)
    put(made, "X-PUBLISHED-TTL", "PT15M", raw=True)
    if left_out:
        put(made, X_LEFT_OUT, str(left_out), raw=True)
    written: bytes = made.to_ical(sorted=False)
    return written.removesuffix(END)


def zones(values: Iterable[When]) -> Iterator[bytes]:
    """The VTIMEZONEs that the values need."""
    for name, (first, last) in sorted(times.spans(list(values)).items()):
        yield times.timezone(name, first, last)


def body(component: Component) -> bytes:
    """A component as it stands in a file."""
    written: bytes = component.to_ical(sorted=False)
    return written


def room(size: int) -> bool:
    """Whether there is room for more in an answer of so many bytes."""
    return size < bounds.FEED_BYTES
