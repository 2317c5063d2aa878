"""DescribeTransactions, which aiokafka does not have: what a coordinator knows of an id. From Kafka 3.0 on."""

from typing import Any, ClassVar, Final, NamedTuple

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import CompactArray, CompactString, Int16, Int32, Int64, Schema, TaggedFields

API: Final = 65
UNKNOWN: Final = 105
"""TRANSACTIONAL_ID_NOT_FOUND."""


class Described(NamedTuple):
    """A transactional id, as its coordinator knows it."""

    state: str
    """Kafka's word: Empty, Ongoing, PrepareCommit, CompleteCommit and so on."""
    timeout_ms: int
    """After which its transaction is aborted, as the last writer has asked for."""
    producer_id: int
    epoch: int


class DescribeTransactionsResponse(Response):
    """Version 0; `described` says what is in it."""

    API_KEY = API
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "transactions",
            CompactArray(
                ("error_code", Int16), ("transactional_id", CompactString("utf-8")), ("state", CompactString("utf-8")),
                ("timeout_ms", Int32), ("started_ms", Int64), ("producer_id", Int64), ("producer_epoch", Int16),
                (
                    "topics",
                    CompactArray(
                        ("topic", CompactString("utf-8")), ("partitions", CompactArray(Int32)), ("tags", TaggedFields)
                    ),
                ),
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
        return 0 if code == UNKNOWN else code

    @property
    def described(self) -> Described | None:
        """None where the coordinator does not know the id: nobody has used it yet, or not for a week."""
        [[code, _, state, timeout_ms, _, producer_id, epoch, *_]] = self.transactions
        return None if code == UNKNOWN else Described(state, timeout_ms, producer_id, epoch)


class _DescribeTransactions(RequestStruct):
    FLEXIBLE_VERSION: ClassVar[bool] = True
    API_KEY = API
    API_VERSION = 0
    RESPONSE_TYPE = DescribeTransactionsResponse
    SCHEMA = Schema(("transactional_ids", CompactArray(CompactString("utf-8"))), ("tags", TaggedFields))


class DescribeTransactions(Request[_DescribeTransactions]):
    """Asks the coordinator of a transactional id."""

    API_KEY = API

    def __init__(self, transactional_id: str) -> None:
        self._id = transactional_id

    def build(self, request_struct_class: type[_DescribeTransactions]) -> _DescribeTransactions:
        """The one version that there is here."""
        return request_struct_class([self._id], {})
