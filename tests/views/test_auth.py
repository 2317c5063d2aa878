"""Who asks: without authentication only this machine and its own pages, else the bearers of valid tokens."""

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
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.http import Client, Json, Site, Space, eventually, key, serving
from views.auth import JwtAuthentication, JwtSettings

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORKSPACES: Final = "/api/v1/workspaces"
SECRET: Final = "a secret of at least 32 bytes, shared"
ISSUER: Final = "https://id.example"
SHARED: Final = JwtSettings(secret=SECRET, issuer=ISSUER, audience="tasksys", operators=("otto",))


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


# --- without authentication


async def test_a_user_is_who_they_say(site: Site) -> None:
    """The header names the user; without it they are `local`."""
    space = await site.space("ann")
    assert (await space.get("/members")).ok["items"][0]["user"] == "ann"
    made = (await Client(site.session).post(WORKSPACES, {"name": "Mine"})).ok
    found = (await site.client("local").get(f"{WORKSPACES}/{made['id']}/members")).ok
    assert [one["user"] for one in found["items"]] == ["local"]


@pytest.mark.parametrize("user", ["a b", "", "x" * 129, "ä", "a/b", "a,b", "<a>", "a\\b"])
async def test_a_user_that_cannot_be(site: Site, user: str) -> None:
    """A header that no token could say is 401, with the characters that are allowed."""
    answer = await site.client(user).get(WORKSPACES)
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "Tasksys-Actor" in answer.problem(401, "unauthorised")["detail"]


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:3001", "localhost.evil.example", "127.0.0.1.evil.example", "localhost@evil.com",
        "10.0.0.1", "0.0.0.0", "127.1", "2130706433", "[", "[::1", "[::2]", "", "localhost evil", "localhost.",
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", [WORKSPACES, "/admin/status"])
async def test_another_name_than_localhost(site: Site, host: str, path: str) -> None:
    """A page whose name was made to resolve to this machine sends its own name, and gets nothing."""
    status, head, body = await site.raw(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert status == 403
    assert b"application/problem+json" in head
    assert b'"loopback-only"' in body


@pytest.mark.parametrize("host", ["localhost", "LocalHost:1", "127.0.0.1:80", "[::1]", "[::1]:3001"])
async def test_names_of_this_machine(site: Site, host: str) -> None:
    """Every spelling of the loopback will do, with any port: there may be a tunnel in between."""
    assert (await site.client().get(WORKSPACES, headers={"Host": host})).status == 200


FOREIGN: Final = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:9999"},
    {"Origin": "http://127.0.0.1"},
    {"Origin": ""},
    {"Origin": "http://127.0.0.1:{port}.evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
]


@pytest.mark.parametrize("headers", FOREIGN)
async def test_a_foreign_page_changes_nothing(site: Site, space: Space, headers: dict[str, str]) -> None:
    """What a page of another origin can send without asking is refused: an empty POST above all."""
    task = await space.task()
    appended = await site.appended()
    marked = {name: value.format(port=site.server.port) for name, value in headers.items()}
    for method, path in [
        ("POST", f"{space.prefix}/tasks/{task['id']}/complete"),
        ("DELETE", f"{space.prefix}/tasks/{task['id']}"),
        ("POST", WORKSPACES),
        ("POST", "/admin/replay"),
        ("POST", "/admin/dead-letters/0-0/retry"),
    ]:
        (await site.client().send(method, path, headers=marked)).problem(403, "cross-site")
    assert await site.appended() == appended


async def test_a_foreign_page_reads_nothing(site: Site, space: Space) -> None:
    """Its requests that want to see the answer have an Origin, as has a WebSocket's."""
    for headers in FOREIGN[:6]:
        (await space.get("/tasks", headers=headers)).problem(403, "cross-site")
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Origin": "https://evil.example"}
    (await space.get("/feed", headers=upgrade)).problem(403, "cross-site")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://127.0.0.1:{port}"},
        {"Origin": "HTTP://127.0.0.1:{port}"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:{port}"},
    ],
)
async def test_own_pages(site: Site, space: Space, headers: dict[str, str]) -> None:
    """Pages of this server, and what a person types, are served."""
    marked = {name: value.format(port=site.server.port) for name, value in headers.items()}
    assert (await space.post("/tasks", {"title": "Milk"}, headers=marked)).status == 201


