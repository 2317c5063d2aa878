"""Who asks, by a token under a shared secret: only who can be believed."""

from __future__ import annotations

import time

import pytest

from tasksys.settings import Auth, AuthMode
from tests.support.http import Client, Site, Space
from tests.views.tokens import (
    SECRET,
    SHARED,
    WORKSPACES,
    bearer,
    claims,
    hmac_of,
    signed,
    tampered,
    unsigned,
    verifying,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


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


def bad_tokens() -> dict[str, dict[str, str]]:
    """Headers nobody should believe, made now: a token of the collection's time is another one when its test runs."""
    return {
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


@pytest.mark.parametrize("which", bad_tokens())
async def test_tokens_that_are_not_valid(site: Site, which: str) -> None:
    """401 for each, before anything is looked at, and the detail does not help whoever made it up."""
    async with verifying(site, SHARED) as verified:
        headers = bad_tokens()[which]
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
    async with verifying(site, Auth(AuthMode.JWT, jwt_secret=SECRET)) as verified:
        assert (await Client(verified.session, bearer(signed(iss="x", aud="y"))).get(WORKSPACES)).status == 200
        assert (await Client(verified.session, bearer(signed(exp=None))).get(WORKSPACES)).status == 401


async def test_operators(site: Site) -> None:
    """Who is named may use /admin, everybody else is 403; health needs nobody."""
    async with verifying(site, SHARED) as verified:
        otto, ann = (Client(verified.session, bearer(signed(sub=name))) for name in ("otto", "ann"))
        for method, path in [
            ("GET", "/admin/status"),
            ("GET", "/metrics"),
            ("GET", "/admin/lag"),
            ("GET", "/admin/dead-letters"),
            ("POST", "/admin/dead-letters/0-0/retry"),
            ("POST", "/admin/dead-letters/0-0/discard"),
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
