"""The operators' commands against a real server: status, dead letters, replay, audit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from streams import keys
from streams.agents.audit import decode, encode
from streams.applied import APPLIED
from streams.topics import COMMANDS, EVENTS, group, table
from streams.transport.embedded.log import EmbeddedLog
from streams.transport.embedded.transaction import Transaction
from streams.transport.rows import RowStore
from tasksys.audit import Remembered
from tests.support.serving import Serving
from tests.tasksys.cli.conftest import Run, answer, errors, invoke
from tests.tasksys.cli.scripted import Scripted, Step, paths

Rows = dict[bytes, bytes | None]


def change(
    directory: Path, agent: str, edit: Callable[[RowStore, str, int], Rows], position: int | None = None
) -> None:
    """Writes rows into a stopped log behind the back of the agent that owns them, and the position of its group."""

    async def write() -> None:
        log = EmbeddedLog.open(directory)
        name, transaction = table(group(agent)), Transaction()
        for partition in range(log.topics()[COMMANDS.name].partitions):
            if rows := edit(log.rows, name, partition):
                transaction.put_rows(name, partition, rows)
            if position is not None:
                transaction.commit_offset(group(agent), EVENTS.name, partition, position)
        await log.commit(transaction)
        await log.close()

    asyncio.run(write())


@pytest.fixture
def own(tmp_path: Path) -> Serving:
    """A server that only this test uses, not started."""
    return Serving(tmp_path / "server")


# --- dead letters


def test_without_dead_letters_the_list_says_so(run: Run) -> None:
    """Nothing to do is a sentence."""
    assert run("dead-letters", "list").stdout == "No dead letters.\n"


def test_letters_of_all_pages_are_listed() -> None:
    """The server gives as many as it likes; the command goes on until the last."""
    letter = {"id": "0-0", "at_ms": 0, "reason": "why", "workspace": None, "actor": None, "command": None}
    pages = [{"items": [letter], "next_cursor": "0-0"}, {"items": [{**letter, "id": "0-1"}], "next_cursor": None}]
    with Scripted(*(Step(body=page) for page in pages)) as server:
        listed = answer(invoke("dead-letters", "list", "--json", "--server", server.url))["items"]
    assert [one["id"] for one in listed] == ["0-0", "0-1"]
    assert paths(server.asked) == ["GET /admin/dead-letters", "GET /admin/dead-letters?cursor=0-0"]


def test_a_dead_letter_is_listed_shown_and_folded_again(own: Serving) -> None:
    """A record that is no command becomes a letter; retrying it makes a newer one, for it is still no command."""
    invoke("topics", "create", "--broker", f"embedded://{own.log}")

    async def spoil() -> None:
        log = EmbeddedLog.open(own.log)
        await log.append(COMMANDS.name, 0, b"w", b'{"no": "command"}')
        await log.close()

    asyncio.run(spoil())
    with own:
        here = ("--server", own.url)
        letters = answer(invoke("dead-letters", "list", "--json", *here))["items"]
        assert [letter["id"] for letter in letters] == ["0-0"]
        assert "not a command" in invoke("dead-letters", "list", *here).stdout
        shown = invoke("dead-letters", "show", "0-0", *here).stdout
        assert '"no": "command"' in shown
        assert "appended again" in invoke("dead-letters", "retry", "0-0", *here).stdout
        assert "no dead letter 'x'" in errors(invoke("dead-letters", "show", "x", *here, code=4))
        assert "'x'" in errors(invoke("dead-letters", "retry", "x", *here, code=4))


# --- replay


def test_a_replay_finds_the_tables_as_they_are(run: Run) -> None:
    """Without differences it says so, and counts the events."""
    run("add", "Buy milk")
    assert "The tables are what the event log says." in run("replay", "--verify").stdout
    assert "The tables are what the event log says." in run("replay").stdout
    last = run("replay", "--verify", "--json").stdout.splitlines()[-1]
    assert '"phase": "done"' in last


def test_a_replay_up_to_an_instant_compares_nothing(run: Run) -> None:
    """It shows that the events can be folded; what is no instant is a usage error."""
    run("add", "Buy milk")
    shown = run("replay", "--until", "2026-03-08T09:00Z").stdout
    assert shown == "0 events folded.\n"
    everything = int(run("replay", "--until", "2999-01-01").stdout.split()[0])
    assert everything >= 3
    assert "is no instant" in errors(run("replay", "--until", "soon", code=2))
    assert "would verify nothing" in errors(run("replay", "--verify", "--until", "2026-03-08", code=2))


def test_a_replay_of_one_workspace(run: Run) -> None:
    """Others are left alone."""
    run("add", "Buy milk")
    workspace = answer(run("workspaces", "--json"))["items"][0]
    for name in (workspace["id"], workspace["name"].lower()):
        said = run("replay", "--verify", "--workspace", name).stdout
        assert "what the event log says" in said
        assert int(said.split()[0]) > 0
    assert "Nowhere" in errors(run("replay", "--workspace", "Nowhere", code=4))


def test_a_replay_finds_and_repairs_a_row_that_was_changed(own: Serving) -> None:
    """Verifying ends with code 5 and names the row; replaying puts it right; then nothing differs."""
    with own:
        invoke("add", "Buy milk", "--server", own.url)
        own.stop()
        change(own.log, "commands", lambda rows, table, partition: {
            key: row.replace(b"Buy milk", b"Buy soap")
            for key, row in rows.scan(table, partition)
            if b"Buy milk" in row
        })  # fmt: skip
        own.start()
        here = ("--server", own.url)
        assert "Buy soap" in invoke("list", *here).stdout
        found = invoke("replay", "--verify", *here, code=5)
        assert "different" in found.stdout
        assert "1 rows are not what the event log says" in errors(found)
        invoke("replay", "--verify", "--json", *here, code=5)
        assert "put right" in invoke("replay", *here).stdout
        invoke("replay", "--verify", *here)


def test_a_replay_that_breaks_off_fails() -> None:
    """A server that ends its answer before it is done is not taken for one that is."""
    with Scripted(Step(b'{"phase": "fold", "done": 1}\n')) as server:
        assert "broke off" in errors(invoke("replay", "--server", server.url, code=1))


# --- audit


def test_the_chains_hold(run: Run) -> None:
    """All of the user's workspaces, or the one named."""
    assert run("audit", "verify").stdout == "No workspaces.\n"
    run("add", "Buy milk")
    run("workspace", "create", "Work")
    found = answer(run("audit", "verify", "--json"))["items"]
    assert [(one["ok"], one["events"]) for one in sorted(found, key=lambda one: -one["events"])] == [
        (True, 3),
        (True, 2),
    ]
    shown = run("audit", "verify", "--workspace", "work").stdout
    assert shown.count("holds") == 1


