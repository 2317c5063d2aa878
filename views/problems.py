"""Everything that goes wrong, as RFC 9457 problems."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final

from aiohttp import HttpVersion11, web

from tasksys import checks, codec
from tasksys.errors import (
    BrokerUnavailable,
    Busy,
    HistoryIncomplete,
    LogUnreadable,
    Moved,
    NotHere,
    NotOwned,
    RecordTooLarge,
    StillPending,
)
from tasksys.query import FilterError
from tasksys.refusals import FieldError, Refusal
from views import observed
from views.codes import CODES, title, type_of
from views.log import logger

RETRY_AFTER: Final = "2"
"""Seconds that a client is asked to wait when the fault is of the moment."""


class Problem(Exception):
    """An answer that is a problem. `extras` become members of the body.

    `closing` says that the connection is closed, because the rest of the request is not read.
    """

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        errors: tuple[FieldError, ...] = (),
        headers: dict[str, str] | None = None,
        closing: bool = False,
        **extras: Any,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.closing = status, code, detail, closing
        self.errors, self.headers, self.extras = errors, headers or {}, extras

    def body(self) -> dict[str, Any]:
        """The problem's members."""
        members: dict[str, Any] = {
            "type": type_of(self.code),
            "title": title(self.code),
            "status": self.status.value,
            "detail": self.detail,
            "code": self.code,
        }
        if self.errors:
            members["errors"] = self.errors
        return members | self.extras

    def response(self) -> web.Response:
        """The problem as an answer."""
        response = web.Response(
            body=codec.encode_json(self.body()),
            status=self.status.value,
            content_type="application/problem+json",
            headers=self.headers,
        )
        if self.closing:
            response.force_close()
        return response


def refused(refusal: Refusal, **extras: Any) -> Problem:
    """A refusal as a problem."""
    if refusal.position is not None:
        extras |= {name: getattr(refusal, name) for name in ("parameter", "position", "hint")}
    return Problem(CODES[refusal.code.value].status, refusal.code.value, refusal.detail, refusal.errors, **extras)


def invalid(pointer: str, detail: str) -> Problem:
    """One field of the request is wrong."""
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", detail, (FieldError(pointer, detail),))


def bad_request(code: str, detail: str, **extras: Any) -> Problem:
    """The request cannot be understood."""
    return Problem(HTTPStatus.BAD_REQUEST, code, detail, **extras)


@contextmanager
def body_errors(seconds: float) -> Iterator[None]:
    """Turns what can go wrong while a body is read, which has so many seconds, into problems: 400 and 408."""
    try:
        yield
    except TimeoutError as error:
        detail = f"The body did not come within {seconds:.0f} s; send it faster or smaller."
        raise Problem(HTTPStatus.REQUEST_TIMEOUT, "body-timeout", detail, closing=True) from error
    except web.RequestPayloadError as error:
        detail = "The body cannot be read: it is not encoded as its Content-Encoding or Transfer-Encoding says."
        raise bad_request("bad-body", detail, closing=True) from error


def bad_query(error: FilterError) -> Problem:
    """The filter, search, sort or cursor cannot be read."""
    return bad_request(
        f"{error.parameter}-syntax", error.detail, position=error.position, hint=error.hint, parameter=error.parameter
    )


def no_workspace() -> Problem:
    """The same for a workspace that is not there and for one the caller is not a member of."""
    return refused(checks.no_workspace())  # the very words of `decide`, or a stranger could tell the two apart


def not_found(what: str, identifier: str) -> Problem:
    """There is no such thing."""
    return Problem(HTTPStatus.NOT_FOUND, "not-found", f"There is no {what} {identifier[:64]!r} here; check the id.")


def foreseen(error: Exception) -> Problem | None:
    """The problem of an error of `tasksys.errors`, most of which pass; None for any other."""
    headers = {"Retry-After": RETRY_AFTER}
    match error:
        case Busy():
            return Problem(HTTPStatus.TOO_MANY_REQUESTS, "busy", str(error), headers=headers)
        case StillPending():
            return Problem(HTTPStatus.CONFLICT, "still-pending", str(error), headers=headers)
        case RecordTooLarge():
            return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "command-too-large", str(error))
        case LogUnreadable():
            return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "log-unavailable", str(error), headers=headers)
        case BrokerUnavailable():
            detail = f"{error} Repeat the command under the same Idempotency-Key: it is applied once at most."
            return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "log-unavailable", detail, headers=headers)
        case Moved():
            detail = f"{error}. Repeat the command under the same Idempotency-Key: it is applied once at most."
            return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "not-ready", detail, headers=headers)
        case NotHere():
            return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "not-here", str(error))
        case NotOwned():
            detail = f"{error}; try again in a moment."
            return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "not-ready", detail, headers=headers)
        case HistoryIncomplete():
            detail = f"{error}. Tell the operators: `tasksys replay` makes the history anew from the event log."
            return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "history-incomplete", detail)
        case _:
            return None


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def internal_error() -> Problem:
    """A fault that nobody foresaw."""
    detail = "A fault of the server; it is in its log. Try again, and tell the operators if it stays."
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal-error", detail)


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turns every error into a problem; what is not foreseen is logged and tells the client nothing.

    Once a part of the answer is sent, an error breaks the connection instead: what is cut off must not look whole.
    """
    try:
        return await handler(request)
    except Problem as problem:
        return problem.response()
    except ConnectionError:
        raise  # the client has gone
    except web.HTTPRequestEntityTooLarge:
        detail = f"The body is larger than {request.app[MAX_BODY]:,} bytes; send less at once."
        return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body-too-large", detail, closing=True).response()
    except web.HTTPException as error:
        return _of_aiohttp(error).response()
    except Exception as error:
        told = foreseen(error)
        if (told is None or request.writer.output_size > 0) and not observed.failed(request, error):
            logger.exception("a request failed")
        if request.writer.output_size > 0:
            raise ConnectionError("The answer cannot be finished.") from error
        return (told or internal_error()).response()


async def expect(request: web.Request) -> web.StreamResponse | None:
    """The Expect header: `100-continue` or nothing."""
    wanted = request.headers.get("Expect", "").lower()
    if wanted != "100-continue":
        detail = "Only `Expect: 100-continue` is understood; leave the header out."
        return Problem(HTTPStatus.EXPECTATION_FAILED, "bad-expectation", detail).response()
    if request.version == HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # that was no part of the answer
    return None


MAX_BODY: Final = web.AppKey("max_body", int)


def _of_aiohttp(error: web.HTTPException) -> Problem:
    status = HTTPStatus(error.status)
    if isinstance(error, web.HTTPNotFound):
        return Problem(status, "not-found", "There is nothing at this address; /api/docs lists what there is.")
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        headers = {"Allow": allowed}
        return Problem(status, "method-not-allowed", f"Allowed here: {allowed}.", headers=headers)
    return Problem(status, "-".join(status.phrase.lower().split()), error.reason or status.phrase)
