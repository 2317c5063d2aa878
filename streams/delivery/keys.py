"""The server's secret key, and what is derived of it: sealed targets, secrets of webhooks, tokens to acknowledge.

Each use has a key of its own, so what is told to the owner of a webhook opens nothing else. While the key is changed
there are several: the first seals and signs, and what any of them has sealed or signed is opened. What is sealed names
its key.
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

from tasksys.keyring import KEY_CHARACTERS, several

NAME_CHARACTERS: Final = 8
"""Of the name of a key, which says nothing of it."""

NONCE_BYTES: Final = 12
FIRST: Final = "v1."
"""How a text begins that was sealed before it named its key."""
VERSION: Final = "v2."
"""How a sealed text begins, before the name of its key; another way to seal is another version."""


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

    def __init__(self, secrets: str) -> None:
        """One or several, see `tasksys.keyring`. ValueError where one is too short."""
        self._secrets = tuple(one.encode() for one in several(secrets))
        if not self._secrets:
            raise ValueError("there is no key")
        self._named = {_derived(one, "name").hex()[:NAME_CHARACTERS]: one for one in self._secrets}

    def __repr__(self) -> str:
        return "Keys(…)"

    def _derived(self, *parts: str) -> bytes:
        return _derived(self._secrets[0], *parts)

    def seal(self, text: str, *place: str) -> str:
        """The text, readable with this key and for this place only."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = AESGCM(self._derived("seal")).encrypt(nonce, text.encode(), "\0".join(place).encode())
        return f"{VERSION}{next(iter(self._named))}.{_text(nonce + sealed)}"

    def unseal(self, sealed: str, *place: str) -> str:
        """The text that was sealed for this place. Raises SealBroken."""
        return self._opened(sealed, *place)[0]

    def _opened(self, sealed: str, *place: str) -> tuple[str, bytes]:
        """The text, and which secret it was sealed with. Raises SealBroken."""
        if sealed.startswith(FIRST):
            candidates, body = list(self._secrets), sealed.removeprefix(FIRST)
        elif sealed.startswith(VERSION):
            name, _, body = sealed.removeprefix(VERSION).partition(".")
            candidates = [self._named[name]] if name in self._named else []
        else:
            raise SealBroken
        where = "\0".join(place).encode()
        for secret in candidates:
            try:
                raw = _bytes(body)
                aead = AESGCM(_derived(secret, "seal"))
                return aead.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], where).decode(), secret
            except (InvalidTag, ValueError):
                continue
        raise SealBroken

    def blinded(self, text: str) -> str:
        """Tells texts apart without saying anything of them."""
        return self._derived("blind", text).hex()

    def webhook(self, sealed: str, place: tuple[str, ...], made: str) -> str:
        """The secret of a webhook that is sealed for a place, as Standard Webhooks spells it; `made` is when it was.

        It is derived of the key that sealed it, and stays while the server's key is changed. Raises SealBroken.
        """
        _, secret = self._opened(sealed, *place)
        return "whsec_" + base64.b64encode(_derived(secret, "webhook", *place[:-1], made)).decode()

    def marks(self, *place: str) -> tuple[str, ...]:
        """Know an address of a user's again, without saying anything of it: by the first key, and by each other one."""
        return tuple(_derived(one, "address", *place).hex()[:32] for one in self._secrets)

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
            given, use = _bytes(signature), _use(kind)
            ours = any(hmac.compare_digest(given, _derived(one, use, payload)) for one in self._secrets)
        except (ValueError, TypeError):
            return None
        return found if ours and now < found.until else None


def _derived(secret: bytes, *parts: str) -> bytes:
    return hmac.digest(secret, "\0".join(parts).encode(), hashlib.sha256)


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
    """The key, or several, in a file that its owner alone can read; one is made at the first time. Raises OSError."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        found = file.read_text(encoding="ascii").strip()
        try:
            if several(found):
                return found
        except ValueError as error:
            raise OSError(f"{file}: {error}; give one key a line, the one that seals first") from None
        raise OSError(f"{file} holds no key; restore it, or remove it and set all channels again") from None
    made = secrets.token_hex(KEY_CHARACTERS)
    with os.fdopen(descriptor, "w", encoding="ascii") as written:
        written.write(made + "\n")
        written.flush()
        os.fsync(written.fileno())
    return made
