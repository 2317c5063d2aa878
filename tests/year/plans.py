"""The series of the year, each twice: as the rule that the system is given, and as days that are asked one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from tasksys.commands import CreateSeries
from tasksys.series.shapes import Before, GivenTemplate, Missed, OfEach
from tasksys.values import Repeat, When
from tests.year import dates
from tests.year.dates import FR, MO, SA, TH, TU, WE, Falls

START: Final = datetime(2127, 10, 13, 4, tzinfo=UTC)
"""Before both continents leave summer time, and a 29 February. Far ahead, for outcomes of long ago are forgotten."""

TODAY: Final = START.date()
BERLIN: Final = "Europe/Berlin"
NEW_YORK: Final = "America/New_York"
LOS_ANGELES: Final = "America/Los_Angeles"
ZONES: Final[Mapping[str, str]] = {"household": BERLIN, "office": NEW_YORK, "remote": NEW_YORK}
"""The workspaces, and their zones at the start; that of `remote` changes."""

FIRST: Final = TODAY + timedelta(days=1)


def moment(when: When, home: str) -> datetime:
    """The instant of a value. A time that does not exist is read with the offset before the gap, as `fold=0` has it."""
    local = datetime.fromisoformat(when.local or when.date or "")
    return local.replace(tzinfo=ZoneInfo(when.zone or home), fold=0).astimezone(UTC)


class Ring(NamedTuple):
    """A reminder that every occurrence has: so many days or minutes before; and again `(minutes, times)`."""

    days: int = 0
    minutes: int = 0
    again: tuple[int, int] | None = None

    @property
    def ahead(self) -> timedelta:
        """How long before by the calendar."""
        return timedelta(days=self.days, minutes=self.minutes)

    @property
    def each(self) -> OfEach:
        """As a template has it."""
        text = f"P{self.days}D" if self.days else f"PT{self.minutes}M"
        return OfEach(Before(text), Repeat(f"PT{self.again[0]}M", self.again[1]) if self.again else None)


@dataclass(frozen=True)
class Plan:
    """A series: `rule` for the system; `falls` and what follows for us. `zone` "" is that of the workspace.

    `after_days`: so long after the last one was done. `diligent` is how probably somebody does one in a session.
    """

    name: str
    home: str
    rule: str
    falls: Falls
    begins: date
    time: str = ""
    zone: str = ""
    rings: tuple[Ring, ...] = ()
    missed: Missed = Missed.NEXT
    after_days: int = 0
    last: date | None = None
    count: int | None = None
    without: tuple[date, ...] = ()
    extra: tuple[date, ...] = ()
    diligent: float = 0.8
    stable: bool = False
    """Nobody edits or pauses it, so that people may move, skip ahead and undo whenever they like."""

    def dates(self, until: date) -> Iterator[date]:
        """The days of its occurrences."""
        counted = 0
        for day in dates.days(self.begins, until if self.last is None else min(until, self.last)):
            if day in self.extra:
                yield day
            elif self.falls(day):
                counted += 1
                if self.count is not None and counted > self.count:
                    return
                if day not in self.without:
                    yield day

    def original(self, day: date) -> str:
        """How the system names the occurrence of a day."""
        return f"{day.isoformat()}T{self.time}" if self.time else day.isoformat()

    def due(self, day: date) -> When:
        """Its due value."""
        return When(local=self.original(day), zone=self.zone or None) if self.time else When(date=day.isoformat())

    @property
    def needs(self) -> timedelta:
        """How long before its time it must be there, for its reminders."""
        return max((ring.ahead for ring in self.rings), default=timedelta(0))

    @property
    def create(self) -> CreateSeries:
        """The command that makes it."""
        return CreateSeries(
            series=self.name,
            template=GivenTemplate(self.name.capitalize(), reminders=tuple(ring.each for ring in self.rings)),
            rule=self.rule,
            anchor=self.due(self.begins),
            rdate=tuple(map(self.original, self.extra)),
            exdate=tuple(map(self.original, self.without)),
            missed=self.missed,
            after_completion=bool(self.after_days),
        )


def plans(length: int) -> list[Plan]:
    """What recurs in a year that has so many days."""
    end = TODAY + timedelta(days=length)
    return [*_household(length, end), *_office(), *_remote()]


def _first(falls: Falls) -> date:
    return dates.first_on(falls, FIRST)


def _household(length: int, end: date) -> list[Plan]:
    def plan(name: str, rule: str, falls: Falls, time: str = "", *rings: Ring, **more: object) -> Plan:
        known: dict[str, object] = {"begins": _first(falls), "zone": BERLIN if time else ""} | more
        return Plan(name, "household", rule, falls, time=time, rings=rings, **known)  # type: ignore[arg-type]

    thursdays = dates.fortnightly(_first(dates.on(TH)))
    last = dates.first_on(dates.on(SA), TODAY + timedelta(days=length * 3 // 5))
    until = moment(When(local=f"{last}T10:00"), BERLIN).strftime("%Y%m%dT%H%M%SZ")
    lessons = list(dates.days(FIRST, end))
    wednesdays = [day for day in lessons if day.weekday() == WE]
    return [
        plan("medicine", "FREQ=DAILY", dates.every_day, "08:00", Ring(minutes=15), Ring(again=(10, 3)), diligent=0.6),
        plan("bins", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH", thursdays, "07:00", Ring(minutes=12 * 60), diligent=0.9),
        plan("rent", "FREQ=MONTHLY;BYMONTHDAY=-1", dates.last_of_month, "", Ring(days=1), stable=True),
        plan(
            "insurance", "RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=31;SKIP=BACKWARD", dates.last_of_month, "12:00",
            Ring(days=2), begins=date(2127, 8, 31), stable=True,
        ),
        plan("leap-day", "FREQ=YEARLY", dates.yearly(2, 29), "", Ring(days=7), begins=date(2124, 2, 29)),
        plan(
            "plants", "FREQ=DAILY;INTERVAL=3", dates.every_day, "18:00", Ring(), begins=FIRST, after_days=3,
        ),
        plan("birthday", "FREQ=YEARLY", dates.yearly(11, 2), "", Ring(days=7), Ring(), begins=date(2090, 11, 2)),
        plan(
            "washing", "FREQ=WEEKLY;BYDAY=MO,TH", dates.on(MO, TH), "17:00", Ring(minutes=60), missed=Missed.ALL,
            diligent=0.4,
        ),
        plan(
            "tax", "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=20", dates.quarterly(20), "", Ring(days=3),
            missed=Missed.ONE_AT_A_TIME, diligent=0.03,
        ),
        plan(
            "course", f"FREQ=WEEKLY;BYDAY=TU;COUNT={length // 14}", dates.on(TU), "19:00", Ring(minutes=120),
            count=length // 14, stable=True,
        ),
        plan("heating", f"FREQ=WEEKLY;BYDAY=SA;UNTIL={until}", dates.on(SA), "10:00", Ring(minutes=30), last=last),
        plan(
            "music-lesson", "FREQ=WEEKLY;BYDAY=WE", dates.on(WE), "16:00", Ring(minutes=90), stable=True,
            without=(*wednesdays[2:3], *wednesdays[9:11]),
            extra=tuple(day + timedelta(days=3) for day in (*wednesdays[2:3], *wednesdays[9:10])),
        ),
    ]  # fmt: skip


def _office() -> list[Plan]:
    weekdays = dates.on(MO, TU, WE, TH, FR)
    fridays = dates.fortnightly(_first(dates.on(FR)))
    last = dates.last_weekday_of_month
    return [
        Plan(
            "stand-up", "office", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", weekdays, _first(weekdays), "09:30", NEW_YORK,
            (Ring(minutes=10),), diligent=0.9,
        ),
        Plan(
            "retrospective", "office", "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", fridays, _first(fridays), "15:00", NEW_YORK,
            (Ring(days=1),), stable=True,
        ),
        Plan(
            "report", "office", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", last, _first(last), "17:00", NEW_YORK,
            (Ring(minutes=240),), stable=True,
        ),
        Plan(
            "maintenance", "office", "FREQ=DAILY", dates.every_day, FIRST, "02:30", NEW_YORK, (Ring(minutes=15),),
            diligent=0.7,
        ),
        Plan(
            "rota", "office", "FREQ=WEEKLY;BYDAY=MO", dates.on(MO), _first(dates.on(MO)), "09:00", NEW_YORK,
            (Ring(days=1),),
        ),
    ]  # fmt: skip


def _remote() -> list[Plan]:
    weekdays, last = dates.on(MO, TU, WE, TH, FR), dates.last_weekday_of_month
    return [
        Plan(
            "check-in", "remote", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", weekdays, _first(weekdays), "09:30", "",
            (Ring(minutes=10),), diligent=0.9,
        ),
        Plan("backup", "remote", "FREQ=DAILY", dates.every_day, FIRST, "02:30", "", (Ring(minutes=30),)),
        Plan(
            "invoices", "remote", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", last, _first(last), "", "",
            (Ring(days=1),), stable=True,
        ),
    ]  # fmt: skip


def midnight(day: date, home: str) -> datetime:
    """The instant at which a day begins."""
    return moment(When(local=datetime.combine(day, time.min).isoformat()), home)
