"""Work on a log that no server does: which one, and what is said if it cannot be done."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import click

from tasksys.cli import patience
from tasksys.cli.failures import Failure
from tasksys.cli.options import BROKER_HELP, option

T = TypeVar("T")

BROKER = option("--broker", envvar="TASKSYS_BROKER", required=True, metavar="URL", help=BROKER_HELP)


def parse_broker(url: str) -> Any:
    """The broker of that address. Raises click.BadParameter."""
    from streams.broker import Broker

    try:
        return Broker.parse(url)
    except ValueError as error:
        raise click.BadParameter(f"{error}.", param_hint="--broker") from error


def run(broker: Any, work: Coroutine[Any, Any, T]) -> T:
    """The work's result; it is begun when the brokers answer. Raises Failure that says what is wrong with the log."""
    from streams.admin import TopicsUnfit
    from streams.transport.database import DatabaseError
    from streams.transport.embedded.errors import LogError
    from tasksys.errors import BrokerUnavailable, Busy, LogUnreadable

    try:
        return asyncio.run(_begun(broker, work))
    except (BrokerUnavailable, Busy, LogUnreadable, TopicsUnfit, LogError, DatabaseError) as error:
        raise Failure(str(error)) from error


async def _begun(broker: Any, work: Coroutine[Any, Any, T]) -> T:
    try:
        await patience.answering(broker)
    except BaseException:
        work.close()
        raise
    return await work
