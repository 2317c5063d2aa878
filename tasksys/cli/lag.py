"""`tasksys lag-exporter`: the lag of every consumer group as the brokers know it, for Prometheus."""

import asyncio
import logging
from pathlib import Path
from typing import Any, Final

import click

from tasksys.cli.failures import Failure
from tasksys.cli.options import BROKER_HELP, option
from tasksys.cli.serve import PORT, lines

logger = logging.getLogger("tasksys.lag-exporter")

SURVEY_SECONDS: Final = 10.0
"""That of `monitoring.group_lag`, which is slow to import for a command line."""

EMBEDDED: Final = (
    "An embedded log has no brokers to ask, and one process that can open it: `tasksys serve` tells its lag itself, at "
    "/metrics. Give kafka://HOST:PORT."
)


@click.command("lag-exporter")
@option("--broker", envvar="TASKSYS_BROKER", required=True, metavar="URL", help=BROKER_HELP)
@option("--host", envvar="TASKSYS_LAG_HOST", default="127.0.0.1", metavar="HOST", help="The address to listen on.")
@option(
    "--port",
    envvar="TASKSYS_LAG_PORT",
    type=PORT,
    default=3102,
    metavar="PORT",
    help="The port of /metrics, /health and /ready.",
)
@option(
    "--all-groups",
    envvar="TASKSYS_ALL_GROUPS",
    is_flag=True,
    help="Tell of every group of the cluster, not of the agents' only.",
)
@option(
    "--every",
    envvar="TASKSYS_LAG_EVERY",
    type=click.FloatRange(0.5, 300.0),
    default=SURVEY_SECONDS,
    metavar="SECONDS",
    help="How often the brokers are asked.",
)
@option(
    "--instance",
    envvar="TASKSYS_INSTANCE",
    default="",
    metavar="NAME",
    show_default="host and port",
    help="What tells this process from others in logs.",
)
@option(
    "--log-format",
    envvar="TASKSYS_LOG_FORMAT",
    type=click.Choice(("auto", "json", "pretty")),
    default="auto",
    help="JSON lines or colours; auto is colours on a terminal.",
)
@option(
    "--log-level",
    envvar="TASKSYS_LOG_LEVEL",
    type=click.Choice(("debug", "info", "warning", "error")),
    default="info",
    help="What to log from.",
)
@option(
    "--log-file",
    envvar="TASKSYS_LOG_FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Log to this file too, as `tasksys serve` does.",
)
def lag_exporter(
    broker: str,
    host: str,
    port: int,
    all_groups: bool,
    every: float,
    instance: str,
    log_format: str,
    log_level: str,
    log_file: Path | None,
) -> None:
    """Tell Prometheus how far consumer groups are behind, also those whose workers are gone.

    Asks the brokers, in no group, and needs nothing but them. Runs until Ctrl-C or SIGTERM.
    """
    from monitoring import logs, tracing
    from streams.broker import Broker
    from tasksys.cli import exporting

    try:
        where = Broker.parse(broker)
    except ValueError as error:
        raise click.BadParameter(f"{error}.", param_hint="--broker") from error
    if where.directory is not None:
        raise Failure(EMBEDDED)
    logs.configure(log_format, log_level, lines(log_file), instance=tracing.instance(host, port, instance))
    asyncio.run(exporting.export(where, host, port, all_groups, every, started))
    logger.info("stopped")


def started(url: str, **facts: Any) -> None:
    """Says where it is."""
    logger.info("telling lag at %s", url, extra=facts)


COMMANDS = (lag_exporter,)
