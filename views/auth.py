"""Who is asking: nobody in particular (on a laptop), or the bearer of a verified token."""

import asyncio
import math
import time
from base64 import b64decode
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import jwt
from aiohttp import web

from tasksys.settings import Auth, AuthMode
from tasksys.values import User, pattern_of
from views.log import logger
from views.problems import Problem

ACTOR_HEADER: Final = "Tasksys-Actor"
USER: Final = pattern_of(User)
TOKENS: Final = ("/api/v1/", "/admin/", "/metrics")
"""How addresses begin at which everybody says who they are."""
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})

OFFERED_BEARER: Final = "tasksys.bearer."
OFFERED_ACTOR: Final = "tasksys.actor."
"""Subprotocols of a WebSocket that carry a token, or who somebody is, in base64url."""

LEEWAY: Final = 10
"""Seconds that a token is accepted beyond its end, for clocks differ."""

JWKS_TIMEOUT: Final = 5.0
JWKS_KEPT: Final = 300.0
"""Seconds that fetched keys are used; one that the issuer has withdrawn is believed for so long."""

JWKS_COOLDOWN: Final = 5.0
"""Seconds between fetches, vain ones too: anybody can make up a token that names an unknown key."""


@dataclass(frozen=True)
class Identity:
    """The user that asks, and whether they may use /admin.

    `expires` is the Unix time from which on their token is accepted no more; None where there is no end.
    """

    user: str
    operator: bool
    expires: float | None = None


class Authenticator(Protocol):
    """Finds out who asks."""

    async def identify(self, request: web.Request) -> Identity:
        """Raises Problem 401 that says what is missing."""
        ...


class NoAuthentication:
    """Anybody who reaches the loopback interface is who they say; every one an operator.

    Except pages from elsewhere in a browser of this machine: the Host header must name the loopback, so that a name
    which was made to resolve to this machine does not help; and what a browser marks as another site's is refused
    unless it only reads, for it needs no permission to send it, and cannot read the answer.
    """

    async def identify(self, request: web.Request) -> Identity:
        """The user that the header names, or `local`."""
        if _hostname(request.host) not in LOOPBACK:
            detail = "This server runs without authentication and answers to localhost only."
            raise Problem(HTTPStatus.FORBIDDEN, "loopback-only", detail)
        if _from_elsewhere(request):
            detail = "Without authentication only this server's own pages may do this; other sites need a token."
            raise Problem(HTTPStatus.FORBIDDEN, "cross-site", detail)
        user = request.headers.get(ACTOR_HEADER, _actor(request) or "local")
        if not USER.fullmatch(user):
            raise _unauthorised(f"{ACTOR_HEADER} is not a user's id; use letters, digits and . _ @ + : | - only.")
        return Identity(user, operator=True)


def offered(request: web.Request, prefix: str) -> str:
    """The rest of the subprotocol that begins so, of a WebSocket; blank if there is none.

    Pages in browsers cannot set headers of a WebSocket, but say which subprotocols they offer.
    """
    if request.headers.get("Upgrade", "").strip().lower() != "websocket":
        return ""
    names = (one.strip() for one in request.headers.get("Sec-WebSocket-Protocol", "").split(","))
    return next((one.removeprefix(prefix) for one in names if one.startswith(prefix)), "")


def _actor(request: web.Request) -> str:
    spelled = offered(request, OFFERED_ACTOR)
    try:
        return b64decode(spelled + "=" * (-len(spelled) % 4), b"-_", validate=True).decode()
    except ValueError as error:
        raise _unauthorised(f"What follows {OFFERED_ACTOR} is not a user's id in base64url.") from error


