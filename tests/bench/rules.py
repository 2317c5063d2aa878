"""Rules as people have them, each another one: with an anchor of the last years, in one of a few zones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec import Struct

from tasksys.values import When

NOW = datetime(2026, 3, 8, 12)
YEARS = 5
SEED = 20260308
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC")
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


class Given(Struct, frozen=True):
    """A rule's text, without SKIP where `plain`, and the local time that it begins at, which it has."""

    text: str
    anchor: datetime
    zone: str
    plain: bool

    @property
    def when(self) -> When:
        """The anchor as a value."""
        return When(local=self.anchor.isoformat(timespec="minutes"), zone=self.zone)


def rules(number: int) -> Iterator[Given]:
    """So many; the same each time. One of twenty has SKIP=BACKWARD."""
    dice, known = random.Random(SEED), set[tuple[str, datetime]]()
    while len(known) < number:
        day = NOW - timedelta(days=dice.randrange(1, YEARS * 365))
        anchor = day.replace(hour=dice.randrange(6, 22), minute=dice.choice((0, 15, 30, 45)))
        text, anchor = _rule(dice, anchor)
        if (text, anchor) not in known:
            known.add((text, anchor))
            yield Given(text, anchor, dice.choice(ZONES), "SKIP" not in text)


def _rule(dice: random.Random, anchor: datetime) -> tuple[str, datetime]:
    """A rule that has the anchor, or an anchor moved so that it has."""
    own, every = WEEKDAYS[anchor.weekday()], dice.choice((1, 1, 1, 2, 3, 4))
    interval = f";INTERVAL={every}" if every > 1 else ""
    match dice.randrange(20):
        case 0 | 1 | 2 | 3:
            return f"FREQ=DAILY{interval}", anchor
        case 4 | 5 | 6 | 7 | 8:
            days = {own, *dice.sample(WEEKDAYS, dice.randrange(3))}
            return f"FREQ=WEEKLY{interval};BYDAY={','.join(day for day in WEEKDAYS if day in days)}", anchor
        case 9 | 10:
            anchor += timedelta(days=(7 - anchor.weekday()) % 7)
            return "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", anchor
        case 11 | 12 | 13:
            return f"FREQ=MONTHLY{interval};BYMONTHDAY={anchor.day}", anchor
        case 14 | 15:
            return f"FREQ=MONTHLY{interval};BYDAY={(anchor.day - 1) // 7 + 1}{own}", anchor
        case 16:
            first = (anchor.replace(day=28) + timedelta(days=4)).replace(day=1)
            return f"FREQ=MONTHLY{interval};BYMONTHDAY=-1", first - timedelta(days=1)
        case 17:
            last = (anchor.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
            last -= timedelta(days=max(0, last.weekday() - 4))
            return f"FREQ=MONTHLY{interval};BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", last
        case 18:
            return f"FREQ=YEARLY;BYMONTH={anchor.month};BYMONTHDAY={anchor.day}", anchor
        case _:
            anchor = anchor.replace(month=dice.choice((1, 3, 5, 7, 8, 10, 12)), day=31)
            return f"RSCALE=GREGORIAN;FREQ=MONTHLY{interval};BYMONTHDAY=31;SKIP=BACKWARD", anchor
