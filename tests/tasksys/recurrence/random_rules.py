"""Random rules that are valid, with anchors that they generate: seeded, so that a difference can be seen again."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from tasksys.recurrence.expansion import local_seconds, local_time, runs
from tasksys.recurrence.parsing import parse_rule
from tasksys.recurrence.recurrence import Recurrence, recurrence
from tasksys.recurrence.rule import explicit
from tasksys.values import When

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Sao_Paulo", "UTC")
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY")


def random_recurrences(seed: int, number: int) -> Iterator[Recurrence]:
    """So many recurrences; the same for the same seed."""
    dice = random.Random(seed)
    while number:
        made = _try(dice)
        if made is not None:
            number -= 1
            yield made


def _try(dice: random.Random) -> Recurrence | None:
    text = random_rule(dice)
    local = datetime(2005, 1, 1) + timedelta(minutes=dice.randrange(20 * 365 * 24 * 60))
    kind = dice.choice(("date", "floating", "zoned", "zoned"))
    if kind == "date":
        local = local.replace(hour=0, minute=0)
    try:
        rule = parse_rule(text)
        begin = local_seconds(local)
        first = next((run[0] for run, _ in zip(runs(explicit(rule, local), begin, begin), range(500), strict=False) if run), None)
        if first is None:
            return None
        anchor = local_time(first)
        if kind == "date":
            return recurrence(When(date=anchor.date().isoformat()), rule)
        zone = dice.choice(ZONES) if kind == "zoned" else None
        return recurrence(When(local=anchor.isoformat(), zone=zone), rule)
    except ValueError:
        return None


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
