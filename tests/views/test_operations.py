"""For operators, over HTTP: health, status, dead letters and their retry, and replay beside the live tables."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from streams import keys, switch
from streams.agents.audit import encode
from streams.parts import AGENTS
from streams.replay import Rebuild
from streams.runner import PartitionRunner
from streams.switch import Wrong
from streams.topics import COMMANDS
from tasksys import codec, decider
from tasksys.audit import Remembered
from tasksys.rows import Member, Task
from tasksys.values import Role
from tests.support.http import OWNER, Answer, Json, Site, Space
from tests.support.http import running as system
from tests.support.nodes import there
from tests.support.waiting import until
from views import operations

pytestmark = pytest.mark.asyncio(loop_scope="module")

LETTER = {"id", "at_ms", "reason", "workspace", "actor", "command", "key", "value"}


async def test_alive_and_ready(site: Site) -> None:
    """Both answer without anybody's identity, to any name."""
    assert (await site.client().get("/health", headers={"Host": "tasks.example"})).ok == {"status": "ok"}
    assert (await site.client().get("/ready", headers={"Host": "tasks.example"})).ok == {
        "status": "ready",
        "missing": {},
        "checks": {"process": {"status": "ok", "detail": "serving"}},
    }


async def test_status(site: Site, space: Space) -> None:
    """Every agent with its source, and every partition with its position."""
    status = (await site.client().get("/admin/status")).ok
    assert status.keys() == {"broker", "url", "log", "ready", "missing", "agents", "workers"}
    assert [one["url"] for one in status["workers"]] == [status["url"]]
    assert (status["ready"], status["missing"]) == (True, {})
    assert {name: agent["source"] for name, agent in status["agents"].items()} == {
        "commands": "tasksys.commands",
        "audit": "tasksys.events",
        "reminders": "tasksys.events",
        "recurrence": "tasksys.events",
        "deliveries": "tasksys.events",
    }
    for agent in status["agents"].values():
        assert agent.keys() == {"group", "source", "generation", "partitions", "copies"}
        assert [one["partition"] for one in agent["partitions"]] == [0, 1, 2, 3]
        told = {"partition", "position", "end", "lag", "at_least", "fault", "standbys", "recovering"}
        assert all(one.keys() == told for one in agent["partitions"])


async def test_the_log_is_told_of(site: Site, space: Space) -> None:
    """How much is in it, and no trouble; its records are the commands and their events."""
    before = (await site.client().get("/admin/status")).ok["log"]
    assert before.keys() == {"records", "bytes", "trouble"}
    assert before["trouble"] is None
    await space.task()
    after = (await site.client().get("/admin/status")).ok["log"]
    assert after["records"] >= before["records"] + 2
    assert after["bytes"] > 0


async def test_lag(site: Site, space: Space) -> None:
    """Records that an agent has still to fold, by partition; none when it has caught up."""
    partition = site.node.partition(space.id)
    async with site.held(space):
        await space.post("/tasks", {"title": "Milk"}, headers={"Prefer": "respond-async"})
        await until(lambda: lags(site, "commands", partition, 1))
    await until(lambda: lags(site, "commands", partition, 0))
    assert len((await site.client().get("/admin/lag")).ok["items"]) == len(AGENTS) * 4


async def lags(site: Site, agent: str, partition: int, expected: int) -> bool:
    """Whether the agent is so far behind on that partition."""
    items = (await site.client().get("/admin/lag")).ok["items"]
    assert all(one.keys() == {"agent", "topic", "partition", "lag", "at_least"} for one in items)
    found = [one["lag"] for one in items if (one["agent"], one["partition"]) == (agent, partition)]
    return bool(found == [expected])


async def letters(site: Site) -> list[Json]:
    """The dead letters."""
    found: list[Json] = (await site.client().get("/admin/dead-letters")).ok["items"]
    assert all(one.keys() == LETTER for one in found)
    return found


