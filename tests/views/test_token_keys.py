"""Who asks, by a token that an issuer signed: its keys fetched, rotated, missing and forged."""

from __future__ import annotations

import asyncio
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tasksys.settings import Auth
from tests.support.http import Client, Site, key
from tests.support.waiting import until
from tests.views.tokens import (
    EC,
    OTHER,
    RSA,
    WORKSPACES,
    bearer,
    by_key,
    claims,
    hmac_of,
    issuing,
    public_pem,
    published,
    spelled,
    status,
    trusting,
    unsigned,
    verifying,
)
from views.auth import JwtAuthentication

pytestmark = pytest.mark.asyncio(loop_scope="module")


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
        verifying(site, trusting(issuer, jwt_algorithms=("EdDSA",))) as verified,
    ):
        assert await status(verified, by_key("o", private, "EdDSA")) == 200
        assert await status(verified, by_key("r", RSA)) == 401


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
        await until(lambda: issuer.asked == 1)
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
        pass
    async with verifying(site, trusting(issuer)) as verified:
        answer = await Client(verified.session, by_key("r", RSA)).get(WORKSPACES)
        answer.problem(503, "keys-unavailable")
        assert (await Client(verified.session, bearer("garbage")).get(WORKSPACES)).status == 401


async def test_known_keys_outlive_their_issuer(site: Site) -> None:
    """While the issuer fails, its known keys go on; only who names an unknown one is told to come again."""
    async with issuing(("r", RSA)) as issuer, verifying(site, trusting(issuer), cooldown=0) as verified:
        assert await status(verified, by_key("r", RSA)) == 200
        issuer.status = 500
        assert await status(verified, by_key("x", OTHER)) == 503
        assert await status(verified, by_key("r", RSA)) == 200


async def test_settings_without_keys_verify_nothing() -> None:
    """An empty secret would take any token that was signed with nothing."""
    with pytest.raises(ValueError, match="no keys"):
        JwtAuthentication(Auth())
