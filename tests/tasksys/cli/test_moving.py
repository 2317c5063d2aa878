"""`tasksys export-log` and `import-log` as a person uses them."""

from __future__ import annotations

import gzip
import json
import subprocess
from functools import partial
from pathlib import Path

from tests.support.archives import archive
from tests.support.ports import free_ports
from tests.support.serving import COMMAND, Serving, environment
from tests.tasksys.cli.conftest import answer, errors, invoke


def test_a_log_goes_through_a_file(tmp_path: Path) -> None:
    """In, out again, and in elsewhere; the same is there, and the same import again says that it was."""
    first, one, other = tmp_path / "first.gz", f"embedded://{tmp_path}/one/log", f"embedded://{tmp_path}/other/log"
    logs = archive(first)
    shown = invoke("import-log", str(first), "--broker", one)
    assert "position by position" in shown.stdout
    assert "workers here with the --secret-key of the server that the file is of" in " ".join(shown.stdout.split())
    told = answer(invoke("export-log", str(tmp_path), "--data-dir", f"{tmp_path}/one", "--json"))
    assert {name: one["events"] for name, one in told["workspaces"].items()} == {
        name: len(log) for name, log in logs.items()
    }
    found = answer(invoke("import-log", told["file"], "--broker", other, "--partitions", "3", "--json"))["workspaces"]
    assert {(one["workspace"], one["chain"]) for one in found} == {
        (name, one["chain"]) for name, one in told["workspaces"].items()
    }
    assert not any(one["before"] for one in found)
    assert "was there" in invoke("import-log", told["file"], "--broker", other).stdout


def test_people_go_on_where_they_were(tmp_path: Path, user: str) -> None:
    """The feed from an old position, undo, the audit and the tables: as if the workspace had always been there."""
    left, come, file = Serving(tmp_path / "left"), Serving(tmp_path / "come"), tmp_path / "log.gz"
    with left:
        here = partial(invoke, TASKSYS_SERVER=left.url, TASKSYS_USER=user)
        task = answer(here("add", "Milk", "--json"))["id"]
        here("add", "Water the plants every day at 9")
        here("edit", task, "--title", "Oat milk")
        before = here("watch", "--after", "2", "--count", "4", "--json").stdout
    invoke("export-log", str(file), "--broker", f"embedded://{left.log}")
    invoke("import-log", str(file), "--broker", f"embedded://{come.log}", "--partitions", "3")
    with come:
        here = partial(invoke, TASKSYS_SERVER=come.url, TASKSYS_USER=user)
        assert here("watch", "--after", "2", "--count", "4", "--json").stdout == before
        here("undo", task)
        assert answer(here("show", task, "--json"))["title"] == "Milk"
        here("audit", "verify")
        here("replay", "--verify")
        names = [json.loads(line)["id"] for line in before.splitlines()]
        last = here("watch", "--after", "6", "--count", "1", "--json").stdout
        assert json.loads(last)["id"] not in names


def test_what_cannot_be_moved_says_why(server: Serving, tmp_path: Path) -> None:
    """In use, not there, no file of ours, or no place to write to; and nothing is left."""
    target = tmp_path / "log.gz"
    assert "is in use" in errors(invoke("export-log", str(target), "--broker", f"embedded://{server.log}", code=1))
    assert "no embedded log" in errors(invoke("export-log", str(target), "--data-dir", str(tmp_path), code=1))
    assert "--broker" in errors(invoke("export-log", str(target), "--broker", "nonsense", code=2))
    assert not list(tmp_path.glob("log.gz*"))
    target.write_bytes(gzip.compress(b"[]\n"))
    log = f"embedded://{tmp_path}/log"
    assert "cannot read" in errors(invoke("import-log", str(target), "--broker", log, code=1))
    archive(target, larger=1_500_000)
    assert "at position 3 is larger" in errors(invoke("import-log", str(target), "--broker", log, code=1))
    archive(target)
    assert "in use" in errors(invoke("import-log", str(target), "--broker", f"embedded://{server.log}", code=1))
    log = f"embedded://{tmp_path}/other"
    invoke("import-log", str(target), "--broker", log)
    lost = tmp_path / "nowhere" / "log.gz"
    assert "name another file" in errors(invoke("export-log", str(lost), "--broker", log, code=1))


def test_a_file_that_is_there_is_kept(tmp_path: Path) -> None:
    """Unless it is said to be written over: it may be the only copy of another log."""
    file, log = tmp_path / "log.gz", f"embedded://{tmp_path}/log"
    archive(file)
    invoke("import-log", str(file), "--broker", log)
    before = file.read_bytes()
    assert "--force" in errors(invoke("export-log", str(file), "--broker", log, code=1))
    assert file.read_bytes() == before
    told = " ".join(invoke("export-log", str(file), "--broker", log, "--force").stdout.split())
    assert "start the other server with the same --secret-key, that of this one, or people set" in told
    assert file.read_bytes() != before


def test_the_key_is_named_where_it_is(tmp_path: Path) -> None:
    """By its path, for who moves off a laptop; there is one once a server has run."""
    with Serving(tmp_path / "own") as own:
        pass
    told = invoke("export-log", str(tmp_path / "log.gz"), "--data-dir", str(own.log.parent)).stdout
    assert f"that in {own.log.parent}/secret.key, or people" in " ".join(told.split())


def test_a_broker_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    """As people write addresses, and nothing of the client's own before it."""
    file, (port,) = tmp_path / "log.gz", free_ports(1)
    archive(file)
    command = [*COMMAND, "import-log", str(file), "--broker", f"kafka://127.0.0.1:{port}"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment())
    said = " ".join(ended.stderr.split())
    assert ended.returncode == 1
    assert said.startswith(f"Error: Kafka at 127.0.0.1:{port} does not answer (")
    assert f"from 127.0.0.1:{port})" in said
    assert "AddressFamily" not in said