async def test_a_record_that_is_no_command(site: Site, space: Space) -> None:
    """It is put aside with its reason and its bytes, and the workspace goes on; tried again, it is put aside again."""
    partition = site.node.partition(space.id)
    await site.node.append(COMMANDS.name, partition, space.id.encode(), b'{"not": "\xff"}', ())
    await until(lambda: counted(site, 1))
    (letter,) = await letters(site)
    assert (letter["key"], letter["value"]) == (space.id, '{"not": "�"}')
    assert letter["reason"].startswith("not a command")
    assert (letter["workspace"], letter["actor"], letter["command"]) == (None, None, None)
    assert (await space.task())["title"] == "Milk"
    retried = await site.client().post(f"/admin/dead-letters/{letter['id']}/retry")
    assert (retried.status, retried.json) == (202, {"id": letter["id"], "status": "appended"})
    await until(lambda: replaced(site, letter["id"]))
    (again,) = await letters(site)
    assert (again["key"], again["value"]) == (letter["key"], letter["value"])
    discarded = await site.client().post(f"/admin/dead-letters/{again['id']}/discard")
    assert (discarded.status, discarded.json) == (202, {"id": again["id"], "status": "appended"})
    await until(lambda: counted(site, 0))
    (await site.client().post(f"/admin/dead-letters/{again['id']}/discard")).problem(404, "not-found")


async def counted(site: Site, number: int) -> bool:
    """Whether there are so many dead letters."""
    return len(await letters(site)) == number


async def replaced(site: Site, name: str) -> bool:
    """Whether there is one dead letter, and another one than that."""
    return [one["id"] != name for one in await letters(site)] == [True]


async def test_pages_of_letters(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cursor leads through all partitions; large letters make shorter pages."""
    for partition in (0, 2):
        for number in range(3):
            await site.node.append(COMMANDS.name, partition, b"w", b"junk %d" % number, ())
    await until(lambda: counted(site, 6))
    whole = await letters(site)

    async def paged(**query: int) -> list[list[Json]]:
        pages, more = list[list[Json]](), dict[str, Any](query)
        while True:
            page = (await site.client().get("/admin/dead-letters", **more)).ok
            pages.append(page["items"])
            if page["next_cursor"] is None:
                return pages
            more["cursor"] = page["next_cursor"]

    pages = await paged(limit=2)
    assert [len(page) for page in pages] == [2, 2, 2]
    assert [letter for page in pages for letter in page] == whole
    monkeypatch.setattr(operations, "LETTERS_BYTES", 1)
    assert await paged() == [[letter] for letter in whole]
    (await site.client().get("/admin/dead-letters", cursor="x")).problem(400, "bad-parameter")
    for letter in whole:
        partition, offset = map(int, letter["id"].split("-"))
        site.plant_in(partition, {keys.dead_letter(offset): None})


async def test_a_command_that_the_server_fails_at(
    site: Site, space: Space, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A bug in deciding is a 500 and a dead letter; mended and tried again, the command takes effect."""
    task = await space.task()
    with monkeypatch.context() as broken:
        broken.setattr(decider, "decide", lambda record, state: 1 / 0)
        failed = await space.post(f"/tasks/{task['id']}/complete")
    failed.problem(500, "internal-error")
    (letter,) = await letters(site)
    assert (letter["workspace"], letter["actor"]) == (space.id, "olga")
    assert "ZeroDivisionError" in letter["reason"]
    assert json.loads(letter["value"])["command"]["task"] == task["id"]
    assert (await site.client().post(f"/admin/dead-letters/{letter['id']}/retry")).status == 202
    await until(lambda: counted(site, 0))
    assert (await space.get(f"/tasks/{task['id']}")).ok["status"] == "done"
    assert (await space.get(f"/commands/{letter['command']}")).ok["status"] == "accepted"


@pytest.mark.parametrize("name", ["0-999", "99-0", "x", "0", "%00", "0-0-0"])
async def test_no_such_letter(site: Site, name: str) -> None:
    """404, whatever is asked for."""
    for what in ("retry", "discard"):
        (await site.client().post(f"/admin/dead-letters/{name}/{what}")).problem(404, "not-found")


async def replay(site: Site, **wanted: Any) -> list[Json]:
    """The lines of a replay's progress."""
    return lines(await site.client().post("/admin/replay", wanted))


def lines(answer: Answer) -> list[Json]:
    """The objects of an answer that is one a line."""
    assert answer.status == 200, answer.raw
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.raw.splitlines()]


