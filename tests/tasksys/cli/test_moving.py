"""`tasksys export-log` and `import-log` as a person uses them."""

from __future__ import annotations

import gzip
import json
from functools import partial
from pathlib import Path

from tests.support.archives import archive
from tests.support.serving import Serving
from tests.tasksys.cli.conftest import answer, errors, invoke


def test_a_log_goes_through_a_file(tmp_path: Path) -> None:
    """In, out again, and in elsewhere; the same is there, and the same import again says that it was."""
    first, one, other = tmp_path / "first.gz", f"embedded://{tmp_path}/one/log", f"embedded://{tmp_path}/other/log"
    logs = archive(first)
    shown = invoke("import-log", str(first), "--broker", one)
    assert "position by position" in shown.stdout
    assert "--secret-key" in shown.stdout
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
