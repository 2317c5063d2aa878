"""A large workspace: ten thousand tasks are scrolled through, searched and changed without a stutter."""

from __future__ import annotations

from playwright.async_api import expect

from tests.support.http import Space
from tests.ui.browsing import Browse
from tests.ui.steps import rows, settled

TASKS = 10_000
BATCH = 100

FRAMES = """
async () => {
  const list = document.querySelector("virtual-list");
  const gaps = [];
  let before = performance.now();
  for (let step = 0; step < 120; step++) {
    list.scrollTop += 900;
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    gaps.push(now - before);
    before = now;
  }
  gaps.sort((one, other) => one - other);
  return {median: gaps[60], rows: list.querySelectorAll(".task-row").length, top: list.scrollTop};
}
"""


async def test_ten_thousand_tasks(browse: Browse, space: Space) -> None:
    """Only what is in view is in the page; the end of the list is reached; a change is seen in it."""
    for first in range(0, TASKS, BATCH):
        batch = [{"type": "CreateTask", "title": f"Task {first + index:05}"} for index in range(BATCH)]
        assert (await space.post("/commands", {"commands": batch})).status == 200
    page = await browse(f"/w/{space.id}/inbox")
    await settled(page)
    await expect(page.get_by_role("link", name="Inbox")).to_contain_text(str(TASKS))
    measured = await page.evaluate(FRAMES)
    assert measured["rows"] < 100
    assert measured["top"] > 100_000
    await page.evaluate("() => { document.querySelector('virtual-list').scrollTop = 1e9 }")
    await expect(rows(page).last).to_contain_text("Task 09999")
    await page.get_by_role("checkbox", name="Complete Task 09999").click()
    await expect(page.get_by_role("link", name="Inbox")).to_contain_text(str(TASKS - 1))
    await page.reload()
    await settled(page)
    await expect(page.get_by_role("link", name="Inbox")).to_contain_text(str(TASKS - 1))
    await page.keyboard.press("Control+k")
    await page.keyboard.type("05432")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("complementary", name="Task 05432")).to_be_visible()
