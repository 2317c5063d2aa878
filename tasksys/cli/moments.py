"""Due and start values as people write them: `2026-03-08`, `2026-03-08T09:00@Europe/Berlin`, `today`, `none`."""

import os
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import click

from tasksys.values import When, instant, require_when, require_zone

DAYS: Final = {"today": 0, "tomorrow": 1, "yesterday": -1}
FORMS: Final = "2026-03-08, 2026-03-08T09:00, 2026-03-08T09:00@Europe/Berlin, today or tomorrow"


def when(text: str, zone: Callable[[], str], option: str) -> dict[str, str] | None:
    """The API's value; None for `none`, which clears it. `today` is the day it is in the zone.

    Raises click.BadParameter that names the option.
    """
    word = text.strip().casefold()
    if word in ("none", ""):
        return None
    if word in DAYS:
        here = datetime.now(ZoneInfo(zone())).date()
        return {"date": (here + timedelta(days=DAYS[word])).isoformat()}
    local, _, named = text.strip().partition("@")
    value = {"local": local.replace(" ", "T")} if ":" in local else {"date": local}
    try:
        require_when(When(**value, **({"zone": named} if named else {})))
    except ValueError as error:
        raise click.BadParameter(f"{text!r}: {error}. Give {FORMS}.", param_hint=option) from error
    return value | ({"zone": named} if named else {})


def instant_of(text: str, option: str) -> str:
    """An instant as the log stores it; without offset it is one of this machine's zone, a date is its beginning.

    Raises click.BadParameter that names the option.
    """
    try:
        return instant(datetime.fromisoformat(text.strip()).astimezone())
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(f"{text!r} is no instant such as 2026-03-08T09:00Z.", param_hint=option) from error


def as_of(text: str | None) -> str | None:
    """A past to look at: a position as it is, or an instant. Raises click.BadParameter."""
    if not text or (text.isascii() and text.isdigit()):
        return text
    return instant_of(text, "--as-of")


def readable(value: dict[str, Any] | None) -> str:
    """A due or start value as a list shows it."""
    if not value:
        return ""
    if "date" in value:
        return str(value["date"])
    zone = f" {value['zone']}" if value.get("zone") else ""
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
