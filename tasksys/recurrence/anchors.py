"""The first value of a recurrence, which gives its kind, its zone and whatever its rule leaves out."""

from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from tasksys.recurrence import bounds
from tasksys.recurrence.rule import Kind
from tasksys.values import DATE, LOCAL, When, require_when, require_zone


class Anchor(Struct, frozen=True):
    """A `When` as it is computed with: its naive local time (midnight of a date), kind and, if zoned, zone."""

    local: datetime
    kind: Kind
    zone: ZoneInfo | None = None

    def text(self, local: datetime) -> str:
        """A local time of the anchor's kind as a `When` spells it: the key by which an occurrence is known."""
        if self.kind is Kind.DATE:
            return local.date().isoformat()
        return local.isoformat(timespec="seconds" if local.second else "minutes")

    def when(self, local: datetime) -> When:
        """A local time as a value of the anchor's kind and zone."""
        if self.kind is Kind.DATE:
            return When(date=self.text(local))
        return When(local=self.text(local), zone=None if self.zone is None else self.zone.key)

    def read(self, text: str) -> datetime:
        """A local time of the anchor's kind; ValueError with what to give if it is none."""
        pattern, example = (DATE, "2026-03-08") if self.kind is Kind.DATE else (LOCAL, "2026-03-08T09:00")
        try:
            if not pattern.fullmatch(text):
                raise ValueError
            return _in_bounds(datetime.fromisoformat(text))
        except ValueError:
            raise ValueError(f"{text[:32]!r} is not of the anchor's kind; give such as {example}") from None


def read_anchor(when: When) -> Anchor:
    """The anchor; ValueError with what to give instead if the value is none, or out of the years that are computed."""
    require_when(when)
    if when.date is not None:
        return Anchor(_in_bounds(datetime.fromisoformat(when.date)), Kind.DATE)
    assert when.local is not None
    local = _in_bounds(datetime.fromisoformat(when.local))
    if when.zone is None:
        return Anchor(local, Kind.FLOATING)
    return Anchor(local, Kind.ZONED, require_zone(when.zone))


def _in_bounds(local: datetime) -> datetime:
    if not bounds.FIRST_YEAR <= local.year <= bounds.LAST_YEAR:
        raise ValueError(f"a recurrence lies in the years {bounds.FIRST_YEAR} to {bounds.LAST_YEAR}")
    return local
