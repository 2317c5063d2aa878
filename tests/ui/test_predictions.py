"""What the page shows before the server has decided is what the server then decides: random commands, both compared."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

import pytest

from tests.support.http import Json, Space
from tests.ui.browsing import Browse

COMMANDS: Final = 40

START: Final = """
async ({workspace, user}) => {
  const {Store} = await import("/assets/js/model/store.js");
  const {byOrder} = await import("/assets/js/model/order.js");
  const store = new Store();
  store.user = user;
  store.entities.take({op: "state", position: 0, workspace: {id: workspace}});
  window.predicted = (rows, command) => {
    store.entities.take({op: "state", position: 0, ...rows});
    store.setWaiting([{id: "1", command, state: "waiting", at: new Date().toISOString()}]);
    const shown = store.live.map(({id, title, description, status, priority, labels, assignees, start, due, parent,
      estimate_minutes, checklist}) => {
      const {project, section} = store.root(store.task(id));
      const items = checklist.map(({title, done}) => [title, done]);
      return {id, title, description, status, priority, labels: [...labels].sort(), assignees, start, due, project,
        section, parent, estimate_minutes, items};
    });
    const tops = store.live.filter((one) => !one.parent);
    const order = [...Map.groupBy(tops, (one) => `${one.project} ${one.section}`)].sort()
      .map(([place, tasks]) => [place, ...tasks.sort(byOrder).map((one) => one.id)]);
    const projects = store.projects.map((one) => [one.id, one.name, one.sections.map((two) => two.name)]);
    store.setWaiting([]);
    return {tasks: shown.sort((a, b) => a.id < b.id ? -1 : 1), order, projects};
  };
}
"""


class Choices:
    """Random commands about what there is."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.made = 0

    def name(self, kind: str) -> str:
        """A new id."""
        self.made += 1
        return f"{kind}_{self.made}"

    def command(self, tasks: list[Json], projects: list[Json]) -> Json:
        """One that may be refused."""
        pick = self.random.choice
        if len(tasks) < 4 or self.random.random() < 0.15:
            place: Json = pick(
                [
                    {},
                    {"project": pick(projects)["id"]} if projects else {},
                    {"parent": pick(tasks)["id"]} if tasks else {},
                ]
            )
            more: Json = pick([{}, {"due": {"date": "2099-12-24"}}, {"priority": "high", "labels": ["a", "b"]}])
            return {"type": "CreateTask", "task": self.name("t"), "title": f"Task {self.made}", **place, **more}
        task, other = self.random.sample(tasks, 2)
        about: Json = {"task": task["id"]}
        project: Any = pick([*projects, {"id": None, "sections": []}])
        section = pick([None, *(one["id"] for one in project["sections"])])
        made: list[Callable[[], Json]] = [
            lambda: {
                "type": "EditTask",
                **about,
                "title": f"Title {self.made}",
                "priority": pick(["none", "low", "urgent"]),
            },
            lambda: {
                "type": "EditTask",
                **about,
                "due": pick([None, {"local": "2026-03-08T09:00"}]),
                "description": pick(["", "More"]),
            },
            lambda: {"type": "EditTask", **about, "labels": pick([[], ["c"]]), "estimate_minutes": pick([None, 30])},
            lambda: (
                {
                    "type": "MoveTask",
                    **about,
                    pick(["after", "before"]): other["id"],
                    "project": other["project"],
                    "section": other["section"],
                    "parent": None,
                }
                if not other["parent"]
                else {"type": "StartTask", **about}
            ),
            lambda: {"type": "MoveTask", **about, "project": project["id"], "section": section, "parent": None},
            lambda: {"type": "MoveTask", **about, "project": project["id"], "parent": None},
            lambda: {"type": pick(["StartTask", "CompleteTask", "CancelTask", "ReopenTask"]), **about},
            lambda: {"type": pick(["TrashTask", "RestoreTask"]), **about},
            lambda: {"type": "LabelTask", **about, "add": ["d"], "remove": ["a"]},
            lambda: {"type": "AssignTask", **about, "add": ["local"]},
            lambda: {"type": "AddChecklistItem", **about, "item": self.name("i"), "title": "Item"},
            lambda: {
                "type": "EditChecklistItem",
                **about,
                "item": pick([*task["checklist"], {"id": "none"}])["id"],
                "done": pick([True, False]),
            },
            lambda: {"type": "RemoveChecklistItem", **about, "item": pick([*task["checklist"], {"id": "none"}])["id"]},
            lambda: (
                {"type": "CreateProject", "project": self.name("p"), "name": f"Project {self.made}"}
                if len(projects) < 3
                else {"type": "TrashProject", "project": pick(projects)["id"]}
            ),
            lambda: (
                {"type": "AddSection", "project": pick(projects)["id"], "section": self.name("s"), "name": "Section"}
                if projects
                else {"type": "CreateProject", "project": self.name("p"), "name": "One"}
            ),
        ]
        return pick(made)()


@pytest.mark.parametrize("seed", range(4))
async def test_predictions_come_true(browse: Browse, space: Space, seed: int) -> None:
    """Titles, states, places, their order, labels, people, checklists, projects: the same before and after."""
    page = await browse(f"/w/{space.id}/nowhere")
    await page.evaluate(START, {"workspace": space.id, "user": "local"})
    choices, accepted = Choices(seed), 0
    for name in ("Home", "Work"):
        made = (await space.post("/projects", {"name": name})).ok
        await space.post(f"/projects/{made['id']}/sections", {"name": "First"})
    for _ in range(COMMANDS):
        rows = await state(space)
        live = [one for one in rows["tasks"] if not one["trashed"]]
        projects = [one for one in rows["projects"] if one["trashed_at"] is None]
        command = choices.command(live, projects)
        predicted = await page.evaluate("([rows, command]) => window.predicted(rows, command)", [rows, command])
        answer = await space.post("/commands", command)
        if answer.status != 200:
            continue
        accepted += 1
        after = await state(space)
        happened, again = [
            await page.evaluate("([rows, command]) => window.predicted(rows, command)", [after, one])
            for one in ({"type": "None"}, command)
        ]
        assert predicted == happened, command
        assert again == happened, f"the rows may come before the outcome: {command}"
    assert accepted > COMMANDS / 2


async def state(space: Space) -> dict[str, list[Json]]:
    """Every task and project, those in the trash too."""
    exported = (await space.get("/export.json")).ok
    return {"tasks": exported["tasks"], "projects": exported["projects"]}
