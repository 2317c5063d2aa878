"""The file of a log: whole, or told to be none."""

import gzip
import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.archive import form
from streams.archive.form import Archive, ArchiveUnfit, CommandLine, EventLine, Head, Manifest, Stored, Writer
from tasksys import audit
from tests.support.archives import archive


@given(st.one_of(st.binary(max_size=60), st.recursive(st.integers(), st.lists).map(lambda it: json.dumps(it).encode())))
def test_every_byte_is_kept(value: bytes) -> None:
    """Also of what is no JSON, or would break a line."""
    line = CommandLine.of("w", value)
    assert line.value == value
    encoded = form._encode(line)
    assert b"\n" not in encoded
    found = form._decode(encoded)
    assert isinstance(found, Stored)
    assert found.value == value


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Events byte for byte, in their order, with the link of the chain at each position; one content, one digest."""
    logs = archive(tmp_path / "log.gz")
    found = Archive(tmp_path / "log.gz")
    assert {name: one.events for name, one in found.contents.items()} == {name: len(log) for name, log in logs.items()}
    read: dict[str, list[bytes]] = {name: [] for name in logs}
    for line in found.lines():
        if isinstance(line, EventLine):
            read[line.workspace].append(line.value)
    assert read == logs
    for name, log in logs.items():
        link = audit.GENESIS
        for position, event in enumerate(log):
            link = audit.link(link, event)
            assert found.contents[name].links[position] == link[: form.LINK_BYTES]
        assert found.contents[name].chain == link
    archive(tmp_path / "again.gz")
    again = Archive(tmp_path / "again.gz")
    assert {one.digest for one in again.contents.values()} == {one.digest for one in found.contents.values()}
    assert (tmp_path / "again.gz").read_bytes() == (tmp_path / "log.gz").read_bytes()


def test_what_was_cut_or_changed_is_told(tmp_path: Path) -> None:
    """Wherever: in what is packed, and in what somebody has unpacked and packed again."""
    file, other = tmp_path / "log.gz", tmp_path / "other.gz"
    archive(file)
    packed, lines, choose = (
        file.read_bytes(),
        gzip.decompress(file.read_bytes()).splitlines(keepends=True),
        random.Random(1),
    )
    for _ in range(20):
        other.write_bytes(packed[: choose.randrange(len(packed))])
        with pytest.raises(ArchiveUnfit):
            Archive(other)
    for _ in range(20):
        kept = list(lines)
        match choose.randrange(4):
            case 0:
                del kept[choose.randrange(len(kept))]
            case 1:
                kept.insert(choose.randrange(len(kept)), choose.choice(kept))
            case 2:
                kept = kept[: choose.randrange(len(kept))]
            case _:
                index = choose.randrange(1, len(kept) - 1)
                kept[index] = (
                    kept[index].replace(b"Task", b"Tusk").replace(b"k1", b"q1").replace(b'"at":"2', b'"at":"3')
                )
        other.write_bytes(gzip.compress(b"".join(kept)))
        with pytest.raises(ArchiveUnfit):
            Archive(other)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no export"),
        (b'{"a": 1}\n', "cannot read"),
        (form._encode(Manifest({}, 0, "")) + b"\n", "no export"),
        (form._encode(Head(form.FORMAT + 1, "9.9", "", 1)) + b"\n", "release 9.9"),
        (form._encode(Head(form.FORMAT, "0.1", "", 1)) + b"\n", "last line"),
    ],
)
def test_what_is_none_of_ours_says_so(content: bytes, said: str, tmp_path: Path) -> None:
    """And what to do."""
    file = tmp_path / "log.gz"
    file.write_bytes(gzip.compress(content))
    with pytest.raises(ArchiveUnfit, match=said):
        Archive(file)
    file.write_bytes(b"plain text")
    with pytest.raises(ArchiveUnfit, match="no export"):
        Archive(file)


def test_an_export_that_breaks_off_leaves_what_was_there(tmp_path: Path) -> None:
    """The whole file or nothing."""
    file = tmp_path / "log.gz"
    file.write_text("of before")
    writer = Writer(file, Head(form.FORMAT, "0.1", "", 1))
    with pytest.raises(ArchiveUnfit, match="cannot be read"):
        writer.add(EventLine.of("w", b"{}"))
    writer.abandon()
    assert file.read_text() == "of before"
    assert [one.name for one in tmp_path.iterdir()] == ["log.gz"]
