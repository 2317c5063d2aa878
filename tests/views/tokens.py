"""Tokens for tests: valid ones, forged ones, and an issuer with its keys."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tasksys.settings import Auth, AuthMode
from tests.support.http import Client, Json, Site, serving
from views.auth import JwtAuthentication

WORKSPACES: Final = "/api/v1/workspaces"
SECRET: Final = "a secret of at least 32 bytes, shared"
ISSUER: Final = "https://id.example"
SHARED: Final = Auth(AuthMode.JWT, jwt_secret=SECRET, jwt_issuer=ISSUER, jwt_audience="tasksys", admins=("otto",))


def claims(**changes: Any) -> Json:
    """What a valid token says; None leaves a claim out."""
    now = int(time.time())
    valid = {"sub": "ann", "exp": now + 600, "iat": now, "iss": ISSUER, "aud": "tasksys", **changes}
    return {name: value for name, value in valid.items() if value is not None}


def bearer(token: str) -> dict[str, str]:
    """The header that carries a token."""
    return {"Authorization": f"Bearer {token}"}


def spelled(part: Any) -> bytes:
    """A part of a token."""
    return base64.urlsafe_b64encode(part if isinstance(part, bytes) else json.dumps(part).encode()).rstrip(b"=")


def unsigned(header: Any, payload: Any, signature: bytes = b"") -> str:
    """A token of any parts whatever."""
    return b".".join((spelled(header), spelled(payload), spelled(signature))).decode()


@asynccontextmanager
async def verifying(site: Site, settings: Auth, cooldown: float = 5.0) -> AsyncIterator[Site]:
    """The same system behind a server that asks for tokens."""
    async with serving(site.node, JwtAuthentication(settings, cooldown)) as verified:
        yield verified


def signed(secret: str = SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    """A token under the shared secret."""
    return jwt.encode(claims(**changes), secret, algorithm)


def tampered() -> str:
    """A valid token whose payload was replaced."""
    head, _, signature = signed().split(".")
    return f"{head}.{spelled(claims(sub='otto')).decode()}.{signature}"


def hmac_of(header: Json, payload: Json, secret: bytes) -> str:
    """A token signed by hand."""
    text = spelled(header) + b"." + spelled(payload)
    return (text + b"." + spelled(hmac.new(secret, text, hashlib.sha256).digest())).decode()


Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

RSA: Final = rsa.generate_private_key(65537, 2048)
EC: Final = ec.generate_private_key(ec.SECP256R1())
OTHER: Final = rsa.generate_private_key(65537, 2048)


def published(name: str, private: Private) -> Json:
    """A public key as an issuer publishes it."""
    algorithms: dict[type[Any], Any] = {
        rsa.RSAPublicKey: jwt.algorithms.RSAAlgorithm,
        ec.EllipticCurvePublicKey: jwt.algorithms.ECAlgorithm,
        ed25519.Ed25519PublicKey: jwt.algorithms.OKPAlgorithm,
    }
    public = private.public_key()
    (algorithm,) = [found for kind, found in algorithms.items() if isinstance(public, kind)]
    return {**algorithm.to_jwk(public, as_dict=True), "kid": name, "use": "sig"}


@dataclass
class Issuer:
    """An identity provider's key server: what it answers, and how often it was asked."""

    keys: Json | bytes
    status: int = 200
    asked: int = 0
    url: str = ""
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.Response:
        """The keys."""
        self.asked += 1
        await self.go_on.wait()
        body = self.keys if isinstance(self.keys, bytes) else json.dumps(self.keys).encode()
        return web.Response(status=self.status, body=body, content_type="application/json")


@asynccontextmanager
async def issuing(*private: tuple[str, Private]) -> AsyncIterator[Issuer]:
    """An issuer with those keys."""
    issuer = Issuer({"keys": [published(name, one) for name, one in private]})
    issuer.go_on.set()
    app = web.Application()
    app.router.add_get("/keys", issuer.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    issuer.url = f"http://127.0.0.1:{runner.addresses[0][1]}/keys"
    try:
        yield issuer
    finally:
        issuer.go_on.set()
        await runner.cleanup()


def by_key(name: str | None, private: Any, algorithm: str = "RS256", **changes: Any) -> dict[str, str]:
    """A token of the issuer's."""
    return bearer(jwt.encode(claims(**changes), private, algorithm, headers={"kid": name} if name else None))


def trusting(issuer: Issuer, **more: Any) -> Auth:
    """Settings that take the issuer's keys."""
    return Auth(AuthMode.JWT, jwt_jwks_url=issuer.url, jwt_issuer=ISSUER, jwt_audience="tasksys", **more)


async def status(site: Site, headers: dict[str, str]) -> int:
    """What a request with that token is answered with."""
    return (await Client(site.session, headers).get(WORKSPACES)).status


def public_pem(private: Private) -> bytes:
    """The public key as everybody can have it."""
    return private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
