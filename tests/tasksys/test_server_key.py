"""The server's own secret: given or made, kept, and never readable by others."""

from pathlib import Path

import pytest

from tasksys.server_key import FILE, purpose_key, server_key
from tasksys.settings import SECRET_BYTES, SettingsUnfit


def test_it_is_made_once_and_kept(tmp_path: Path) -> None:
    """The next start has the same; only its owner can read it."""
    key = server_key(tmp_path / "data")
    assert len(key) >= SECRET_BYTES
    assert server_key(tmp_path / "data") == key != server_key(tmp_path / "other")
    assert (tmp_path / "data" / FILE).stat().st_mode & 0o777 == 0o600
    assert [one.name for one in (tmp_path / "data").iterdir()] == [FILE]


def test_a_given_one_is_taken(tmp_path: Path) -> None:
    """Nothing is written then; one that is too short is refused."""
    assert server_key(tmp_path, "k" * SECRET_BYTES) == b"k" * SECRET_BYTES
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(SettingsUnfit, match="--secret-key"):
        server_key(tmp_path, "short")


def test_a_file_that_is_none(tmp_path: Path) -> None:
    """A damaged or unreadable file is named with what to do; it is never replaced by itself."""
    (tmp_path / FILE).write_bytes(b"")
    with pytest.raises(SettingsUnfit, match="remove it"):
        server_key(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsUnfit, match="cannot be had"):
        server_key(tmp_path / "file")


def test_what_a_killed_start_left_is_no_key(tmp_path: Path) -> None:
    """A part of a file is written anew."""
    (tmp_path / f"{FILE}.part").write_bytes(b"half")
    assert len(server_key(tmp_path)) >= SECRET_BYTES


def test_each_purpose_has_its_own() -> None:
    """What is signed for one purpose means nothing to another."""
    keys = {
        purpose_key(b"k" * 32, "calendars"),
        purpose_key(b"k" * 32, "deliveries"),
        purpose_key(b"l" * 32, "calendars"),
    }
    assert len(keys) == 3
    assert {len(one) for one in keys} == {32}
