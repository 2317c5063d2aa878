"""Options that many commands share, and the session they make."""

import os
from collections.abc import Callable
from functools import partial, update_wrapper
from typing import TYPE_CHECKING, Any, Final

import click

from tasksys.cli.failures import as_json
from tasksys.cli.session import Session

if TYPE_CHECKING:
    from click.types import OptionHelpExtra


class Named(click.Option):
    """An option whose environment variable is named as the option is, not as its parameter."""

    def variable(self, ctx: click.Context) -> str | None:
        """TASKSYS, the command and the option; None where another one was given."""
        if self.envvar is not None or not ctx.auto_envvar_prefix:
            return None
        flag = max(self.opts, key=len).lstrip("-").replace("-", "_")
        return f"{ctx.auto_envvar_prefix}_{flag}".upper()

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """What the variable says."""
        variable = self.variable(ctx)
        return super().resolve_envvar_value(ctx) if variable is None else os.environ.get(variable) or None

    def get_help_extra(self, ctx: click.Context) -> "OptionHelpExtra":
        """What help shows beside its text."""
        extra = super().get_help_extra(ctx)
        if variable := self.variable(ctx):
            extra["envvars"] = (variable,)
        return extra


option: Final = partial(click.option, cls=Named, show_envvar=True)
"""An option whose environment variable is shown by --help; all of ours are made with it."""

Command = Callable[..., None]

DEFAULT_SERVER: Final = "http://127.0.0.1:3001"

SERVER: Final = (
    option("--server", envvar="TASKSYS_SERVER", default=DEFAULT_SERVER, metavar="URL", help="The server to ask."),
    option("--token", envvar="TASKSYS_TOKEN", default="", metavar="TOKEN", show_default=False,
           help="Your token, if the server asks for one."),
    option("--user", envvar="TASKSYS_USER", default="local", metavar="ID",
           help="Who you are, on a server without authentication."),
)  # fmt: skip

WORKSPACE: Final = option(
    "--workspace", "-w", envvar="TASKSYS_WORKSPACE", default="", metavar="ID|NAME", show_default=False,
    help="The workspace, if not the one chosen with `tasksys use`.",
)  # fmt: skip

JSON: Final = option("--json", "as_json", envvar="TASKSYS_JSON", is_flag=True, is_eager=True, callback=as_json,
                     help="Print the server's JSON, and errors as JSON.")  # fmt: skip

BROKER_HELP: Final = "Where the log is: embedded://DIRECTORY or kafka://HOST:PORT[,HOST:PORT]."


def parts(text: str) -> list[str]:
    """What stands between commas."""
    return [one.strip() for one in text.split(",") if one.strip()]


NONE: Final = "none"
"""Takes a value away."""


def hour(text: str, flag: str) -> int | None:
    """An hour of the day, None for `none`. Raises click.BadParameter."""
    if text == NONE:
        return None
    if not (text.isascii() and text.isdigit() and int(text[:3]) < 24):
        raise click.BadParameter(f"{text[:32]!r} is no hour; give 0 to 23, or none.", param_hint=flag)
    return int(text)


def connected(command: Command) -> Command:
    """The command's first argument becomes a Session with the server, made from the options that this adds."""

    def called(*, server: str, token: str, user: str, as_json: bool, **rest: Any) -> None:
        with Session(server, token, user, as_json) as session:
            command(session, **rest)

    wrapped: Command = update_wrapper(called, command)
    for decorate in (JSON, *reversed(SERVER)):
        wrapped = decorate(wrapped)
    return wrapped


def in_workspace(command: Command) -> Command:
    """The same, in a workspace."""

    def called(session: Session, *, workspace: str, **rest: Any) -> None:
        session.name_workspace(workspace)
        command(session, **rest)

    return WORKSPACE(connected(update_wrapper(called, command)))
