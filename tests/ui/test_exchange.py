"""Import and export: a look at what would be made, then the making; and everything out again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import FilePayload, Page, expect

from tests.support.http import Space
from tests.ui.browsing import Browse, Served
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
    page = await opened(browse, space, "exchange")
    await choose(page, "list.csv", '"What, exactly";Moment\nPaint;someday\nSleep;2030-01-02\n')
    await expect(page.get_by_role("alert")).to_contain_text("no column is named title", ignore_case=True)
    await expect(page.get_by_label("Title").locator("option")).to_have_text(["By its name", "What, exactly", "Moment"])
    await page.get_by_label("Title").select_option("What, exactly")
    await expect(page.get_by_role("row").filter(has_text="Paint")).to_contain_text("Will be made")
    await page.get_by_label("Due").select_option("Moment")
    await expect(page.get_by_role("row").filter(has_text="Paint")).to_contain_text("someday was not understood")
    await page.get_by_role("button", name="Import 2 things").click()
    await expect(page.get_by_text("2 made", exact=True)).to_be_visible()
    found = {one["title"]: one["due"] for one in (await space.get("/tasks")).ok["items"]}
    assert found == {"Paint": None, "Sleep": {"date": "2030-01-02"}}


@pytest.mark.parametrize(
    ("name", "text", "read_as"),
    [
        ("todoist.csv", "TYPE,CONTENT,PRIORITY,INDENT\ntask,Paint,1,1\n", "Todoist (CSV)"),
        ("list.csv", "Title,Due\nPaint,2030-01-02\n", "Spreadsheet (CSV)"),
    ],
)
async def test_spreadsheets_are_known_by_their_columns(
    browse: Browse, space: Space, name: str, text: str, read_as: str
) -> None:
    """A template of Todoist's from any other."""
    page = await opened(browse, space, "exchange")
    await choose(page, name, text)
    await expect(page.get_by_text("1 will be made")).to_be_visible()
    await expect(page.locator(".import-file")).to_contain_text(read_as)
    await page.get_by_role("button", name="Import 1 thing").click()
    await expect(page.get_by_text("1 made", exact=True)).to_be_visible()
    assert await titles(space) == ["Paint"]


async def test_an_export_goes_into_another_workspace(browse: Browse, site: Served, space: Space) -> None:
    """With its projects; in it again, everything is there already."""
    project = await space.project("Home")
    await space.task("Milk", project=project["id"])
    export = (await space.get("/export.json")).raw.decode()
    other = await site.space()
    page = await opened(browse, other, "exchange")
    await choose(page, "export.json", export)
    await page.get_by_role("button", name="Import 2 things").click()
    await expect(page.get_by_text("2 made", exact=True)).to_be_visible()
    assert await titles(other) == ["Milk"]
    await page.get_by_role("button", name="Import another file").click()
    await choose(page, "export.json", export)
    await expect(page.get_by_role("button", name="There is nothing to import")).to_be_visible()


async def test_everything_is_exported(browse: Browse, space: Space) -> None:
    """As files, in three formats, with the person's own credentials."""
    await space.task("Milk")
    page = await opened(browse, space, "exchange")
    for name, wanted in (("JSON", '"Milk"'), ("CSV", "Milk"), ("iCalendar", "SUMMARY:Milk")):
        async with page.expect_download() as waiting:
            await page.get_by_role("button", name=f"({name})").click()
        download = await waiting.value
        text = await asyncio.to_thread(Path(await download.path()).read_text, "utf-8")
        assert wanted in text
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
