"""The `tasksys` program: its commands, and how errors end it."""

import logging
import traceback
from importlib.metadata import version
from typing import Any, Final

import click

from tasksys.cli import (
    actions,
    adding,
    audit,
    calendars,
    channels,
    checklists,
    comments,
    completion,
    exports,
    filters,
    imports,
    lag,
    links,
    members,
    moving,
    operators,
    past,
    projects,
    reminders,
    replay,
    sections,
    series,
    serve,
    status,
    tasks,
    token,
    topics,
    watch,
    workspaces,
)
from tasksys.cli.failures import AS_JSON, Exit, Failure, debugging, unexpected
from tasksys.cli.options import option

SECTIONS: Final = {
    "Tasks": (
        *adding.COMMANDS,
        *tasks.COMMANDS,
        *actions.COMMANDS,
        *series.ON_TASKS,
        *filters.COMMANDS,
        *past.COMMANDS,
    ),
    "What comes again and again": series.COMMANDS,
    "Parts of a task": (*checklists.COMMANDS, *links.COMMANDS, *comments.COMMANDS, *reminders.COMMANDS),
    "How reminders reach you": channels.COMMANDS,
    "Projects and their sections": (*projects.COMMANDS, *sections.COMMANDS),
    "Workspaces and their members": (*workspaces.COMMANDS, *members.COMMANDS, *watch.COMMANDS),
    "The server and its data": (
        *serve.COMMANDS,
        *token.COMMANDS,
        *status.COMMANDS,
        *operators.COMMANDS,
        *exports.COMMANDS,
        *imports.COMMANDS,
        *calendars.COMMANDS,
        *replay.COMMANDS,
        *moving.COMMANDS,
        *audit.COMMANDS,
        *topics.COMMANDS,
        *lag.COMMANDS,
    ),
    "This program": completion.COMMANDS,
}


class Program(click.Group):
    """A group whose help shows the commands by section, and whose unforeseen errors are one sentence.

    With --debug every error is shown with where it comes from.
    """

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command. Raises Failure for what click would show as a traceback."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            if ctx.meta.get(AS_JSON):
                raise Failure(error.format_message(), Exit.USAGE) from error
            raise
        except (click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if debugging():
                traceback.print_exc()
            raise error if isinstance(error, Failure) else unexpected(error) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the sections."""
        room = formatter.width - 6 - max(len(name) for name in self.commands)
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(one.name or "", brief(one, room)) for one in commands])


def brief(command: click.Command, room: int) -> str:
    """What a command does, in one line: what can be left out of its first sentence is, rather than cut anywhere."""
    said = command.get_short_help_str(room)
    if not said.endswith("..."):
        return said
    sentence = " ".join((command.help or "").split())
    heads = (sentence.partition(sign)[0] for sign in (": ", "; ", ", "))
    return next((f"{head.rstrip('.')}." for head in heads if len(head) < min(room, len(sentence) - 1)), said)


@click.group(
    cls=Program,
    context_settings={
        "auto_envvar_prefix": "TASKSYS",
        "help_option_names": ["-h", "--help"],
        "show_default": True,
        "max_content_width": 120,
    },
)
@click.version_option(version("tasksys"), prog_name="tasksys", message="%(prog)s %(version)s")
@option("--debug", is_flag=True, envvar="TASKSYS_DEBUG", help="Show where errors come from.")
def cli(debug: bool) -> None:
    """Tasks of which nothing is lost: every past state can be seen, every change undone.

    Start a server with `tasksys serve`; then `tasksys add Buy milk`.

    Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 no server answers, 4 not found, 5 a verification found a
    difference.
    """
    if not debug:  # what a command says of brokers is its own; `serve` sets up logs of its own
        logging.getLogger("aiokafka").addHandler(logging.NullHandler())


for commands in SECTIONS.values():
    for command in commands:
        cli.add_command(command)


def main() -> None:
    """The entry point."""
    cli(prog_name="tasksys")
