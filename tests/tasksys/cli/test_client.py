"""The HTTP client when things go wrong: breaks, busy servers, late decisions, problems, strangers."""

from __future__ import annotations

from typing import Any

import pytest

from tasksys.cli import client
from tasksys.cli.client import Client
from tasksys.cli.failures import Exit, Failure, Refused
from tests.support.ports import free_ports
from tests.tasksys.cli.conftest import invoke
from tests.tasksys.cli.scripted import BREAK, Scripted, Step, paths


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits between attempts."""
    monkeypatch.setattr(client, "RETRY_SECONDS", (0.0, 0.0))
    monkeypatch.setattr(client, "PENDING_SECONDS", (0.0, 0.0))


def failure(server: Scripted, *, stream: bool = False) -> Failure:
    """How a POST to that server fails."""
    with Client(server.url) as asking:
        post = (lambda: list(asking.lines("POST", "/x", {}))) if stream else (lambda: asking.send("POST", "/x", {}))
        with pytest.raises(Failure) as raised:
            post()
    return raised.value


def test_a_command_whose_connection_breaks_is_repeated_under_its_key() -> None:
    """The server sees the same Idempotency-Key again, so that it applies the command once."""
    with Scripted(BREAK, BREAK, Step({"title": "milk"})) as server, Client(server.url) as asking:
        assert asking.send("POST", "/x", {"title": "milk"}) == {"title": "milk"}
    keys = {asked.headers["Idempotency-Key"] for asked in server.asked}
    assert len(server.asked) == 3
    assert len(keys) == 1


def test_two_commands_have_two_keys() -> None:
    """A new command is not taken for a repetition."""
    with Scripted(Step({}), Step({})) as server, Client(server.url) as asking:
        asking.send("POST", "/x")
        asking.send("POST", "/x")
    assert len({asked.headers["Idempotency-Key"] for asked in server.asked}) == 2


def test_a_connection_that_always_breaks_is_unreachable() -> None:
    """After the last attempt the command fails with its cause and exit code 3."""
    with Scripted(BREAK, BREAK, BREAK) as server:
        found = failure(server)
    assert found.exit_code == Exit.UNREACHABLE
    assert "disconnected" in found.message


def test_nobody_listening_is_unreachable_at_once() -> None:
    """Without a server nothing is tried twice, and the error says how to start one."""
    address = f"http://127.0.0.1:{free_ports(1)[0]}"
    with Client(address) as asking, pytest.raises(Failure, match=r"connection refused.*tasksys serve") as raised:
        asking.get("/x")
    assert raised.value.exit_code == Exit.UNREACHABLE


@pytest.mark.parametrize(
    ("status", "code"), [(503, "log-unavailable"), (429, "busy"), (409, "still-pending")], ids=lambda value: str(value)
)
def test_what_passes_is_waited_for(status: int, code: str) -> None:
    """A server that is busy for a moment is asked again when it says so."""
    passing = Step({"code": code, "detail": "Later."}, status, {"Retry-After": "0"})
    with Scripted(passing, Step({"done": True})) as server, Client(server.url) as asking:
        assert asking.send("POST", "/x") == {"done": True}


def test_a_long_wait_is_left_to_the_user() -> None:
    """A server that wants to be left alone for a minute is not waited for."""
    with Scripted(Step({"detail": "Kafka is down."}, 503, {"Retry-After": "60"})) as server:
        assert failure(server).message == "Kafka is down."


def test_what_does_not_run_there_is_not_waited_for() -> None:
    """The process that was asked will not answer it later either."""
    with Scripted(Step({"code": "not-here", "detail": "It does not run here."}, 503)) as server:
        assert failure(server).message == "It does not run here."
    assert len(server.asked) == 1


def test_a_late_decision_is_waited_for() -> None:
    """A command that is pending is looked at where the answer says, until it is decided."""
    where = {"Location": "/api/v1/workspaces/w/commands/c"}
    decided = {"status": "accepted", "events": [{"task": "milk"}]}
    steps = (Step({"status": "pending"}, 202, where), Step({"status": "pending"}), Step(decided))
    with Scripted(*steps) as server, Client(server.url) as asking:
        assert asking.send("POST", "/x") == {**decided, "location": where["Location"]}
    assert paths(server.asked) == ["POST /x", *["GET /api/v1/workspaces/w/commands/c"] * 2]


def test_a_late_refusal_is_a_refusal() -> None:
    """What the outcome of a pending command refuses, the command line refuses."""
    refused = {"status": "refused", "problem": {"status": 404, "code": "not-found", "detail": "No such task."}}
    with Scripted(Step({}, 202, {"Location": "/c"}), Step(refused)) as server:
        found = failure(server)
    assert (found.message, found.exit_code) == ("No such task.", Exit.NOT_FOUND)


def test_a_command_that_stays_pending_is_said_to_be_safe() -> None:
    """It is not repeated, and the user learns that it is not lost."""
    pending = Step({"status": "pending"})
    with Scripted(Step({}, 202, {"Location": "/c"}), pending, pending) as server:
        assert "accepted and is safe" in failure(server).message


def test_a_command_that_nobody_tells_of_any_more_is_said_to_be_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the server falls silent after it has accepted it."""
    monkeypatch.setattr(client, "PENDING_ANSWERS_SECONDS", 0.2)
    half = Step(b'{"status"', headers={"Content-Length": "99"})
    with Scripted(Step({}, 202, {"Location": "/c"}), half) as server:
        assert "accepted and is safe" in failure(server).message


