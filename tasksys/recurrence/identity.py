"""The id of an occurrence: a UUIDv5 (RFC 9562, 5.5) of its series and its original local date-time.

Moving an occurrence does not change its original time, so its id stays; made twice, it is still one. Any client can
compute it: the namespace is below, the name is the series' id, a slash, and the local time as a `When` spells it.
"""

import hashlib
from typing import Final

NAMESPACE: Final = bytes.fromhex("7c6ab1f8c5d55cb8a1e0a3d1f0e2b947")
"""7c6ab1f8-c5d5-5cb8-a1e0-a3d1f0e2b947, for occurrences alone. It never changes."""


def occurrence_id(series: str, original: str) -> str:
    """The id for a series' occurrence whose original time is `2026-03-08`, `2026-03-08T09:00` or `2026-03-08T09:00:30`.

    A whole minute may also be given with its seconds, `2026-03-08T09:00:00`: it is the same time.
    """
    digest = bytearray(
        hashlib.sha1(NAMESPACE + f"{series}/{canonical(original)}".encode(), usedforsecurity=False).digest()
    )
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest[:16].hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def canonical(original: str) -> str:
    """An original time in its one spelling: a whole minute has no seconds."""
    return original.removesuffix(":00") if original.count(":") == 2 else original
