"""The workload as this system's own commands: the same workspaces, tasks, titles and order as every peer's."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import orjson

from tasksys import codec
from tasksys.commands import Command, CommandRecord, CreateTask, CreateWorkspace, EditTask, SetMember
from tasksys.values import Role, instant
from tests.bench import workload
from views.sending import digest

USERS = 7
"""Actors of the workload; every one is a member of every workspace."""

FOUNDING = workload.WORKSPACES * USERS
"""Commands that make the workspaces and their members, before any of the workload's own."""

SOURCE = "127.0.0.1 bench"
"""Where a command came from, as long as a real one."""


def record(workspace: str, actor: str, at: str, command: Command) -> CommandRecord:
    """The command as the server would append it."""
    return CommandRecord(workspace, actor, at, command, SOURCE, digest(command))


def founding() -> Iterator[CommandRecord]:
    """FOUNDING commands: each workspace is created by its first member, who lets in the others as editors."""
    at = instant(workload.START)
    for number in range(workload.WORKSPACES):
        name = f"workspace-{number:05d}"
        yield record(name, "user-0", at, CreateWorkspace(id=f"found-{number:05d}", name=f"Workspace {number}"))
        for user in range(1, USERS):
            command = SetMember(id=f"join-{number:05d}-{user}", user=f"user-{user}", role=Role.EDITOR)
            yield record(name, "user-0", at, command)


def records(count: int) -> Iterator[CommandRecord]:
    """The workload's first `count` commands."""
    for _, value in workload.commands(count):
        given = orjson.loads(value)
        kind = EditTask if given["type"] == "EditTask" else CreateTask
        command = kind(id=given["id"], task=given["task"], title=given["set"]["title"])
        yield record(given["workspace"], given["actor"], given["at"].replace("+00:00", "Z"), command)


def commands(count: int) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of the founding commands and `count` of the workload's."""
    for commanded in chain(founding(), records(count)):
        yield commanded.workspace.encode(), codec.encode_command(commanded)
