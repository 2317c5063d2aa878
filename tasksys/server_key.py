"""The server's own secret: what it signs with, so that what it once gave out can be recognised.

It was given (`TASKSYS_SECRET_KEY`), or it is made once and kept in the data directory, readable by its owner only.
Several processes that serve the same users need the same one. Nothing is signed with it itself: every purpose has a key
of its own, made of it and the purpose's name, so that what is signed for one means nothing to another.
"""

import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from tasksys.settings import SECRET_BYTES, SettingsUnfit

FILE: Final = "server.key"


def server_key(directory: Path, given: str = "") -> bytes:
    """The secret, at least 32 bytes. SettingsUnfit if what was given is shorter, or the file cannot be had."""
    if given:
        if len(given.encode()) < SECRET_BYTES:
            remedy = f"make one with `openssl rand -hex {SECRET_BYTES}`"
            raise SettingsUnfit(f"--secret-key needs at least {SECRET_BYTES} bytes; {remedy}")
        return given.encode()
    path = directory / FILE
    try:
        if not path.exists():
            _write(path, secrets.token_hex(SECRET_BYTES).encode())
        key = path.read_bytes().strip()
    except OSError as error:
        cause = error.strerror or str(error)
        raise SettingsUnfit(f"{path}: the server's key cannot be had ({cause}); give --secret-key instead") from error
    if len(key) < SECRET_BYTES:
        raise SettingsUnfit(f"{path} has less than {SECRET_BYTES} bytes; remove it, so that another one is made")
    return key


def purpose_key(key: bytes, purpose: str) -> bytes:
    """The key for one purpose."""
    return hmac.digest(key, purpose.encode(), "sha256")


def _write(path: Path, key: bytes) -> None:
    """The whole file or none, and never readable by others."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
