"""`tasksys topics`: make the topics before the first start, and look at those there are."""

import json

import click

from tasksys.cli import output
from tasksys.cli.failures import Failure
from tasksys.cli.offline import BROKER, parse_broker, run
from tasksys.cli.options import JSON, option
from tasksys.settings import PARTITIONS_SHOWN, usual_partitions


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
    made = run(where, admin.create_topics(where, AGENTS, count, replication))
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
    found = run(where, admin.describe_topics(where))
    if as_json:
        output.plain(json.dumps({"topics": found}))
        return
    rows = [(name, str(number)) for name, number in sorted(found.items())]
    output.show(output.table(("topic", "partitions"), rows) if rows else "No topics; make them: tasksys topics create.")


COMMANDS = (topics,)
