"""How workers of a cluster know each other: a request that one hands to another carries a proof of it.

Who has the proof is one of us, and the request has made its one hop: it is answered here or not at all, so that no two
workers send it to and fro. It opens nothing: who asks is found out from the request as ever. A proof that does not hold
is no proof, and counts as if it were not there.
"""

import hmac
import secrets
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tasksys.keyring import several

HEADER: Final = "Tasksys-Hop"

WINDOW: Final = 30.0
"""Seconds that a proof holds, and that the clocks of two workers may differ by. Who overhears one can have the very
same request answered by this worker in this time, if they also have what it takes to send it."""

INFO: Final = b"tasksys forwarding v1"
VERSION: Final = "v1"
NOBODY: Final = "-"


class Hop(NamedTuple):
    """What the worker that handed a request on says of it."""

    client: str
    """The address of the client; blank if it is not known."""
    wait: float
    """Seconds that the request may wait for its partition."""


class Proofs:
    """Makes proofs and knows them again."""

    def __init__(self, secret: str, clock: Callable[[], float] = time.time) -> None:
        """Of the cluster's key, or several while it is changed: the first proves. ValueError where there is none."""
        self._keys = tuple(_derived(one) for one in several(secret))
        self._clock = clock
        if not self._keys:
            raise ValueError("there is no key")

    def __repr__(self) -> str:
        return "Proofs(…)"

    def prove(self, method: str, target: str, hop: Hop) -> str:
        """The header of a request that is handed on; `target` is as it stands in the request's first line."""
        said = f"{self._clock():.3f} {secrets.token_hex(8)} {max(0.0, hop.wait):.3f} {hop.client or NOBODY}"
        return f"{VERSION} {said} {_mac(self._keys[0], method, target, said)}"

    def read(self, method: str, target: str, header: str) -> Hop | None:
        """What the header proves of this very request; None if nothing."""
        parts = header.split(" ")
        if len(parts) != 6 or parts[0] != VERSION or len(header) > 256:
            return None
        said, mac = " ".join(parts[1:5]), parts[5].encode("utf-8", "surrogateescape")
        holds = False
        for key in self._keys:
            holds |= hmac.compare_digest(_mac(key, method, target, said).encode(), mac)
        if not holds or abs(self._clock() - float(parts[1])) > WINDOW:  # a number, for it is one of ours
            return None
        return Hop("" if parts[4] == NOBODY else parts[4], float(parts[3]))


def _derived(secret: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=INFO).derive(secret.encode())


def _mac(key: bytes, method: str, target: str, said: str) -> str:
    """Of what a proof says and of the request; none of the parts has a line break in it."""
    return hmac.digest(key, f"{method}\n{target}\n{said}".encode("utf-8", "surrogateescape"), "sha256").hex()
