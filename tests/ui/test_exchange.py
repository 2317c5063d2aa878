"""Import and export: a look at what would be made, then the making; and everything out again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.async_api import FilePayload, Page, Route, expect

from tests.support.http import Space
from tests.ui.browsing import Browse
from tests.ui.looking import accessible, shot
from tests.ui.steps import narrow_enough, opened
from tests.ui.watching import Watch

CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//tests//EN
BEGIN:VTODO
UID:one
SUMMARY:Buy paint
DUE;VALUE=DATE:20300102
END:VTODO
BEGIN:VEVENT
UID:two
SUMMARY:A party
DTSTART:20300101T100000Z
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")


async def choose(page: Page, name: str, text: str) -> None:
    """Chooses a file."""
    payload: FilePayload = {"name": name, "mimeType": "", "buffer": text.encode()}
    await page.get_by_label("File to import").set_input_files(payload)


async def titles(space: Space) -> list[str]:
    """The tasks that there are."""
    return [one["title"] for one in (await space.get("/tasks")).ok["items"]]


async def test_a_calendar_is_looked_at_and_then_imported(browse: Browse, space: Space) -> None:
    """Nothing is made before one says so; the result links to what was made. Twice makes nothing twice."""
    page = await opened(browse, space, "exchange")
    await choose(page, "tasks.ics", CALENDAR)
    await expect(page.get_by_text("1 will be made")).to_be_visible()
    await expect(page.get_by_role("row").filter(has_text="VEVENT")).to_contain_text("Left out")
    await expect(page.get_by_role("row").filter(has_text="Buy paint")).to_contain_text("Will be made")
    assert await titles(space) == []
    await page.get_by_role("button", name="Import 1 thing").click()
    await expect(page.get_by_text("1 made", exact=True)).to_be_visible()
    assert await titles(space) == ["Buy paint"]
    await page.get_by_role("button", name="Buy paint").click()
    await expect(page.get_by_role("complementary", name="Task Buy paint")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Import another file").click()
    await choose(page, "tasks.ics", CALENDAR)
    await expect(page.get_by_role("button", name="There is nothing to import")).to_be_disabled()


async def test_a_file_is_dropped_into_a_project(browse: Browse, space: Space) -> None:
    """Where it goes is chosen before."""
    project = await space.project("Home")
    page = await opened(browse, space, "exchange")
    data = await page.evaluate_handle(
        "(text) => { const data = new DataTransfer(); data.items.add(new File([text], 'x.ics')); return data; }",
        CALENDAR,
    )
    await page.dispatch_event(".drop", "drop", {"dataTransfer": data})
    await expect(page.get_by_text("1 will be made")).to_be_visible()
    await page.get_by_label("Into").select_option(project["id"])
    await page.get_by_role("button", name="Import 1 thing").click()
    await expect(page.get_by_text("1 made", exact=True)).to_be_visible()
    assert [one["project"] for one in (await space.get("/tasks")).ok["items"]] == [project["id"]]


async def test_what_is_no_such_file_is_said(browse: Browse, space: Space) -> None:
    """Before anything is sent."""
    page = await opened(browse, space, "exchange")
    await choose(page, "holiday.png", "PNG")
    await expect(page.get_by_role("alert")).to_contain_text("holiday.png is no calendar")


async def test_columns_of_a_foreign_spreadsheet_are_chosen(browse: Browse, space: Space, watch: Watch) -> None:
    """The server is asked again with what was chosen, and its words on what it does not understand are shown."""
    watch.allow_status(400)
    asked: list[dict[str, str]] = []

    async def answer(route: Route) -> None:
        query = route.request.url.partition("?")[2]
        given: dict[str, str] = await page.evaluate("(text) => Object.fromEntries(new URLSearchParams(text))", query)
        asked.append(given)
        if "mapping" not in given:
            problem = {
                "title": "Bad import",
                "status": 400,
                "code": "bad-import",
                "detail": "No column is named title.",
            }
            return await route.fulfill(status=400, body=json.dumps(problem), content_type="application/problem+json")
        item: dict[str, Any] = {
            "line": 2, "kind": "task", "uid": "x", "title": "Paint", "action": "create", "status": "planned", "reason": "",
            "task": None, "series": None, "commands": 1, "notes": ["due: someday was not understood"], "problems": [],
        }  # fmt: skip
        report = {"format": "csv", "items": [item], "created": 1, "updated": 0, "skipped": 0, "failed": 0}
        await route.fulfill(
            body=json.dumps({**report, "dry_run": True, "position": 1}), content_type="application/json"
        )

    page = await opened(browse, space, "exchange")
    await page.route("**/import?*", answer)
    await choose(page, "list.csv", '"What, exactly";When\nPaint;someday\n')
    await expect(page.get_by_role("alert")).to_contain_text("No column is named title.")
    await expect(page.get_by_label("Title").locator("option")).to_have_text(["By its name", "What, exactly", "When"])
    await page.get_by_label("Title").select_option("What, exactly")
    await expect(page.get_by_role("row").filter(has_text="Paint")).to_contain_text("someday was not understood")
    assert asked[-1] == {"dry_run": "true", "format": "csv", "mapping": '{"title":"What, exactly"}'}


async def test_everything_is_exported(browse: Browse, space: Space) -> None:
    """As files, in three formats, with the person's own credentials."""
    await space.task("Milk")
    page = await opened(browse, space, "exchange")
    for name, wanted in (
        ("Everything (JSON)", '"Milk"'),
        ("Spreadsheet (CSV)", "Milk"),
        ("Calendar (iCalendar)", "SUMMARY:Milk"),
    ):
        async with page.expect_download() as waiting:
            await page.get_by_role("button", name=name).click()
        download = await waiting.value
        assert wanted in Path(await download.path()).read_text(encoding="utf-8")
        assert download.suggested_filename.startswith("Acme-")


async def test_it_is_accessible_and_fits_a_phone(browse: Browse, space: Space) -> None:
    """In both schemes, with a report too; a viewer exports only."""
    ben = await space.joined("ben", "viewer")
    page = await opened(browse, space, "exchange")
    await accessible(page)
    await choose(page, "tasks.ics", CALENDAR)
    await expect(page.get_by_text("1 will be made")).to_be_visible()
    await accessible(page)
    await shot(page, "exchange")
    phone = await opened(browse, ben, "exchange", screen="phone", user="ben")
    await expect(phone.get_by_text("Editors and up can import.")).to_be_visible()
    await narrow_enough(phone)
    await accessible(phone)
