"""Dashboards: what they ask exists, what they show is explained, and where it stands is well."""

from __future__ import annotations

import json
import re
import subprocess
from itertools import combinations, pairwise
from pathlib import Path

import pytest

from monitoring.catalogue import ENTRIES
from monitoring.grafana import build
from monitoring.grafana.common import BOARDS
from tests.support.monitoring.dashboards import FILES, Json, Shown, every, filled, panels, read
from tests.support.monitoring.promql import Reading, faults, named_by_rules
from tests.support.monitoring.shipping import built
from tests.support.monitoring.starlark import Script
from tests.support.monitoring.tools import ROOT

RUNBOOKS = ROOT / "monitoring/docs/runbooks"
PANELS = every()
ASKED = [
    pytest.param(panel, target["expr"], id=f"{panel.name} {target['refId']}")
    for panel in PANELS
    for target in panel.targets
    if target["datasource"]["type"] == "prometheus"
]

ELSEWHERE = {
    "agents: Log of the agents",
    "agents: Traces of deliveries",
    "consumer-lag-replay: Log of folds and rebalances",
    "system-overview: Slow traces",
    "system-overview: Warnings and errors",
}
"""Panels that ask Loki or Jaeger, which cannot be run where this is tested."""


UNSEEN = {"tasksys_group_committed_offset"}
"""For who looks into one group by hand: its lag is the end of the topic less this, which has metrics of its own."""


def test_there_is_enough_to_see() -> None:
    """Four dashboards or more, with the ones that the guide names."""
    assert {path.stem for path in FILES} >= {
        "system-overview",
        "storage-infrastructure",
        "agents",
        "consumer-lag-replay",
    }
    assert len(PANELS) >= 45


def test_the_files_are_what_the_code_makes() -> None:
    """Nobody changed one without the other."""
    assert build.stale() == []


@pytest.mark.parametrize(("panel", "expr"), ASKED)
def test_a_query_names_what_exists(panel: Shown, expr: str) -> None:
    """It is PromQL, of metrics, labels and values that somebody serves."""
    assert faults(filled(expr)) == []


def test_somebody_looks_at_every_metric() -> None:
    """It is in a panel, an alert or a recording rule: else it costs, and tells nobody."""
    reading = Reading()
    for panel in PANELS:
        if panel.datasource == "prometheus":
            for target in panel.targets:
                reading.labels(filled(target["expr"]))
    seen = reading.metrics | named_by_rules()
    names = {re.sub("_(bucket|sum|count)$", "", name) for name in seen} | seen
    assert ENTRIES.keys() - names == UNSEEN


@pytest.mark.parametrize(("panel", "expr"), ASKED)
def test_a_legend_names_labels_of_the_answer(panel: Shown, expr: str) -> None:
    """A legend with a label that the answer has not would be blank."""
    [target] = [target for target in panel.targets if target.get("expr") == expr]
    named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
    assert named <= Reading().labels(filled(expr))


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
def test_a_panel_explains_itself(panel: Shown) -> None:
    """It has a title, says what it shows and what a bad value means, has a unit, a data source and queries."""
    assert panel.title
    assert len(panel.json["description"]) > 40
    assert panel.json["fieldConfig"]["defaults"]["unit"]
    assert panel.json["datasource"]["uid"] in ("${datasource}", "${logs}", "${traces}")
    assert panel.targets
    assert all(target["datasource"] == panel.json["datasource"] for target in panel.targets)
    assert panel.json["fieldConfig"]["defaults"]["noValue"]


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
def test_a_panel_leads_to_a_runbook_that_exists(panel: Shown) -> None:
    """Where there is a runbook, it is an alert's."""
    for link in panel.json["links"]:
        name = re.fullmatch(r"\$\{runbooks\}/(\w+)\.md", link["url"])
        assert name is not None
        assert (RUNBOOKS / f"{name[1]}.md").is_file()


