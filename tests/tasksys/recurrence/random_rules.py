"""Random rules that are valid, with anchors that they generate: seeded, so that a difference can be seen again."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice

from tasksys.recurrence import Kind, Recurrence, explicit, parse_rule, recurrence
from tasksys.recurrence.expansion import local_seconds, local_time, runs
from tasksys.values import When

LOOKED_AT = 500
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Sao_Paulo", "UTC")
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY")


def random_recurrences(seed: int, number: int) -> list[Recurrence]:
    """So many recurrences; the same for the same seed."""
    dice = random.Random(seed)
    return [random_recurrence(dice) for _ in range(number)]


def random_recurrence(dice: random.Random, kinds: Sequence[Kind] = tuple(Kind)) -> Recurrence:
    """An endless recurrence of one of the kinds."""
    while True:
        text, kind = random_rule(dice), dice.choice(kinds)
        local = datetime(2005, 1, 1) + timedelta(minutes=dice.randrange(20 * 365 * 24 * 60))
        if kind is Kind.DATE:
            local = datetime.combine(local, datetime.min.time())
        with suppress(ValueError):
            rule, begin = parse_rule(text), local_seconds(local)
            found = islice(runs(explicit(rule, local), begin, begin), LOOKED_AT)
            anchor = next((local_time(run[0]) for run in found if run), None)
            if anchor is not None:
                return recurrence(_when(anchor, kind, dice.choice(ZONES)), rule)


def _when(local: datetime, kind: Kind, zone: str) -> When:
    if kind is Kind.DATE:
        return When(date=local.date().isoformat())
    return When(local=local.isoformat(timespec="minutes"), zone=zone if kind is Kind.ZONED else None)


def random_rule(dice: random.Random) -> str:
    """A rule's text; it may break a rule of the RFC now and then, and is then refused."""
    freq = dice.choice(FREQUENCIES)
    parts = [f"FREQ={freq}"]

    def some(chance: float, name: str, values: list[str], most: int) -> None:
        if dice.random() < chance:
            parts.append(f"{name}={','.join(dice.sample(values, min(dice.randint(1, most), len(values))))}")

    def numbers(first: int, last: int, signed: bool = False) -> list[str]:
        counted = [str(number) for number in range(first, last + 1)]
        return counted + [f"-{number}" for number in counted[: len(counted) // 2]] if signed else counted

    if dice.random() < 0.5:
        parts.append(f"INTERVAL={dice.choice((2, 2, 3, 4, 5, 7, 12, 13))}")
    some(0.3, "BYMONTH", numbers(1, 12), 4)
    if freq == "YEARLY":
        some(0.15, "BYWEEKNO", numbers(1, 53, signed=True), 4)
    if freq in ("YEARLY", "HOURLY", "MINUTELY"):
        some(0.15, "BYYEARDAY", numbers(1, 366, signed=True), 5)
    if freq != "WEEKLY":
        some(0.3, "BYMONTHDAY", [*numbers(1, 31, signed=True), "29", "30", "31", "31"], 4)
    ordinals = [f"{number}{day}" for number in (1, 2, 3, 4, 5, -1, -2) for day in WEEKDAYS]
    with_ordinals = freq in ("YEARLY", "MONTHLY") and dice.random() < 0.5
    some(0.4, "BYDAY", ordinals if with_ordinals else list(WEEKDAYS), 4)
    some(0.2, "BYHOUR", numbers(0, 23), 4)
    some(0.2, "BYMINUTE", numbers(0, 59), 3)
    some(0.15, "BYSETPOS", ["1", "2", "3", "-1", "-2"], 2)
    some(0.2, "WKST", list(WEEKDAYS), 1)
    if dice.random() < 0.25:
        parts += ["RSCALE=GREGORIAN", f"SKIP={dice.choice(('BACKWARD', 'FORWARD', 'OMIT'))}"]
    return ";".join(parts)
