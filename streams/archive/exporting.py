"""Out of a log that nobody writes: everything that another log needs to go on in its place.

Those are the events, for every table is a fold of them; the outcomes, so that what was sent before is not done twice;
the dead letters; and the commands that were not folded yet. Sealed channels are in the events as they are, and open
under the server's key alone, which stands in no log.
"""

from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, for_code

from streams import admin, eventlog, keys
from streams.agents import commands, imports
from streams.applied import APPLIED, applied
from streams.archive.form import (
    FORMAT,
    ArchiveUnfit,
    CommandLine,
    Counts,
    EventLine,
    Head,
    LetterLine,
    OutcomeLine,
    Writer,
)
from streams.broker import Broker
from streams.fold import Record, Rows
from streams.topics import COMMANDS, EVENTS, changelog, group, table
from streams.transport.embedded.log import EmbeddedLog
from streams.transport.kafka.survey import REQUEST_MS, DescribeGroups
from streams.transport.partition_rows import PartitionRows
from tasksys import codec
from tasksys.errors import Busy
from tasksys.outcomes import DeadLetter, Outcome
from tasksys.rows import Workspace
from tasksys.values import instant

AGENT: Final = "commands"

_outcome = msgspec.msgpack.Decoder(Outcome).decode
_letter = msgspec.msgpack.Decoder(DeadLetter).decode


