"""`tasksys serve`: its options, and what it says when it is up."""

import asyncio
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO, cast

import click
import platformdirs

from tasksys.cli import output, workers
from tasksys.cli.options import BROKER_HELP, option, parts
from tasksys.settings import (
    PARTITIONS_SHOWN,
    TRACE_SAMPLE,
    Auth,
    AuthMode,
    Settings,
    SettingsUnfit,
)

logger = logging.getLogger("tasksys.serve")

PORT = click.IntRange(1, 65535)
COUNT = click.IntRange(min=1)


def data_dir() -> str:
    """The user's folder for data of programs."""
    return str(platformdirs.user_data_path("tasksys", appauthor=False))


class Names(click.ParamType):
    """Names separated by commas."""

    name = "names"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """The names, without blanks."""
        if isinstance(value, tuple):
            return value
        return tuple(parts(str(value)))


def setting(name: str, **given: Any) -> Callable[[Any], Any]:
    """An option of the server: its environment variable is TASKSYS_ and its name."""
    return option(name, envvar=f"TASKSYS_{name.removeprefix('--').replace('-', '_').upper()}", **given)


OPTIONS: tuple[Callable[[Any], Any], ...] = (
    setting("--broker", default="", metavar="URL", show_default="embedded://DATA_DIR/log", help=BROKER_HELP),
    setting("--host", default="127.0.0.1", metavar="HOST", help="The address to listen on."),
    setting("--port", type=PORT, default=3001, metavar="PORT", help="The port of the API and the web pages."),
    setting("--metrics-host", default="", metavar="HOST", show_default="that of --host",
           help="The address of /metrics, /health and /ready, which ask nobody for a token."),
    setting("--metrics-port", type=PORT, default=3101, metavar="PORT",
           help="The port of /metrics, /health and /ready, for operators."),
    setting("--data-dir", type=click.Path(file_okay=False, path_type=Path), default=data_dir, metavar="DIRECTORY",
           show_default=data_dir(), help="Where this process keeps its tables, and the embedded log unless --broker "
           "says otherwise. Two processes never share one."),
    setting("--public-url", default="", metavar="URL", show_default="http://HOST:PORT",
           help="How users reach the service, if not at its host and port: it is in links of mails and calendars."),
    setting("--advertise-url", default="", metavar="URL", show_default="http://HOST:PORT, or by this machine's name",
           help="How other workers on the same Kafka reach this one; no two may have the same."),
    setting("--agents", type=Names(), default="", metavar="NAME,…", show_default="all",
           help="The agents to run in this process."),
    setting("--partitions", type=COUNT, metavar="N",
           show_default=PARTITIONS_SHOWN,
           help="Partitions of topics that do not exist yet; fixed once they do."),
    setting("--replication", type=COUNT, default=1, metavar="N",
           help="Copies of topics that do not exist yet, on a Kafka cluster; 3 where there are three brokers."),
    setting("--member", default="", metavar="NAME", show_default=False,
           help="A name that this worker keeps over restarts, and no other one has; with --workers NAME-1 and so on. "
           "Back within 6 s it goes on with its partitions, and nothing moves; without a name others take over as soon "
           "as it stops."),
    setting("--standbys", type=click.IntRange(min=0), default=1, metavar="N",
           help="How many other workers keep a copy of each table, on Kafka: they take over at once what another one "
           "leaves behind. The same for all: whichever worker leads them just now goes by its own."),
    setting("--auth", type=click.Choice([mode.value for mode in AuthMode]), default=AuthMode.NONE.value,
           help="Who may do what: `none` believes everybody on this machine, `jwt` asks for a token."),
    setting("--jwt-secret", default="", metavar="SECRET", show_default=False,
           help="The secret shared with whoever issues tokens, at least 32 bytes. Better given in the environment: "
           "other users of this machine can see options."),
    setting("--jwt-jwks-url", default="", metavar="URL", show_default=False,
           help="Where the issuer of tokens publishes its keys."),
    setting("--jwt-issuer", default="", metavar="ISSUER", show_default=False, help="The `iss` that tokens must have."),
    setting("--jwt-audience", default="", metavar="NAME", show_default=False, help="The `aud` that tokens must have."),
    setting("--jwt-algorithms", type=Names(), default="", metavar="NAME,…",
           show_default="HS256 with a secret, RS256 and ES256 with keys", help="Signatures that are accepted."),
    setting("--admins", type=Names(), default="", metavar="USER,…", show_default="nobody; without --auth jwt everybody",
           help="Users who may use /admin."),
    setting("--secret-key", default="", metavar="KEY", show_default="one of its own in DATA_DIR, on an embedded log",
           help="What users' channels are sealed with, and addresses of calendars signed, at least 32 characters; the "
           "same for all processes of a cluster. To change it give several, with blanks between: the first seals, all "
           "open. Better given in the environment: other users of this machine can see "
           "options."),
    setting("--smtp-url", default="", metavar="URL", show_default=False,
           help="The relay for mail: smtp://user:password@mail.example.org:587, or smtps://. Better given in the "
           "environment."),
    setting("--smtp-from", default="", metavar="ADDRESS", show_default=False, help="The address that mail comes from."),
    setting("--allow-private-webhooks", is_flag=True,
           help="Let users' channels lead to private addresses, and to any host by Apprise: only where every user may "
           "reach what this machine reaches."),
    setting("--drain-seconds", type=click.FloatRange(0.0, 3600.0), default=0.0, metavar="SECONDS",
           help="When it is told to stop: how long to serve on while /ready says no, so that balancers send nothing "
           "more. Kubernetes needs about 5."),
    setting("--otlp-endpoint", default="", metavar="URL", show_default="nothing is traced",
           help="The collector that traces are sent to: grpc://host:4317, or http://host:4318; grpcs:// and https:// "
           "with TLS."),
    setting("--trace-sample", type=float, default=TRACE_SAMPLE, metavar="RATIO",
           help="The share of traces that is recorded, from 0 to 1, of those that begin here: who sends a "
           "`traceparent` decides for theirs."),
    setting("--instance", default="", metavar="NAME", show_default="host and port",
           help="What tells this process from others in logs and traces."),
    setting("--workers", type=COUNT, default=1, metavar="N",
           help="How many processes share the port, on Kafka: about one for each core. They reach each other at the "
           "ports after it, have their metrics at --metrics-port and after it, and a directory each in DATA_DIR."),
    option("--shared-port", type=click.IntRange(0, 65535), default=0, hidden=True),
    setting("--log-format", type=click.Choice(("auto", "json", "pretty")), default="auto",
           help="JSON lines or colours; auto is colours on a terminal."),
    setting("--log-level", type=click.Choice(("debug", "info", "warning", "error")), default="info",
           help="What to log from."),
    setting("--log-file", type=click.Path(dir_okay=False, path_type=Path), default=None, metavar="FILE",
           show_default=False, help="Log to this file too, for a shipper that reads files; a few of 32 MiB are kept."),
)  # fmt: skip


