"""Log lines in a file beside standard error."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from monitoring.logfile import KEPT, Tee
from tests.support.serving import Serving


def test_lines_go_to_both(tmp_path: Path) -> None:
    """The file has what the stream has, and begins where an earlier process ended."""
    stream, path = io.StringIO(), tmp_path / "logs/tasksys.log"
    for text in ("first\n", "zweite Zeile: ä\n"):
        tee = Tee(path, stream)
        assert tee.write(text) == len(text)
        tee.flush()
        tee.close()
    assert path.read_text() == stream.getvalue() == "first\nzweite Zeile: ä\n"


def test_files_are_turned_over_and_bounded(tmp_path: Path) -> None:
    """Each line is whole in one file, the youngest are kept, and there are never more files than that."""
    path = tmp_path / "tasksys.log"
    tee = Tee(path, io.StringIO(), size=100)
    said = [f"line {number:04}\n" for number in range(200)]
    for line in said:
        tee.write(line)
    names = [path.with_name(f"{path.name}.{number}") for number in range(KEPT, 0, -1)]
    assert sorted(tmp_path.iterdir()) == sorted([path, *names])
    kept = "".join(one.read_text() for one in (*names, path)).splitlines(keepends=True)
    assert kept == said[-len(kept) :]
    assert len(kept) >= KEPT * 10


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_disk_that_is_full_stops_nobody() -> None:
    """What the file does not take is said on standard error all the same."""
    stream = io.StringIO()
    tee = Tee(Path("/dev/full"), stream)
    tee.write("all the same\n")
    assert stream.getvalue() == "all the same\n"


def test_no_terminal(tmp_path: Path) -> None:
    """So lines are JSON where nobody asked for another form."""
    assert not Tee(tmp_path / "log", io.StringIO()).isatty()


def test_a_server_logs_to_its_file(tmp_path: Path) -> None:
    """`serve --log-file` writes JSON lines there and to standard error."""
    path = tmp_path / "logs/tasksys.log"
    with Serving(tmp_path / "data", "--log-file", str(path)) as server:
        assert server.ready()
    said = [json.loads(line) for line in path.read_text().splitlines()]
    assert any(line["message"].startswith("serving at") for line in said)
    assert path.read_text() in server.output()


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    """The server says so and does not start."""
    server = Serving(tmp_path / "data", "--log-file", str(tmp_path))
    with pytest.raises(RuntimeError, match=r"log-file|Log-file|FILE"):
        server.start()


def test_what_cannot_be_turned_over_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no new file can be had, of descriptors say, lines go on into the old one, and no older file is lost."""
    path = tmp_path / "tasksys.log"
    tee = Tee(path, io.StringIO(), size=10)
    tee.write("long enough\n")
    tee.write("the second\n")

    def none_left(*given: object, **named: object) -> None:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", none_left)
        for number in range(6):
            tee.write(f"line {number}\n")
    tee.write("anew\n")
    assert path.read_text() == "anew\n"
    assert path.with_name("tasksys.log.1").read_text().splitlines()[1:] == [f"line {number}" for number in range(6)]
    assert path.with_name("tasksys.log.2").read_text() == "long enough\n"
