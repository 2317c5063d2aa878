"""What makes a to-do come again, as RRULE, RDATE and EXDATE (RFC 5545, 3.8.5, with RSCALE and SKIP of RFC 7529).

DTSTART is a rule's anchor. Where a file has a later DUE beside it, and the rule fits that as well, that is the anchor,
as it is of a series here, and what lies between the two is how long before it each occurrence starts.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec
from icalendar import Component
from msgspec import structs

from tasksys.ical.lines import Property
from tasksys.ical.times import local_spelled, spelled
from tasksys.ical.todo import Repeating
from tasksys.ical.writing import put
from tasksys.recurrence import (
    Kind,
    Until,
    after_completion,
    instant_of,
    parse_rule,
    print_rule,
    read_anchor,
    recurrence,
)
from tasksys.series.spans import between, local
from tasksys.values import When, require_zone

if TYPE_CHECKING:
    from tasksys.ical.reading import Reader

X_REPEATING: Final = "X-TASKSYS-REPEATING"
"""A `Repeating` as JSON: what other programs do not know of it."""

ONCE: Final = "FREQ=DAILY;COUNT=1"
"""The rule of what has an RDATE and no rule."""

MOST: Final = 366
"""Values of RDATE, and of EXDATE, that are looked at, and one more is refused with the rest."""


def write(made: Component, repeating: Repeating) -> None:
    """Writes DTSTART and the rule; of a series after completion, what only we understand."""
    text, parameters = spelled(repeating.anchor)
    put(made, "DTSTART", text, parameters, raw=True)
    if not repeating.after_completion:
        put(made, "RRULE", repeating.rule, raw=True)
        out = (*repeating.exdate, *repeating.skipped, *repeating.gone)
        for name, values in (("RDATE", repeating.rdate), ("EXDATE", tuple(sorted(set(out))))):
            if values:
                ending = "Z" if repeating.anchor.zone == "UTC" else ""
                joined = ",".join(f"{local_spelled(one)}{ending}" for one in values)
                put(made, name, joined, parameters, raw=True)
    put(made, X_REPEATING, msgspec.json.encode(repeating).decode())


def read(reader: "Reader") -> tuple[Repeating | None, When | None]:
    """What makes the to-do come again, or which of the times of its UID it is."""
    component = reader.component
    one = component.first("RECURRENCE-ID")
    if one is not None:
        return None, reader.when(one)
    told = _told(component.first(X_REPEATING))
    rules, dates = list(component.all("RRULE")), list(component.all("RDATE"))
    if not rules and not dates and (told is None or not told.after_completion):
        return None, None
    line = next((one.line for one in (*rules, *dates)), component.line)
    try:
        if told is not None and told.after_completion:
            after_completion(told.anchor, told.rule)
            return told, None
        if len(rules) > 1:
            reader.note(rules[1].line, "a second RRULE was left out")
        found = _read(reader, rules[0].value.strip() if rules else ONCE)
    except (ValueError, OverflowError) as error:
        reader.note(line, f"it does not repeat here: {error}")
        return None, None
    return (found if told is None else _joined(found, told)), None


def _joined(found: Repeating, told: Repeating) -> Repeating:
    """What a file says of a series of ours, with what only we say: which exceptions are none of the rule's own."""
    passed = {*told.skipped, *told.gone} - set(told.exdate)
    exdate = tuple(one for one in found.exdate if one not in passed)
    return structs.replace(
        told, rule=found.rule, anchor=found.anchor, rdate=found.rdate, exdate=exdate, after_completion=False, lead=0
    )


def _told(found: Property | None) -> Repeating | None:
    try:
        return msgspec.json.decode(found.text, type=Repeating) if found else None
    except (msgspec.DecodeError, RecursionError):
        return None


