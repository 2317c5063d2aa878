"""The key that names a request's command: repeated under the same key, it is done once."""

from typing import Final

from aiohttp import web

from views.context import ID
from views.problems import invalid

KEY_HEADER: Final = "Idempotency-Key"
SPARE_KEY_HEADER: Final = "Tasksys-Spare-Key"
SPARE: Final = web.RequestKey("spare_key", str)
"""The spare key that the worker itself gave the request that it took."""


def idempotency_key(request: web.Request) -> str:
    """The header; blank if it is not there."""
    keys = request.headers.getall(KEY_HEADER, [])
    if len(keys) > 1 or not all(ID.fullmatch(key) for key in keys):
        raise invalid("/id", f"An {KEY_HEADER} is 1 to 64 of the characters A-Z a-z 0-9 _ -, given once.")
    return keys[0] if keys else ""


def repeatable(request: web.Request) -> bool:
    """Whether the server knows a key of the request, so that it may ask several workers for it, one after the other."""
    return KEY_HEADER in request.headers or bool(spare_key(request))


def spare_key(request: web.Request) -> str:
    """The key that the first of several workers gives a request, for those without one of their own; blank if none.

    With it the request may be sent again, also when it is not certain whether the command was appended.
    """
    given: str | None = request.get(SPARE)
    key: str = given or request.headers.get(SPARE_KEY_HEADER) or ""
    return key if ID.fullmatch(key) else ""
