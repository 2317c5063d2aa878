"""The calendar over HTTP: what is in it, its secret addresses, and that nothing is sent twice for nothing."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import aiohttp
import jwt
import pytest

from tasksys.ical import bounds
from tests.support.http import Answer, Site, Space, serving
from tests.tasksys.ical.made import todos
from tests.views.tokens import SECRET, SHARED, bearer, claims
from views.auth import JwtAuthentication
from views.server import Options, start

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def token(space: Space, renew: bool = False) -> str:
    """The secret in the address of the caller's calendar."""
    found = (await space.post("/calendar-token") if renew else await space.get("/calendar-token")).ok
    assert found.keys() == {"todos", "events"}
    assert found["events"] == f"{found['todos']}&view=events"
    assert urlsplit(found["todos"]).path.endswith(f"{space.id}/calendar.ics")
    return str(parse_qs(urlsplit(found["todos"]).query)["token"][0])


async def unnamed(site: Site, space: Space, secret: str, **more: str) -> Answer:
    """The calendar as a program gets it that has nothing but the address."""
    return await Space(site.session, {}, space.prefix, space.id).get("/calendar.ics", token=secret, **more)


async def test_tasks_are_todos(space: Space) -> None:
    """Those that are not in the trash, with their project, reminders, comments and zones."""
    await space.joined("ann", "editor")
    home = await space.project("Home")
    await space.post(f"/projects/{home['id']}/sections", {"name": "To do", "section": "todo"})
    due = {"local": "2126-03-08T09:00", "zone": "Europe/Berlin"}
    milk = await space.task("Milk", project=home["id"], section="todo", due=due, labels=["food"])
    await space.task("Jam", parent=milk["id"])
    gone = await space.task("Gone")
    await space.delete(f"/tasks/{gone['id']}")
    await space.post(f"/tasks/{milk['id']}/reminders", {"trigger": {"before": "PT30M"}})
    await space.post(f"/tasks/{milk['id']}/reminders", {"trigger": {"before": "P1D"}, "user": "ann"})
    await space.post(f"/tasks/{milk['id']}/comments", {"body": "The *good* one"})
    found = await space.get("/calendar.ics")
    assert found.status == 200
    assert found.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert found.headers["Cache-Control"] == "private, no-cache"
    assert found.headers["Content-Disposition"] == f'inline; filename="{space.id}.ics"'
    assert found.position == await space.position()
    text = found.raw.decode()
    assert text.startswith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//tasksys//tasksys//EN\r\n")
    assert text.count("BEGIN:VTIMEZONE") == 1
    assert text.count("BEGIN:VALARM") == 1  # ann's are hers
    read = {one.title: one for one in todos(text)}
    assert read.keys() == {"Milk", "Jam"}
    assert (read["Milk"].project and read["Milk"].project.name, read["Milk"].labels) == ("Home", ("food",))
    assert read["Jam"].parent == read["Milk"].uid == f"{milk['id']}@{space.id}.tasksys"
    assert [one.body for one in read["Milk"].remarks] == ["The *good* one"]
    assert sorted(one.user for one in read["Milk"].alarms) == ["", "ann"]


async def test_or_events(space: Space) -> None:
    """Only what is due is an event; comments are not in it."""
    await space.task("Milk", due={"date": "2026-03-08"})
    await space.task("Jam")
    text = (await space.get("/calendar.ics", view="events")).raw.decode()
    assert (text.count("BEGIN:VEVENT"), text.count("BEGIN:VTODO")) == (1, 0)
    assert "DTSTART;VALUE=DATE:20260308" in text
    (await space.get("/calendar.ics", view="tasks")).problem(400, "bad-parameter")


async def test_an_unchanged_one_is_not_sent_again(space: Space) -> None:
    """304 while nothing has changed in the workspace; each user and view has a tag of its own."""
    await space.task("Milk")
    ann = await space.joined("ann", "viewer")
    first = await space.get("/calendar.ics")
    again = await space.get("/calendar.ics", headers={"If-None-Match": f'"x", W/{first.etag}'})
    assert (again.status, again.raw, again.etag) == (304, b"", first.etag)
    assert (await space.get("/calendar.ics", headers={"If-None-Match": '"other"'})).status == 200
    others = {(await space.get("/calendar.ics", view="events")).etag, (await ann.get("/calendar.ics")).etag}
    assert len(others | {first.etag}) == 3
    await space.task("Jam")
    changed = await space.get("/calendar.ics", headers={"If-None-Match": first.etag})
    assert changed.status == 200
    assert changed.etag != first.etag