def settings_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options."""
    for decorate in reversed(OPTIONS):
        command = decorate(command)
    return command


@click.command()
@settings_options
def serve(log_format: str, log_level: str, log_file: Path | None, **given: Any) -> None:
    """Run the server until Ctrl-C or SIGTERM.

    Agents, API and web pages in one process. Without options it keeps everything in one directory and listens on this
    machine only.
    """
    try:
        settings = settings_of(given)
        if settings.workers > 1:
            sys.exit(workers.supervise(settings, sys.argv[1:], log_format, log_level, log_file))
        run(settings, log_format, log_level, log_file)
    except SettingsUnfit as error:
        raise click.UsageError(f"{error}.") from error


def settings_of(given: dict[str, Any]) -> Settings:
    """The settings of those options. Raises SettingsUnfit."""
    auth = {name: given.pop(name) for name in Auth.__dataclass_fields__ if name in given}
    data = Path(given.pop("data_dir")).expanduser().absolute()
    return Settings(data_dir=data, auth=Auth(AuthMode(given.pop("auth")), **auth), **given)


def run(settings: Settings, log_format: str, log_level: str, log_file: Path | None = None) -> None:
    """Serves until a signal comes, on the fastest event loop of this machine."""
    from monitoring import logs, tracing
    from tasksys.cli import descriptors, process

    named = tracing.instance(settings.host, settings.port, settings.instance)
    logs.configure(log_format, log_level, lines(log_file), instance=named)
    descriptors.raise_limit()

    with asyncio.Runner(loop_factory=_event_loop()) as runner:
        runner.run(process.serve(settings, started))
    logger.info("stopped")
    logs.finish()


def lines(log_file: Path | None) -> TextIO | None:
    """Where log lines go: standard error, and that file if there is one. Raises UsageError if it cannot be written."""
    from monitoring.logfile import Tee

    try:
        return None if log_file is None else cast(TextIO, Tee(log_file))
    except OSError as error:
        raise click.UsageError(f"--log-file: {error}.") from error


def _event_loop() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:  # there is none for Windows
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def started(settings: Settings, agents: tuple[str, ...]) -> None:
    """Says where things are: to people on a terminal, else to the log."""
    import rich.text

    anybody = "anybody on this machine may act as anybody (--auth none)" if settings.auth.mode is AuthMode.NONE else ""
    facts = {
        "api": settings.url,
        "reference": f"{settings.url}/api/docs",
        "metrics": settings.metrics_url,
        "log": settings.broker_url,
        "agents": ", ".join(agents),
    }
    if sys.stdout.isatty():
        rows = [(name, rich.text.Text(fact, style="bold" if name == "api" else "")) for name, fact in facts.items()]
        output.show(output.table(("tasksys", "is up; Ctrl-C stops it"), rows))
        if anybody:
            output.show(f"Note: {anybody}.")
        return
    logger.info("serving at %s", settings.url, extra=facts)
    if anybody:
        logger.warning("%s", anybody)


COMMANDS = (serve,)
