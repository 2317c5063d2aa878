"""What is sealed opens for its place only; tokens are ours, whole and in time; the key's file is its owner's."""

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.delivery.keys import Confirmation, Keys, SealBroken, Ticket, kept
from tasksys.keyring import several

KEY = "0123456789abcdef0123456789abcdef"
NEW_KEY = "00112233445566778899aabbccddeeff"
KEYS = Keys(KEY)
OTHER = Keys("fedcba9876543210fedcba9876543210")
TICKET = Ticket("acme", "olga", "ring", "2026-03-08T09:00:00.000Z", "2026-04-08T09:00:00.000Z")
ASKED = Confirmation("acme", "olga", "mail", "42", "2026-03-15T09:00:00.000Z")
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


@pytest.mark.parametrize(
    "sealed", ["", "v1.", "v2.abcd", "v2.abcd.", "v2..AAAA", "v3.abcd", "v1.!!!!", "v1.AAAA", "plain"]
)
def test_what_was_never_sealed(sealed: str) -> None:
    """Is not opened."""
    with pytest.raises(SealBroken):
        KEYS.unseal(sealed, "acme")


def secret(keys: Keys, user: str, made: str) -> str:
    """The secret of a webhook that was just sealed."""
    place = ("acme", user, "phone", "webhook")
    return keys.webhook(keys.seal("https://example.org/", *place), place, made)


def test_a_key_is_changed() -> None:
    """The new one seals; what the old one sealed and signed is opened while it is there, and not after."""
    place = ("acme", "olga", "phone", "webhook")
    both = Keys(f"{NEW_KEY}\n{KEY}")
    sealed, token, asked = KEYS.seal("https://example.org/", *place), KEYS.ticket(TICKET), KEYS.ticket(ASKED)
    old_form = "v1." + sealed.rpartition(".")[2]
    for one in (sealed, old_form):
        assert both.unseal(one, *place) == "https://example.org/"
        assert both.webhook(one, place, "7") == KEYS.webhook(sealed, place, "7")
    assert both.admitted(token, NOW) == TICKET
    assert both.confirmation(asked, NOW) == ASKED
    assert KEYS.marks("acme", "olga", "a@example.org")[0] in both.marks("acme", "olga", "a@example.org")
    after = Keys(NEW_KEY)
    anew = both.seal("https://example.org/", *place)
    assert after.unseal(anew, *place) == "https://example.org/"
    assert after.admitted(both.ticket(TICKET), NOW) == TICKET
    assert both.marks("a")[0] == after.marks("a")[0]
    assert both.blinded("a") == after.blinded("a")
    with pytest.raises(SealBroken):
        KEYS.unseal(anew, *place)
    for one in (sealed, old_form):
        with pytest.raises(SealBroken):
            after.unseal(one, *place)
    assert after.admitted(token, NOW) is None


def test_tokens_of_one_kind_are_none_of_the_other() -> None:
    """Who may acknowledge may not confirm."""
    assert KEYS.confirmation(KEYS.ticket(TICKET), NOW) is None
    assert KEYS.admitted(KEYS.ticket(ASKED), NOW) is None
    assert KEYS.confirmation(KEYS.ticket(ASKED), ASKED.until) is None


def test_what_was_sealed_before_keys_had_names() -> None:
    """As an earlier release wrote it."""
    stored = "v1.fpdJFHFUH0WA06oTfeFBcPXnD9TwrivkrBpaqVWBpJEfBA8sATTaccIEe1hsWJHiV3U7eA"
    assert KEYS.unseal(stored, "acme", "olga", "phone") == "https://example.org/hook"


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", ()),
        (KEY, (KEY,)),
        (f" {KEY}\n", (KEY,)),
        (f"{NEW_KEY}\r\n\n{KEY}\n", (NEW_KEY, KEY)),
        (f"{KEY} {KEY}", (KEY,)),
        ("correct horse battery staple, for ever", ("correct horse battery staple, for ever",)),
    ],
)
def test_several_keys(text: str, keys: tuple[str, ...]) -> None:
    """One a line, or with blanks between; words were a key before there were several, and are still."""
    assert several(text) == keys


@pytest.mark.parametrize("text", ["short", "a b c", f"{KEY} short", f"short {KEY}"])
def test_a_key_that_is_too_short(text: str) -> None:
    """It is said, also of one among several."""
    with pytest.raises(ValueError, match="fewer than 32"):
        several(text)


def test_secrets_are_apart() -> None:
    """Each webhook has its own, and it is the same every time."""
    assert secret(KEYS, "olga", "7") == secret(KEYS, "olga", "7")
    made = {secret(KEYS, "olga", "8"), secret(KEYS, "adam", "7"), secret(KEYS, "olga", "7"), secret(OTHER, "olga", "7")}
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
    file.write_text(f"{NEW_KEY}\n{made}\n")
    assert several(kept(file)) == (NEW_KEY, made)
    file.write_text("too short\n")
    with pytest.raises(OSError, match="fewer than 32"):
        kept(file)
    file.write_text("")
    with pytest.raises(OSError, match="holds no key"):
        kept(file)
