"""Appends records from outside of folds: the gateway's commands, retried dead letters. Independent of the agents."""

import asyncio
import time
from collections import defaultdict
from functools import partial
from typing import Any, Final, Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RecordTooLargeError

from monitoring import metrics
from streams import measures
from streams.broker import Broker, said
from streams.fold import Headers
from streams.topics import COMMANDS
from streams.transport.embedded.errors import LogError
from streams.transport.embedded.log import EmbeddedLog
from streams.transport.embedded.transaction import Transaction
from streams.transport.kafka.closing import close_producer
from tasksys.errors import BrokerUnavailable, RecordTooLarge

APPEND_TIMEOUT_MS = 8_000
"""After so long Kafka did not take the record: the caller hears 503 and may repeat the command under the same key."""


BATCH_OVERHEAD = 1024
"""Bytes that a record batch may add to a record, amply."""

CLOSE_SECONDS = 5.0
"""How long what is buffered may take to be sent when the process stops."""

FORESEEN: Final = (KafkaError, OSError)  # a TimeoutError is an OSError
"""What a broker or the way to it may answer. Anything else is a bug, and is not told as if it would pass."""


_seconds = metrics.APPEND_SECONDS.observe


class Appender(Protocol):
    """Appends durably, and each partition's records in the order of the calls."""

    def send(
        self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers
    ) -> asyncio.Future[None]:
        """Done when the record is durable.

        It, or the call, raises BrokerUnavailable: then the record may or may not be in the log; or RecordTooLarge.
        """
        ...

    def status(self) -> dict[str, Any]:
        """What an operator is told of the log, where it is ours; empty where it is Kafka's."""
        ...

    async def reach(self) -> str:
        """Asks whether the log can be written now; what answered. Raises BrokerUnavailable. It may take long."""
        ...

    async def expire(self) -> None:
        """Lets go of records older than their topic keeps them, where that is ours to do."""
        ...

    async def close(self) -> None:
        """Finishes what is under way."""
        ...


async def open_appender(broker: Broker) -> Appender:
    """The appender of that broker. Raises BrokerUnavailable, and the embedded log's own errors."""
    if broker.directory is not None:
        return EmbeddedAppender(EmbeddedLog.open(broker.directory))
    appender = KafkaAppender(broker.servers)
    await appender.start()
    return appender


