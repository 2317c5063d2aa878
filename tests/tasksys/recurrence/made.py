"""Recurrences in short, for tests: `made("1997-09-02T09:00 America/New_York", "FREQ=DAILY")`."""

from __future__ import annotations

from collections.abc import Iterable

from tasksys.recurrence import Page, Recurrence, recurrence
from tasksys.values import When


def when(text: str) -> When:
    """`2026-01-31`, `2026-01-31T09:00`, or with a zone behind it."""
    local, _, zone = text.partition(" ")
    return When(local=local, zone=zone or None) if "T" in local else When(date=local)


def made(anchor: str, rule: str, rdate: Iterable[str] = (), exdate: Iterable[str] = ()) -> Recurrence:
    """The recurrence of an anchor written as `when` reads it."""
    return recurrence(when(anchor), rule, rdate, exdate)


def texts(found: Page, series: Recurrence) -> list[str]:
    """The local times of a page as the recurrence spells them."""
    return [series.anchor.text(one.local) for one in found.items]


def days(found: Page) -> str:
    """The dates of a page, as `19970902 19970903`."""
    return " ".join(f"{one.local:%Y%m%d}" for one in found.items)
