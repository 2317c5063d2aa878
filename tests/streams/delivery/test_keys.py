"""What is sealed opens for its place only; tokens are ours, whole and in time; the key's file is its owner's."""

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.delivery.keys import Keys, SealBroken, Ticket, kept

KEYS = Keys("0123456789abcdef0123456789abcdef")
OTHER = Keys("fedcba9876543210fedcba9876543210")
TICKET = Ticket("acme", "olga", "ring", "2026-03-08T09:00:00.000Z", "2026-04-08T09:00:00.000Z")
NOW = "2026-03-09T09:00:00.000Z"


@given(st.text())
def test_a_seal_opens_for_its_place_only(text: str) -> None:
    """Two seals of one text differ; another key, another place or another letter open nothing."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    sealed = KEYS.seal(text, "acme", "olga", "phone")
    assert sealed != KEYS.seal(text, "acme", "olga", "phone")
    assert KEYS.unseal(sealed, "acme", "olga", "phone") == text
    for keys, place in ((OTHER, ("acme", "olga", "phone")), (KEYS, ("acme", "adam", "phone")), (KEYS, ("acme",))):
        with pytest.raises(SealBroken):
            keys.unseal(sealed, *place)
    flipped = sealed[:-1] + ("A" if sealed[-1] != "A" else "E")
    with pytest.raises(SealBroken):
        KEYS.unseal(flipped + "AAAA", "acme", "olga", "phone")


@pytest.mark.parametrize("sealed", ["", "v1.", "v2.abcd", "v1.!!!!", "v1.AAAA", "plain"])
def test_what_was_never_sealed(sealed: str) -> None:
    """Is not opened."""
    with pytest.raises(SealBroken):
        KEYS.unseal(sealed, "acme")


def test_secrets_are_apart() -> None:
    """Each webhook has its own, and it is the same every time."""
    assert KEYS.webhook("acme", "olga", "phone", "7") == KEYS.webhook("acme", "olga", "phone", "7")
    made = {KEYS.webhook("acme", "olga", "phone", "8"), KEYS.webhook("acme", "adam", "phone", "7")}
    made |= {KEYS.webhook("acme", "olga", "phone", "7"), OTHER.webhook("acme", "olga", "phone", "7")}
    assert len(made) == 4
    assert all(one.startswith("whsec_") for one in made)
    assert KEYS.blinded("a") == KEYS.blinded("a") != OTHER.blinded("a")
    assert "0123" not in repr(KEYS)


def test_a_ticket_is_admitted_until_its_end() -> None:
    """And only if every letter of it is ours."""
    token = KEYS.ticket(TICKET)
    assert KEYS.admitted(token, NOW) == TICKET
    assert KEYS.admitted(token, TICKET.until) is None
    assert OTHER.admitted(token, NOW) is None
    body, signature = token.split(".")
    for forged in ("", ".", "a.b", body, f"{body}.", f".{signature}", token + ".x", token[1:], "é.é",
                   f"{KEYS.ticket(TICKET._replace(user='adam')).split('.')[0]}.{signature}"):  # fmt: skip
        assert KEYS.admitted(forged, NOW) is None


@given(st.text(max_size=100))
def test_noise_is_no_ticket(token: str) -> None:
    """Whatever comes in a link."""
    assert KEYS.admitted(token, NOW) is None


def test_the_key_of_an_embedded_log_is_made_once(tmp_path: Path) -> None:
    """Readable by its owner alone; one that was emptied is not replaced in silence."""
    file = tmp_path / "secret.key"
    made = kept(file)
    assert len(made) >= 32
    assert kept(file) == made
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.write_text("")
    with pytest.raises(OSError, match="holds no key"):
        kept(file)
