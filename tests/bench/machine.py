"""What the figures were measured on, in one line."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable
from datetime import UTC, datetime

from tests.support.kafka_broker import CACHE

CLIENTS = re.compile(r"kafka-clients-([0-9.]+)\.jar")


def line(now: datetime | None = None) -> str:
    """Cores, Python, Kafka, date. Not its name, nor where anything lies on it."""
    kafka = kafka_version(path.name for path in (CACHE / "lib").glob("kafka-clients-*.jar"))
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {platform.system()}, {platform.python_implementation()} "
        f"{platform.python_version()}, Kafka {kafka}, one broker on the same machine; load {load:.1f} before the run; "
        f"{now or datetime.now(UTC):%Y-%m-%d}."
    )


def kafka_version(jars: Iterable[str]) -> str:
    """The version of the broker, from the names of its jars."""
    return next((found[1] for jar in jars if (found := CLIENTS.fullmatch(jar))), "not installed")