@pytest.mark.parametrize("body", [b"<html>hello</html>", b"[]", b"\xff"])
def test_a_stranger_is_named_as_one(body: bytes) -> None:
    """Whatever else answers at the address is not taken for a server of ours."""
    with Scripted(Step(body)) as server:
        found = failure(server)
    assert "is no tasksys server" in found.message
    assert found.exit_code == Exit.UNREACHABLE


def test_a_problem_shows_its_fields_conflicts_and_hint() -> None:
    """Everything a problem says is in the error, once."""
    problem = {
        "code": "invalid", "detail": "Two fields are wrong.", "hint": "Look at the reference.",
        "errors": [{"pointer": "/due", "detail": "no date"}, {"pointer": "/title", "detail": "Two fields are wrong."}],
        "conflicts": [{"position": 7, "at": "2026-03-08T09:00:00.000Z", "actor": "olga", "type": "TaskEdited"}],
    }  # fmt: skip
    with Scripted(Step(problem, 422)) as server:
        found = failure(server)
    assert isinstance(found, Refused)
    assert found.code == "invalid"
    assert found.message.splitlines() == [
        "Two fields are wrong. (/title)",
        "  Look at the reference.",
        "  /due: no date",
        "  7  2026-03-08T09:00:00.000Z  olga  TaskEdited",
    ]


@pytest.mark.parametrize(
    ("status", "problem", "code", "said"),
    [
        (404, {"detail": "No such task."}, Exit.NOT_FOUND, "No such task."),
        (401, {"detail": "Who?"}, Exit.FAILED, "Who?\n  Give a token with --token or TASKSYS_TOKEN."),
        (400, {"detail": "Bad.", "position": 3, "parameter": "filter"}, Exit.FAILED, "Bad. (at character 4)"),
        (500, {"title": "Internal error"}, Exit.FAILED, "Internal error"),
    ],
)
def test_a_problem_has_its_exit_code(status: int, problem: dict[str, Any], code: Exit, said: str) -> None:
    """What is not there is 4, everything else that is refused is 1."""
    with Scripted(Step(problem, status)) as server:
        found = failure(server)
    assert (found.exit_code, found.message) == (code, said)


def test_who_asks_is_in_the_headers() -> None:
    """A user without a token is named by a header, one with a token by that alone."""
    with Scripted(Step({}), Step({})) as server:
        with Client(server.url, user="olga") as asking:
            asking.get("/x")
        with Client(server.url, token="secret", user="olga") as asking:
            asking.get("/x")
    first, second = (asked.headers for asked in server.asked)
    assert first["Tasksys-Actor"] == "olga"
    assert second["Authorization"] == "Bearer secret"
    assert "Tasksys-Actor" not in second


def test_a_version_makes_a_command_conditional() -> None:
    """It is sent as an ETag."""
    with Scripted(Step({})) as server, Client(server.url) as asking:
        asking.send("PATCH", "/x", {}, version=3)
    assert server.asked[0].headers["If-Match"] == '"3"'


def test_pages_follow_the_cursor() -> None:
    """Items of all pages come in order; empty parameters are not sent."""
    first, second = {"id": "a"}, {"id": "b"}
    pages = Step({"items": [first], "next_cursor": "c"}), Step({"items": [second], "next_cursor": None})
    with Scripted(*pages) as server, Client(server.url) as asking:
        assert list(asking.items("/x", {"filter": "a = b", "q": None})) == [first, second]
    assert paths(server.asked) == [
        "GET /x?limit=200&filter=a+%3D+b",
        "GET /x?limit=200&cursor=c&filter=a+%3D+b",
    ]


