"""New ids: ULIDs, which sort by the time they were made; or made of a client's idempotency key, so that a repetition of
the same request names the same thing."""

import hashlib
import secrets
import time

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]


def ulid() -> str:
    """A new ULID: 48 bits of Unix time in milliseconds and 80 random bits, as 26 characters."""
    return _spelled((time.time_ns() // 1_000_000 << 80) | secrets.randbits(80))


def derived(*parts: str) -> str:
    """An id that is the same for the same parts, in the alphabet of ULIDs but without a time."""
    digest = hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return _spelled(int.from_bytes(digest))


def _spelled(number: int) -> str:
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)])
