"""Addresses of calendars: for programs that can send no headers, with a secret that allows reading one calendar only.

A token is made of workspace, user, since when they are a member, and how often they renewed it, under the server's key.
So it need not be kept anywhere; it stops working when it is renewed, and when its user leaves, also if they come back.
"""

import base64
import binascii
import hmac
import re
from http import HTTPStatus
from typing import Final

from aiohttp import web

from tasksys.keyring import several
from tasksys.rows import Member
from tasksys.values import Role
from views.auth import USER, Identity
from views.ports import System
from views.problems import Problem

ADDRESS: Final = re.compile(r"/api/v1/workspaces/([A-Za-z0-9_-]{1,64})/calendar\.ics", re.ASCII)
TOKEN: Final = re.compile(r"([A-Za-z0-9_-]{1,200})\.([A-Za-z0-9_-]{43})", re.ASCII)


class CalendarTokens:
    """Makes tokens, and tells whose they are. The key is made of the server's own, for this purpose alone.

    Where that has several, the first makes tokens, and those of all work.
    """

    def __init__(self, secret: str) -> None:
        self._keys = tuple(hmac.digest(one.encode(), b"calendars", "sha256") for one in several(secret))

    def token(self, workspace: str, member: Member) -> str:
        """The token of a member's calendar. Problem 409 on a server that has no key."""
        if not self._keys:
            detail = "This server has no key to sign addresses with; its operator gives one by --secret-key."
            raise Problem(HTTPStatus.CONFLICT, "calendar-unavailable", detail)
        return _token(self._keys[0], workspace, member)

    def wanted(self, request: web.Request) -> str | None:
        """The workspace whose calendar is asked for with a token; None for any other request."""
        found = ADDRESS.fullmatch(request.path) if "token" in request.query else None
        return found[1] if found else None

    def identify(self, request: web.Request, workspace: str, system: System) -> Identity:
        """Whose calendar it is. Problem 401, always in the same words, if the token is not one that works now."""
        parts = TOKEN.fullmatch(request.query["token"])
        user = _read(parts[1]) if parts else ""
        state = system.state.state(workspace)
        member = state.member(user) if state.workspace is not None and USER.fullmatch(user) else None
        given, expected = request.query["token"].encode("utf-8", "replace"), member or Member(user, Role.VIEWER, "")
        self.token(workspace, expected)  # which says so where there is no key
        same = any(hmac.compare_digest(_token(key, workspace, expected).encode(), given) for key in self._keys)
        if member is None or not same:
            detail = "This address of a calendar does not work (any more); ask for it anew, while you are a member."
            raise Problem(HTTPStatus.UNAUTHORIZED, "unauthorised", detail, headers={"WWW-Authenticate": "Bearer"})
        return Identity(user, operator=False)


def _token(key: bytes, workspace: str, member: Member) -> str:
    said = "\0".join((workspace, member.user, member.since, str(member.calendar)))
    signature = hmac.digest(key, said.encode("utf-8", "surrogatepass"), "sha256")
    return f"{_spelled(member.user.encode())}.{_spelled(signature)}"


def _spelled(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _read(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
