"""`tasksys watch`: lines of what happens."""

from __future__ import annotations

import json
import signal
import subprocess
from threading import Timer

from tests.support.serving import COMMAND, Serving, environment
from tests.tasksys.cli.conftest import Run, errors, invoke
from tests.tasksys.cli.test_journey import added

PATIENCE = 30.0


def test_what_happened_is_shown(run: Run, user: str) -> None:
    """From a position on: who did what, to which task, before and after; as JSON, the events themselves."""
    task = added(run, "Milk", "--label", "home", "--label", "shop")
    run("done", task)
    lines = run("watch", "--after", "0", "--count", "4").stdout.splitlines()
    assert len(lines) == 4
    assert lines[2].startswith("3  ")
    assert all(part in lines[2] for part in (user, "TaskCreated", "“Milk”"))
    assert "labels: – → home, shop" in lines[2]
    assert "status: open → done" in lines[3]
    events = [json.loads(line) for line in run("watch", "--after", "2", "--count", "2", "--json").stdout.splitlines()]
    assert [(one["position"], one["type"], one["task"]) for one in events] == [
        (3, "TaskCreated", task), (4, "TaskCompleted", task),
    ]  # fmt: skip


def test_what_happens_is_shown_until_it_is_stopped(server: Serving, run: Run, user: str) -> None:
    """A line appears when something happens; Ctrl-C ends it without a word."""
    added(run, "Milk")
    settings = environment(TASKSYS_SERVER=server.url, TASKSYS_USER=user, PYTHONUNBUFFERED="1")
    with subprocess.Popen(
        [*COMMAND, "watch", "--after", "3"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=settings
    ) as watching:
        assert watching.stdout is not None
        alarm = Timer(PATIENCE, watching.kill)
        alarm.start()
        run("add", "Bread", "--due", "2126-03-08")
        line = watching.stdout.readline()
        assert "TaskCreated" in line
        assert "Bread" in line
        watching.send_signal(signal.SIGINT)
        rest, said = watching.communicate(timeout=PATIENCE)
        alarm.cancel()
    assert (watching.returncode, rest, said) == (0, "", "")


def test_nobody_to_watch(run: Run) -> None:
    """No server is one sentence; a workspace of others is not there."""
    result = invoke("watch", "-w", "w", code=3, TASKSYS_SERVER="http://127.0.0.1:1")
    assert "tasksys serve" in errors(result)
    run("watch", "-w", "nothing-like-it", code=4)
