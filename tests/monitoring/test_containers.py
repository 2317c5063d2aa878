"""The stack in containers: the real Compose, podman, and `monitoring/deploy.sh`, as far as this machine can run it.

What cannot be had where images cannot be pulled is left out (Grafana) or stood in for (Loki, Jaeger); see
tests/support/monitoring/containers/images.sh.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.monitoring.containers.running import HERE, Podman, copied

pytestmark = [
    pytest.mark.monitoring,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(
        os.geteuid() != 0 or not (shutil.which("podman") and shutil.which("debootstrap")),
        reason="podman as root is needed (tests/support/monitoring/containers/install.sh)",
    ),
]

LEFT_OUT = "grafana"


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Podman]:
    """With all images made."""
    scratch = tmp_path_factory.mktemp("images")
    subprocess.run([str(HERE / "images.sh"), str(scratch)], check=True, timeout=1800)
    shutil.rmtree(scratch)
    with Podman(tmp_path_factory.mktemp("podman")) as running:
        yield running


@pytest.fixture(scope="module")
def repository(podman: Podman, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy from which it is deployed; whatever becomes of it, nothing runs on afterwards."""
    directory = copied(tmp_path_factory.mktemp("repository"))
    yield directory
    command = [podman.environment["TASKSYS_COMPOSE"], "--profile", "*", "down", "--volumes", "--timeout", "5"]
    environment = {**podman.environment, "TASKSYS_JWT_SECRET": "x"}
    subprocess.run(command, cwd=directory, env=environment, timeout=300, check=False)


def deploy(podman: Podman, repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the script; what it says is shown where a test fails."""
    found = subprocess.run(
        [str(repository / "monitoring/deploy.sh"), *arguments],
        cwd=repository, env=podman.environment, capture_output=True, text=True, timeout=2400,
    )  # fmt: skip
    print(found.stdout[-20_000:], found.stderr[-20_000:])  # noqa: T201
    return found


def containers(podman: Podman) -> dict[str, str]:
    """The state of each service that there is."""
    told = json.loads(podman.podman("ps", "--all", "--format", "json"))
    label = "com.docker.compose.service"
    return {one["Labels"][label]: one["State"] for one in told if label in (one.get("Labels") or {})}


def test_it_undoes_itself(podman: Podman, repository: Path) -> None:
    """Rules that Prometheus cannot read: it says so, and leaves neither containers, nor volumes, nor secrets."""
    rules = repository / "monitoring/prometheus/rules/recording.yml"
    kept = rules.read_text()
    rules.write_text("groups: [{name: broken, rules: [{record: a b, expr: (}]}]\n")
    try:
        found = deploy(podman, repository, "--without", LEFT_OUT, "--seconds", "90")
    finally:
        rules.write_text(kept)
    assert found.returncode == 1
    assert "the last lines of prometheus" in found.stderr
    assert "Failed:" in found.stderr
    assert containers(podman) == {}
    assert not podman.podman("volume", "ls", "--quiet", "--filter", "label=com.docker.compose.project=tasksys")
    assert not (repository / ".deploy").exists()
    assert not (repository / ".env").exists()


def test_it_deploys_and_shows_that_it_works(podman: Podman, repository: Path) -> None:
    """Everything is healthy, series, an alert and a log line arrive; then its state is asked, and it is removed."""
    found = deploy(podman, repository, "--without", LEFT_OUT, "--seconds", "600")
    assert found.returncode == 0
    assert "MISSING" not in found.stdout
    for said in (
        "targets are scraped",
        "series of tasksys arrive",
        "an alert reaches Alertmanager",
        "a log line arrives",
    ):
        assert f"ok       {said}" in found.stdout
    assert "cat .deploy/grafana_admin_password" in found.stdout
    assert deploy(podman, repository, "--status", "--without", LEFT_OUT).returncode == 0
    assert deploy(podman, repository, "--remove", "--without", LEFT_OUT).returncode == 0
    assert containers(podman) == {"kafka": "running", "tasksys": "running"}
    assert (repository / ".deploy/grafana_admin_password").exists()