def forged(space: Space, task: Json) -> dict[bytes, bytes | None]:
    """A row of the task that no event ever made."""
    row = Task(task["id"], "Forged", task["created_at"], version=task["version"], position=task["position"])
    return {keys.row(space.id, Task.kind, task["id"]): codec.encode_row(row)}


async def test_a_replay_without_differences(site: Site, space: Space) -> None:
    """Progress by agent and partition, then the sum: everything was folded, nothing differs."""
    await space.task()
    await site.settled(space)
    told = await replay(site)
    done = told[-1]
    assert done == {
        "phase": "done", "done": done["done"], "total": done["done"], "different": 0, "repaired": 0, "differences": [],
    }  # fmt: skip
    assert done["done"] >= 6
    compared = [(one["agent"], one["partition"], one["done"]) for one in told if one["phase"] == "compare"]
    places = [(agent, partition) for agent in AGENTS for partition in range(4)]
    assert compared == [(*place, number) for number, place in enumerate(places, 1)]


async def test_a_difference_is_found_and_repaired(site: Site, space: Space) -> None:
    """Verify names the row and changes nothing; the switch puts it right, while others read and write."""
    task, other = await space.task("Milk"), await space.task("Bread")
    path = f"/tasks/{task['id']}"
    site.plant(space, forged(space, task))
    assert (await space.get(path)).ok["title"] == "Forged"
    verified = (await replay(site, verify=True))[-1]
    assert (verified["different"], verified["repaired"]) == (1, 0)
    assert verified["differences"] == [
        {
            "agent": "commands",
            "partition": site.node.partition(space.id),
            "row": f"{space.id}\x00t{task['id']}",
            "kind": "different",
        }
    ]
    assert (await space.get(path)).ok["title"] == "Forged"
    stop, seen = asyncio.Event(), set()

    async def read_and_write() -> int:
        writes = 0
        while not stop.is_set():
            seen.add((await space.get(path)).ok["title"])
            writes += (await space.patch(f"/tasks/{other['id']}", {"title": f"Bread {writes}"})).status == 200
        return writes

    others = asyncio.create_task(read_and_write())
    repaired = (await replay(site, verify=False))[-1]
    stop.set()
    assert await others > 0
    assert (repaired["different"], repaired["repaired"]) == (1, 1)
    assert seen <= {"Forged", "Milk"}
    assert (await space.get(path)).ok == task
    assert (await space.post(f"{path}/complete")).ok["title"] == "Milk"
    assert (await replay(site))[-1]["different"] == 0


async def test_lists_show_what_was_repaired(site: Site, space: Space) -> None:
    """A list that was asked for while a row was wrong is right after the repair, too."""
    task = await space.task("Milk")
    site.plant(space, forged(space, task))
    assert [one["title"] for one in (await space.get("/tasks")).ok["items"]] == ["Forged"]
    await replay(site, verify=False)
    assert [one["title"] for one in (await space.get("/tasks")).ok["items"]] == ["Milk"]


