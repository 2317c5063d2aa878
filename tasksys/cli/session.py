"""One command's talk with a server: its client, the workspace meant, and what short names of tasks stand for."""

import json
from typing import Any, Self

from tasksys.cli import chosen, names, output
from tasksys.cli.client import Client, Json, path
from tasksys.cli.failures import Exit, Failure, Refused

EVERYTHING = "trashed = true or trashed = false"
"""The filter that also finds what is in the trash."""


class Session:
    """A server, as one user. `as_json` prints what the server answered instead of words and tables."""

    def __init__(self, server: str, token: str, user: str, as_json: bool) -> None:
        self.client = Client(server, token, user)
        self.token, self.user = token, user
        self.as_json = as_json
        self._named = ""
        self._workspace: Json | None = None
        self._workspaces: list[Json] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.client.__exit__(*error)

    # --- workspaces

    def name_workspace(self, name: str) -> None:
        """The user said that this one is meant; empty if they did not."""
        self._named = name

    def workspaces(self) -> list[Json]:
        """The user's workspaces, as they were when this was first asked."""
        if self._workspaces is None:
            self._workspaces = list(self.client.items(path("workspaces")))
        return self._workspaces

    def workspace(self) -> Json:
        """The workspace meant: the one named, else the one chosen by `use`, else the only one there is.

        Failure 4 if there is none of that name, 2 if nothing says which.
        """
        if self._workspace is None:
            wanted = self._named or chosen.workspace(self.client.remembered)
            everyone = self.workspaces()
            if wanted:
                self._workspace = names.one(wanted, everyone, "workspace", "name")
            elif len(everyone) == 1:
                self._workspace = everyone[0]
            elif everyone:
                listed = names.listed(everyone, "name")
                raise Failure(f"Which workspace? Choose one with `tasksys use`:\n{listed}", Exit.USAGE)
            else:
                raise Failure("You have no workspace yet; make one with `tasksys workspace create NAME`.",
                              Exit.NOT_FOUND)  # fmt: skip
        return self._workspace

    def new_workspace(self, name: str, time_zone: str) -> Json:
        """Makes a workspace; it is the one meant from now on."""
        made = self.client.send("POST", path("workspaces"), {"name": name, "time_zone": time_zone})
        if "events" in made:  # decided late
            made = self.client.get(made["location"].partition("/commands/")[0])
        self._workspace = made
        return made

    @property
    def names_workspace(self) -> bool:
        """True if the user said which workspace is meant, now or earlier."""
        return bool(self._named or chosen.workspace(self.client.remembered))

    def path(self, *parts: str) -> str:
        """A path inside the workspace."""
        return path("workspaces", self.workspace()["id"], *parts)

    # --- what is in a workspace

    def task(self, name: str) -> Json:
        """The task of that id, or of the one id that begins or ends so. Failure 4 if there is none."""
        try:
            return self.client.get(self.path("tasks", name))
        except Refused as refused:
            if refused.status != 404:
                raise
        names.long_enough(name, "task")
        found = self.client.items(self.path("tasks"), {"filter": EVERYTHING})
        return names.one(name, list(found), "task", "title", by_label=False)

    def project(self, name: str, trashed: bool = False) -> Json:
        """The project of that id or name, or of the one id that begins or ends so."""
        return names.one(name, self.projects(trashed), "project", "name")

    def projects(self, trashed: bool = False) -> list[Json]:
        """The workspace's projects, or those in its trash, in their order."""
        return list(self.client.items(self.path("projects"), {"trashed": "true" if trashed else None}))

    def section(self, name: str, project: str | None) -> Json:
        """The section of that id or name as `project` and `section`; without a project, of any that has one of it."""
        parts = [
            {**part, "project": one["id"]}
            for one in self.projects()
            for part in one["sections"]
            if project in (None, one["id"])
        ]
        found = names.one(name, parts, "section", "name")
        return {"project": found["project"], "section": found["id"]}

    def among(self, things: list[Json], name: str, kind: str, label: str = "name") -> Json:
        """The one of these things of that id or label, or of the one id that begins or ends so."""
        return names.one(name, things, kind, label)

    def settled(self, answer: Json, where: str) -> Json:
        """What a command's answer shows; if it was decided late, the answer is its events: then what is there now."""
        return self.client.get(where) if "events" in answer else answer

    # --- what the user sees

    def show(self, answer: Any, *readable: Any) -> None:
        """The server's answer as JSON if that was asked for; else the readable things, one after another."""
        if self.as_json:
            output.plain(json.dumps(answer, ensure_ascii=False))
            return
        for thing in readable:
            output.show(thing)