def test_lines_come_one_by_one() -> None:
    """A stream of JSON lines gives its objects."""
    with Scripted(Step(b'{"done": 1}\n{"done": 2}\n')) as server, Client(server.url) as asking:
        assert list(asking.lines("POST", "/x", {})) == [{"done": 1}, {"done": 2}]


SHORT = Step(b'{"done": 1}\n', headers={"Content-Length": "99", "Connection": "close"})


@pytest.mark.parametrize("cut", [SHORT, Step(b'{"done": 1}\n{"do')], ids=["short", "half"])
def test_a_stream_that_is_cut_off_fails(cut: Step) -> None:
    """Half of an answer is never taken for all of it."""
    with Scripted(cut) as server:
        assert "broke off" in failure(server, stream=True).message


def test_a_stream_may_be_refused() -> None:
    """A problem instead of a stream is a refusal."""
    with Scripted(Step({"detail": "For operators."}, 403)) as server:
        assert failure(server, stream=True).message == "For operators."


def test_an_address_that_is_none_is_a_usage_error() -> None:
    """The option is named."""
    with Client("http://[broken") as asking, pytest.raises(Failure, match="--server") as raised:
        asking.get("/x")
    assert raised.value.exit_code == Exit.USAGE


def test_an_address_without_a_scheme_is_one() -> None:
    """HOST:PORT is enough."""
    with Scripted(Step({"title": "milk"})) as server, Client(server.url.removeprefix("http://")) as asking:
        assert asking.get("/x") == {"title": "milk"}


def test_an_address_of_another_kind_says_what_to_give() -> None:
    """As one sentence with an example."""
    with Client("ftp://127.0.0.1") as asking, pytest.raises(Failure, match="give one such as http://") as raised:
        asking.get("/x")
    assert raised.value.exit_code == Exit.USAGE


def test_tls_to_a_server_without_it_says_so() -> None:
    """Rather than the words of a library."""
    said = r"\(it does not speak TLS; give its address with http://\)"
    with (
        Scripted() as server,
        Client(server.url.replace("http:", "https:")) as asking,
        pytest.raises(Failure, match=said) as raised,
    ):
        asking.get("/x")
    assert raised.value.exit_code == Exit.UNREACHABLE


@pytest.mark.parametrize(("host", "cause"), [("localhost", "connection refused"), ("no.invalid", "nobody has")])
def test_a_name_that_leads_nowhere_is_one_sentence(host: str, cause: str) -> None:
    """Also if it has several addresses."""
    with Client(f"{host}:{free_ports(1)[0]}") as asking, pytest.raises(Failure) as raised:
        asking.get("/x")
    assert f"({cause}" in raised.value.message
    assert "Errno" not in raised.value.message


def test_long_lists_are_read_page_by_page() -> None:
    """Projects, members and workspaces are all shown, however many pages they come in."""
    workspace = {"id": "w", "name": "Home", "time_zone": "UTC", "position": 1}
    first = {"id": "p1", "name": "House", "sections": []}
    pages = (
        Step({"items": [first], "next_cursor": "a_p1", "position": 3}),
        Step({"items": [{**first, "id": "p2", "name": "Work"}], "next_cursor": None, "position": 3}),
    )
    with Scripted(Step({"items": [workspace]}), *pages) as server:
        assert "Work" in invoke("project", "list", "--server", server.url).stdout
    assert paths(server.asked)[1:] == [
        f"GET /api/v1/workspaces/w/projects?limit=200{more}" for more in ("", "&cursor=a_p1")
    ]
    ann = {"user": "ann", "role": "editor", "since": "2026-03-08T09:00:00.000Z"}
    pages = (
        Step({"items": [ann], "next_cursor": "_ann", "position": 3}),
        Step({"items": [{**ann, "user": "ben"}], "next_cursor": None, "position": 3}),
    )
    with Scripted(Step({"items": [workspace]}), *pages) as server:
        assert "ben" in invoke("member", "list", "--server", server.url).stdout
    assert paths(server.asked)[-1] == "GET /api/v1/workspaces/w/members?limit=200&cursor=_ann"
    pages = (
        Step({"items": [workspace], "next_cursor": "_w"}),
        Step({"items": [{**workspace, "id": "x", "name": "Farm"}], "next_cursor": None}),
    )
    with Scripted(*pages, *pages, Step({"items": [], "next_cursor": None})) as server:
        assert "Farm" in invoke("workspaces", "--server", server.url).stdout
        invoke("member", "list", "--workspace", "Farm", "--server", server.url)
    listed = [f"GET /api/v1/workspaces?limit=200{more}" for more in ("", "&cursor=_w")]
    assert paths(server.asked) == [*listed, *listed, "GET /api/v1/workspaces/x/members?limit=200"]
