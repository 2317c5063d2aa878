"""The server's secret key as it is given: one, or several while it is changed. The first seals and signs, all open."""

from hashlib import blake2b
from typing import Final

PRINT: Final = b"tasksys print v1"
PRINT_BYTES: Final = 12

KEY_CHARACTERS: Final = 32
"""A key has no fewer."""


def several(text: str) -> tuple[str, ...]:
    """The keys that stand in a text, with blanks or line breaks between them; none in an empty one.

    ValueError where one is too short. A text of short words alone is one key: so a key may have been given before there
    were several.
    """
    keys = tuple(text.split())
    if keys and all(len(key) < KEY_CHARACTERS for key in keys):
        keys = (text.strip(),)
    short = [number for number, key in enumerate(keys, 1) if len(key) < KEY_CHARACTERS]
    if short:
        which = f"key {short[0]} of {len(keys)}" if len(keys) > 1 else "it"
        raise ValueError(f"{which} has fewer than {KEY_CHARACTERS} characters")
    return tuple(dict.fromkeys(keys))


def prints(text: str) -> tuple[str, ...]:
    """What tells the keys that stand in a text from others, and does not open anything; for whoever may read it."""
    return tuple(blake2b(key.encode(), digest_size=PRINT_BYTES, person=PRINT).hexdigest() for key in several(text))
