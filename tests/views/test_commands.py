"""Commands as such: one or a batch, awaited or not, repeated or in each other's way, and what became of them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.http import EVENT, OUTCOME, Json, Site, Space, key
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASYNC = {"Prefer": "respond-async"}


async def outcome(space: Space, location: str) -> Json:
    """What the address says in the end."""
    found: list[Json] = []

    async def decided() -> bool:
        found.append((await space.get(location.removeprefix(space.prefix))).ok)
        return bool(found[-1]["status"] != "pending")

    await until(decided)
    assert found[-1].keys() == OUTCOME
    return found[-1]


async def test_a_command_is_what_its_address_is_sugar_for(space: Space) -> None:
    """The outcome has the events as they stand in the log."""
    sent = await space.post("/commands", {"type": "CreateTask", "id": "make-1", "task": "milk", "title": "Milk"})
    assert sent.status == 200
    assert sent.ok.keys() == OUTCOME
    assert (sent.ok["id"], sent.ok["status"], sent.ok["problem"]) == ("make-1", "accepted", None)
    (event,) = sent.ok["events"]
    assert event.keys() == EVENT
    assert (event["type"], event["task"], event["command"], event["actor"]) == ("TaskCreated", "milk", "make-1", "olga")
    assert event["position"] == sent.position
    assert (await space.get("/events", after=sent.position - 1)).ok["items"] == [event]
    assert (await space.get("/commands/make-1")).ok == sent.ok


async def test_a_repeated_command_is_applied_once(space: Space) -> None:
    """The first outcome with its events and its position again, marked as such, however often and whatever followed."""
    command = {"type": "CreateTask", "id": key(), "title": "Milk"}
    first = await space.post("/commands", command)
    await space.task("Bread")
    again = [await space.post("/commands", command) for _ in range(3)]
    assert [one.position for one in again] == [first.position] * 3
    assert [one.ok for one in again] == [first.ok] * 3
    assert [one.replayed for one in (first, *again)] == [False, True, True, True]


async def test_a_refused_command(space: Space) -> None:
    """The refusal is the answer, stays the outcome, and appends no event."""
    before = await space.position()
    sent = await space.post("/commands", {"type": "CompleteTask", "id": "done-1", "task": "nope"})
    problem = sent.problem(404, "not-found")
    kept = (await space.get("/commands/done-1")).ok
    assert kept == {"id": "done-1", "status": "refused", "events": [], "problem": problem}
    assert await space.position() == before


@pytest.mark.parametrize(
    "command",
    [{}, {"type": ""}, {"type": "Nope"}, {"type": 3}, {"type": {"a": 1}}, {"type": "CreateWorkspace", "name": "Mine"}],
)
async def test_a_command_of_no_kind(space: Space, command: Json) -> None:
    """The problem lists the kinds there are. A workspace is made outside of any."""
    assert "CreateTask" in (await space.post("/commands", command)).invalid("/type")


async def test_a_key_of_another_command(space: Space) -> None:
    """A key names one payload, whichever address it comes to, and what it changed stays."""
    task, same = await space.task(), {"Idempotency-Key": key()}
    await space.patch(f"/tasks/{task['id']}", {"title": "Oat milk"}, headers=same)
    (await space.patch(f"/tasks/{task['id']}", {"title": "Soy"}, headers=same)).problem(422, "idempotency-key-reused")
    (await space.post(f"/tasks/{task['id']}/complete", headers=same)).problem(422, "idempotency-key-reused")
    now = (await space.get(f"/tasks/{task['id']}")).ok
    assert (now["title"], now["status"]) == ("Oat milk", "open")


async def test_two_users_may_choose_the_same_key(space: Space) -> None:
    """A key is its actor's own."""
    ann, same = await space.joined("ann", "editor"), {"Idempotency-Key": key()}
    first = await space.post("/tasks", {"title": "Milk"}, headers=same)
    second = await ann.post("/tasks", {"title": "Bread"}, headers=same)
    assert first.ok["id"] != second.ok["id"]
    (await ann.get(f"/commands/{key()}")).problem(404, "not-found")


