"""The topics of the system, and how each is kept."""

from dataclasses import dataclass
from typing import Final

DAY: Final = 86_400.0
MEBI: Final = 1024 * 1024  # a dead letter, and its row, are larger than the command that they tell of


@dataclass(frozen=True)
class TopicSpec:
    """A topic: `retention_seconds` None keeps records for ever; `compact` keeps the newest record of each key.

    On the embedded log a record stays, however old, until the agents named in `readers` have folded it. Kafka has no
    such rule: there a fold must not stand still for as long as the retention.
    """

    name: str
    retention_seconds: float | None = None
    compact: bool = False
    readers: tuple[str, ...] = ()
    record_bytes: int = 2 * MEBI
    """The largest record taken."""

    def kafka_config(self, replication: int = 1) -> dict[str, str]:
        """The topic's settings in Kafka's words: what is acknowledged is on all copies but one, and none lacks it."""
        retention = "-1" if self.retention_seconds is None else str(int(self.retention_seconds * 1000))
        return {
            "cleanup.policy": "compact" if self.compact else "delete",
            "retention.ms": retention,
            "max.message.bytes": str(self.record_bytes),
            "min.insync.replicas": str(max(1, replication - 1)),
            "unclean.leader.election.enable": "false",
        }


COMMANDS: Final = TopicSpec("tasksys.commands", retention_seconds=7 * DAY, readers=("commands",), record_bytes=MEBI)
"""Wishes, as they were accepted. Key: the workspace's id."""

EVENTS: Final = TopicSpec("tasksys.events")
"""Facts, for ever: the truth that every table is a fold of. Key: the workspace's id."""

DEAD_LETTERS: Final = TopicSpec("tasksys.dead-letters", retention_seconds=90 * DAY)
"""Records that could not be folded, as they were, with the reason in their headers."""

TOPICS: Final = (COMMANDS, EVENTS, DEAD_LETTERS)


def changelog(agent: str) -> TopicSpec:
    """The topic that an agent's table is recovered from on Kafka."""
    return TopicSpec(changelog_of(group(agent)), compact=True)


def group(agent: str) -> str:
    """The consumer group (and Faust app id) of an agent."""
    return f"tasksys-{agent}"


def agent_of(app: str) -> str:
    """The agent whose group, or app id, this is."""
    return app.removeprefix(group(""))


def source_of(agent: str) -> TopicSpec:
    """The topic that an agent folds."""
    return COMMANDS if agent == "commands" else EVENTS


TABLE: Final = "state"
"""The name of each agent's table, within its app."""


def table(app: str) -> str:
    """The full name of the table of the agent whose group, or app id, this is: as its rows are stored."""
    return f"{app}-{TABLE}"


def changelog_of(app: str) -> str:
    """The topic of the table of the agent whose group, or app id, this is: as Faust names it."""
    return f"{table(app)}-changelog"