def tampered(own: Serving, edit: Callable[[bytes], bytes | None]) -> None:
    """A log in which the record at position 2 was changed; the server is stopped."""
    with own:
        invoke("add", "Buy milk", "--server", own.url)

    def third(rows: RowStore, table: str, partition: int) -> Rows:
        found = [(key, row) for key, row in rows.scan(table, partition) if b"\0e" in key]
        return {key: edit(row) for key, row in found if keys.last_position(key) == 2}

    change(own.log, "audit", third)


def flipped(row: bytes) -> bytes:
    """The event with another role in it, under the hash that it had."""
    found = decode(row)
    return encode(Remembered(found.event.replace(b'"owner"', b'"viewer"'), found.hash))


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (flipped, "were changed"),
        (lambda row: None, "the event is missing"),
        (lambda row: row[:-3], "cannot be read"),
    ],
    ids=["changed", "removed", "damaged"],
)
def test_a_stopped_log_shows_tampering(own: Serving, edit: Callable[[bytes], bytes | None], said: str) -> None:
    """Whatever was done to a record, the check ends with code 5 and names the position."""
    tampered(own, edit)
    found = invoke("audit", "verify", "--broker", f"embedded://{own.log}", code=5)
    assert "breaks at position 2" in found.stdout
    assert said in found.stdout
    broken = answer(invoke("audit", "verify", "--json", "--broker", f"embedded://{own.log}", code=5))["items"][0]
    assert (broken["ok"], broken["events"], broken["position"]) == (False, 1, 2)