async def test_a_link_from_elsewhere(space: Space) -> None:
    """Following a link only reads: the answer stays in the window that the person opened."""
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert (await space.get("/export.json", headers=followed)).status == 200


# --- tokens with a shared secret


@asynccontextmanager
async def verifying(site: Site, settings: JwtSettings, cooldown: float = 5.0) -> AsyncIterator[Site]:
    """The same system behind a server that asks for tokens."""
    async with serving(site.node, JwtAuthentication(settings, cooldown)) as verified:
        yield verified


def signed(secret: str = SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    """A token under the shared secret."""
    return jwt.encode(claims(**changes), secret, algorithm)


async def test_the_bearer_is_the_user(site: Site) -> None:
    """The token's subject asks, whatever the actor header says, and from wherever: its page has the token."""
    async with verifying(site, SHARED) as verified:
        headers = {**bearer(signed()), "Tasksys-Actor": "olga", "Host": "tasks.example", "Origin": "https://ui.example"}
        made = await Client(verified.session, headers).post(WORKSPACES, {"name": "Mine"})
        members = (await site.client("ann").get(f"{WORKSPACES}/{made.ok['id']}/members")).ok["items"]
        assert [(one["user"], one["role"]) for one in members] == [("ann", "owner")]


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer "])
async def test_the_scheme_is_spelled_anyhow(site: Site, scheme: str) -> None:
    """Schemes have no case."""
    async with verifying(site, SHARED) as verified:
        headers = {"Authorization": f"{scheme} {signed()}"}
        assert (await Client(verified.session, headers).get(WORKSPACES)).status == 200


def tampered() -> str:
    """A valid token whose payload was replaced."""
    head, _, signature = signed().split(".")
    return f"{head}.{spelled(claims(sub='otto')).decode()}.{signature}"


def hmac_of(header: Json, payload: Json, secret: bytes) -> str:
    """A token signed by hand."""
    text = spelled(header) + b"." + spelled(payload)
    return (text + b"." + spelled(hmac.new(secret, text, hashlib.sha256).digest())).decode()


BAD_TOKENS: Final = {
    "no header": {},
    "no token": {"Authorization": "Bearer"},
    "blank token": {"Authorization": "Bearer  "},
    "another scheme": {"Authorization": "Basic b2xnYTpvbGdh"},
    "garbage": bearer("garbage"),
    "dots": bearer("..."),
    "not base64": bearer("!.!.!"),
    "not JSON": bearer(unsigned(b"{", b"{", b"x")),
    "no object": bearer(unsigned([1], claims(), b"x")),
    "bytes": {"Authorization": "Bearer \udcff.\udcff.\udcff"},
    "deep header": bearer(unsigned(b"[" * 9000, claims())),
    "huge number": bearer(unsigned(b'{"alg": "HS256", "n": ' + b"9" * 5000 + b"}", claims())),
    "alg none": bearer(unsigned({"alg": "none"}, claims())),
    "alg None": bearer(unsigned({"alg": "None"}, claims(), b"x")),
    "alg missing": bearer(unsigned({"typ": "JWT"}, claims(), b"x")),
    "alg number": bearer(unsigned({"alg": 7}, claims(), b"x")),
    "alg list": bearer(unsigned({"alg": ["HS256"]}, claims(), b"x")),
    "alg not allowed": bearer(signed(algorithm="HS512", secret=SECRET * 2)),
    "wrong secret": bearer(signed(secret="another secret of at least 32 bytes")),
    "empty secret": bearer(hmac_of({"alg": "HS256", "typ": "JWT"}, claims(), b"")),
    "tampered": bearer(tampered()),
    "unknown crit": bearer(hmac_of({"alg": "HS256", "crit": ["x"], "x": 1}, claims(), SECRET.encode())),
    "expired": bearer(signed(exp=int(time.time()) - 60)),
    "never expires": bearer(signed(exp=None)),
    "expires in words": bearer(signed(exp="tomorrow")),
    "not yet valid": bearer(signed(nbf=int(time.time()) + 600)),
    "issued in the future": bearer(signed(iat=int(time.time()) + 600)),
    "other issuer": bearer(signed(iss="https://evil.example")),
    "no issuer": bearer(signed(iss=None)),
    "other audience": bearer(signed(aud="another")),
    "no audience": bearer(signed(aud=None)),
    "no subject": bearer(signed(sub=None)),
    "blank subject": bearer(signed(sub="")),
    "subject is a number": bearer(hmac_of({"alg": "HS256"}, claims(sub=7), SECRET.encode())),
    "subject with a space": bearer(signed(sub="a b")),
    "subject with a line break": bearer(signed(sub="ann\n")),
    "long subject": bearer(signed(sub="x" * 129)),
}


@pytest.mark.parametrize("headers", BAD_TOKENS.values(), ids=BAD_TOKENS.keys())
async def test_tokens_that_are_not_valid(site: Site, headers: dict[str, str]) -> None:
    """401 for each, before anything is looked at, and the detail does not help whoever made it up."""
    async with verifying(site, SHARED) as verified:
        for path in (WORKSPACES, f"{WORKSPACES}/x/tasks", "/admin/status", "/api/v1/nowhere"):
            answer = await Client(verified.session, headers).get(path)
            answer.problem(401, "unauthorised")
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            assert SECRET not in answer.raw.decode()


async def test_clocks_may_differ_a_little(site: Site) -> None:
    """Ten seconds are forgiven."""
    async with verifying(site, SHARED) as verified:
        for token in (signed(exp=int(time.time()) - 5), signed(nbf=int(time.time()) + 5)):
            assert (await Client(verified.session, bearer(token)).get(WORKSPACES)).status == 200


async def test_one_audience_of_several(site: Site) -> None:
    """A token may be for others, too."""
    async with verifying(site, SHARED) as verified:
        token = signed(aud=["another", "tasksys"])
        assert (await Client(verified.session, bearer(token)).get(WORKSPACES)).status == 200


async def test_without_issuer_and_audience(site: Site) -> None:
    """Where they are not set they are not looked at; the rest still is."""
    async with verifying(site, JwtSettings(secret=SECRET)) as verified:
        assert (await Client(verified.session, bearer(signed(iss="x", aud="y"))).get(WORKSPACES)).status == 200
        assert (await Client(verified.session, bearer(signed(exp=None))).get(WORKSPACES)).status == 401


async def test_operators(site: Site) -> None:
    """Who is named may use /admin, everybody else is 403; health needs nobody."""
    async with verifying(site, SHARED) as verified:
        otto, ann = (Client(verified.session, bearer(signed(sub=name))) for name in ("otto", "ann"))
        for method, path in [
            ("GET", "/admin/status"),
            ("GET", "/admin/lag"),
            ("GET", "/admin/dead-letters"),
            ("POST", "/admin/dead-letters/0-0/retry"),
            ("POST", "/admin/replay"),
        ]:
            (await ann.send(method, path)).problem(403, "forbidden")
            assert (await otto.send(method, path)).status in (200, 404)
        for path in ("/health", "/ready", "/api/openapi.json", "/api/docs"):
            assert (await Client(verified.session).get(path)).status == 200


async def test_an_operator_is_no_member(site: Site, space: Space) -> None:
    """To run the system is not to read what is in it."""
    async with verifying(site, SHARED) as verified:
        otto = Client(verified.session, bearer(signed(sub="otto")))
        (await otto.get(space.prefix)).problem(404, "not-found")


# --- tokens with an issuer's keys


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


def trusting(issuer: Issuer, **more: Any) -> JwtSettings:
    """Settings that take the issuer's keys."""
    return JwtSettings(jwks_url=issuer.url, issuer=ISSUER, audience="tasksys", **more)


async def status(site: Site, headers: dict[str, str]) -> int:
    """What a request with that token is answered with."""
    return (await Client(site.session, headers).get(WORKSPACES)).status


async def test_keys_of_an_issuer(site: Site) -> None:
    """RSA and elliptic keys, each by its name, fetched once."""
    async with issuing(("r", RSA), ("e", EC)) as issuer, verifying(site, trusting(issuer)) as verified:
        for _ in range(3):
            assert await status(verified, by_key("r", RSA)) == 200
            assert await status(verified, by_key("e", EC, "ES256")) == 200
        assert issuer.asked == 1


async def test_ed25519(site: Site) -> None:
    """Further algorithms are taken where they are set, and then no others."""
    private = ed25519.Ed25519PrivateKey.generate()
    async with (
        issuing(("o", private), ("r", RSA)) as issuer,
        verifying(site, trusting(issuer, algorithms=("EdDSA",))) as verified,
    ):
        assert await status(verified, by_key("o", private, "EdDSA")) == 200
        assert await status(verified, by_key("r", RSA)) == 401


def public_pem(private: Private) -> bytes:
    """The public key as everybody can have it."""
    return private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


async def test_tokens_that_no_key_of_the_issuer_made(site: Site) -> None:
    """Confused algorithms, other keys and names, and tampering are 401; none of them is a fault."""
    confused = hmac_of({"alg": "HS256", "kid": "r"}, claims(), public_pem(RSA))
    raw = RSA.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    head, _, signature = by_key("r", RSA)["Authorization"].removeprefix("Bearer ").split(".")
    tokens = {
        "the public key as a secret": bearer(confused),
        "the same in DER": bearer(hmac_of({"alg": "HS256", "kid": "r"}, claims(), raw)),
        "the published text as a secret": bearer(
            hmac_of({"alg": "HS256", "kid": "r"}, claims(), json.dumps(published("r", RSA)).encode())
        ),
        "no signature": bearer(unsigned({"alg": "none", "kid": "r"}, claims())),
        "another key under its name": by_key("r", OTHER),
        "a name that is not published": by_key("x", RSA),
        "no name": by_key(None, RSA),
        "a name that is no text": bearer(unsigned({"alg": "RS256", "kid": 7}, claims(), b"x")),
        "a name that is a list": bearer(unsigned({"alg": "RS256", "kid": ["r"]}, claims(), b"x")),
        "an elliptic signature under the RSA key's name": by_key("r", EC, "ES256"),
        "an RSA signature under the elliptic key's name": by_key("e", RSA),
        "another payload": bearer(f"{head}.{spelled(claims(sub='otto')).decode()}.{signature}"),
        "an algorithm that is not set": by_key("r", RSA, "RS512"),
        "a key that it brings along": bearer(
            jwt.encode(claims(), OTHER, "RS256", headers={"kid": "r", "jwk": published("r", OTHER)})
        ),
        "an address of keys that it brings along": bearer(
            jwt.encode(claims(), OTHER, "RS256", headers={"kid": "r", "jku": "http://127.0.0.1:1/keys"})
        ),
        "expired": by_key("r", RSA, exp=int(time.time()) - 60),
        "for others": by_key("r", RSA, aud="another"),
    }
    async with issuing(("r", RSA), ("e", EC)) as issuer, verifying(site, trusting(issuer)) as verified:
        assert {name: await status(verified, headers) for name, headers in tokens.items()} == dict.fromkeys(tokens, 401)
        assert await status(verified, by_key("r", RSA)) == 200
        assert issuer.asked == 1


async def test_a_token_that_cannot_be_ours_is_not_looked_into(site: Site) -> None:
    """Another algorithm, or no name of a key, is 401 without asking the issuer: everybody can make such tokens up."""
    async with issuing(("r", RSA)) as issuer, verifying(site, trusting(issuer)) as verified:
        for headers in (
            bearer(hmac_of({"alg": "HS256", "kid": "r"}, claims(), b"x")),
            bearer(unsigned({"alg": "none", "kid": "r"}, claims())),
            bearer(unsigned({"alg": "RS256"}, claims(), b"x")),
            bearer("garbage"),
        ):
            assert await status(verified, headers) == 401
        assert issuer.asked == 0


async def test_keys_are_rotated(site: Site) -> None:
    """A new key is taken as soon as a token names it; one that is not published any more is not."""
    async with issuing(("old", RSA)) as issuer, verifying(site, trusting(issuer), cooldown=0) as verified:
        assert await status(verified, by_key("old", RSA)) == 200
        issuer.keys = {"keys": [published("new", OTHER)]}
        assert await status(verified, by_key("new", OTHER)) == 200
        assert await status(verified, by_key("old", RSA)) == 401


async def test_made_up_names_do_not_flood_the_issuer(site: Site) -> None:
    """Within the pause between fetches an unknown name is 401 at once."""
    async with issuing(("r", RSA)) as issuer, verifying(site, trusting(issuer), cooldown=600) as verified:
        assert await status(verified, by_key("r", RSA)) == 200
        for _ in range(20):
            assert await status(verified, by_key(key(), OTHER)) == 401
        assert issuer.asked == 1


async def test_one_fetch_for_all_who_wait(site: Site) -> None:
    """A slow issuer is asked once, also when who asked first goes away."""
    async with issuing(("r", RSA)) as issuer, verifying(site, trusting(issuer)) as verified:
        issuer.go_on.clear()
        waiting = [asyncio.create_task(status(verified, by_key("r", RSA))) for _ in range(10)]
        await eventually(lambda: issuer.asked == 1)
        waiting[0].cancel()
        await asyncio.gather(waiting[0], return_exceptions=True)
        issuer.go_on.set()
        assert await asyncio.gather(*waiting[1:]) == [200] * 9
        assert issuer.asked == 1


@pytest.mark.parametrize(
    ("code", "keys"),
    [
        (500, b"oops"),
        (404, b""),
        (302, b""),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'{"keys": []}'),
        (200, b'{"keys": 7}'),
        (200, b"{}"),
        (200, b"[" * 100_000),
        (200, b"\xff\xff"),
    ],
)
async def test_an_issuer_that_gives_no_keys(site: Site, code: int, keys: bytes) -> None:
    """503 with when to try again: the token may well be valid."""
    async with issuing() as issuer, verifying(site, trusting(issuer)) as verified:
        issuer.status, issuer.keys = code, keys
        answer = await Client(verified.session, by_key("r", RSA)).get(WORKSPACES)
        answer.problem(503, "keys-unavailable")
        assert answer.headers["Retry-After"] == "5"


