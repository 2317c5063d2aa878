"""The codes of problems, their status, and what to do about each: one table.

The statuses of refusals, the list in the reference, and the pages behind the problems' `type` are made of it.
"""

from http import HTTPStatus
from typing import Final, NamedTuple


class Meaning(NamedTuple):
    """The status that a code is answered with; why that is, and what to do, where backquotes mark code."""

    status: HTTPStatus
    says: str


CODES: Final[dict[str, Meaning]] = {
    "already-exists": Meaning(
        HTTPStatus.CONFLICT,
        "Something of that id is there already. Choose another id, or read and change the one that is there.",
    ),
    "bad-body": Meaning(
        HTTPStatus.BAD_REQUEST,
        "The body is not of the shape that this address takes. Compare it with the reference of the address.",
    ),
    "bad-calendar": Meaning(
        HTTPStatus.BAD_REQUEST,
        "The file is no calendar that can be imported. The detail says where and why; nothing of it was taken over.",
    ),
    "bad-etag": Meaning(
        HTTPStatus.BAD_REQUEST,
        "If-Match needs one ETag as an answer gave it, in quotes: a version. Read the thing again and send its own.",
    ),
    "bad-expectation": Meaning(
        HTTPStatus.EXPECTATION_FAILED,
        "The header Expect may say 100-continue and nothing else. Leave it out.",
    ),
    "bad-http": Meaning(
        HTTPStatus.BAD_REQUEST,
        "The request is not HTTP/1.1 as its standard has it. Look at the program that sent it, or at a proxy between.",
    ),
    "bad-import": Meaning(
        HTTPStatus.BAD_REQUEST,
        "The file is not of the format that it is sent as, or too large. The detail says what to do; nothing was done.",
    ),
    "bad-message": Meaning(
        HTTPStatus.BAD_REQUEST,
        "What was sent over the live feed is no message of it. Send a JSON object with an `op` that there is.",
    ),
    "bad-parameter": Meaning(
        HTTPStatus.BAD_REQUEST,
        "A parameter of the address has a value that it cannot have. The detail names it and says what it takes.",
    ),
    "bad-position": Meaning(
        HTTPStatus.BAD_REQUEST,
        "The workspace has not come as far as the position to go on from. Begin the live feed with a snapshot.",
    ),
    "bad-request": Meaning(
        HTTPStatus.BAD_REQUEST,
        "The request cannot be understood. Compare it with the reference of the address.",
    ),
    "body-timeout": Meaning(
        HTTPStatus.REQUEST_TIMEOUT,
        "The body did not come in time. Send it again, under the same Idempotency-Key.",
    ),
    "body-too-large": Meaning(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "The body has more bytes than are taken at once. Send it in several requests.",
    ),
    "busy": Meaning(
        HTTPStatus.TOO_MANY_REQUESTS,
        "More is being asked than is taken on at once. Wait for the seconds of Retry-After and repeat the request.",
    ),
    "calendar-unavailable": Meaning(
        HTTPStatus.CONFLICT,
        "This server has no key that it could sign the address of a calendar with. Its operator gives it one; a token "
        "in a header reads the calendar all the same.",
    ),
    "channel-unavailable": Meaning(
        HTTPStatus.CONFLICT,
        "Channels of this kind do not work on this server: it has no key to seal them with, or no relay for mail. "
        "The detail says what its operator does about it; the other kinds work.",
    ),
    "command-too-large": Meaning(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "The command has more bytes than the log takes. Send less at once; a text can be shortened. An undo refers to "
        "all that it takes back: of a change as large as that, change the series back by another change, or undo "
        "what was done to its tasks since, one by one.",
    ),
    "cross-site": Meaning(
        HTTPStatus.FORBIDDEN,
        "A page of another site asked in a browser. Without authentication only this server's own pages may write. "
        "With tokens too, only they may open a live feed.",
    ),
    "cursor-syntax": Meaning(
        HTTPStatus.BAD_REQUEST,
        "The cursor is none that a page of this very query gave. Begin again without it.",
    ),
    "filter-syntax": Meaning(
        HTTPStatus.BAD_REQUEST,
        "The filter cannot be read. `position` says where, counted in characters from 0, and `hint` what may help.",
    ),
    "forbidden": Meaning(
        HTTPStatus.FORBIDDEN,
        "Your role does not allow this. The detail says which one is needed; ask somebody who has it.",
    ),
    "headers-too-large": Meaning(
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        "The address or a header is too long. Shorten it; a long filter may say `in (…)`.",
    ),
    "history-incomplete": Meaning(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "The history lacks events that were in it, so that past states cannot be shown. Tell the operators.",
    ),
    "idempotency-key-reused": Meaning(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The key belongs to another command already. Use a new key for each new thing that you want.",
    ),
    "in-trash": Meaning(
        HTTPStatus.CONFLICT,
        "What you want to change is in the trash, or something above it is. Restore that first.",
    ),
    "internal-error": Meaning(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "A fault of the server, which is in its log. Repeat the request later; tell the operators if it stays.",
    ),
    "invalid": Meaning(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Fields of the request have values that they cannot have. `errors` names each one and says what to do.",
    ),
    "keys-unavailable": Meaning(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The keys that tokens are verified with could not be fetched. Repeat the request in some seconds.",
    ),
    "last-owner": Meaning(HTTPStatus.CONFLICT, "A workspace needs an owner. Make somebody else an owner first."),
    "limit-exceeded": Meaning(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "There would be more of something than there may be. The detail names the bound; remove some first.",
    ),
    "log-unavailable": Meaning(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The log does not answer, so nothing can be promised. Repeat the command later under the same key.",
    ),
    "loopback-only": Meaning(
        HTTPStatus.FORBIDDEN,
        "Without authentication the server answers to localhost only. Ask for it by that name, or set --auth jwt.",
    ),
    "malformed-json": Meaning(HTTPStatus.BAD_REQUEST, "The body is not JSON. The detail says where it goes wrong."),
    "method-not-allowed": Meaning(
        HTTPStatus.METHOD_NOT_ALLOWED,
        "This address does not take the method. The header Allow names those that it takes.",
    ),
    "not-found": Meaning(
        HTTPStatus.NOT_FOUND,
        "There is nothing of that id or address, or nothing that you may know of. Check it; ask to be made a member.",
    ),
    "not-here": Meaning(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The part of the system that this needs does not run in the process that you asked. Ask one that runs it.",
    ),
    "not-json": Meaning(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "The body must be JSON and be called so. Send `Content-Type: application/json`.",
    ),
    "not-ready": Meaning(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The server is starting, or another one has the workspace just now. Repeat the request in some seconds.",
    ),
    "not-recurring": Meaning(
        HTTPStatus.CONFLICT,
        "The task is of no series, so there is nothing to leave out. Cancel it, or put it off.",
    ),
    "not-undoable": Meaning(
        HTTPStatus.CONFLICT,
        "This command has no opposite, or has been undone. Look at the history, and change what is there instead.",
    ),
    "not-websocket": Meaning(
        HTTPStatus.BAD_REQUEST,
        "The address of the live feed is a WebSocket with a subprotocol. Connect as the detail says.",
    ),
    "occurrence-past": Meaning(
        HTTPStatus.CONFLICT,
        "Something has become of that occurrence already. Change its task, or undo what was done.",
    ),
    "q-syntax": Meaning(HTTPStatus.BAD_REQUEST, "The search text cannot be read. The detail says why."),
    "reminder-over": Meaning(
        HTTPStatus.CONFLICT,
        "The reminder was answered, or its task is closed. Add a new one if you want to be reminded.",
    ),
    "series-ended": Meaning(HTTPStatus.CONFLICT, "The series has ended. Undo that, or make a new one."),
    "sort-syntax": Meaning(
        HTTPStatus.BAD_REQUEST,
        "The order cannot be read. Name fields, with commas between them and a minus before those that go down.",
    ),
    "still-pending": Meaning(
        HTTPStatus.CONFLICT,
        "The command of that key is not decided yet. Ask for its outcome, or repeat it in some seconds.",
    ),
    "subtask-cycle": Meaning(HTTPStatus.UNPROCESSABLE_ENTITY, "A task cannot be below itself. Choose another parent."),
    "task-closed": Meaning(
        HTTPStatus.CONFLICT,
        "The task is done, cancelled, skipped or missed. Reopen it first, if it is to be changed.",
    ),
    "too-many-connections": Meaning(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The server has as many connections open as it can. Close those you do not use, wait and repeat the request.",
    ),
    "unauthorised": Meaning(
        HTTPStatus.UNAUTHORIZED,
        "It is not known who asks. Send a valid token as `Authorization: Bearer …`; the detail says what is amiss.",
    ),
    "undo-conflict": Meaning(
        HTTPStatus.CONFLICT,
        "What the command did was changed again since. `conflicts` or the detail names by what; undo that first.",
    ),
    "unknown-format": Meaning(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "What the file is must be said: by its `Content-Type`, or with the parameter `format`. The detail lists them.",
    ),
    "unknown-parameter": Meaning(
        HTTPStatus.BAD_REQUEST,
        "The address does not take that parameter. The detail names it; compare it with the reference.",
    ),
    "unreadable-command": Meaning(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "The server could not read what it had stored as your command. Tell the operators.",
    ),
    "version-conflict": Meaning(
        HTTPStatus.PRECONDITION_FAILED,
        "Somebody changed it since you read it. Read it again, look at `conflicts`, and repeat what you still want.",
    ),
    "view-behind": Meaning(
        HTTPStatus.GATEWAY_TIMEOUT,
        "What was asked to be waited for did not show in time. Repeat the request in some seconds.",
    ),
}
"""Why, and what to do. A code that was ever released stays, for clients and their notes refer to it."""

TYPE: Final = "/api/problems/"
"""Every problem's `type` is this and its code: the address of its page, on the server that gave the answer."""


TITLES: Final = {
    "bad-etag": "The ETag cannot be read",
    "bad-http": "This is not HTTP as it must be",
    "bad-message": "The message cannot be read",
    "bad-position": "There is no such position yet",
    "not-websocket": "This is a WebSocket",
    "bad-body": "The body cannot be read",
    "bad-import": "The file cannot be imported",
    "bad-parameter": "A parameter is wrong",
    "invalid": "Something given is not valid",
    "malformed-json": "The body is not JSON",
    "bad-calendar": "The calendar file cannot be imported",
    "unknown-format": "The format of the file is not known",
    "not-json": "The body is not sent as JSON",
}
"""Titles of codes that do not read as one themselves."""


def title(code: str) -> str:
    """The code as people write it."""
    return TITLES.get(code) or code.replace("-", " ").capitalize()


def type_of(code: str) -> str:
    """The problem's `type`; RFC 9457's word for one that says no more than its status, where there is no page."""
    return TYPE + code if code in CODES else "about:blank"