@lru_cache(64)
def _hostname(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _from_elsewhere(request: web.Request) -> bool:
    """True if a browser sent this for a page of another origin: a site, or another port of this machine."""
    origin = request.headers.get("Origin")
    if origin is not None and origin.lower().partition("://")[2] != request.host.lower():
        return True
    return request.method not in SAFE and request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")


class JwtAuthentication:
    """Bearer tokens (JWT): signature, expiry, and where they are set issuer and audience. The user is `sub`."""

    def __init__(self, settings: Auth, cooldown: float = JWKS_COOLDOWN) -> None:
        """Of settings that want tokens: they have been checked; without tokens they hold no key at all."""
        if settings.mode is not AuthMode.JWT:  # its empty secret would verify anything
            raise ValueError("these settings have no keys for tokens")
        self._settings = settings
        self._algorithms = list(settings.jwt_algorithms) or (["HS256"] if settings.jwt_secret else ["RS256", "ES256"])
        self._keys = Keys(settings.jwt_jwks_url, cooldown) if settings.jwt_jwks_url else None

    async def identify(self, request: web.Request) -> Identity:
        """The token's subject."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            scheme, token = "bearer", offered(request, OFFERED_BEARER)
        if scheme.lower() != "bearer" or not token:
            raise _unauthorised("Send a token: `Authorization: Bearer …`.")
        claims = await self._verified(token.strip())
        user = claims.get("sub")
        if not isinstance(user, str) or not USER.fullmatch(user):
            raise _unauthorised("The token's `sub` is not a user's id; letters, digits and . _ @ + : | - are allowed.")
        return Identity(user, operator=user in self._settings.admins, expires=float(claims["exp"]) + LEEWAY)

    async def _verified(self, token: str) -> dict[str, Any]:
        settings = self._settings
        try:
            key: Any = settings.jwt_secret
            if self._keys is not None:
                header = jwt.get_unverified_header(token)
                if header.get("alg") not in self._algorithms:
                    raise jwt.InvalidAlgorithmError("not one of ours; its key is not even looked for")
                key = await self._keys.named(header.get("kid"))
            return jwt.decode(
                token,
                key,
                algorithms=self._algorithms,
                issuer=settings.jwt_issuer or None,
                audience=settings.jwt_audience or None,
                leeway=LEEWAY,
                options={"require": ["exp", "sub"], "verify_aud": bool(settings.jwt_audience)},
            )
        except jwt.ExpiredSignatureError as error:
            raise _unauthorised("The token has expired; get a new one.") from error
        except (jwt.PyJWTError, ValueError, TypeError) as error:  # TypeError: not the algorithm's kind of key
            raise _unauthorised("The token is not valid here; get one for this server.") from error


class Keys:
    """The issuer's public keys: fetched when an unknown one is asked for, by one fetch for all who wait."""

    def __init__(self, url: str, cooldown: float) -> None:
        self._client = jwt.PyJWKClient(url, timeout=JWKS_TIMEOUT, cache_jwk_set=False)
        self._cooldown = cooldown
        self._known: dict[str, Any] = {}
        self._fetched = self._tried = -math.inf
        self._fetching: asyncio.Task[None] | None = None

    async def named(self, kid: Any) -> Any:
        """The key of that name. Raises Problem 503 if the keys cannot be had, PyJWTError if there is no such key."""
        if not isinstance(kid, str):
            raise jwt.InvalidTokenError("the token names no key")
        if self._fresh(kid) is None:
            await self._fetch()
        if (key := self._fresh(kid)) is not None:
            return key
        if self._tried > self._fetched:
            detail = "The keys that tokens are verified with cannot be fetched just now; try again."
            headers = {"Retry-After": f"{self._cooldown:.0f}"}
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "keys-unavailable", detail, headers=headers)
        raise jwt.InvalidKeyError("there is no such key")

    def _fresh(self, kid: str) -> Any:
        return self._known.get(kid) if time.monotonic() - self._fetched < JWKS_KEPT else None

    async def _fetch(self) -> None:
        """Also for others: who asked first may go away meanwhile."""
        idle = self._fetching is None or self._fetching.done()
        if idle and time.monotonic() - self._tried >= self._cooldown:
            self._tried = time.monotonic()
            self._fetching = asyncio.create_task(self._update())
        if self._fetching is not None:
            await asyncio.shield(self._fetching)

    async def _update(self) -> None:
        try:
            keys = await asyncio.to_thread(self._client.get_signing_keys)
        except (jwt.PyJWTError, OSError, ValueError, RecursionError) as error:
            logger.warning(
                "the keys for tokens cannot be fetched from %s: %r", self._client.uri, error,
                extra={"operation": "fetch keys"},
            )  # fmt: skip
            return
        self._known = {key.key_id: key.key for key in keys if key.key_id}
        self._fetched = self._tried


def _unauthorised(detail: str) -> Problem:
    headers = {"WWW-Authenticate": "Bearer"}
    return Problem(HTTPStatus.UNAUTHORIZED, "unauthorised", detail, headers=headers)
