"""Small values: roles, ids, due values, zones, instants."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import msgspec
import pytest

from tasksys.values import OPPOSITE, Id, LinkType, Order, Role, User, When, instant, require_when, require_zone, zone_or


def test_each_role_may_do_what_the_next_one_may() -> None:
    """Roles are listed from most to least."""
    for more, less in pairwise(Role):
        assert more.may(less)
        assert more.may(more)
        assert not less.may(more)


def test_opposites_are_mutual() -> None:
    """The other end of the other end is this end."""
    assert set(OPPOSITE) == set(LinkType)
    assert all(OPPOSITE[OPPOSITE[link]] is link for link in LinkType)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (Id, ["a", "01J0-_z", "x" * 64], ["", "x" * 65, "a b", "a/b", "é", "a\n", "\na", "a\x00", "."]),
        (User, ["olga", "auth0|x", "a.b+c@d:e_-", "x" * 128], ["", "x" * 129, "a b", "a/b", "é", "olga\n", "a\x00"]),
        (Order, ["V", "0V", "z" * 256], ["", "0", "V0", "z" * 257, "a-b", "é", "V\n"]),
    ],
)
def test_names_are_plain(kind: type[str], good: list[str], bad: list[str]) -> None:
    """Ids, users and order keys have an alphabet and a length, and no line break hides at their end."""
    for name in good:
        assert msgspec.convert(name, kind) == name
    for name in bad:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(name, kind)


GOOD = [
    '{"date":"2026-03-08"}',
    '{"date":"2024-02-29"}',
    '{"local":"2026-03-08T09:00"}',
    '{"local":"2026-03-08T09:00:30"}',
    '{"local":"2026-03-08T09:00","zone":"Europe/Berlin"}',
    '{"local":"2026-03-08T02:30","zone":"America/New_York"}',
    '{"local":"2026-03-08T09:00","zone":"UTC"}',
    '{"local":"2026-03-08T09:00","zone":"America/Argentina/Buenos_Aires"}',
    '{"local":"2026-03-08T09:00","zone":"Etc/GMT+12"}',
]


@pytest.mark.parametrize("text", GOOD)
def test_a_due_value_keeps_its_kind(text: str) -> None:
    """A date, a floating and a zoned local time are read and written back as they were, gaps included."""
    assert msgspec.json.encode(msgspec.json.decode(text, type=When)).decode() == text


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"date": "2026-03-08", "local": "2026-03-08T09:00"},
        {"date": "2026-03-08", "zone": "UTC"},
        {"zone": "UTC"},
        {"date": "2026-02-29"},
        {"date": "2026-3-8"},
        {"date": "0000-01-01"},
        {"date": "2026-03-08\n"},
        {"date": "٢٠٢٦-03-08"},
        {"date": "20260308"},
        {"local": "2026-03-08"},
        {"local": "2026-03-08T25:00"},
        {"local": "2026-03-08T24:00"},
        {"local": "2026-03-08T09:00:60"},
        {"local": "2026-03-08T09:00Z"},
        {"local": "2026-03-08T09:00+01:00"},
        {"local": "2026-03-08 09:00"},
        {"local": "2026-03-08T09:00", "zone": ""},
        {"local": "2026-03-08T09:00", "zone": "Mars/Olympus"},
        {"local": "2026-03-08T09:00", "offset": "+01:00"},
    ],
)
def test_any_other_due_value_is_refused(fields: dict[str, str]) -> None:
    """It is refused when it is decided, with what to give instead; stored facts are read whatever they hold."""
    if fields.keys() <= {"date", "local", "zone"}:
        with pytest.raises(ValueError, match=r"date|local|zone"):
            require_when(msgspec.convert(fields, When))
    else:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(fields, When)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "europe/berlin",
        "Europe",
        "Europe/",
        "/Europe/Berlin",
        "../UTC",
        "Europe/../UTC",
        "Europe/Berlin\n",
        "Europe/Berlin\x00",
        "\ud800",
        "Z" * 100_000,
        "leapseconds",
        "localtime",
        "posixrules",
        "Factory",
        "posix/Europe/Berlin",
        "right/Europe/Berlin",
    ],
)
def test_only_iana_zones_are_zones(name: str) -> None:
    """Paths, other case, and what only this machine knows are refused with an example of a right one."""
    with pytest.raises(ValueError, match="give an IANA name such as Europe/Berlin"):
        require_zone(name)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 3, 8, 9, tzinfo=UTC), "2026-03-08T09:00:00.000Z"),
        (datetime(2026, 3, 8, 9, 0, 0, 999_999, tzinfo=UTC), "2026-03-08T09:00:00.999Z"),
        (datetime(2026, 3, 8, 9, tzinfo=timezone(timedelta(hours=-5))), "2026-03-08T14:00:00.000Z"),
    ],
)
def test_an_instant_has_one_spelling(moment: datetime, text: str) -> None:
    """UTC, milliseconds rounded down, Z: text order is time order."""
    assert instant(moment) == text


def test_a_zone_that_is_no_more_falls_back() -> None:
    """Stored names are read for ever, whatever a later release of the zones has dropped."""
    berlin = require_zone("Europe/Berlin")
    assert zone_or("Atlantis/Capital", berlin) is berlin
    assert zone_or(None, berlin) is berlin
    assert zone_or("UTC", berlin).key == "UTC"