async def test_an_issuer_that_is_down(site: Site) -> None:
    """503, and once it is up again tokens are taken."""
    async with issuing(("r", RSA)) as issuer:
        gone = issuer.url
    async with verifying(site, JwtSettings(jwks_url=gone)) as verified:
        answer = await Client(verified.session, by_key("r", RSA, aud=None)).get(WORKSPACES)
        answer.problem(503, "keys-unavailable")
        assert (await Client(verified.session, bearer("garbage")).get(WORKSPACES)).status == 401


async def test_known_keys_outlive_their_issuer(site: Site) -> None:
    """While the issuer fails, its known keys go on; only who names an unknown one is told to come again."""
    async with issuing(("r", RSA)) as issuer, verifying(site, trusting(issuer), cooldown=0) as verified:
        assert await status(verified, by_key("r", RSA)) == 200
        issuer.status = 500
        assert await status(verified, by_key("x", OTHER)) == 503
        assert await status(verified, by_key("r", RSA)) == 200


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "either a shared secret or a JWKS URL"),
        ({"secret": SECRET, "jwks_url": "https://id.example/keys"}, "not both"),
        ({"secret": "short"}, "32 bytes"),
        ({"secret": SECRET, "algorithms": ("RS256",)}, "RS256"),
        ({"secret": SECRET, "algorithms": ("none",)}, "none"),
        ({"jwks_url": "https://id.example/keys", "algorithms": ("HS256",)}, "HS256"),
        ({"jwks_url": "file:///etc/passwd"}, "https://"),
        ({"jwks_url": "id.example/keys"}, "https://"),
    ],
)
async def test_settings_that_cannot_be(settings: dict[str, Any], says: str) -> None:
    """They are refused before anything is served, with what to give instead."""
    with pytest.raises(ValueError, match=says):
        JwtSettings(**settings)


