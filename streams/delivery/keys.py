"""The server's secret key, and what is derived of it: sealed targets, secrets of webhooks, tokens to acknowledge.

Each use has a key of its own, so what is told to the owner of a webhook opens nothing else.
"""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_CHARACTERS: Final = 32
"""A key has no fewer."""

NONCE_BYTES: Final = 12
VERSION: Final = "v1."
"""How a sealed text begins; another way to seal is another version."""


class SealBroken(Exception):
    """It was sealed with another key, for another place, or was changed."""


class Ticket(NamedTuple):
    """What a link in a mail may do: acknowledge one firing for its user, until an instant (as stored)."""

    workspace: str
    user: str
    reminder: str
    scheduled_for: str
    until: str


class Confirmation(NamedTuple):
    """What the link of a mail that asks may do: confirm that it came to a channel's address, until an instant."""

    workspace: str
    user: str
    channel: str
    asked: str
    """The position of the event that had it asked, as digits."""
    until: str


T = TypeVar("T", Ticket, Confirmation)


class Keys:
    """Everything that needs the server's key."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def __repr__(self) -> str:
        return "Keys(…)"

    def _derived(self, *parts: str) -> bytes:
        return hmac.digest(self._secret, "\0".join(parts).encode(), hashlib.sha256)

    def seal(self, text: str, *place: str) -> str:
        """The text, readable with this key and for this place only."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = AESGCM(self._derived("seal")).encrypt(nonce, text.encode(), "\0".join(place).encode())
        return VERSION + _text(nonce + sealed)

    def unseal(self, sealed: str, *place: str) -> str:
        """The text that was sealed for this place. Raises SealBroken."""
        try:
            if not sealed.startswith(VERSION):
                raise SealBroken
            raw = _bytes(sealed.removeprefix(VERSION))
            where = "\0".join(place).encode()
            return AESGCM(self._derived("seal")).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], where).decode()
        except (InvalidTag, ValueError) as error:
            raise SealBroken from error

    def blinded(self, text: str) -> str:
        """Tells texts apart without saying anything of them."""
        return self._derived("blind", text).hex()

    def webhook(self, *place: str) -> str:
        """The secret of a webhook, as Standard Webhooks spells it."""
        return "whsec_" + base64.b64encode(self._derived("webhook", *place)).decode()

    def mark(self, *place: str) -> str:
        """Knows an address of a user's again, without saying anything of it."""
        return self._derived("address", *place).hex()[:32]

    def ticket(self, ticket: Ticket | Confirmation) -> str:
        """A token that stands for what a link may do."""
        payload = "\0".join(ticket)
        return f"{_text(payload.encode())}.{_text(self._derived(_use(type(ticket)), payload))}"

    def admitted(self, token: str, now: str) -> Ticket | None:
        """The ticket of a token; None if it is none of ours, or its time is over."""
        return self._admitted(Ticket, token, now)

    def confirmation(self, token: str, now: str) -> Confirmation | None:
        """What a token confirms; None if it is none of ours, or its time is over."""
        return self._admitted(Confirmation, token, now)

    def _admitted(self, kind: type[T], token: str, now: str) -> T | None:
        try:
            body, signature = token.split(".")
            payload = _bytes(body).decode()
            found = kind(*payload.split("\0"))
            ours = hmac.compare_digest(_bytes(signature), self._derived(_use(kind), payload))
        except (ValueError, TypeError):
            return None
        return found if ours and now < found.until else None


def _use(kind: type[Ticket] | type[Confirmation]) -> str:
    """What the key is used for: a token of one kind is none of the other."""
    return "ticket" if kind is Ticket else "confirm"


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error


def kept(file: Path) -> str:
    """The key in a file that its owner alone can read; it is made at the first time. Raises OSError."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        found = file.read_text(encoding="ascii").strip()
        if len(found) < KEY_CHARACTERS:
            raise OSError(f"{file} holds no key; restore it, or remove it and set all channels again") from None
        return found
    made = secrets.token_hex(KEY_CHARACTERS)
    with os.fdopen(descriptor, "w", encoding="ascii") as written:
        written.write(made + "\n")
        written.flush()
        os.fsync(written.fileno())
    return made
