"""A line of text over HTTP: whose names and zone it is read with, and what it comes to."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.support.http import OWNER, Json, Site, Space

pytestmark = pytest.mark.asyncio(loop_scope="module")

PARSE: Final = "/api/v1/parse"
NOW: Final = "2099-11-26T09:30:00Z"
PARSED: Final = {"title", "understood", "command", "reminders", "description"}


async def parsed(site: Site, text: str, user: str = OWNER, **more: Any) -> Json:
    """The answer, at a time of this test's."""
    shown: Json = (await site.client(user).post(PARSE, {"text": text, "now": NOW, **more})).ok
    assert shown.keys() == PARSED
    return shown


async def furnished(space: Space) -> str:
    """The workspace's id; it has a project with a section, and members."""
    await space.project("Home", project="home")
    await space.post("/projects/home/sections", {"name": "To do", "section": "todo"})
    await space.put("/members/anna", {"role": "editor"})
    return space.id


async def test_a_line_is_a_command(site: Site, space: Space) -> None:
    """With the names of the workspace; the command can be sent as it is, and the reminders added."""
    text = 'Buy milk tomorrow 9am #home/"to do" !high @anna @me %shop ~30m remind me 30 minutes before'
    shown = await parsed(site, text, workspace=await furnished(space), zone="America/New_York")
    due = {"local": "2099-11-27T09:00", "zone": "America/New_York"}
    assert (shown["title"], shown["command"]) == (
        "Buy milk",
        {
            "type": "CreateTask", "title": "Buy milk", "priority": "high", "labels": ["shop"],
            "assignees": ["anna", "olga"], "estimate_minutes": 30, "project": "home", "section": "todo", "due": due,
        },
    )  # fmt: skip
    assert shown["understood"][0] == {
        "start": 9, "end": 21, "kind": "due", "text": "tomorrow 9am",
        "meaning": "due Friday 27 November 2099 at 09:00 (America/New_York)",
    }  # fmt: skip
    kinds = [one["kind"] for one in shown["understood"]]
    assert kinds == ["due", "project", "priority", "assignee", "assignee", "label", "estimate", "reminder"]
    assert shown["description"].startswith("Buy milk: due Friday")
    outcome = (await space.post("/commands", shown["command"])).ok
    task = outcome["events"][0]["task"]
    for one in shown["reminders"]:
        assert (await space.post(f"/tasks/{task}/reminders", one)).ok["trigger"]["before"] == "PT30M"
    made = (await space.get(f"/tasks/{task}")).ok
    assert (made["due"], made["section"], made["assignees"]) == (due, "todo", ["anna", "olga"])


async def test_what_comes_again_is_a_series(site: Site, space: Space) -> None:
    """With the date that is named where it fits the rule, and reminders in the template; the command can be sent."""
    text = "Gym 2099-12-07 at 9 every monday, 10 times #home remind me 1d before"
    shown = await parsed(site, text, workspace=await furnished(space), zone="Europe/Berlin")
    assert shown["command"] == {
        "type": "CreateSeries",
        "template": {
            "title": "Gym", "project": "home", "reminders": [{"trigger": {"before": "P1D", "of": "due"}}],
        },
        "rule": "FREQ=WEEKLY;COUNT=10;BYDAY=MO",
        "anchor": {"local": "2099-12-07T09:00", "zone": "Europe/Berlin"},
        "after_completion": False,
        "stop_after": None,
    }  # fmt: skip
    assert shown["reminders"] == []
    anchor, rule = shown["command"]["anchor"], shown["command"]["rule"]
    preview = (await space.post("/recurrence/preview", {"rule": rule, "anchor": anchor, "limit": 1})).ok
    assert preview["items"][0]["local"] == anchor["local"]
    outcome = (await space.post("/commands", shown["command"])).ok
    assert (outcome["status"], outcome["events"][0]["type"]) == ("accepted", "SeriesCreated")


async def test_without_a_workspace_names_are_labels(site: Site) -> None:
    """And days are those of UTC; @me is who asks."""
    shown = await parsed(site, "Buy milk tomorrow #home @me")
    assert shown["command"] == {
        "type": "CreateTask", "title": "Buy milk", "labels": ["home"], "assignees": [OWNER],
        "due": {"date": "2099-11-27"},
    }  # fmt: skip


async def test_days_are_those_of_the_workspace(site: Site) -> None:
    """Unless a zone is asked for; and of now, unless another instant is."""
    east = await site.space(time_zone="Pacific/Kiritimati")
    now = {"now": "2099-11-26T12:00:00+00:00"}
    assert (await parsed(site, "Wake up today", workspace=east.id, **now))["command"]["due"] == {"date": "2099-11-27"}
    here = await parsed(site, "Wake up today", workspace=east.id, zone="UTC", **now)
    assert here["command"]["due"] == {"date": "2099-11-26"}
    anew = (await site.client().post(PARSE, {"text": "Wake up today"})).ok["command"]["due"]["date"]
    assert anew > "2026"


async def test_what_is_gone_is_no_name(site: Site, space: Space) -> None:
    """A project in the trash, a section that was removed, a member who left; the label says why it is one."""
    name = await furnished(space)
    await space.delete("/projects/home/sections/todo")
    await space.delete("/members/anna")
    shown = await parsed(site, 'Buy milk #home/"To do" @anna', workspace=name)
    assert (shown["title"], shown["understood"]) == ('Buy milk #home/"To do" @anna', [])
    await space.delete("/projects/home")
    shown = await parsed(site, "Buy milk #home", workspace=name)
    assert shown["command"]["labels"] == ["home"]
    assert shown["understood"][0]["meaning"] == "label home, as no project has that name"


async def test_what_is_not_to_be_looked_for_stays(site: Site) -> None:
    """As options of a command line give it already."""
    shown = await parsed(site, "Prepare tomorrow #home !high", without=["due", "priority"])
    assert (shown["title"], shown["command"]["labels"]) == ("Prepare tomorrow !high", ["home"])


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"text": None}, "/text"),
        ({"text": "x" * 1_001}, "/text"),
        ({"zone": "Mars/Base"}, "/zone"),
        ({"now": "soon"}, "/now"),
        ({"now": "2099-11-26T09:30:00"}, "/now"),
        ({"workspace": "no such id!"}, "/workspace"),
        ({"without": ["everything"]}, "/without/0"),
        ({"mood": "good"}, "/mood"),
    ],
)
async def test_what_is_wrong(site: Site, more: Json, pointer: str) -> None:
    """The field is named, and what to do is said."""
    problem = (await site.client().post(PARSE, {"text": "Buy milk", **more})).problem(422, "invalid")
    assert [one["pointer"] for one in problem["errors"]] == [pointer]


async def test_a_text_is_required(site: Site) -> None:
    """A body without one is refused; an empty text is an empty title."""
    (await site.client().post(PARSE, {})).invalid("/text")
    assert (await parsed(site, ""))["title"] == ""


async def test_members_only(site: Site, space: Space) -> None:
    """To a stranger there is no such workspace, nor is there one of a name that nobody has."""
    for user, workspace in (("sam", space.id), (OWNER, "nowhere")):
        asked = {"text": "Buy milk #home", "workspace": workspace}
        (await site.client(user).post(PARSE, asked)).problem(404, "not-found")


async def test_a_viewer_may_ask(site: Site, space: Space) -> None:
    """Nothing is made."""
    name = await furnished(space)
    await space.joined("vera", "viewer")
    position = await space.position()
    assert (await parsed(site, "Buy milk @me", user="vera", workspace=name))["command"]["assignees"] == ["vera"]
    assert await space.position() == position
