"""A real server for all tests of a module, and the command line as a person uses it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from tasksys.cli.main import cli
from tests.support.serving import Serving

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders of the test's own for configuration and data, in UTC, without the settings of who runs the tests."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("TZ", "UTC")
    for name in ("WORKSPACE", "SERVER", "TOKEN", "USER", "JSON", "DEBUG", "BROKER"):
        monkeypatch.delenv(f"TASKSYS_{name}", raising=False)
    return tmp_path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One server for the module. A test that stops or kills it starts it again."""
    with Serving(tmp_path_factory.mktemp("server")) as serving:
        yield serving


@pytest.fixture
def user() -> str:
    """Somebody new, who shares no workspace with anybody."""
    return f"user-{uuid4().hex[:12]}"


@pytest.fixture
def run(server: Serving, user: str) -> Run:
    """Runs `tasksys` with these arguments against the server as that user; asserts the exit code (0 by default)."""

    def run_(*arguments: str, code: int = 0, **settings: str) -> Result:
        return invoke(*arguments, code=code, TASKSYS_SERVER=server.url, TASKSYS_USER=user, **settings)

    return run_


def invoke(*arguments: str, code: int = 0, **settings: str) -> Result:
    """Runs `tasksys` in this process; asserts the exit code and that no traceback was shown."""
    result = CliRunner().invoke(cli, list(arguments), env=settings, prog_name="tasksys")
    assert result.exit_code == code, f"{arguments} ended with {result.exit_code}, not {code}:\n{result.output}"
    assert "Traceback" not in result.output
    return result


def answer(result: Result) -> Any:
    """The JSON that a command printed."""
    return json.loads(result.stdout)


def errors(result: Result) -> str:
    """What was said on standard error, with line breaks and indents made single blanks."""
    return " ".join(result.stderr.split())
