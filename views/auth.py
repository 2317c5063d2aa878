"""Who is asking: nobody in particular (on a laptop), or the bearer of a verified token."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import jwt
from aiohttp import web

from tasksys.values import User
from views.problems import Problem

ACTOR_HEADER: Final = "Tasksys-Actor"
USER: Final = re.compile(User.__metadata__[0].pattern)  # type: ignore[attr-defined]
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Identity:
    """The user that asks, and whether they may use /admin."""

    user: str
    operator: bool


class Authenticator(Protocol):
    """Finds out who asks."""

    async def identify(self, request: web.Request) -> Identity:
        """Raises Problem 401 that says what is missing."""
        ...


class NoAuthentication:
    """Anybody who reaches the loopback interface is who they say; every one an operator.

    The Host header must name the loopback too: a page from elsewhere that had its name resolve to this machine is
    turned away.
    """

    async def identify(self, request: web.Request) -> Identity:
        """The user that the header names, or `local`."""
        host = urlsplit(f"//{request.host}").hostname
        if host not in LOOPBACK:
            detail = "This server runs without authentication and answers to localhost only."
            raise Problem(HTTPStatus.FORBIDDEN, "loopback-only", detail)
        user = request.headers.get(ACTOR_HEADER, "local")
        if not USER.fullmatch(user):
            raise _unauthorised(f"{ACTOR_HEADER} is not a user's id; use letters, digits and . _ @ + : | - only.")
        return Identity(user, operator=True)


@dataclass(frozen=True)
class JwtSettings:
    """How tokens are verified: by a shared secret or by the keys at a JWKS address; never without an algorithm."""

    secret: str = ""
    jwks_url: str = ""
    issuer: str = ""
    audience: str = ""
    algorithms: Sequence[str] = ()
    operators: Sequence[str] = ()

    def __post_init__(self) -> None:
        if bool(self.secret) == bool(self.jwks_url):
            raise ValueError("give either a shared secret or a JWKS URL for tokens, not both and not neither")
        if self.secret and len(self.secret.encode()) < 32:
            raise ValueError(
                "the shared secret for tokens needs at least 32 bytes; make one with `openssl rand -hex 32`"
            )
        allowed = {"HS256", "HS384", "HS512"} if self.secret else {"RS256", "RS384", "RS512", "ES256", "ES384", "EdDSA"}
        if unfit := set(self.algorithms) - allowed:
            raise ValueError(f"algorithms {sorted(unfit)} do not go with the kind of key; allowed: {sorted(allowed)}")


class JwtAuthentication:
    """Bearer tokens (JWT): signature, expiry, and where they are set issuer and audience. The user is `sub`."""

    def __init__(self, settings: JwtSettings) -> None:
        self._settings = settings
        self._algorithms = list(settings.algorithms) or (["HS256"] if settings.secret else ["RS256", "ES256"])
        self._keys = jwt.PyJWKClient(settings.jwks_url, timeout=5) if settings.jwks_url else None

    async def identify(self, request: web.Request) -> Identity:
        """The token's subject."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _unauthorised("Send a token: `Authorization: Bearer …`.")
        claims = await self._verified(token.strip())
        user = claims.get("sub")
        if not isinstance(user, str) or not USER.fullmatch(user):
            raise _unauthorised("The token's `sub` is not a user's id; letters, digits and . _ @ + : | - are allowed.")
        return Identity(user, operator=user in self._settings.operators)

    async def _verified(self, token: str) -> dict[str, Any]:
        settings = self._settings
        try:
            key: Any = settings.secret
            if self._keys is not None:
                found = await asyncio.to_thread(self._keys.get_signing_key_from_jwt, token)
                key = found.key
            return jwt.decode(
                token,
                key,
                algorithms=self._algorithms,
                issuer=settings.issuer or None,
                audience=settings.audience or None,
                leeway=10,
                options={"require": ["exp", "sub"], "verify_aud": bool(settings.audience)},
            )
        except jwt.PyJWKClientConnectionError as error:
            detail = "The keys that tokens are verified with cannot be fetched just now; try again."
            headers = {"Retry-After": "5"}
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "keys-unavailable", detail, headers=headers) from error
        except jwt.ExpiredSignatureError as error:
            raise _unauthorised("The token has expired; get a new one.") from error
        except (jwt.PyJWTError, ValueError) as error:
            raise _unauthorised("The token is not valid here; get one for this server.") from error


def _unauthorised(detail: str) -> Problem:
    headers = {"WWW-Authenticate": "Bearer"}
    return Problem(HTTPStatus.UNAUTHORIZED, "unauthorised", detail, headers=headers)
