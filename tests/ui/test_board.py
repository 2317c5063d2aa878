"""The board: columns of sections or of states, cards that are dragged, and what others see of it."""

from __future__ import annotations

from playwright.async_api import Locator, Page, expect

from tests.support.http import Space
from tests.ui.browsing import Browse
from tests.ui.looking import accessible, shot


def column(page: Page, name: str) -> Locator:
    """A column of the board."""
    return page.get_by_role("region", name=name, exact=True)


async def drag(page: Page, card: Locator, to: Locator, x: float = 0.5, y: float = 0.5) -> None:
    """Takes a card by the pointer to a place within another element, parts of its width and height."""
    await card.hover()
    await page.mouse.down()
    box = await to.bounding_box()
    assert box is not None
    target = (box["x"] + box["width"] * x, box["y"] + box["height"] * y)
    await page.mouse.move(target[0], target[1] + 12, steps=5)
    await page.mouse.move(*target, steps=3)
    await page.mouse.up()


async def project(space: Space, *sections: str) -> tuple[str, dict[str, str]]:
    """A project with sections: its id, and theirs by name."""
    made = (await space.post("/projects", {"name": "Garden", "colour": "#1f6f5c"})).ok
    for name in sections:
        made = (await space.post(f"/projects/{made['id']}/sections", {"name": name})).ok
    return made["id"], {one["name"]: one["id"] for one in made["sections"]}


async def test_without_sections_columns_are_states(browse: Browse, space: Space) -> None:
    """A card is dragged from what is to do to what is done."""
    garden, _ = await project(space)
    task = (await space.post("/tasks", {"title": "Dig", "project": garden})).ok
    page, other = [await browse(f"/w/{space.id}/project/{garden}?view=board") for _ in range(2)]
    card = column(page, "To do").get_by_role("article", name="Dig")
    await drag(page, card, column(page, "In progress"))
    await expect(column(other, "In progress").get_by_role("article")).to_have_count(1)
    await drag(page, page.get_by_role("article", name="Dig"), column(page, "To do"))
    await expect(column(other, "To do").get_by_role("article")).to_have_count(1)
    await drag(page, page.get_by_role("article", name="Dig"), column(page, "Done"))
    await expect(column(other, "Done").get_by_role("article", name="Dig")).to_be_visible()
    assert (await space.get(f"/tasks/{task['id']}")).ok["status"] == "done"


async def test_a_card_moves_between_sections_live(browse: Browse, space: Space) -> None:
    """To the place where it is dropped; the other window follows."""
    garden, sections = await project(space, "Ideas", "Now")
    for title in ("Dig", "Sow"):
        await space.post("/tasks", {"title": title, "project": garden, "section": sections["Now"]})
    weed = (await space.post("/tasks", {"title": "Weed", "project": garden, "section": sections["Ideas"]})).ok
    address = f"/w/{space.id}/project/{garden}?view=board"
    page, other = await browse(address), await browse(address)
    await expect(column(other, "Ideas").get_by_role("article")).to_have_count(1)
    await drag(page, page.get_by_role("article", name="Weed"), page.get_by_role("article", name="Sow"), y=0.1)
    for one in (other, page):
        await expect(column(one, "Now").get_by_role("article")).to_have_text(["Dig", "Weed", "Sow"])
        await expect(column(one, "Ideas").get_by_role("article")).to_have_count(0)
    assert (await space.get(f"/tasks/{weed['id']}")).ok["section"] == sections["Now"]


async def test_escape_gives_a_drag_up(browse: Browse, space: Space) -> None:
    """Nothing has moved."""
    garden, _ = await project(space)
    await space.post("/tasks", {"title": "Dig", "project": garden})
    page = await browse(f"/w/{space.id}/project/{garden}?view=board")
    await page.get_by_role("article", name="Dig").hover()
    await page.mouse.down()
    box = await column(page, "Done").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 50, box["y"] + 90, steps=5)
    await expect(page.locator(".drag-ghost")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.mouse.up()
    await expect(page.locator(".drag-ghost")).to_have_count(0)
    await expect(column(page, "To do").get_by_role("article", name="Dig")).to_be_visible()


async def test_cards_move_by_keys(browse: Browse, space: Space) -> None:
    """Alt with an arrow takes the card at the cursor to the next column."""
    garden, _ = await project(space, "Ideas", "Now")
    await space.post("/tasks", {"title": "Dig", "project": garden})
    page = await browse(f"/w/{space.id}/project/{garden}?view=board")
    await page.get_by_role("article", name="Dig").focus()
    await page.keyboard.press("Alt+ArrowDown")
    await expect(column(page, "Ideas").get_by_role("article", name="Dig")).to_be_visible()


async def test_the_board_is_accessible(browse: Browse, space: Space) -> None:
    """axe finds nothing."""
    garden, sections = await project(space, "Ideas", "Now", "Later")
    for index, title in enumerate(
        ("Dig the long bed", "Sow carrots", "Weed", "Order seeds", "Prune the old apple tree")
    ):
        section = list(sections.values())[index % 3]
        more = {"labels": ["outside"], "priority": "high", "due": {"date": "2099-12-01"}} if index % 2 else {}
        await space.post("/tasks", {"title": title, "project": garden, "section": section, **more})
    page = await browse(f"/w/{space.id}/project/{garden}?view=board")
    await expect(page.get_by_role("article")).to_have_count(5)
    await accessible(page)
    await shot(page, "board")
