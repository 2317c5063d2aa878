"""What every line says that is logged while something is done: which request, which agent, which workspace.

Bound to the task, by a context variable: tasks and callbacks that are made meanwhile inherit it. A task that outlives
what began it binds its own (`only`), or its lines would name a request that was answered long ago.
"""

from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, Final

_fields: Final[ContextVar[dict[str, Any] | None]] = ContextVar("tasksys_log_fields", default=None)


def current() -> dict[str, Any]:
    """The fields that are bound here; not to be changed."""
    return _fields.get() or {}


def begin(fields: dict[str, Any]) -> None:
    """These fields and no others, until the task ends: for a task that was made for one thing."""
    _fields.set(fields)


def note(**fields: Any) -> None:
    """Adds what was found out meanwhile to what is bound here; nothing where nothing is."""
    found = _fields.get()
    if found is not None:
        found.update(fields)


class only:
    """Within it lines have these fields and no others."""

    __slots__ = ("_given", "_token")

    def __init__(self, **fields: Any) -> None:
        self._given = fields

    def __enter__(self) -> None:
        self._token: Token[dict[str, Any] | None] = _fields.set(self._given)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _fields.reset(self._token)


class bound(only):
    """Within it lines have these fields too, before those that were bound already."""

    __slots__ = ()

    def __init__(self, **fields: Any) -> None:
        super().__init__(**{**current(), **fields})