@pytest.mark.parametrize("name", ["a b", "x" * 65, "ä", "a/b"])
async def test_a_key_that_cannot_be(space: Space, name: str) -> None:
    """The problem says how a key looks."""
    (await space.post("/tasks", {"title": "Milk"}, headers={"Idempotency-Key": name})).invalid("/id")


async def test_a_key_is_given_once(site: Site, space: Space) -> None:
    """Two keys name two commands: which one is meant is not guessed."""
    body = b'{"title": "Milk"}'
    lines = (
        f"POST {space.prefix}/tasks HTTP/1.1", "Host: localhost", "Tasksys-Actor: olga", "Idempotency-Key: a",
        "Idempotency-Key: b", "Content-Type: application/json", f"Content-Length: {len(body)}", "", "",
    )  # fmt: skip
    status, _, answer = await site.raw("\r\n".join(lines).encode() + body)
    assert status == 422
    assert b"given once" in answer


async def test_two_at_once_under_one_key(site: Site, space: Space) -> None:
    """While the first is being folded the second is told so, and nothing is appended for it."""
    task, same = await space.task(), {"Idempotency-Key": key()}
    path, before = f"/tasks/{task['id']}/complete", await site.appended()

    async def durable() -> bool:
        return await site.appended() > before

    async with site.held(space):
        first = asyncio.create_task(space.post(path, headers=same))
        await until(durable)
        appended = await site.appended()
        second = await space.post(path, headers=same)
        second.problem(409, "still-pending")
        assert second.headers["Retry-After"]
        assert await site.appended() == appended
    assert (await first).ok["status"] == "done"
    assert (await space.post(path, headers=same)).replayed
    assert site.waiting() == 0


@pytest.mark.parametrize("prefer", ["respond-async", "wait=0", "handling=lenient, respond-async", "Respond-Async"])
async def test_not_to_wait(site: Site, space: Space, prefer: str) -> None:
    """202 at once, with the address that tells the outcome: pending, then accepted with its events."""
    task = await space.task()
    async with site.held(space):
        sent = await space.post(f"/tasks/{task['id']}/complete", headers={"Prefer": prefer})
        assert sent.status == 202
        assert sent.json == {"id": sent.json["id"], "status": "pending", "events": [], "problem": None}
        location = sent.headers["Location"]
        assert location == f"{space.prefix}/commands/{sent.json['id']}"
        assert (await space.get(location.removeprefix(space.prefix))).ok == sent.json
        assert (await space.get(f"/tasks/{task['id']}")).ok["status"] == "open"
    decided = await outcome(space, location)
    assert (decided["status"], [one["type"] for one in decided["events"]]) == ("accepted", ["TaskCompleted"])
    assert (await space.get(f"/tasks/{task['id']}")).ok["status"] == "done"


async def test_to_wait_for_so_long(site: Site, space: Space) -> None:
    """A fold that takes longer than `wait` gives 202; the command is decided all the same."""
    task = await space.task()
    async with site.held(space):
        sent = await space.post(f"/tasks/{task['id']}/complete", headers={"Prefer": "wait=1"})
        assert (sent.status, site.waiting()) == (202, 0)
    assert (await outcome(space, sent.headers["Location"]))["status"] == "accepted"


async def test_a_pending_command_that_is_refused(site: Site, space: Space) -> None:
    """Its outcome has the problem, with the status it would have been answered with."""
    sent = await space.post("/tasks/nope/complete", headers=ASYNC)
    decided = await outcome(space, sent.headers["Location"])
    assert (decided["status"], decided["events"]) == ("refused", [])
    assert (decided["problem"]["status"], decided["problem"]["code"]) == (404, "not-found")