# --- strangers

REQUESTS: Final[list[tuple[str, str, Json | None]]] = [
    ("GET", "", None),
    ("GET", "?as_of=1", None),
    ("GET", "?min_position=1", None),
    ("GET", "/members", None),
    ("GET", "/members/olga", None),
    ("GET", "/projects", None),
    ("GET", "/projects/home", None),
    ("GET", "/tasks", None),
    ("GET", "/tasks?filter=nonsense", None),
    ("GET", "/tasks/milk", None),
    ("GET", "/tasks/milk/comments", None),
    ("GET", "/tasks/milk/checklist", None),
    ("GET", "/tasks/milk/history", None),
    ("GET", "/events", None),
    ("GET", "/events?after=0&wait=60", None),
    ("GET", "/events?after=99&wait=60&min_position=1", None),
    ("GET", "/audit", None),
    ("GET", "/audit/verify", None),
    ("GET", "/export.json", None),
    ("GET", "/commands/make-milk", None),
    ("PATCH", "", {"name": "Mine"}),
    ("PUT", "/members/sam", {"role": "owner"}),
    ("DELETE", "/members/olga", None),
    ("DELETE", "/members/sam", None),
    ("POST", "/projects", {"name": "Mine", "project": "home"}),
    ("DELETE", "/projects/home", None),
    ("POST", "/tasks", {"title": "Mine", "task": "milk"}),
    ("PATCH", "/tasks/milk", {"title": "Mine", "expected_version": 7}),
    ("POST", "/tasks/milk/complete", None),
    ("POST", "/tasks/milk/comments", {"body": "Mine"}),
    ("POST", "/tasks/milk/undo", {"position": 3}),
    ("POST", "/tasks/milk/undo", {"command": "make-milk"}),
    ("POST", "/tasks/milk/undo", {"command": "make-milk", "actor": "olga"}),
    ("POST", "/commands", {"type": "Undo", "position": 3}),
    ("POST", "/commands", {"type": "CreateTask", "task": "milk", "title": "Mine"}),
    ("POST", "/commands", {"type": "CreateWorkspace", "name": "Mine"}),
    ("POST", "/commands", {"commands": [{"type": "TrashTask", "task": "milk"}, {"type": "Undo", "position": 3}]}),
]


