"""Due and start values as people write them: `2026-03-08`, `2026-03-08T09:00@Europe/Berlin`, `today`, `none`."""

import os
import re
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import click

from tasksys.query import literals
from tasksys.query.errors import Misread
from tasksys.query.fields import DUE
from tasksys.query.lexer import Kind, Token
from tasksys.query.moments import resolve
from tasksys.query.syntax import Base, Relative
from tasksys.values import When, instant, require_when, require_zone

COUNTED: Final = re.compile(
    r"(?P<day>[a-z]+(?:[+-]\d+[ymwd])*)(?:[t ](?P<time>\d{1,2}:\d{2})(?:@(?P<zone>\S+))?)?", re.ASCII
)
"""A day as a filter counts it, perhaps with a time of day."""

FORMS: Final = "2026-03-08, 2026-03-08T09:00, 2026-03-08T09:00@Europe/Berlin, today, tomorrow 17:00, monday or today+3d"


def when(text: str, zone: Callable[[], str], option: str) -> dict[str, str] | None:
    """The API's value; None for `none`, which clears it. `today` is the day it is in the zone.

    Raises click.BadParameter that names the option.
    """
    written = text.strip()
    if written.casefold() in ("none", ""):
        return None
    local, _, named = (_counted(written, zone) or written).partition("@")
    value = {"local": local.replace(" ", "T")} if ":" in local else {"date": local}
    try:
        require_when(When(**value, **({"zone": named} if named else {})))
    except ValueError as error:
        said = f"{text!r}: {error}." if local[:1].isdigit() and "-" in local else f"{text!r} is no day or time."
        raise click.BadParameter(f"{said} Give {FORMS}.", param_hint=option) from error
    return value | ({"zone": named} if named else {})


def _counted(text: str, zone: Callable[[], str]) -> str | None:
    """The day that is counted from today, as a date, with the time of day that was given; None if it is none."""
    found = COUNTED.fullmatch(text.lower())
    if found is None:
        return None
    try:
        moment = literals.read(DUE, Token(Kind.WORD, found["day"], 0))
    except Misread:
        return None
    if not isinstance(moment, Relative) or moment.base is Base.NOW or moment.minutes is not None:
        return None
    here = ZoneInfo(zone())
    day = datetime.fromtimestamp(resolve(moment, datetime.now(here), here).first, here).date().isoformat()
    named = text[found.start("zone") - 1 :] if found["zone"] else ""
    return f"{day}T{found['time']:0>5}{named}" if found["time"] else day


def instant_of(text: str, option: str, kind: str = "instant") -> str:
    """An instant as the log stores it: with an offset, or a zone after an @; else one of this machine's zone.

    A day, also one that is counted from today in this machine's zone, is its beginning.

    Raises click.BadParameter that names the option.
    """
    try:
        written = text.strip()
        local, _, named = (_counted(written, machine_zone) or written).partition("@")
        moment = datetime.fromisoformat(local)
        if named:
            require_zone(named)
            moment = moment.replace(tzinfo=ZoneInfo(named))
        return instant(moment.astimezone())
    except (ValueError, OverflowError) as error:
        said = f"{text!r} is no {kind} such as 2026-03-08T09:00Z."
        raise click.BadParameter(said, param_hint=option) from error


def as_of(text: str | None) -> str | None:
    """A past to look at: a position as it is, or an instant. Raises click.BadParameter."""
    if not text or (text.isascii() and text.isdigit()):
        return text
    return instant_of(text, "--as-of", "position, such as 7, and no instant")


def readable(value: dict[str, Any] | None, narrow: bool = False) -> str:
    """A due or start value as a list shows it; `narrow`: of its zone only the city."""
    if not value:
        return ""
    if "date" in value:
        return str(value["date"])
    zone = f" {value['zone'].rpartition('/')[2] if narrow else value['zone']}" if value.get("zone") else ""
    return f"{str(value['local']).replace('T', ' ')}{zone}"


def past(value: dict[str, Any] | None) -> bool:
    """True for a value that is over, as seen from this machine's zone where the value has none."""
    if not value:
        return False
    if "date" in value:
        return date.fromisoformat(value["date"]) < datetime.now().astimezone().date()
    local = datetime.fromisoformat(value["local"])
    zone = value.get("zone")
    return (local.replace(tzinfo=ZoneInfo(zone)) if zone else local.astimezone()) < datetime.now().astimezone()


def clock(instant: str | None) -> str:
    """An instant in this machine's zone, to the minute."""
    return datetime.fromisoformat(instant).astimezone().strftime("%Y-%m-%d %H:%M") if instant else ""


def machine_zone() -> str:
    """The IANA name of this machine's zone; UTC if it does not say."""
    linked = str(Path("/etc/localtime").resolve()).partition("zoneinfo/")[2]
    for name in (os.environ.get("TZ", "").removeprefix(":"), linked):
        try:
            require_zone(name)
        except ValueError:
            continue
        return name
    return "UTC"