@pytest.mark.parametrize("kept", [2, 0])
def test_a_stopped_log_shows_a_cut_tail(own: Serving, kept: int) -> None:
    """The event log goes on where the record ends, also where nothing of the record is left."""
    with own:
        invoke("add", "Buy milk", "--server", own.url)

    def cut(rows: RowStore, table: str, partition: int) -> Rows:
        found = [key for key, _ in rows.scan(table, partition) if not key.startswith(b"\0")]
        return {key: None for key in found if not kept or (b"\0e" in key and keys.last_position(key) > kept)}

    change(own.log, "audit", cut)
    found = invoke("audit", "verify", "--json", "--broker", f"embedded://{own.log}", code=5)
    (broken,) = answer(found)["items"]
    assert (broken["ok"], broken["events"], broken["position"]) == (False, kept, kept + 1)
    assert "the workspace is at position 3" in broken["detail"]
    with own:
        shown = invoke("audit", "verify", "--server", own.url, code=5).stdout
    assert f"breaks at position {kept + 1}" in shown


def test_a_stopped_log_may_have_events_that_were_not_folded_yet(own: Serving) -> None:
    """A record that is behind was not cut: the next start goes on with it."""
    with own:
        invoke("add", "Buy milk", "--server", own.url)

    def behind(rows: RowStore, table: str, partition: int) -> Rows:
        found = [key for key, _ in rows.scan(table, partition) if not key.startswith(b"\0")]
        return dict.fromkeys(found) | {APPLIED: (0).to_bytes(8)}

    change(own.log, "audit", behind, position=0)
    assert answer(invoke("audit", "verify", "--json", "--broker", f"embedded://{own.log}"))["items"] == []
    with own:
        assert "holds" in invoke("audit", "verify", "--server", own.url).stdout


def test_a_running_server_shows_tampering(own: Serving) -> None:
    """The same through the server."""
    tampered(own, flipped)
    with own:
        assert "breaks at position 2" in invoke("audit", "verify", "--server", own.url, code=5).stdout


def test_a_stopped_log_that_holds(own: Serving) -> None:
    """Every workspace of every user is checked, or the one named by its id."""
    with own:
        for user in ("olga", "vera", "mia"):
            invoke("add", "Buy milk", "--server", own.url, "--user", user)
    broker = ("--broker", f"embedded://{own.log}")
    found = answer(invoke("audit", "verify", "--json", *broker))["items"]
    assert [(one["ok"], one["events"]) for one in found] == [(True, 3)] * 3
    workspace = found[0]["workspace"]
    assert answer(invoke("audit", "verify", "--json", *broker, "-w", workspace))["items"] == [found[0]]
    assert "no workspace of id 'x'" in errors(invoke("audit", "verify", *broker, "-w", "x", code=4))


def test_a_log_that_cannot_be_checked_says_why(server: Serving, tmp_path: Path) -> None:
    """In use, not there, on Kafka, or no address at all."""
    assert "is in use by process" in errors(invoke("audit", "verify", "--broker", f"embedded://{server.log}", code=1))
    above = errors(invoke("audit", "verify", "--broker", f"embedded://{server.directory}", code=4))
    assert f"give embedded://{server.log}" in above
    missing = f"embedded://{tmp_path}/missing"
    assert "no embedded log" in errors(invoke("audit", "verify", "--broker", missing, code=4))
    assert not (tmp_path / "missing").exists()
    assert "only an embedded log" in errors(invoke("audit", "verify", "--broker", "kafka://localhost", code=2))
    assert "--broker" in errors(invoke("audit", "verify", "--broker", "nonsense", code=2))


# --- topics


def test_topics_of_an_embedded_log(tmp_path: Path) -> None:
    """Made once, with as many partitions as asked; then they are there."""
    broker = ("--broker", f"embedded://{tmp_path}/log")
    assert "no embedded log" in errors(invoke("topics", "describe", *broker, code=1))
    assert "tasksys.commands" in invoke("topics", "create", *broker, "--partitions", "3").stdout
    assert answer(invoke("topics", "create", "--json", *broker)) == {"created": []}
    assert "All topics are there" in invoke("topics", "create", *broker).stdout
    assert answer(invoke("topics", "describe", "--json", *broker))["topics"]["tasksys.events"] == 3
    assert "tasksys.events" in invoke("topics", "describe", *broker).stdout


def test_topics_that_cannot_be_reached_say_why(server: Serving) -> None:
    """In use by a server, or no address."""
    assert "is in use" in errors(invoke("topics", "describe", "--broker", f"embedded://{server.log}", code=1))
    assert "--broker" in errors(invoke("topics", "create", "--broker", "nonsense", code=2))