async def test_missing_and_extra_rows(site: Site, space: Space) -> None:
    """Rows that are gone come back, rows that no event made go; history is rebuilt like the state."""
    task = await space.task("Milk")
    await site.settled(space)
    site.plant(
        space,
        {
            keys.row(space.id, Task.kind, task["id"]): None,
            keys.row(space.id, Member.kind, "eve"): codec.encode_row(Member("eve", Role.OWNER, "")),
        },
    )
    site.plant(space, {keys.event(space.id, 2): None}, agent="audit")
    done = (await replay(site, verify=False))[-1]
    assert sorted((one["agent"], one["kind"]) for one in done["differences"]) == [
        ("audit", "missing"),
        ("commands", "extra"),
        ("commands", "missing"),
    ]
    assert done["repaired"] == 3
    assert (await space.get(f"/tasks/{task['id']}")).ok == task
    (await space.get("/members/eve")).problem(404, "not-found")
    assert (await space.get("/audit/verify")).ok["ok"]


async def test_a_replay_of_one_workspace(site: Site, space: Space) -> None:
    """Only its rows are compared and put right."""
    task = await space.task("Milk")
    foreign = await site.space()
    theirs = await foreign.task("Theirs")
    site.plant(space, forged(space, task))
    site.plant(foreign, forged(foreign, theirs))
    done = (await replay(site, verify=False, workspace=space.id))[-1]
    assert (done["different"], done["repaired"]) == (1, 1)
    assert (await space.get(f"/tasks/{task['id']}")).ok["title"] == "Milk"
    assert (await foreign.get(f"/tasks/{theirs['id']}")).ok["title"] == "Forged"
    await replay(site, verify=False, workspace=foreign.id)


async def test_a_replay_of_one_workspace_looks_at_its_memberships(site: Site, space: Space) -> None:
    """They stand under their users, not under the workspace, and are put right all the same."""
    foreign = await site.space()
    site.plant(space, {keys.membership(OWNER, space.id): None, keys.membership("eve", space.id): b""})
    site.plant(foreign, {keys.membership("eve", foreign.id): b""})
    done = (await replay(site, verify=False, workspace=space.id))[-1]
    assert sorted(one["kind"] for one in done["differences"]) == ["extra", "missing"]
    assert done["repaired"] == 2
    assert (await replay(site, verify=True, workspace=foreign.id))[-1]["different"] == 1
    await replay(site, verify=False)


async def test_a_replay_while_others_write(site: Site, space: Space) -> None:
    """A history that is behind the log is no difference: it is compared as far as it has got."""
    await site.settled(space)
    async with site.held(space, "audit"):
        writes = [space.post("/tasks", {"title": f"Task {number}"}) for number in range(20)]
        assert {answer.status for answer in await asyncio.gather(*writes)} == {201}
        running = asyncio.create_task(replay(site))
        await asyncio.gather(*(space.post("/tasks", {"title": f"Late {number}"}) for number in range(20)))
    assert (await running)[-1]["differences"] == []
    spaces = [await site.space() for _ in range(8)]
    stop = asyncio.Event()

    async def write(into: Space) -> None:
        while not stop.is_set():
            await into.task()

    writing = [asyncio.create_task(write(one)) for one in spaces]
    found = [(await replay(site))[-1]["different"] for _ in range(3)]
    stop.set()
    await asyncio.gather(*writing)
    assert found == [0, 0, 0]


async def test_a_replay_up_to_an_instant(site: Site, space: Space) -> None:
    """What happened up to then is folded, and nothing compared or repaired."""
    task = await space.task("Milk")
    site.plant(space, forged(space, task))
    for said in ({}, {"verify": False}):
        told = await replay(site, **said, until=task["created_at"])
        assert (told[-1]["different"], told[-1]["repaired"]) == (0, 0)
        assert {one["phase"] for one in told} == {"fold", "done"}
    assert (await space.get(f"/tasks/{task['id']}")).ok["title"] == "Forged"
    await replay(site, verify=False)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"verify": "yes"}, "/verify"),
        ({"workspace": "a b"}, "/workspace"),
        ({"workspace": 7}, "/workspace"),
        ({"until": "yesterday"}, "/until"),
        ({"until": "2026-03-08T09:00:00"}, "/until"),
        ({"dry_run": True}, "/dry_run"),
        ({"verify": True, "until": "2026-03-08T09:00:00Z"}, "/verify"),
        ({"verify": None}, "/verify"),
    ],
)
async def test_a_replay_that_cannot_be_read(site: Site, body: Json, pointer: str) -> None:
    """The problem names the field, and nothing is begun."""
    (await site.client().post("/admin/replay", body)).invalid(pointer)


