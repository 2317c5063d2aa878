"""Where the log is: a directory of our own, or a Kafka cluster."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from tasksys.errors import BrokerUnavailable

ADDRESS: Final = re.compile(r"\[?\('([^']*)', (\d+), <AddressFamily\.\w+: \d+>\)\]?")
"""How aiokafka writes an address."""


def said(error: BaseException) -> str:
    """What a client of Kafka says, as people read it; the kind of error where it says nothing."""
    return ADDRESS.sub(r"\1:\2", str(error)) or type(error).__name__


@dataclass(frozen=True)
class Broker:
    """`embedded://DIR` has a `directory`; `kafka://host:port[,host:port]` has `servers`."""

    directory: Path | None = None
    servers: str = ""

    @classmethod
    def parse(cls, url: str) -> "Broker":
        """Raises ValueError that shows the two forms."""
        parts = urlsplit(url)
        if parts.scheme == "embedded" and (path := f"{parts.netloc}{parts.path}"):
            return cls(directory=Path(path).expanduser().absolute())
        if parts.scheme == "kafka" and parts.netloc and parts.path in ("", "/"):
            servers = [name if ":" in name else f"{name}:9092" for name in parts.netloc.split(",")]
            return cls(servers=",".join(servers))
        raise ValueError(f"broker {url!r}: give embedded://DIRECTORY or kafka://host:9092[,host2:9092]")

    @property
    def faust_urls(self) -> list[str]:
        """The URLs that Faust finds our transports by."""
        if self.directory is not None:
            return [f"embedded://{self.directory}"]
        return [f"tasksys-kafka://{server}" for server in self.servers.split(",")]

    def unavailable(self, error: BaseException) -> BrokerUnavailable:
        """What became of a question to Kafka, for whoever started or asked something."""
        return BrokerUnavailable(f"Kafka at {self.servers} does not answer ({said(error)}); is it running?")

    def __str__(self) -> str:
        return f"kafka://{self.servers}" if self.directory is None else f"embedded://{self.directory}"
