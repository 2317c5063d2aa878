"""What `tasksys serve` looks at before it starts, and what it remarks when it is up."""

from pathlib import Path

from streams.node import Node
from tasksys.cli.failures import Failure
from tasksys.settings import Settings


def make_directory(data: Path) -> None:
    """Makes the directory of the data. Raises Failure if that cannot be."""
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = error.strerror or str(error)
        raise Failure(f"The directory {data} cannot be made ({why}); name another one with --data-dir.") from error


def remarks(settings: Settings, agents: tuple[str, ...], key: str, cluster_key: str, node: Node) -> list[str]:
    """What an operator may not have meant, a sentence each; `key` is what channels are sealed with, if anything."""
    told, clustered = list[str](), node.broker.directory is None
    if not key:
        told.append("without --secret-key users can set no webhooks, mail or chats: reminders stay in the feed")
    if clustered and not cluster_key:
        told.append("without --secret-key, the same for all, workers do not hand requests on to each other")
    if "deliveries" in agents and "commands" not in agents:
        told.append("nothing is delivered from here: the agent `deliveries` needs `commands` beside it")
    others = {*node.ownership().members} - {node.url}
    return told + unlike(settings, node.partitions, len(others) if clustered else settings.standbys)


def unlike(settings: Settings, partitions: int, others: int) -> list[str]:
    """What was asked for and is not so: partitions of topics that are there already, more copies than other workers."""
    told = list[str]()
    if settings.partitions not in (None, partitions):
        told.append(
            f"--partitions {settings.partitions} has no effect: the topics are there, and have {partitions}, for good"
        )
    if 1 < settings.standbys > others:
        told.append(
            f"--standbys {settings.standbys} is more than there are other workers ({others} just now): until others "
            "come there are as many copies as these"
        )
    return told
