"""Files with logs in them, made without a log."""

import base64
import random
from pathlib import Path

from streams import keys
from streams.archive.form import FORMAT, EventLine, Head, OutcomeLine, Writer
from streams.topics import EVENTS
from tests.streams.test_commands_agent import Partition
from tests.support.kill_child import stream
from tests.support.nodes import outcome_of


def archive(
    path: Path, workspaces: int = 2, commands: int = 60, seed: int = 1, larger: int = 0
) -> dict[str, list[bytes]]:
    """Writes a file with so many workspaces, each of so many commands; their events' bytes.

    The third event of each is so many bytes larger than it could be.
    """
    writer, logs = Writer(path, Head(FORMAT, "0.1.0", "2126-03-08T09:00:00.000Z", 1)), dict[str, list[bytes]]()
    for number in range(workspaces):
        partition = Partition()
        for one in stream(seed, number, commands):
            partition.commit(partition.encoded(one))
        name = f"kill-{number}"
        logs[name] = [one.value for one in partition.outputs if one.topic == EVENTS.name]
        if larger:
            noise = base64.b64encode(random.Random(seed).randbytes(larger))
            logs[name][2] = logs[name][2].replace(b'"name":"', b'"name":"' + noise)
        for event in logs[name]:
            writer.add(EventLine.of(name, event))
        for _, row in partition.rows.scan(keys.outcomes(name)):
            writer.add(OutcomeLine(name, outcome_of(row)))
    writer.finish(0)
    return logs