class EmbeddedAppender:
    """Appends to the embedded log."""

    def __init__(self, log: EmbeddedLog) -> None:
        self.log = log
        """Where it appends."""

    def send(
        self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers
    ) -> asyncio.Future[None]:
        """Done when the record is synced to the disk."""
        _fitting(key, value, headers)
        transaction = Transaction()
        transaction.append(topic, partition, key, value, headers)
        try:
            written = self.log.submit(transaction)
        except LogError as error:
            metrics.APPEND_FAILURES.inc()
            raise _unwritable(error) from error
        durable: asyncio.Future[None] = written.get_loop().create_future()
        written.add_done_callback(partial(_pass_on, durable, time.perf_counter()))
        return durable

    def status(self) -> dict[str, Any]:
        """How many records there are, the bytes of the directory, and why the last write failed if it did."""
        stats = self.log.stats()
        records = sum(state.records for state in stats.partitions.values())
        return {"records": records, "bytes": stats.estimated_bytes, "trouble": stats.trouble}

    async def reach(self) -> str:
        """The log is in this process: it is there, unless the disk has failed."""
        if (why := self.log.broken) is not None:
            raise BrokerUnavailable(why)
        return "the log is in this process"

    async def expire(self) -> None:
        """Retention and compaction of the embedded log, in small steps."""
        while await self.log.expire(time.time_ns() // 1_000_000):
            pass

    async def close(self) -> None:
        """Lets go of the log."""
        await self.log.close()


def _pass_on(durable: asyncio.Future[None], began: float, written: asyncio.Future[list[int]]) -> None:
    """What became of the write, in the words of an appender; a task that awaits it took ten times as long."""
    error = None if written.cancelled() else written.exception()
    if written.cancelled() or error is not None:
        metrics.APPEND_FAILURES.inc()
    else:
        _seconds(time.perf_counter() - began)
    if written.cancelled() or durable.done():
        durable.cancel()
    elif error is None:
        durable.set_result(None)
    else:
        durable.set_exception(_unwritable(error) if isinstance(error, LogError) else error)


def _unwritable(error: LogError) -> BrokerUnavailable:
    return BrokerUnavailable(f"The log cannot be written: {error}")


class KafkaAppender:
    """Appends with all replicas' acknowledgement, without doubles on retries."""

    def __init__(self, servers: str) -> None:
        self._servers = servers
        self._producer = self._new_producer()
        self._failed = False
        self._opening = asyncio.Lock()
        self._order: defaultdict[tuple[str, int], asyncio.Lock] = defaultdict(asyncio.Lock)

    def _new_producer(self) -> Any:
        return AIOKafkaProducer(
            bootstrap_servers=self._servers, acks="all", enable_idempotence=True, request_timeout_ms=APPEND_TIMEOUT_MS,
            max_request_size=COMMANDS.record_bytes - BATCH_OVERHEAD,
        )  # fmt: skip

    async def start(self) -> None:
        """Connects."""
        try:
            await self._producer.start()
        except Exception as error:
            await self.close()
            raise Broker(servers=self._servers).unavailable(error) from error

    def send(
        self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers
    ) -> asyncio.Future[None]:
        """Done when all in-sync replicas have the record."""
        _fitting(key, value, headers)
        return asyncio.ensure_future(self._send(topic, partition, key, value, headers))

    async def _send(self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        began = time.perf_counter()
        try:
            await self._appended(topic, partition, key, value, headers)
        except BaseException:
            metrics.APPEND_FAILURES.inc()
            raise
        _seconds(time.perf_counter() - began)
        measures.written(topic).add(1, len(key or b"") + len(value or b""))

    async def _appended(
        self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers
    ) -> None:
        try:
            async with asyncio.timeout(APPEND_TIMEOUT_MS / 1000), self._order[topic, partition]:
                producer = await self._usable()  # where a batch is full, it gives room in no certain order
                sent = await producer.send(topic, value, key, partition, headers=list(headers))
        except FORESEEN as error:
            raise _told(error) from error
        await self._durable(sent)

    async def _usable(self) -> Any:
        """The producer; a new one after an error: aiokafka counts what was refused, and no broker takes more then."""
        async with self._opening:
            if self._failed:
                await self.close()
                self._producer = self._new_producer()
                await self._producer.start()
                self._failed = False
        return self._producer

    async def _durable(self, written: asyncio.Future[object]) -> None:
        try:
            async with asyncio.timeout(APPEND_TIMEOUT_MS / 1000):  # aiokafka itself goes on trying, for ever
                await asyncio.shield(written)
        except TimeoutError as error:
            raise _told(error) from error
        except FORESEEN as error:
            self._failed = True
            raise _told(error) from error
        except Exception:
            self._failed = True
            raise

    def status(self) -> dict[str, Any]:
        """Nothing: Kafka's own tools tell."""
        return {}

    async def reach(self) -> str:
        """Asks any broker for the cluster as it is now."""
        try:
            cluster = await self._producer.client.fetch_all_metadata()
        except Exception as error:  # whatever it is, nobody has answered
            raise BrokerUnavailable(f"no broker of {self._servers} answers") from error
        number = len(cluster.brokers())
        return "1 broker answers" if number == 1 else f"{number} brokers answer"

    async def expire(self) -> None:
        """The brokers do it."""

    async def close(self) -> None:
        """Sends what is buffered and disconnects."""
        await close_producer(self._producer, COMMANDS.name, CLOSE_SECONDS)


def _told(error: Exception) -> BrokerUnavailable | RecordTooLarge:
    """Whatever else Kafka says, the record may be in the log or get there later: certain is only what is too large."""
    if isinstance(error, MessageSizeTooLargeError | RecordTooLargeError):
        return RecordTooLarge("The command is larger than Kafka takes; send less at once.")
    return BrokerUnavailable(f"Kafka cannot be written just now ({said(error)}); try again.")


def _fitting(key: bytes | None, value: bytes | None, headers: Headers) -> None:
    """Raises RecordTooLarge for a record that Kafka would refuse; the embedded log takes the same ones."""
    size = len(key or b"") + len(value or b"") + sum(len(name) + len(content) for name, content in headers)
    most = COMMANDS.record_bytes - BATCH_OVERHEAD
    if size > most:
        detail = f"The command, with what it refers to, takes {size:,} bytes, and the log {most:,} at most"
        raise RecordTooLarge(
            f"{detail}; send less at once. An undo refers to all that it takes back: change a series back by another "
            "change of it, and tasks one by one."
        )
