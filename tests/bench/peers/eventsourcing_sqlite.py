"""Peer: the tasks as aggregates of the `eventsourcing` library on SQLite, each command loaded, applied and saved."""

from __future__ import annotations

import json
import os
import tempfile
import uuid
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer  # type: ignore[import-not-found]
from eventsourcing.application import AggregateNotFoundError, Application  # type: ignore[import-not-found]
from eventsourcing.domain import Aggregate, event  # type: ignore[import-not-found]

from tests.bench.peers.command_line import Stopwatch, arguments

PATIENCE = 30.0  # seconds to wait for the next command


class Task(Aggregate):  # type: ignore[misc]
    """One task; its id follows from the command's."""

    @event("Created")  # type: ignore[untyped-decorator]
    def __init__(self, workspace: str, task: str, title: str, actor: str, at: str) -> None:
        self.workspace, self.task, self.title, self.actor, self.at = workspace, task, title, actor, at

    @staticmethod
    def create_id(workspace: str, task: str) -> uuid.UUID:
        """The aggregate's id."""
        return uuid.uuid5(uuid.NAMESPACE_URL, f"{workspace}/{task}")

    @event("Edited")  # type: ignore[untyped-decorator]
    def edit(self, title: str, actor: str, at: str) -> None:
        """Set the title."""
        self.title, self.actor, self.at = title, actor, at


def apply(app: Any, command: dict[str, Any]) -> None:
    """Load the task or make it, change it, save it: durable when this returns."""
    title, actor, at = command["set"]["title"], command["actor"], command["at"]
    try:
        task = app.repository.get(Task.create_id(command["workspace"], command["task"]))
        task.edit(title, actor, at)
    except AggregateNotFoundError:
        task = Task(command["workspace"], command["task"], title, actor, at)
    app.save(task)


def main() -> None:
    """Read the commands from Kafka; SQLite holds everything else, so its last save is the end."""
    given = arguments()
    consumer = Consumer(
        {"bootstrap.servers": given.bootstrap, "group.id": uuid.uuid4().hex, "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([given.topic])
    with tempfile.TemporaryDirectory() as directory:
        os.environ.update(PERSISTENCE_MODULE="eventsourcing.sqlite", SQLITE_DBNAME=str(Path(directory) / "events.db"))
        app = Application()
        watch, done = Stopwatch("eventsourcing-sqlite", given.warm_up), 0
        while done < given.total:
            messages = consumer.consume(min(1000, given.total - done), timeout=PATIENCE)
            if not messages:
                raise TimeoutError(f"no command in {PATIENCE:.0f} s; {done} were read")
            for message in messages:
                watch.take()
                apply(app, json.loads(message.value()))
            done += len(messages)
        watch.report(done)
        app.close()
    consumer.close()


if __name__ == "__main__":
    main()