def test_most_panels_lead_to_a_runbook() -> None:
    """Who sees a bad value finds out what to do."""
    with_one = [panel for panel in PANELS if panel.json["links"]]
    assert len(with_one) / len(PANELS) > 0.7


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_dashboard_is_complete(path: Path) -> None:
    """Every 30 s, with variables that the queries use, links to the others, alerts and starts marked."""
    board = read(path)
    assert board["refresh"] == "30s"
    assert board["uid"] in dict(BOARDS)
    assert {link["url"] for link in board["links"]} == {f"/d/{uid}" for uid, _ in BOARDS if uid != board["uid"]}
    assert [mark["name"] for mark in board["annotations"]["list"]] == ["Alerts", "Starts"]
    for mark in board["annotations"]["list"]:
        assert faults(filled(mark["expr"])) == []

    text = path.read_text()
    for variable in board["templating"]["list"]:
        assert re.search(rf"\$\{{?{variable['name']}\b", text), f"nothing asks for {variable['name']}"
        if variable["type"] == "query":
            inside = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["definition"])
            assert inside is not None
            assert faults(filled(inside[1])) == []
            assert inside[2] in Reading().labels(filled(inside[1]))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_panels_have_places_of_their_own(path: Path) -> None:
    """No two have one number, none overlaps another, none is outside of the grid; rows come in order."""
    board = read(path)
    shown = [*board["panels"], *(inner for panel in board["panels"] for inner in panel.get("panels", ()))]
    numbers = [panel["id"] for panel in shown]
    assert len(set(numbers)) == len(numbers)

    assert all(_inside(panel["gridPos"]) for panel in shown if panel["type"] != "row")
    for together in (board["panels"], *(row["panels"] for row in board["panels"] if row["type"] == "row")):
        pairs = combinations(together, 2)
        over = [(a["title"], b["title"]) for a, b in pairs if _overlap(a["gridPos"], b["gridPos"])]
        assert not over
    tops = [row["gridPos"]["y"] for row in board["panels"] if row["type"] == "row"]
    assert all(a < b for a, b in pairwise(tops))


def _inside(place: Json) -> bool:
    return bool(place["x"] >= 0 and place["x"] + place["w"] <= 24 and place["w"] >= 4 and place["h"] >= 3)


def _overlap(a: Json, b: Json) -> bool:
    return bool(
        a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"] and a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"]
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_titles_are_told_apart(path: Path) -> None:
    """No two panels of a dashboard have one title."""
    titles = [panel.title for panel in panels(path)]
    assert len(set(titles)) == len(titles)


def test_a_deployment_says_where_runbooks_are(tmp_path: Path) -> None:
    """They are written anew with that address, and nothing else differs."""
    build.main(["--runbooks", "https://ops.example.org/runbooks/", "--into", str(tmp_path)])
    for path in FILES:
        theirs, ours = (tmp_path / path.name).read_text(), path.read_text()
        assert theirs.replace("https://ops.example.org/runbooks", build.READ_AT) == ours
        assert theirs != ours


@pytest.mark.monitoring
def test_dashboards_are_read_by_grafanas_own_types() -> None:
    """No option is unknown, none is missing, none has another type: what Grafana generates of its schema is strict."""
    said = subprocess.run([built("dashcheck"), *FILES], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout


@pytest.mark.monitoring
def test_an_unknown_option_is_found(tmp_path: Path) -> None:
    """That the check can fail."""
    board = read(FILES[0])
    board["panels"][1]["options"]["legendary"] = True
    (tmp_path / "wrong.json").write_text(json.dumps(board))
    said = subprocess.run([built("dashcheck"), tmp_path / "wrong.json"], capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert "legendary" in said.stdout


def test_panels_that_ask_others_are_known() -> None:
    """What cannot be tested here is listed, so that nothing goes untested unnoticed."""
    assert {panel.name for panel in PANELS if panel.datasource != "prometheus"} == ELSEWHERE


@pytest.mark.parametrize(
    "panel", [panel for panel in PANELS if panel.datasource == "loki"], ids=lambda panel: panel.name
)
def test_a_query_of_lines_names_labels_that_lines_have(panel: Shown) -> None:
    """What it selects by is made a label by the shipper, with values that it knows."""
    script = Script()
    values = {"level": script["LEVELS"], "agent": script["AGENTS"], "component": script["COMPONENTS"]}
    for target in panel.targets:
        selector = re.fullmatch(r"\{(.+)\}", target["expr"])
        assert selector is not None
        for name, value in re.findall(r'(\w+)=~?"([^"]*)"', selector[1]):
            if name == "service":
                assert value == script["SERVICE"]
            elif not value.startswith("$"):
                assert set(value.split("|")) <= set(values[name])
