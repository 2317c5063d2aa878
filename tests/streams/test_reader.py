"""Lists of the current state: read in turns with everything else, as they were when they were asked for."""

import asyncio

import pytest

from streams import keys, turns
from streams import reader as reader_module
from streams.indexes import Indexes
from streams.reader import StateReader
from streams.turns import Turns
from tasksys import codec
from tasksys.rows import Member, Workspace
from tasksys.values import Role
from tests.support.nodes import CountedRows, MemoryRows

AT = "2026-03-01T09:00:00.000Z"
USERS = 20


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> MemoryRows:
    """Workspaces of one user, who is in each; in one are others too. Every row is a slice."""
    monkeypatch.setattr(turns, "SLICE", -1.0)
    rows = MemoryRows()
    for number in range(USERS):
        for row in (Workspace(f"w{number:02}", "Acme", "UTC", AT), Member("olga", Role.OWNER, AT)):
            rows.apply({keys.row(f"w{number:02}", row.kind, row.key): codec.encode_row(row)})
        rows.apply({keys.membership("olga", f"w{number:02}"): b""})
        other = Member(f"u{number:02}", Role.VIEWER, AT)
        rows.apply({keys.row("w00", Member.kind, other.user): codec.encode_row(other)})
    return rows


def reader(rows: MemoryRows) -> StateReader:
    """Reads them."""
    one = Turns()
    return StateReader(lambda workspace: rows, lambda: [(0, rows)], Indexes(lambda workspace: rows, one), one)


async def test_a_list_is_read_in_turns(rows: MemoryRows) -> None:
    """Others go on meanwhile, and what they change does not show."""
    one = reader(rows)

    async def listed() -> list[Member]:
        return [row async for row in one.over(one.all("w00", Member))]

    reading = asyncio.create_task(listed())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not reading.done()
    rows.apply({keys.row("w00", Member.kind, f"u{USERS - 1:02}"): None})
    assert [row.user for row in await reading] == ["olga", *(f"u{number:02}" for number in range(USERS))]


def test_who_reads_on_after_rows_were_given_away_makes_nothing_remembered(rows: MemoryRows) -> None:
    """Else somebody whom their next owner removes would be a member again when they come back."""
    one = reader(rows)
    before = one.state("w00")  # held for long, as by an export
    one.forget()
    assert before.member("u01") is not None
    rows.apply({keys.row("w00", Member.kind, "u01"): None})
    assert one.state("w00").member("u01") is None


def test_the_members_remembered_are_bounded(rows: MemoryRows, monkeypatch: pytest.MonkeyPatch) -> None:
    """By reads alone: a server that is only read from does not grow with its users."""
    monkeypatch.setattr(reader_module, "MEMBERS", 5)
    one = reader(rows)
    for number in range(USERS):
        assert one.state("w00").member(f"u{number:02}") is not None
        assert len(one._members) <= 5


async def test_the_workspaces_of_a_user(rows: MemoryRows) -> None:
    """In the order of their ids, each with the membership; one that is gone is left out."""
    rows.apply({keys.row("w03", Workspace.kind, ""): None})
    reading = asyncio.create_task(reader(rows).workspaces("olga", "", USERS))
    await asyncio.sleep(0)
    assert not reading.done()
    found = [(row.id, member.role) for row, member in await reading]
    assert found == [(f"w{number:02}", Role.OWNER) for number in range(USERS) if number != 3]
    assert await reader(rows).workspaces("olg", "", USERS) == []


@pytest.mark.parametrize("after", ["", "w0099", "w0100x", "w0989"])
async def test_a_page_of_workspaces_reads_no_more_than_itself(after: str) -> None:
    """However many the user has, in whatever partitions, and wherever the page begins."""
    parts = [CountedRows() for _ in range(4)]
    names = [f"w{number:04}" for number in range(1_000)]
    for number, name in enumerate(names):
        for row in (Workspace(name, "Acme", "UTC", AT), Member("olga", Role.OWNER, AT)):
            parts[number % 3].apply({keys.row(name, row.kind, row.key): codec.encode_row(row)})
        parts[number % 3].apply({keys.membership("olga", name): b""})

    def rows_of(workspace: str) -> MemoryRows:
        return parts[int(workspace[1:]) % 3]

    turns = Turns()
    one = StateReader(rows_of, lambda: list(enumerate(parts)), Indexes(rows_of, turns), turns)
    found = await one.workspaces("olga", after, 11)
    assert [row.id for row, _ in found] == [name for name in names if name > after][:11]
    assert sum(each.read for each in parts) < 50
