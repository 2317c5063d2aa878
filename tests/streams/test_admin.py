"""The topics of an embedded log: made, and brought to the settings of the release that opens it."""

from pathlib import Path

import pytest

from streams import admin, topics
from streams.broker import Broker
from streams.topics import COMMANDS, TopicSpec
from streams.transport.embedded.config import TopicConfig
from streams.transport.embedded.log import EmbeddedLog


async def configs(directory: Path) -> dict[str, TopicConfig]:
    """The topics as they are on the disk."""
    log = EmbeddedLog.open(directory)
    try:
        return log.topics()
    finally:
        await log.close()


async def test_a_later_release_changes_what_an_old_log_keeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new reader, or a longer retention, holds for the records that are there; the number of partitions stays."""
    broker = Broker.parse(f"embedded://{tmp_path / 'log'}")
    assert COMMANDS.name in await admin.create_topics(broker, ["commands"], 3, 1)
    before = await configs(tmp_path / "log")
    longer = TopicSpec(COMMANDS.name, retention_seconds=30 * topics.DAY, readers=("commands", "recurrence"))
    monkeypatch.setattr(admin, "TOPICS", tuple(longer if spec == COMMANDS else spec for spec in topics.TOPICS))
    assert await admin.create_topics(broker, ["commands", "recurrence"], 7, 1) == [topics.changelog("recurrence").name]
    after = await configs(tmp_path / "log")
    readers = ("tasksys-commands", "tasksys-recurrence")
    assert after.pop(COMMANDS.name) == TopicConfig(3, 30 * topics.DAY, readers=readers)
    assert after.pop(topics.changelog("recurrence").name) == TopicConfig(3, compact=True)
    assert after == {name: config for name, config in before.items() if name != COMMANDS.name}
