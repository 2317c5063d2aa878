"""How a command fails: one sentence with cause and remedy on standard error, and an exit code that scripts can tell."""

import json
from enum import IntEnum
from typing import IO, Any, Final

import click

AS_JSON: Final = "tasksys.cli.json"
"""Where a command's context says that --json was given."""


class Exit(IntEnum):
    """Exit codes. Part of the public interface."""

    OK = 0
    FAILED = 1
    """Refused, or failed."""
    USAGE = 2
    UNREACHABLE = 3
    """No server answers."""
    NOT_FOUND = 4
    UNVERIFIED = 5
    """A verification found a difference."""


class Failure(click.ClickException):
    """Ends the command with that message and exit code."""

    def __init__(self, message: str, exit_code: Exit = Exit.FAILED) -> None:
        super().__init__(message)
        self.exit_code = int(exit_code)
        context = click.get_current_context(silent=True)
        self._as_json = bool(context and context.meta.get(AS_JSON))

    def facts(self) -> dict[str, Any]:
        """The error for programs."""
        return {"code": Exit(self.exit_code).name.lower().replace("_", "-"), "detail": self.message}

    def show(self, file: IO[Any] | None = None) -> None:
        """Writes the message, without anything that could steer the terminal; where --json was given, as JSON."""
        if self._as_json:
            click.echo(json.dumps({"error": self.facts()}), err=True)
            return
        readable = "".join(character for character in self.message if character.isprintable() or character == "\n")
        click.secho("Error: ", fg="red", bold=True, nl=False, err=True)
        click.echo(readable, err=True)


class Refused(Failure):
    """The server's answer to a request: `status`, the problem's `code`, and the whole problem."""

    def __init__(self, message: str, status: int, problem: dict[str, Any]) -> None:
        super().__init__(message, Exit.NOT_FOUND if status == 404 else Exit.FAILED)
        self.status = status
        self.problem = problem

    def facts(self) -> dict[str, Any]:
        """The problem, which names itself."""
        return {**super().facts(), **self.problem}

    @property
    def code(self) -> str:
        """The stable name of the problem."""
        return str(self.problem.get("code", ""))


def as_json(context: click.Context, _: click.Parameter, given: bool) -> bool:
    """Remembers that --json was given: how the command fails is JSON too."""
    context.meta[AS_JSON] = given
    return given


def debugging() -> bool:
    """Whether `tasksys --debug` was asked for."""
    context = click.get_current_context(silent=True)
    return bool(context and context.find_root().params.get("debug"))


def unexpected(error: Exception) -> Failure:
    """A fault of ours, or a state of the machine that nobody thought of."""
    return Failure(f"{type(error).__name__}: {error}. Run `tasksys --debug …` to see where it comes from.")
