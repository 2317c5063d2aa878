"""What is wrong with a whole file, and how its values are quoted."""

from tasksys.exchange.bounds import SHOWN


class Unreadable(ValueError):
    """The file is not of the format: nothing of it can be taken. The message says what to do."""


def quoted(text: object) -> str:
    """A value of the file as a note shows it: short, and printable whatever it holds."""
    said = str(text)
    return repr(said if len(said) <= SHOWN else f"{said[: SHOWN - 1]}…")