@pytest.mark.parametrize("prefer", [{}, {"Prefer": "respond-async"}])
@pytest.mark.parametrize("request_of", REQUESTS, ids=[f"{method} {path} {body}" for method, path, body in REQUESTS])
async def test_a_stranger_does_not_learn_what_there_is(
    site: Site, space: Space, request_of: tuple[str, str, Json | None], prefer: dict[str, str]
) -> None:
    """A workspace that is not there and one that is not theirs answer with the same status, headers and body."""
    await space.project("Home", project="home")
    await space.post("/commands", {"type": "CreateTask", "id": "make-milk", "task": "milk", "title": "Milk"})
    method, path, body = request_of
    stranger, missing = space.acting("sam"), f"{key():0>26}"
    nowhere = Space(site.session, stranger.headers, f"{WORKSPACES}/{missing}", missing)
    more: dict[str, Any] = {} if body is None else {"body": body}
    headers = {**prefer, "Idempotency-Key": "same"} if method != "GET" else prefer
    there = await stranger.send(method, path, headers=headers, **more)
    not_there = await nowhere.send(method, path, headers=headers, **more)
    assert there.status == not_there.status
    assert there.raw.replace(space.id.encode(), b"") == not_there.raw.replace(nowhere.id.encode(), b"")
    assert set(there.headers) == set(not_there.headers)
    assert there.headers.get("Tasksys-Position") == not_there.headers.get("Tasksys-Position")
    assert b"Milk" not in there.raw
    assert there.status in (202, 400, 404, 422) or b'"refused"' in there.raw
    outcomes = [await decided(one, "/commands/same") for one in (stranger, nowhere)]
    assert outcomes[0] == outcomes[1]


async def decided(space: Space, path: str) -> bytes:
    """What is told of a command, once that is not that it is pending."""
    answers: list[bytes] = []

    async def told() -> bool:
        answers.append((await space.get(path)).raw)
        return b'"pending"' not in answers[-1]

    await eventually(told)
    return answers[-1]