async def test_the_address_alone_is_enough(site: Site, space: Space) -> None:
    """It shows what its user sees; any other secret is refused in the same words."""
    ann = await space.joined("ann", "viewer")
    milk = await space.task("Milk", due={"date": "2126-03-08"})
    await ann.post(f"/tasks/{milk['id']}/reminders", {"trigger": {"before": "PT30M"}})
    secret = await token(ann)
    assert (await unnamed(site, space, secret)).raw.count(b"BEGIN:VALARM") == 1
    assert (await unnamed(site, space, await token(space))).raw.count(b"BEGIN:VALARM") == 0
    other = await site.space("ann")
    name, _, mac = secret.partition(".")
    stranger = (await token(await site.space("sam"))).partition(".")
    wrong = [
        "",
        "x",
        "é",
        f"{name}.",
        f"{name}.{mac[:-2]}xx",
        f"{stranger[0]}.{mac}",
        "a" * 300,
        f"{name}.{mac}x",
        "A.B",
    ]
    details = {(await unnamed(site, space, one)).problem(401, "unauthorised")["detail"] for one in wrong}
    details.add((await unnamed(site, other, secret)).problem(401, "unauthorised")["detail"])
    nowhere = Space(site.session, {}, "/api/v1/workspaces/nowhere", "nowhere")
    details.add((await nowhere.get("/calendar.ics", token=secret)).problem(401, "unauthorised")["detail"])
    assert len(details) == 1


async def test_it_opens_nothing_else(site: Site, space: Space) -> None:
    """With the secret no other address knows who asks, and this one only reads."""
    secret, bare = await token(space), Space(site.session, {}, space.prefix, space.id)
    for path in ("/tasks", "/export.json", "", "/calendar-token"):
        assert (await bare.get(path, token=secret)).status in (400, 404, 405)
    (await bare.post("/calendar.ics", token=secret)).problem(405, "method-not-allowed")
    (await bare.send("GET", f"/calendar.ics?token={secret}&token={secret}")).problem(400, "bad-parameter")


async def test_a_renewed_address_is_another_one(site: Site, space: Space) -> None:
    """The former stops working, for that user alone."""
    ann = await space.joined("ann", "viewer")
    former, others = await token(space), await token(ann)
    assert await token(space) == former
    renewed = await token(space, renew=True)
    assert renewed != former
    assert (await unnamed(site, space, renewed)).status == 200
    (await unnamed(site, space, former)).problem(401, "unauthorised")
    assert (await unnamed(site, space, others)).status == 200
    key = {"Idempotency-Key": "again"}
    once, twice = await space.post("/calendar-token", headers=key), await space.post("/calendar-token", headers=key)
    assert once.ok == twice.ok
    assert (once.replayed, twice.replayed) == (False, True)
    pending = await space.post("/calendar-token", headers={"Prefer": "respond-async"})
    assert pending.status == 202
    (await space.post("/calendar-token", {"renew": True})).invalid("/renew")


async def test_who_leaves_takes_it_along(site: Site, space: Space) -> None:
    """The address of a removed member does not work, also when they come back."""
    ann = await space.joined("ann", "viewer")
    secret = await token(ann)
    await space.delete("/members/ann")
    (await unnamed(site, space, secret)).problem(401, "unauthorised")
    (await ann.get("/calendar-token")).problem(404, "not-found")
    back = await space.joined("ann", "viewer")
    (await unnamed(site, space, secret)).problem(401, "unauthorised")
    assert (await unnamed(site, space, await token(back))).status == 200


async def test_with_authentication(site: Site, space: Space) -> None:
    """A bearer token works as everywhere, the address without one, and neither without the other's secret."""
    async with serving(site.node, JwtAuthentication(SHARED)) as guarded:
        signed = jwt.encode(claims(sub="olga"), SECRET, algorithm="HS256")
        olga = Space(guarded.session, bearer(signed), space.prefix, space.id)
        assert (await olga.get("/calendar.ics")).status == 200
        secret = await token(olga)
        assert (await unnamed(guarded, space, secret)).status == 200
        (await Space(guarded.session, {}, space.prefix).get("/calendar.ics")).problem(401, "unauthorised")
        other_server = await token(space)  # has another key
        (await unnamed(guarded, space, other_server)).problem(401, "unauthorised")


