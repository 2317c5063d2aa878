"""The files that deploy and test the project, read by the tools that will run them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent
SCRIPTS = [
    *sorted(ROOT.glob("deploy/*.sh")),
    ROOT / "tests/run.sh",
    ROOT / "tests/support/jars.sh",
    ROOT / "tests/support/kafka/install.sh",
    ROOT / ".ci/run",
]


def tool(name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a tool of the test environment at the root of the project."""
    return subprocess.run(
        [str(TOOLS / name), *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_shell_scripts_are_clean(script: Path) -> None:
    """ShellCheck finds nothing, and each script may be run."""
    assert os.access(script, os.X_OK)
    found = tool("shellcheck", str(script))
    assert found.returncode == 0, found.stdout


def test_dockerfile_is_clean() -> None:
    """Hadolint finds nothing."""
    found = tool("hadolint", "deploy/Dockerfile")
    assert found.returncode == 0, found.stdout


def test_compose_file_is_valid_with_a_secret() -> None:
    """The real Compose parses the file."""
    found = tool("docker-compose", "config", "-q", TASKSYS_JWT_SECRET="x" * 64)
    assert found.returncode == 0, found.stderr


def test_compose_file_asks_for_a_secret() -> None:
    """Without a secret nothing starts, and the message says what makes one."""
    found = tool("docker-compose", "--env-file", os.devnull, "config", "-q", TASKSYS_JWT_SECRET="")
    assert found.returncode != 0
    assert "deploy/compose.sh" in found.stderr


def test_compose_passes_operators_through() -> None:
    """Who is named in the environment, or in .env, may use /admin."""
    given = {"TASKSYS_JWT_SECRET": "x" * 64, "TASKSYS_ADMINS": "anna"}
    assert '"TASKSYS_ADMINS": "anna"' in tool("docker-compose", "config", "--format", "json", **given).stdout


def test_compose_publishes_on_loopback_only() -> None:
    """No port of the compose file is open to the network."""
    found = tool("docker-compose", "config", "--format", "json", TASKSYS_JWT_SECRET="x" * 64)
    assert found.returncode == 0
    assert '"published"' in found.stdout
    assert found.stdout.count('"published"') == found.stdout.count('"host_ip": "127.0.0.1"')


def test_workflows_are_valid() -> None:
    """The workflow files keep to their schema."""
    found = tool("check-jsonschema", "--builtin-schema", "vendor.github-workflows", ".github/workflows/ci.yml")
    assert found.returncode == 0, found.stdout