async def test_a_workspace_made_without_waiting(site: Site) -> None:
    """Its outcome is told to whoever made it, before they are a member of anything."""
    made = await site.client("wim").post("/api/v1/workspaces", {"name": "Acme"}, headers=ASYNC)
    assert made.status == 202
    location = made.headers["Location"]
    found = Space(site.session, {"Tasksys-Actor": "wim"}, location.partition("/commands/")[0])
    decided = await outcome(found, location)
    assert [one["type"] for one in decided["events"]] == ["WorkspaceCreated", "MemberAdded"]
    assert (await found.get()).ok["name"] == "Acme"


async def test_what_became_of_no_command(space: Space) -> None:
    """404 for a command that was never sent, or was somebody else's."""
    await space.post("/commands", {"type": "CreateTask", "id": "mine", "title": "Milk"})
    (await space.get("/commands/never")).problem(404, "not-found")
    ann = await space.joined("ann", "admin")
    (await ann.get("/commands/mine")).problem(404, "not-found")


def batch(size: int, **more: Any) -> Json:
    """So many commands."""
    return {"commands": [{"type": "CreateTask", "title": f"Task {number}", **more} for number in range(size)]}


async def test_a_batch_of_100(space: Space) -> None:
    """Each has its own outcome, in order, with consecutive positions."""
    before = await space.position()
    sent = await space.post("/commands", batch(100))
    assert sent.status == 200
    assert sent.ok.keys() == {"items", "position"}
    assert all(one.keys() == OUTCOME for one in sent.ok["items"])
    assert {one["status"] for one in sent.ok["items"]} == {"accepted"}
    made = [one["events"][0] for one in sent.ok["items"]]
    assert [one["data"]["title"] for one in made] == [f"Task {number}" for number in range(100)]
    assert [one["position"] for one in made] == list(range(before + 1, before + 101))
    assert sent.position == sent.ok["position"] == before + 100


@pytest.mark.parametrize("commands", [[], batch(101)["commands"], {}, None, "x"])
async def test_a_batch_of_another_size(space: Space, commands: Any) -> None:
    """None and 101 are too few and too many; neither appends anything."""
    assert "100" in (await space.post("/commands", {"commands": commands})).invalid("/commands")
    assert (await space.get("/tasks")).ok["items"] == []


async def test_a_batch_with_a_command_that_cannot_be_read(space: Space) -> None:
    """The problem points into the batch, and the others are not appended either."""
    both = [{"type": "CreateTask", "title": "Milk"}, {"type": "CreateTask", "title": 7}]
    (await space.post("/commands", {"commands": both})).invalid("/commands/1/title")
    (await space.post("/commands", {"commands": [*both[:1], 7]})).invalid("/commands/1")
    (await space.post("/commands", {**batch(1), "type": "CreateTask"})).invalid("/type")
    assert (await space.get("/tasks")).ok["items"] == []


async def test_a_batch_is_not_a_transaction(space: Space) -> None:
    """What is refused is refused alone, with its conflicts; what comes after it sees what came before."""
    task = await space.task(task="milk")
    commands = [
        {"type": "EditTask", "task": "milk", "title": "Oat milk"},
        {"type": "EditTask", "task": "milk", "title": "Soy milk", "expected_version": 1},
        {"type": "CompleteTask", "task": "milk", "expected_version": 2},
    ]
    items = (await space.post("/commands", {"commands": commands})).ok["items"]
    assert [one["status"] for one in items] == ["accepted", "refused", "accepted"]
    assert (items[1]["problem"]["code"], items[1]["events"]) == ("version-conflict", [])
    assert items[1]["problem"]["conflicts"][0]["position"] == task["position"] + 1
    now = (await space.get("/tasks/milk")).ok
    assert (now["title"], now["status"]) == ("Oat milk", "done")


async def test_a_repeated_batch(space: Space) -> None:
    """The batch's key names each of its commands: sent again, nothing is applied again."""
    same = {"Idempotency-Key": key()}
    first = await space.post("/commands", batch(5), headers=same)
    again = await space.post("/commands", batch(5), headers=same)
    assert again.ok == first.ok
    assert (await space.get("/tasks", count="true", limit=1)).ok["total"] == 5