class ChangelogRows:
    """The rows of a partition as its changelog has them, in memory: those that an export needs."""

    def __init__(self) -> None:
        self._rows: dict[bytes, bytes] = {}

    def put(self, key: bytes, row: bytes | None) -> None:
        """Puts a row; None deletes."""
        if row is None:
            self._rows.pop(key, None)
        else:
            self._rows[key] = row

    def get(self, key: bytes) -> bytes | None:
        """The row, or None."""
        return self._rows.get(key)

    def scan(
        self, prefix: bytes = b"", start: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """As `streams.fold.Rows` says, but forward only."""
        assert not reverse
        found = sorted(key for key in self._rows if key.startswith(prefix) and key >= (start or prefix))
        return ((key, self._rows[key]) for key in found)


async def changelog_rows(broker: Broker, partition: int) -> ChangelogRows:
    """The rows of commands on a partition of a Kafka cluster that an export needs. Raises LogUnreadable."""
    rows = ChangelogRows()
    async for records in eventlog.read(broker, changelog(AGENT).name, partition):
        for one in records:
            if one.key is not None and _needed(one.key):
                rows.put(one.key, one.value)
    return rows


def _needed(key: bytes) -> bool:
    prefixes = (keys.OUTCOME, keys.DEAD_LETTER, keys.IMPORT, APPLIED)
    return key.startswith(prefixes) or key.endswith(f"\0{Workspace.kind}".encode())


async def export(broker: Broker, path: Path) -> dict[str, Counts]:
    """Writes all of a log into a file; what there is of each workspace.

    Raises Busy while somebody writes the log, ArchiveUnfit if it does not hold together; BrokerUnavailable,
    LogUnreadable and the embedded log's own errors.
    """
    if broker.directory is None:
        if await members(broker):
            raise Busy("Workers write this log; stop them (`tasksys serve`), then export it.")
        return await _export(broker, path, await admin.describe_topics(broker), None)
    log = EmbeddedLog.open(broker.directory)
    try:
        counts = {name: topic.partitions for name, topic in log.topics().items()}
        return await _export(broker, path, counts, log)
    finally:
        await log.close()


async def members(broker: Broker) -> int:
    """How many processes fold commands on a Kafka cluster. Raises BrokerUnavailable."""
    client, name = AIOKafkaAdminClient(bootstrap_servers=broker.servers, request_timeout_ms=REQUEST_MS), group(AGENT)
    try:
        await client.start()
        if all(found != name for found, *_ in await client.list_consumer_groups()):
            return 0
        answer = await client._client.send(await client.find_coordinator(name), DescribeGroups([name]))
        code, *_, found = answer.groups[0]
        if code:
            raise for_code(code)(f"its group {name!r} cannot be described")
        return len(found)
    except (KafkaError, OSError, TimeoutError) as error:
        raise broker.unavailable(error) from error
    finally:
        await client.close()


async def _export(broker: Broker, path: Path, counts: Mapping[str, int], log: EmbeddedLog | None) -> dict[str, Counts]:
    """`counts` are the partitions of each topic: where somebody gave one of them more, those must be empty."""
    made, changes = instant(datetime.now(UTC)), changelog(AGENT).name
    writer = Writer(path, Head(FORMAT, version("tasksys"), made, counts.get(EVENTS.name, 0)))
    try:
        left_out = 0
        for partition in range(max(counts.get(name, 0) for name in (EVENTS.name, COMMANDS.name, changes))):
            topics = {name for name, count in counts.items() if partition < count}
            if log is not None:
                rows: Rows = PartitionRows(log.rows, table(group(AGENT)), partition)
            else:
                rows = await changelog_rows(broker, partition) if changes in topics else ChangelogRows()
            left_out += await _add(broker, partition, rows, writer, topics)
        writer.finish(left_out)
    except BaseException:
        writer.abandon()
        raise
    return {name: one.counts for name, one in writer.contents.items()}


async def _add(broker: Broker, partition: int, rows: Rows, writer: Writer, topics: Collection[str]) -> int:
    """Adds a partition, which these topics have; how many letters and records belong to no workspace."""
    if under_way := imports.under_way(rows):
        raise Busy(f"The workspace {next(iter(under_way))} is being imported into this log; finish that first.")
    left_out, found = 0, set[str]()
    async for records in _read(broker, EVENTS.name, partition, topics):
        for one in records:
            name = (one.key or b"").decode()
            writer.add(EventLine.of(name, one.value or b""))
            found.add(name)
    for name in sorted(found):
        _must_be_whole(name, rows, writer.contents[name].events)
        prefix = keys.outcomes(name)
        for _, row in rows.scan(prefix):
            writer.add(OutcomeLine(name, _outcome(row)))
    for _, row in rows.scan(keys.DEAD_LETTER):
        letter = _letter(row)
        name = letter.workspace or (letter.key or b"").decode("utf-8", "replace")
        if name in found:
            writer.add(LetterLine(name, letter))
        else:
            left_out += 1
    folded = applied(rows)
    async for records in _read(broker, COMMANDS.name, partition, topics, folded):
        for one in records:
            if (command := _command(one)) is None:
                left_out += 1
            elif one.offset >= folded:
                writer.add(command)
    return left_out


async def _read(
    broker: Broker, topic: str, partition: int, topics: Collection[str], start: int = 0
) -> AsyncIterator[list[Record]]:
    """As `eventlog.read`; nothing where the topic has no such partition."""
    if topic in topics:
        async for records in eventlog.read(broker, topic, partition, start):
            yield records


def _command(record: Record) -> CommandLine | None:
    """A command that can be sent again elsewhere; None for all else, such as what names an offset of this log."""
    headers = dict(record.headers)
    if commands.DISCARD in headers or commands.RETRY in headers or imports.IMPORT in headers:
        return None
    try:
        return CommandLine.of(codec.decode_command(record.value or b"").workspace, record.value or b"")
    except msgspec.DecodeError:
        return None


def _must_be_whole(workspace: str, rows: Rows, events: int) -> None:
    row = rows.get(keys.row(workspace, Workspace.kind, ""))
    state = codec.decode_row(Workspace.kind, row) if row else None
    position = state.position if isinstance(state, Workspace) else 0
    if position != events:
        raise ArchiveUnfit(
            f"the workspace {workspace} is at position {position}, and the event log has {events} of its events: start "
            "tasksys on this log once, and look at `tasksys replay --verify` and `tasksys audit verify`"
        )
