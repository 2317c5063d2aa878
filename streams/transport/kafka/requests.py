"""Requests about transactions that aiokafka does not have; brokers do since Kafka 3.0. Fields are as in its schemas."""

from collections.abc import Iterable
from typing import Any, ClassVar, Final, NamedTuple

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Int64,
    Schema,
    TaggedFields,
)

WRITE_TXN_MARKERS: Final = 27
DESCRIBE_PRODUCERS: Final = 61
DESCRIBE_TRANSACTIONS: Final = 65

UNKNOWN_ID: Final = 105
"""TRANSACTIONAL_ID_NOT_FOUND."""

_STRING: Final = CompactString("utf-8")
_TOPICS: Final = CompactArray(("topic", _STRING), ("partitions", CompactArray(Int32)), ("tags", TaggedFields))

Codes = list[tuple[str, list[tuple[int, int]]]]
"""The error of each topic's partitions, where `Cluster.ask` looks for them."""


def _codes(topics: Iterable[Any]) -> Codes:
    return [(topic, [(number, code) for number, code, *_ in partitions]) for topic, partitions, _ in topics]


class OpenTransaction(NamedTuple):
    """What a producer has appended to a partition since its last marker."""

    producer_id: int
    epoch: int
    coordinator_epoch: int
    """Of the last marker of this producer in the partition; -1 if there is none."""
    start: int
    """The offset of its first record."""


class DescribeProducersResponse(Response):
    """Version 0."""

    API_KEY = DESCRIBE_PRODUCERS
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "described",
            CompactArray(
                ("topic", _STRING),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32), ("error_code", Int16), ("error_message", _STRING),
                        (
                            "producers",
                            CompactArray(
                                ("producer_id", Int64), ("epoch", Int32), ("last_sequence", Int32),
                                ("last_timestamp", Int64), ("coordinator_epoch", Int32), ("start_offset", Int64),
                                ("tags", TaggedFields),
                            ),
                        ),
                        ("tags", TaggedFields),
                    ),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )  # fmt: skip
    described: list[Any]

    @property
    def errors(self) -> Codes:
        """By topic and partition."""
        return _codes(self.described)

    @property
    def open(self) -> list[OpenTransaction]:
        """The transactions that are open in the one partition which was asked about."""
        [[_, [[_, _, _, producers, _]], _]] = self.described
        return [
            OpenTransaction(producer_id, epoch, coordinator_epoch, start)
            for producer_id, epoch, _, _, coordinator_epoch, start, _ in producers
            if start >= 0
        ]


class _DescribeProducers(RequestStruct):
    FLEXIBLE_VERSION: ClassVar[bool] = True
    API_KEY = DESCRIBE_PRODUCERS
    API_VERSION = 0
    RESPONSE_TYPE = DescribeProducersResponse
    SCHEMA = Schema(("topics", _TOPICS), ("tags", TaggedFields))


class DescribeProducers(Request[_DescribeProducers]):
    """Asks a partition's leader who writes to it."""

    API_KEY = DESCRIBE_PRODUCERS

    def __init__(self, topic: str, partition: int) -> None:
        self._place: tuple[Any, ...] = (topic, [partition], {})

    def build(self, request_struct_class: type[_DescribeProducers]) -> _DescribeProducers:
        """The one version that there is."""
        return request_struct_class([self._place], {})


class WriteTxnMarkersResponse(Response):
    """Version 1."""

    API_KEY = WRITE_TXN_MARKERS
    API_VERSION = 1
    SCHEMA = Schema(
        (
            "markers",
            CompactArray(
                ("producer_id", Int64),
                (
                    "topics",
                    CompactArray(
                        ("topic", _STRING),
                        (
                            "partitions",
                            CompactArray(("partition", Int32), ("error_code", Int16), ("tags", TaggedFields)),
                        ),
                        ("tags", TaggedFields),
                    ),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )
    markers: list[Any]

    @property
    def errors(self) -> Codes:
        """By topic and partition."""
        [[_, topics, _]] = self.markers
        return _codes(topics)


class _WriteTxnMarkers(RequestStruct):
    FLEXIBLE_VERSION: ClassVar[bool] = True
    API_KEY = WRITE_TXN_MARKERS
    API_VERSION = 1
    RESPONSE_TYPE = WriteTxnMarkersResponse
    SCHEMA = Schema(
        (
            "markers",
            CompactArray(
                ("producer_id", Int64), ("epoch", Int16), ("commit", Boolean), ("topics", _TOPICS),
                ("coordinator_epoch", Int32), ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )  # fmt: skip


class WriteTxnMarkers(Request[_WriteTxnMarkers]):
    """Has a partition's leader end a producer's transaction there, as coordinators do and kafka-transactions.sh."""

    API_KEY = WRITE_TXN_MARKERS

    def __init__(self, topic: str, partition: int, ended: OpenTransaction, commit: bool) -> None:
        place: tuple[Any, ...] = (topic, [partition], {})
        coordinator_epoch = max(0, ended.coordinator_epoch)
        self._marker: tuple[Any, ...] = (ended.producer_id, ended.epoch, commit, [place], coordinator_epoch, {})

    def build(self, request_struct_class: type[_WriteTxnMarkers]) -> _WriteTxnMarkers:
        """The version that all brokers since 2.8 have."""
        return request_struct_class([self._marker], {})


class DescribeTransactionsResponse(Response):
    """Version 0."""

    API_KEY = DESCRIBE_TRANSACTIONS
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "transactions",
            CompactArray(
                ("error_code", Int16), ("transactional_id", _STRING), ("state", _STRING), ("timeout_ms", Int32),
                ("started_ms", Int64), ("producer_id", Int64), ("producer_epoch", Int16), ("topics", _TOPICS),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )  # fmt: skip
    transactions: list[Any]

    @property
    def error_code(self) -> int:
        """0 also where the coordinator does not know the id."""
        [[code, *_]] = self.transactions
        return 0 if code == UNKNOWN_ID else code

    @property
    def state(self) -> str:
        """Kafka's word: Empty, Ongoing, PrepareCommit, CompleteCommit and so on; Dead for an id that is not known."""
        [[code, _, state, *_]] = self.transactions
        return "Dead" if code == UNKNOWN_ID else state


class _DescribeTransactions(RequestStruct):
    FLEXIBLE_VERSION: ClassVar[bool] = True
    API_KEY = DESCRIBE_TRANSACTIONS
    API_VERSION = 0
    RESPONSE_TYPE = DescribeTransactionsResponse
    SCHEMA = Schema(("transactional_ids", CompactArray(_STRING)), ("tags", TaggedFields))


class DescribeTransactions(Request[_DescribeTransactions]):
    """Asks the coordinator of a transactional id what it has still to do."""

    API_KEY = DESCRIBE_TRANSACTIONS

    def __init__(self, transactional_id: str) -> None:
        self._id = transactional_id

    def build(self, request_struct_class: type[_DescribeTransactions]) -> _DescribeTransactions:
        """The one version that there is."""
        return request_struct_class([self._id], {})