def _read(reader: "Reader", rule: str) -> Repeating:
    start, due = reader.fields.get("start"), reader.fields.get("due")
    anchor = start or due
    if not isinstance(anchor, When):
        raise ValueError("a rule needs a DTSTART that it begins with")
    made = _around(reader, rule, anchor)
    if isinstance(due, When) and isinstance(start, When) and due != start:
        moved = _from_due(made, start, due)
        if moved is not None:
            return moved
        reader.note(reader.component.line, "its rule goes with DTSTART, not with DUE: each is due when it would start")
    return made


def _around(reader: "Reader", rule: str, anchor: When) -> Repeating:
    """The recurrence from that anchor. ValueError if it cannot be."""
    if rule[:6].upper() == "RRULE:":
        rule = rule[6:]
    read_anchor(anchor)
    text = fitting(rule.rstrip(";"), anchor)
    dates = {name: _dates(reader, name, anchor) for name in ("RDATE", "EXDATE")}
    own = anchor.text
    rdate = tuple(one for one in dates["RDATE"] if one != own)
    recurrence(anchor, text, rdate, dates["EXDATE"])
    return Repeating(text, anchor, rdate, dates["EXDATE"])


def _dates(reader: "Reader", name: str, anchor: When) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for one in reader.component.all(name):
        for part in one.value.split(","):
            if part.strip() and len(found) <= MOST:
                text, _, _ = part.strip().partition("/")  # of a period, when it begins
                single = Property(one.line, name, one.parameters, text)
                found[local_in(reader.when(single), anchor)] = None
    return tuple(sorted(found))


def local_in(value: When, anchor: When) -> str:
    """A time of a recurrence as its anchor's kind spells it: files have them in UTC, or as dates, as well."""
    if anchor.date is not None:
        return value.date or (value.local or "")[:10]
    assert anchor.local is not None
    if value.date is not None:
        return f"{value.date}{anchor.local[10:]}"
    assert value.local is not None
    if value.zone in (None, anchor.zone) or anchor.zone is None:
        return value.local
    try:
        moment = instant_of(datetime.fromisoformat(value.local), require_zone(value.zone or "UTC"))
        return spoken(moment.astimezone(require_zone(anchor.zone)).replace(tzinfo=None))
    except OverflowError:  # at the ends of the calendar
        return value.local


def spoken(local: datetime) -> str:
    """A local time as `When` spells it."""
    return local.isoformat(timespec="seconds" if local.second else "minutes")


def fitting(text: str, anchor: When) -> str:
    """The rule in its canonical spelling, with an UNTIL of the anchor's kind: files often have one of another."""
    rule, kind = parse_rule(text), read_anchor(anchor).kind
    if rule.until is None or rule.until.kind is kind:
        return print_rule(rule)
    at, was = rule.until.at, rule.until.kind
    if kind is Kind.DATE:
        at = at.replace(hour=0, minute=0, second=0)
    elif was is Kind.DATE:
        at = at.replace(hour=23, minute=59, second=59)
    if kind is Kind.ZONED:
        at = instant_of(at, require_zone(anchor.zone or "UTC")).replace(tzinfo=None)
    return print_rule(structs.replace(rule, until=Until(at, kind)))


def _from_due(made: Repeating, start: When, due: When) -> Repeating | None:
    """The same recurrence with the due value as its anchor; None if that does not go with its rule."""
    start_before, apart = between(start, due), local(due) - local(start)
    if start_before is None or not apart:
        return None
    rule = parse_rule(made.rule)
    try:
        if rule.until is not None:
            rule = structs.replace(rule, until=Until(rule.until.at + apart, rule.until.kind))
        text, dates = (
            print_rule(rule),
            [tuple(_moved(one, apart) for one in many) for many in (made.rdate, made.exdate)],
        )
        recurrence(due, text, *dates)
    except (ValueError, OverflowError):
        return None
    lead = apart.days * 24 * 60 * 60 + apart.seconds
    return Repeating(text, due, dates[0], dates[1], start_before=start_before, lead=lead)


def _moved(text: str, apart: timedelta) -> str:
    moved = datetime.fromisoformat(text) + apart
    return spoken(moved) if "T" in text else moved.date().isoformat()