async def test_one_replay_at_a_time(site: Site, space: Space) -> None:
    """A second one is turned away, and does not disturb the first."""
    task = await space.task("Milk")
    site.plant(space, forged(space, task))
    async with site.held(space):
        first = asyncio.create_task(replay(site, verify=False))
        await until(lambda: (site.node.directory / "replay").exists())
        (await site.client().post("/admin/replay", {})).problem(429, "busy")
    assert (await first)[-1]["repaired"] == 1
    assert not (site.node.directory / "replay").exists()
    assert (await replay(site))[-1]["different"] == 0


async def test_a_replay_whose_client_goes_away(site: Site, space: Space) -> None:
    """It ends there, leaves nothing behind, and the next one can begin."""
    async with site.held(space):
        running = asyncio.create_task(replay(site, verify=False))
        await until(lambda: (site.node.directory / "replay").exists())
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await until(lambda: not (site.node.directory / "replay").exists())
    assert (await replay(site))[-1]["different"] == 0


async def test_a_switch_is_finished(site: Site, space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that goes away in the middle of the switch leaves it whole: the fold stands still until it is done."""
    task = await space.task("Milk")
    site.plant(space, forged(space, task))
    begun, go_on, repair = asyncio.Event(), asyncio.Event(), PartitionRunner.repair

    async def slow(self: PartitionRunner, rows: dict[bytes, bytes | None]) -> None:
        begun.set()
        await go_on.wait()
        await repair(self, rows)

    monkeypatch.setattr(PartitionRunner, "repair", slow)
    running = asyncio.create_task(replay(site, verify=False))
    await begun.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await until(lambda: somebody_is_gone(site))
    assert site.held(space).locked()
    go_on.set()
    await until(lambda: not (site.node.directory / "replay").exists())
    assert (await space.get(f"/tasks/{task['id']}")).ok["title"] == "Milk"


class Slices:
    """Watches the slices of a switch, each of three rows at most, and has something happen between them."""

    def __init__(self, patch: pytest.MonkeyPatch, between: Callable[[int], Awaitable[Any]]) -> None:
        self.sizes: list[int] = []
        put_right = switch._put_right

        async def watched(rebuilt: Rebuild, wrong: list[Wrong]) -> tuple[int, list[bytes]]:
            await between(len(self.sizes))
            done = await put_right(rebuilt, wrong)
            self.sizes.append(done[0])
            return done

        patch.setattr(switch, "ROWS", 3)
        patch.setattr(switch, "_put_right", watched)


async def test_a_switch_goes_in_slices(site: Site, space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands are folded between them, also on rows that are wrong still; in the end all rows are right."""
    tasks = [await space.task("Milk") for _ in range(10)]
    await site.settled(space)
    for task in tasks:
        site.plant(space, forged(space, task))

    async def write(done: int) -> None:
        for task in (tasks[0], tasks[-1]):
            assert (await space.patch(f"/tasks/{task['id']}", {"priority": "high"})).status == 200
            assert (await space.patch(f"/tasks/{task['id']}", {"priority": "low"})).status == 200
        await space.task("Late")

    slices = Slices(monkeypatch, write)
    done = (await replay(site, verify=False))[-1]
    assert done["different"] >= 10
    assert len(slices.sizes) >= 4
    found = (await space.get("/tasks", limit=200)).ok["items"]
    assert {one["title"] for one in found} == {"Milk", "Late"}
    assert (await replay(site))[-1]["different"] == 0


async def test_a_history_is_switched_in_slices(site: Site, space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was chained meanwhile to a link that is wrong still is put right with the next slice."""
    for _ in range(10):
        await space.task()
    end = await site.settled(space)
    for position in range(2, end + 1):
        found = there(site.node.history.at(space.id, position))
        site.plant(space, {keys.event(space.id, position): encode(Remembered(found.event, b"x" * 32))}, agent="audit")

    site.agent("audit").runner(site.node.partition(space.id))._fold.aborted()  # it goes on from the rows

    async def write(done: int) -> None:
        await space.task("Late")
        await site.settled(space)

    slices = Slices(monkeypatch, write)
    assert (await replay(site, verify=False))[-1]["repaired"] >= end - 1
    assert len(slices.sizes) >= 4
    assert (await space.get("/audit/verify")).ok["ok"]
    assert (await replay(site))[-1]["different"] == 0


async def test_a_switch_that_is_broken_off_goes_on(site: Site, space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slices that were done stay; the next replay finds the rest."""
    tasks = [await space.task("Milk") for _ in range(10)]
    await site.settled(space)
    for task in tasks:
        site.plant(space, forged(space, task))

    async def leave(done: int) -> None:
        if done == 2:
            running.cancel()

    slices = Slices(monkeypatch, leave)
    running = asyncio.create_task(replay(site, verify=False))
    await asyncio.gather(running, return_exceptions=True)
    await until(lambda: not (site.node.directory / "replay").exists())
    put_right = sum(slices.sizes)
    assert 6 <= put_right < 10  # the slice in hand is finished
    assert (await replay(site, verify=False))[-1]["repaired"] == 10 - put_right
    assert (await replay(site))[-1]["different"] == 0


def somebody_is_gone(site: Site) -> bool:
    """Whether the server knows that a client went away to whom it still has to answer."""
    server = site.server._runner.server
    assert server is not None
    return any(connection.transport is None for connection in server.connections)


async def test_a_replay_on_an_agent_that_is_not_ready(
    site: Site, space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused before anything is streamed."""
    monkeypatch.setattr(site.node, "apps", {})
    (await site.client().post("/admin/replay", {})).problem(503, "not-ready")


async def test_an_agent_that_runs_elsewhere(tmp_path: Path) -> None:
    """What needs it says that it does not run in this process, not that it will in a moment; nothing is appended."""
    async with system(tmp_path) as site:
        space = await site.space()
    async with system(tmp_path, agents=("audit",)) as site:
        there, client = Space(site.session, space.headers, space.prefix, space.id), site.client()
        answers = [
            await there.get("/tasks"), await there.get("/audit"), await there.post("/tasks", {"title": "Milk"}),
            await client.post("/api/v1/workspaces", {"name": "Acme"}), await client.post("/admin/replay", {}),
        ]  # fmt: skip
        for answer in answers:
            assert "'commands' does not run in this process" in answer.problem(503, "not-here")["detail"]
            assert "Retry-After" not in answer.headers
        assert (await client.get("/ready")).status == 200
    async with system(tmp_path, agents=("commands",)) as site:
        there = Space(site.session, space.headers, space.prefix, space.id)
        assert (await there.post("/tasks", {"title": "Milk"})).status == 201
        detail = (await there.get("/audit")).problem(503, "not-here")["detail"]
        assert "'audit' does not run in this process" in detail
        await there.post("/tasks", {"title": "Milk", "task": "milk"})
        await there.patch("/tasks/milk", {"title": "Oat milk"})
        refused = await there.patch("/tasks/milk", {"title": "Mine"}, headers={"If-Match": '"1"'})
        assert refused.problem(412, "version-conflict")["conflicts"] == []


async def test_addresses_that_take_no_parameters(site: Site) -> None:
    """A parameter that would do nothing is refused."""
    for path in ("/admin/status", "/admin/lag", "/admin/dead-letters", "/api/v1/workspaces"):
        (await site.client().get(path, min_position=1)).problem(400, "unknown-parameter")