async def test_headers_that_are_about_one_command(space: Space) -> None:
    """A batch takes no If-Match, and its key must be one."""
    (await space.post("/commands", batch(2), headers={"If-Match": '"1"'})).problem(400, "bad-etag")
    (await space.post("/commands", batch(2), headers={"Idempotency-Key": "a b"})).invalid("/id")


async def test_a_batch_without_waiting(site: Site, space: Space) -> None:
    """202 with the names of its commands, each of which tells its outcome."""
    async with site.held(space):
        sent = await space.post("/commands", batch(3), headers=ASYNC)
        assert sent.status == 202
        assert [one["status"] for one in sent.json["items"]] == ["pending"] * 3
    for one in sent.json["items"]:
        assert (await outcome(space, f"/commands/{one['id']}"))["status"] == "accepted"


async def test_a_batch_that_takes_too_long(site: Site, space: Space) -> None:
    """All of it is pending after the wait, which is for the whole batch; nobody waits any more."""
    async with site.held(space):
        sent = await space.post("/commands", batch(20), headers={"Prefer": "wait=1"})
        assert [one["status"] for one in sent.ok["items"]] == ["pending"] * 20
        assert site.waiting() == 0
    assert (await outcome(space, f"/commands/{sent.ok['items'][19]['id']}"))["status"] == "accepted"


async def test_one_key_twice_in_a_batch(space: Space) -> None:
    """The second is told that the first one is not decided yet; it is not applied twice."""
    one = {"type": "CreateTask", "id": "same", "title": "Milk"}
    items = (await space.post("/commands", {"commands": [one, one]})).ok["items"]
    assert items[0]["status"] == "accepted"
    assert items[1]["problem"]["code"] == "still-pending"
    assert (await space.get("/tasks", count="true")).ok["total"] == 1


async def test_a_client_that_goes_away(site: Site, space: Space) -> None:
    """Nothing waits for its sake any more, and its command is decided all the same."""
    task = await space.task()
    async with site.held(space):
        reader, writer = await asyncio.open_connection("127.0.0.1", site.server.port)
        lines = (
            f"POST {space.prefix}/tasks/{task['id']}/complete HTTP/1.1", "Host: localhost", "Tasksys-Actor: olga",
            "Prefer: wait=60", "", "",
        )  # fmt: skip
        writer.write("\r\n".join(lines).encode())
        await until(lambda: site.waiting() == 1)
        assert len(site.node.gateway._in_flight) == 1
        writer.close()
        await writer.wait_closed()
        await until(lambda: site.waiting() == 0)
        await until(lambda: not site.node.gateway._in_flight)  # once they are durable
        reader.feed_eof()
    await until(lambda: is_done(space, task["id"]))


async def is_done(space: Space, task: str) -> bool:
    """Whether the task is completed."""
    return bool((await space.get(f"/tasks/{task}")).ok["status"] == "done")


async def test_a_client_that_goes_away_from_a_batch(site: Site, space: Space) -> None:
    """None of its commands leaves a waiter behind."""
    async with site.held(space):
        sent = asyncio.create_task(space.post("/commands", batch(50), headers={"Prefer": "wait=60"}))
        await until(lambda: site.waiting() == 50)
        sent.cancel()
        await asyncio.gather(sent, return_exceptions=True)
        await until(lambda: site.waiting() == 0)
        await until(lambda: not site.node.gateway._in_flight)  # once they are durable
    await until(lambda: counts(space, 50))


async def counts(space: Space, tasks: int) -> bool:
    """Whether there are so many tasks."""
    return bool((await space.get("/tasks", count="true", limit=1)).ok["total"] == tasks)


