"""What a topic is like."""

import re

import msgspec

_NAME = re.compile(r"[A-Za-z0-9._-]{1,249}")  # Kafka's rule, so that a log can move there


class TopicConfig(msgspec.Struct, frozen=True):
    """Records older than `retention_seconds` go; None keeps them. With `compact` each key's newest record stays.

    A record stays, however old, until the groups named in `readers` have committed a position behind it.
    """

    partitions: int
    retention_seconds: float | None = None
    compact: bool = False
    readers: tuple[str, ...] = ()


def check_topic(name: str, config: TopicConfig) -> None:
    """Raise ValueError for a name Kafka would not take, or a number that makes no sense."""
    if not _NAME.fullmatch(name) or name in (".", ".."):
        raise ValueError(f"{name!r} is not a topic name: letters, digits, '.', '_' and '-', at most 249")
    if config.partitions < 1:
        raise ValueError(f"topic {name} needs at least one partition, not {config.partitions}")
    if config.retention_seconds is not None and config.retention_seconds <= 0:
        raise ValueError(f"topic {name}: a retention must be more than {config.retention_seconds} seconds")
