"""`tasksys topics`: make the topics before the first start, and look at those there are."""

import asyncio
import json
from collections.abc import Coroutine
from typing import Any, TypeVar

import click

from tasksys.cli import output, patience
from tasksys.cli.failures import Failure
from tasksys.cli.options import BROKER_HELP, JSON, option
from tasksys.settings import PARTITIONS_SHOWN, usual_partitions

T = TypeVar("T")

BROKER = option("--broker", envvar="TASKSYS_BROKER", required=True, metavar="URL", help=BROKER_HELP)


@click.group()
def topics() -> None:
    """The topics of the log."""


@topics.command()
@BROKER
@option("--partitions", envvar="TASKSYS_PARTITIONS", type=click.IntRange(min=1), metavar="N",
        show_default=PARTITIONS_SHOWN,
        help="Fixed once they are made: more of them let more workers share the work.")  # fmt: skip
@option("--replication", envvar="TASKSYS_REPLICATION", type=click.IntRange(min=1), default=1, metavar="N",
        help="Copies of each partition on a Kafka cluster; 3 where there are three brokers.")  # fmt: skip
@JSON
def create(broker: str, partitions: int | None, replication: int, as_json: bool) -> None:
    """Make the topics that are missing, and check the settings of those that are there."""
    from streams import admin
    from streams.parts import AGENTS

    where = parse_broker(broker)
    count = partitions or usual_partitions(embedded=where.directory is not None)
    made = _run(where, admin.create_topics(where, AGENTS, count, replication))
    if as_json:
        output.plain(json.dumps({"created": made}))
    else:
        output.show(f"Made {', '.join(made)}." if made else "All topics are there, with the right settings.")


@topics.command()
@BROKER
@JSON
def describe(broker: str, as_json: bool) -> None:
    """The topics there are, and their partitions."""
    from streams import admin

    where = parse_broker(broker)
    if where.directory is not None and not (where.directory / "CURRENT").is_file():
        raise Failure(f"There is no embedded log in {where.directory} yet; `tasksys topics create` makes one.")
    found = _run(where, admin.describe_topics(where))
    if as_json:
        output.plain(json.dumps({"topics": found}))
        return
    rows = [(name, str(number)) for name, number in sorted(found.items())]
    output.show(output.table(("topic", "partitions"), rows) if rows else "No topics; make them: tasksys topics create.")


def parse_broker(url: str) -> Any:
    """The broker of that address. Raises click.BadParameter."""
    from streams.broker import Broker

    try:
        return Broker.parse(url)
    except ValueError as error:
        raise click.BadParameter(f"{error}.", param_hint="--broker") from error


async def answered(broker: Any, work: Coroutine[Any, Any, T]) -> T:
    """The work's result, which is begun when the brokers answer. Raises BrokerUnavailable if they do not."""
    try:
        await patience.answering(broker)
    except BaseException:
        work.close()
        raise
    return await work


def _run(broker: Any, work: Coroutine[Any, Any, T]) -> T:
    from streams.admin import TopicsUnfit
    from streams.transport.database import DatabaseError
    from streams.transport.embedded.errors import LogError
    from tasksys.errors import BrokerUnavailable

    try:
        return asyncio.run(answered(broker, work))
    except (BrokerUnavailable, TopicsUnfit, LogError, DatabaseError) as error:
        raise Failure(str(error)) from error


COMMANDS = (topics,)
