"""Due and start values in a calendar's spelling and back (RFC 5545, 3.3.4 f): dates, floating times, times of a zone.

A UTC time is one of the zone UTC. A zone is known by its IANA name, also behind a prefix as Mozilla and others write
it, by the name that Windows has for it, or by what the file's own VTIMEZONE calls its location. What such a component
says of offsets is not read: the wall time is what counts, and its zone's rules are those of our zone data.
"""

import re
from datetime import date, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from icalendar import Timezone
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from tasksys.ical.lines import Component, Property
from tasksys.values import UTC, When, instant, require_when, require_zone

VALUE: Final = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?", re.ASCII)
FIRST_YEAR, LAST_YEAR = 1970, 2037
"""What a VTIMEZONE covers unless a value lies outside."""
OUTERMOST: Final = (1900, 2200)

Zones = dict[str, str]
"""The zones of a file: IANA names by TZID, blank where there is none."""


class UnknownZone(ValueError):
    """A time of a zone that nobody knows here; `floating` is its wall time, without zone."""

    def __init__(self, tzid: str, floating: When) -> None:
        super().__init__(f"the time zone {tzid[:64]!r} is not known here")
        self.floating = floating


def zones(calendar: Component) -> Zones:
    """The zones that the calendar defines, by what they call their location."""
    found: Zones = {}
    for one in calendar.within("VTIMEZONE"):
        tzid, location = one.first("TZID"), one.first("X-LIC-LOCATION")
        if tzid is not None:
            found[tzid.text.strip()] = zone_name(location.text) if location else ""
    return found


def zone_name(tzid: str) -> str:
    """The IANA name that is meant; blank if none is known."""
    named = tzid.strip().strip('"')
    parts = [part for part in named.split("/") if part]
    for start in (0, *range(max(1, len(parts) - 3), len(parts) - 1)):
        if name := _known("/".join(parts[start:])):
            return name
    return _known(WINDOWS_TO_OLSON.get(named, ""))


def _known(name: str) -> str:
    try:
        return require_zone(name).key
    except ValueError:
        return ""


def when(found: Property, known: Zones) -> When:
    """The value of a property. UnknownZone, or ValueError that says what is wrong."""
    return when_of(found.value.strip(), found.parameter("TZID"), known)


def when_of(text: str, tzid: str, known: Zones) -> When:
    """The value that a text spells, in the zone of that TZID."""
    parts = VALUE.fullmatch(text)
    if parts is None:
        raise ValueError(f"{text[:32]!r} is no date or time such as 20260308 or 20260308T090000")
    year, month, day, hour, minute, second, utc = parts.groups()
    value = When(date=f"{year}-{month}-{day}")
    if hour is not None:
        seconds = "" if second == "00" else ":59" if second == "60" else f":{second}"
        value = When(local=f"{year}-{month}-{day}T{hour}:{minute}{seconds}", zone="UTC" if utc else None)
    require_when(value)
    if value.local is None or value.zone is not None or not tzid:
        return value
    name = zone_name(tzid) or known.get(tzid.strip(), "")
    if not name:
        raise UnknownZone(tzid, value)
    return When(local=value.local, zone=name)


def moment(found: Property, lenient: bool = False) -> str:
    """The instant of a property that is in UTC, as instants are stored; ValueError if it is none."""
    value = when(found, {})
    if value.local is None or value.zone not in ("UTC", *([None] if lenient else [])):
        raise ValueError(f"{found.value[:32]!r} is no instant in UTC such as 20260308T090000Z")
    return instant(datetime.fromisoformat(value.local).replace(tzinfo=UTC))


def spelled(value: When) -> tuple[str, dict[str, str]]:
    """A value as a calendar spells it, and the parameters that say what it is."""
    if value.date is not None:
        return value.date.replace("-", ""), {"VALUE": "DATE"}
    assert value.local is not None
    text = local_spelled(value.local)
    if value.zone is None:
        return text, {}
    return (f"{text}Z", {}) if value.zone == "UTC" else (text, {"TZID": value.zone})


def local_spelled(text: str) -> str:
    """A date, or a local time, as a calendar spells it: `20260308`, `20260308T090000`."""
    plain = text.replace("-", "").replace(":", "")
    return plain if len(plain) != len("20260308T0900") else plain + "00"


def moment_spelled(at: str) -> str:
    """An instant as a calendar spells it: in UTC, to the second that has begun."""
    return f"{local_spelled(at[:19])}Z"


def spans(values: list[When]) -> dict[str, tuple[int, int]]:
    """The zones of the values, and the years that each must cover."""
    found: dict[str, tuple[int, int]] = {}
    for value in values:
        if value.zone in (None, "UTC") or value.local is None:
            continue
        assert value.zone is not None
        year = int(value.local[:4])
        first, last = found.get(value.zone, (FIRST_YEAR, LAST_YEAR))
        found[value.zone] = (min(first, max(year - 1, OUTERMOST[0])), max(last, min(year + 1, OUTERMOST[1])))
    return found


@lru_cache(maxsize=512)
def timezone(name: str, first: int, last: int) -> bytes:
    """The VTIMEZONE of a zone for those years; nothing for a name that is no zone (any more)."""
    try:
        zone: ZoneInfo = require_zone(name)
    except ValueError:
        return b""
    written: bytes = Timezone.from_tzinfo(zone, name, date(first, 1, 1), date(last, 12, 31)).to_ical()
    return written
