"""A story of people at work, as requests to the API: every one of them changes something, whoever else is at work.

The same seed tells the same story. Each person works on tasks of their own, one request after another; people do not
wait for each other.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.bench import realistic

OWNER = "ada"
MEMBERS = ("ben", "cleo", "dev", "eva", "finn")
TEAMS = ("Kitchen", "Garden", "Editors", "Workshop", "Choir", "Harbour", "Library", "Bakery")
PROJECTS = ("spring", "move")
SECTIONS = ("soon", "later")


class Step(NamedTuple):
    """One request of a user, under an idempotency key. `path` is below the workspace; "" is the workspace itself."""

    user: str
    key: str
    method: str
    path: str
    body: dict[str, Any]


def founding(team: str) -> Step:
    """Makes the team's workspace: the one request that is not below a workspace."""
    body = {"name": team, "time_zone": "Europe/Berlin"}
    return Step(OWNER, f"{team}-found", "POST", "", body)


def furnishing(team: str) -> Iterator[Step]:
    """Lets the members in and makes projects with sections."""
    for user in MEMBERS:
        yield Step(OWNER, f"{team}-join-{user}", "PUT", f"/members/{user}", {"role": "editor"})
    for project in PROJECTS:
        named = {"project": project, "name": project.title()}
        yield Step(OWNER, f"{team}-{project}", "POST", "/projects", named)
        for section in SECTIONS:
            body = {"section": f"{project}-{section}", "name": section.title()}
            yield Step(OWNER, f"{team}-{project}-{section}", "POST", f"/projects/{project}/sections", body)


FURNISHING = sum(1 for _ in furnishing(""))


@dataclass
class Work:
    """A task of a person's, as far as the story needs to know it."""

    name: str
    section: int = 0
    closed: bool = False
    trashed: bool = False
    comments: int = 0
    items: list[bool] = field(default_factory=list)
    assigned: bool = False


class Person:
    """One person in one team, with a list of tasks that nobody else touches."""

    def __init__(self, team: str, number: int, seed: int) -> None:
        self.user = MEMBERS[number % len(MEMBERS)]
        self._name = f"{team}-{number}"
        self._choose = random.Random(f"{seed} {self._name}")
        self._tasks: list[Work] = []
        self._count = 0

    def steps(self, count: int) -> Iterator[Step]:
        """So many requests, to be sent one after the other."""
        for _ in range(count):
            self._count += 1
            if not self._tasks or self._choose.random() < 0.25:
                yield self._create()
            else:
                yield self._go_on(self._choose.choice(self._tasks))

    def _step(self, method: str, path: str, body: dict[str, Any] | None = None) -> Step:
        return Step(self.user, f"{self._name}-{self._count:05d}", method, path, body or {})

    def _create(self) -> Step:
        work = Work(f"{self._name}-task-{self._count}")
        self._tasks.append(work)
        fields = realistic.task_fields(self._choose, self._count)
        project = {"project": PROJECTS[0], "section": f"{PROJECTS[0]}-{SECTIONS[0]}"}
        return self._step("POST", "/tasks", {**fields, **project, "task": work.name})

    def _go_on(self, work: Work) -> Step:
        """One more step of that task. Out of the trash is the only way on from there."""
        at = f"/tasks/{work.name}"
        if work.trashed:
            work.trashed = False
            return self._step("POST", f"{at}/restore")
        match self._choose.randrange(12):
            case 0 | 1 | 2:
                return self._step("PATCH", at, self._edit())
            case 3 | 4:
                return self._step("POST", f"{at}/label", {"add": [f"week-{self._count}"]})
            case 5 | 6:
                work.closed = not work.closed
                return self._step("POST", f"{at}/{'complete' if work.closed else 'reopen'}")
            case 7:
                return self._move(work, at)
            case 8:
                return self._comment(work, at)
            case 9:
                return self._tick(work, at)
            case 10:
                work.assigned = not work.assigned
                return self._step("POST", f"{at}/assign", {"add" if work.assigned else "remove": [OWNER]})
            case _:
                work.trashed = True
                return self._step("DELETE", at)

    def _edit(self) -> dict[str, Any]:
        fields = {"title": realistic.title(self._choose, self._count)}
        if self._choose.random() < 0.5:
            return {**fields, "due": realistic.due(self._choose), "priority": self._choose.choice(realistic.PRIORITIES)}
        return fields

    def _move(self, work: Work, at: str) -> Step:
        work.section = 1 - work.section
        return self._step("POST", f"{at}/move", {"section": f"{PROJECTS[0]}-{SECTIONS[work.section]}"})

    def _comment(self, work: Work, at: str) -> Step:
        if work.comments and self._choose.random() < 0.3:
            path = f"{at}/comments/remark-{work.comments}"
            return self._step("PATCH", path, {"body": f"On second thoughts ({self._count}): not before *Friday*."})
        work.comments += 1
        body = {"comment": f"remark-{work.comments}", "body": f"Looked into it ({self._count})."}
        return self._step("POST", f"{at}/comments", body)

    def _tick(self, work: Work, at: str) -> Step:
        if not work.items or (len(work.items) < 5 and self._choose.random() < 0.5):
            work.items.append(False)
            item = f"item-{len(work.items)}"
            return self._step("POST", f"{at}/checklist", {"item": item, "title": f"Part {len(work.items)}"})
        index = self._choose.randrange(len(work.items))
        work.items[index] = not work.items[index]
        return self._step("PATCH", f"{at}/checklist/item-{index + 1}", {"done": work.items[index]})