async def test_where_a_command_came_from(site: Site, space: Space) -> None:
    """The event tells address and program, whatever bytes the program's name is made of."""
    body = b'{"title": "Milk"}'
    head = (
        f"POST {space.prefix}/tasks HTTP/1.1\r\nHost: localhost\r\nTasksys-Actor: olga\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    ).encode()
    status, _, _ = await site.raw(head + b"User-Agent: Caf\xe9/1.0 \xff\xf0" + b"x" * 200 + b"\r\n\r\n" + body)
    assert status == 201
    (event,) = (await space.get("/events", after=2)).ok["items"]
    assert event["source"].startswith("127.0.0.1 Caf?/1.0 ??xx")
    assert len(event["source"]) == 110


async def test_the_log_is_gone(site: Site, space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that cannot be appended is 503 with what to do, and nothing is pretended."""
    monkeypatch.setattr(site.node, "_appender", None)
    sent = await space.post("/tasks", {"title": "Milk"})
    sent.problem(503, "log-unavailable")
    assert sent.headers["Retry-After"]
    items = (await space.post("/commands", batch(2))).ok["items"]
    assert [one["problem"]["code"] for one in items] == ["log-unavailable"] * 2
    later = await space.post("/commands", batch(2), headers=ASYNC)
    assert [one["problem"]["code"] for one in later.json["items"]] == ["log-unavailable"] * 2
    assert (await space.get("/tasks")).ok["items"] == []


async def test_a_command_that_the_log_does_not_take(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """413 with what to do, and not when to try again; in a batch it stands beside its command."""
    monkeypatch.setattr("streams.appender.BATCH_OVERHEAD", 1_048_000)
    for headers in ({}, ASYNC):
        sent = await space.post("/tasks", {"title": "Milk", "description": "x" * 1_000}, headers=headers)
        assert "An undo refers to all" in sent.problem(413, "command-too-large")["detail"]
        assert "Retry-After" not in sent.headers
        several = await space.post("/commands", {"commands": [
            {"type": "CreateTask", "title": "Milk", "description": "x" * 1_000},
            {"type": "CreateTask", "title": "Milk"},
        ]}, headers=headers)  # fmt: skip
        first, second = several.json["items"]
        assert (first["problem"]["code"], second["problem"]) == ("command-too-large", None)


async def test_too_many_wait(site: Site, space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood is turned away with 429, and when to try again."""
    monkeypatch.setattr("streams.gateway.WAITING", 0)
    sent = await space.post("/tasks", {"title": "Milk"})
    sent.problem(429, "busy")
    assert sent.headers["Retry-After"]


@pytest.mark.parametrize("prefer", ["respond-async", "wait=0"])
async def test_who_does_not_wait_is_turned_away_too(space: Space, monkeypatch: pytest.MonkeyPatch, prefer: str) -> None:
    """A flood that nobody waits for is one all the same; in a batch each command says so."""
    monkeypatch.setattr("streams.gateway.WAITING", 0)
    sent = await space.post("/tasks", {"title": "Milk"}, headers={"Prefer": prefer})
    sent.problem(429, "busy")
    assert sent.headers["Retry-After"]
    several = await space.post("/commands", batch(2), headers={"Prefer": prefer})
    assert [one["problem"]["code"] for one in several.json["items"]] == ["busy"] * 2


async def test_an_agent_that_is_not_ready(site: Site, space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads and writes are 503 until its tables are recovered; the process says what is missing."""
    monkeypatch.setattr(site.node, "apps", {name: app for name, app in site.node.apps.items() if name != "commands"})
    (await space.get("/tasks")).problem(503, "not-ready")
    ready = await site.client().get("/ready")
    assert (ready.status, ready.json["missing"]) == (503, {"commands": "starting"})


async def test_an_agent_that_stops_while_a_batch_waits(
    site: Site, space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is in the log is pending: a 503 would say to send it again, and without keys it would be done twice."""
    async with site.held(space):
        sent = asyncio.create_task(
            space.post(
                "/commands", {"commands": [{"type": "CreateTask", "title": "Milk"}]}, headers={"Prefer": "wait=1"}
            )
        )
        await until(lambda: site.waiting() == 1)
        monkeypatch.setattr(site.node, "apps", {})
        answer = await sent
        monkeypatch.undo()
    assert [one["status"] for one in answer.ok["items"]] == ["pending"]