async def test_it_has_a_size(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closed tasks are left out first, those that were closed longest ago; the calendar says how many."""
    made = [await space.task(title) for title in ("A", "B", "C", "D")]
    for one in made[:2]:
        await space.post(f"/tasks/{one['id']}/complete")
    monkeypatch.setattr(bounds, "FEED_COMPONENTS", 3)
    found = await space.get("/calendar.ics")
    assert {one.title for one in todos(found.raw.decode())} == {"B", "C", "D"}
    assert b"X-TASKSYS-LEFT-OUT:1\r\n" in found.raw
    monkeypatch.setattr(bounds, "FEED_BYTES", 750)
    found = await space.get("/calendar.ics")
    assert len(todos(found.raw.decode())) == 2
    assert b"X-TASKSYS-LEFT-OUT:2\r\n" in found.raw


async def test_strangers_learn_nothing(space: Space) -> None:
    """To a stranger there is no such workspace."""
    (await space.acting("sam").get("/calendar.ics")).problem(404, "not-found")
    (await space.acting("sam").get("/calendar-token")).problem(404, "not-found")
    (await space.acting("sam").post("/calendar-token")).problem(404, "not-found")


async def test_series_in_it(site: Site, space: Space) -> None:
    """As rules with what is different of each; elsewhere the file makes the same series again."""
    home = await space.project("Home")
    template = {"title": "Bins", "project": home["id"], "reminders": [{"trigger": {"before": "PT30M"}}]}
    anchor = {"local": "2126-03-04T09:00", "zone": "Europe/Berlin"}
    made = (await space.post("/series", {"template": template, "rule": "FREQ=WEEKLY", "anchor": anchor})).ok
    path = f"/series/{made['id']}"
    await space.post(f"{path}/skip", {"occurrence": "2126-03-11T09:00"})
    other = {"scope": "this", "occurrence": "2126-03-18T09:00", "template": {"title": "All the bins"}}
    assert (await space.patch(path, other)).status == 200
    raw = (await space.get("/calendar.ics")).raw
    text = raw.decode().replace("\r\n ", "")
    assert "EXDATE;TZID=Europe/Berlin:21260311T090000\r\n" in text
    assert (text.count("RRULE:FREQ=WEEKLY\r\n"), text.count("RECURRENCE-ID;TZID=Europe/Berlin:")) == (1, 2)
    events = (await space.get("/calendar.ics", view="events")).raw.decode()
    assert events.count("BEGIN:VEVENT") == 61
    assert events.count("SUMMARY:All the bins") == 1
    elsewhere = await site.space()
    answer = await elsewhere.post("/import", data=raw, headers={"Content-Type": "text/calendar"})
    told = [(one["action"], one["status"], one["problems"]) for one in answer.ok["items"]]
    assert told == [("create", "done", []), ("update", "done", []), ("skip", "skipped", [])]
    (copy,) = (await elsewhere.get("/series")).ok["items"]
    assert copy["id"] == answer.ok["items"][0]["series"]
    assert (copy["rule"], copy["anchor"], copy["template"]["title"]) == ("FREQ=WEEKLY", anchor, "Bins")
    coming = (await elsewhere.get(f"/series/{copy['id']}/occurrences", limit=3)).ok["items"]
    assert [(one["occurrence"], one["title"], one["state"]) for one in coming] == [
        ("2126-03-04T09:00", "Bins", "open"),
        ("2126-03-11T09:00", "", "skipped"),
        ("2126-03-18T09:00", "All the bins", "planned"),
    ]
    again = await elsewhere.post("/import", data=raw, headers={"Content-Type": "text/calendar"})
    assert {one["action"] for one in again.ok["items"]} == {"skip"}


async def test_a_server_without_a_key(site: Site, space: Space) -> None:
    """Signs no addresses and believes none; who is known otherwise reads the calendar all the same."""
    secret = await token(space)
    server = await start(site.node, Options(port=0, key=""))
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as session:
            keyless = Space(session, space.headers, space.prefix, space.id)
            (await keyless.get("/calendar-token")).problem(409, "calendar-unavailable")
            (await keyless.get("/calendar.ics", token=secret)).problem(409, "calendar-unavailable")
            assert (await keyless.get("/calendar.ics")).status == 200
    finally:
        await server.stop()


async def test_a_server_whose_key_is_changed(site: Site, space: Space) -> None:
    """Addresses that the old key signed work while it is there; new ones are signed by the first."""
    old, new = "0" * 32, "1" * 32
    given: dict[str, str] = {}
    for keys, works in ((old, {}), (f"{new} {old}", {old: 200}), (new, {old: 401, f"{new} {old}": 200})):
        server = await start(site.node, Options(port=0, key=keys))
        try:
            async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as session:
                given[keys] = await token(Space(session, space.headers, space.prefix, space.id))
                bare = Space(session, {}, space.prefix, space.id)
                found = {one: (await bare.get("/calendar.ics", token=given[one])).status for one in works}
                assert found == works
        finally:
            await server.stop()
