"""The page of the demonstration, as it was made last: whole, and about alerts and panels that there are."""

from __future__ import annotations

import re
from typing import Final

from tests.monitoring.demo.__main__ import PAGE
from tests.monitoring.demo.evidence import Message
from tests.monitoring.demo.page import _quoted
from tests.monitoring.demo.pictures import LARGEST, WANTED, WHOLE
from tests.monitoring.panels import slug
from tests.support.monitoring.dashboards import every
from tests.support.monitoring.tools import ROOT

TEXT: Final = (PAGE / "README.md").read_text()


def test_all_pictures_are_there_and_small() -> None:
    """Each that the page shows, and no others."""
    shown = set(re.findall(r"\]\(([a-z-]+\.png)\)", TEXT))
    assert shown == {path.name for path in PAGE.glob("*.png")}
    assert shown == {f"{slug(one.title)}.png" for wanted in (*WANTED.values(), WHOLE) for one in wanted}
    assert all((PAGE / name).stat().st_size <= LARGEST for name in shown)


def test_every_panel_exists() -> None:
    """A panel that is called otherwise now has to be drawn anew."""
    known = {(panel.dashboard, panel.title) for panel in every()}
    assert {(one.dashboard, one.title) for wanted in (*WANTED.values(), WHOLE) for one in wanted} <= known


def test_every_alert_has_fired_and_has_its_runbook() -> None:
    """One for each fault, told in Slack."""
    alerts = re.findall(r"\]\(\.\./runbooks/(\w+)\.md\)", TEXT)
    assert alerts == ["WorkerDown", "DeadLettersWaiting", "DeliveriesFailing", "DiskNearlyFull"]
    for alert in alerts:
        assert (ROOT / f"monitoring/docs/runbooks/{alert}.md").is_file()
        assert re.search(rf"^> \*\*(WARNING|CRITICAL) {alert}", TEXT, re.MULTILINE), alert
        assert f"`{alert}`" in TEXT


def test_the_page_names_nobodys_machine() -> None:
    """No paths of where it was made."""
    assert not re.search(r"/(tmp|home|root|work|Users|private)/", TEXT)


def test_messages_are_quoted_as_people_see_them() -> None:
    """Slack's markup becomes ours; its links are texts, for they lead to where the run was."""
    text = "*The disk is full*\nMake room.\n<https://a.test/b|What to do> · <https://c.test|Dashboard>\n"
    assert list(_quoted(Message(0.0, "Slack", "CRITICAL Disk", text))) == [
        "> **CRITICAL Disk**",
        ">",
        "> **The disk is full**  ",
        "> Make room.  ",
        "> <u>What to do</u> · <u>Dashboard</u>  ",
    ]
