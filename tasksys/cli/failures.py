"""How a command fails: one sentence with cause and remedy on standard error, and an exit code that scripts can tell."""

from enum import IntEnum
from typing import IO, Any

import click


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

    def show(self, file: IO[Any] | None = None) -> None:
        """Writes the message, without anything that could steer the terminal."""
        readable = "".join(character for character in self.message if character.isprintable() or character == "\n")
        click.secho("Error: ", fg="red", bold=True, nl=False, err=True)
        click.echo(readable, err=True)


class Refused(Failure):
    """The server's answer to a request: `status`, the problem's `code`, and the whole problem."""

    def __init__(self, message: str, status: int, problem: dict[str, Any]) -> None:
        super().__init__(message, Exit.NOT_FOUND if status == 404 else Exit.FAILED)
        self.status = status
        self.problem = problem

    @property
    def code(self) -> str:
        """The stable name of the problem."""
        return str(self.problem.get("code", ""))


def debugging() -> bool:
    """Whether `tasksys --debug` was asked for."""
    context = click.get_current_context(silent=True)
    return bool(context and context.find_root().params.get("debug"))


def unexpected(error: Exception) -> Failure:
    """A fault of ours, or a state of the machine that nobody thought of."""
    return Failure(f"{type(error).__name__}: {error}. Run `tasksys --debug …` to see where it comes from.")
