"""The files that deploy and test the project, read by the tools that will run them."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from monitoring.kubernetes.render import images
from tests.scale.capacity import WORKER_GB

ROOT = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent
SCRIPTS = [
    *sorted(ROOT.glob("deploy/*.sh")),
    *sorted(ROOT.glob("monitoring/**/*.sh")),
    *sorted(ROOT.glob("tests/**/*.sh")),
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


SECRET = {"TASKSYS_JWT_SECRET": "x" * 64}
APPLICATION = {"kafka", "tasksys"}
WORKERS = {"worker-2", "worker-3", "entry"}
STACK = {
    "lag-exporter", "prometheus", "alertmanager", "grafana", "loki", "jaeger", "telegraf", "node-exporter",
}  # fmt: skip
SERVERS = {"tasksys", "worker-2", "worker-3"}
"""Processes of `tasksys serve`."""


def composed(*profiles: str, **environment: str) -> dict[str, Any]:
    """What the real Compose makes of the file, with those profiles."""
    chosen = [part for profile in profiles for part in ("--profile", profile)]
    found = tool("docker-compose", *chosen, "config", "--format", "json", **(SECRET | environment))
    assert found.returncode == 0, found.stderr
    parsed: dict[str, Any] = json.loads(found.stdout)
    return parsed


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    """The services of all profiles."""
    found: dict[str, dict[str, Any]] = composed("workers", "monitoring")["services"]
    return found


@pytest.mark.parametrize(
    ("profiles", "expected"),
    [((), set()), (("workers",), WORKERS), (("monitoring",), STACK), (("workers", "monitoring"), WORKERS | STACK)],
    ids=["none", "workers", "monitoring", "both"],
)
def test_compose_profiles(profiles: tuple[str, ...], expected: set[str]) -> None:
    """The application is there always; profiles add to it. The real Compose parses each."""
    assert set(composed(*profiles)["services"]) == APPLICATION | expected


def test_compose_file_asks_for_a_secret() -> None:
    """Without a secret nothing starts, and the message says what makes one."""
    found = tool("docker-compose", "--env-file", os.devnull, "config", "-q", TASKSYS_JWT_SECRET="")
    assert found.returncode != 0
    assert "deploy/compose.sh" in found.stderr


def test_compose_passes_operators_through() -> None:
    """Who is named in the environment, or in .env, may use /admin, of every worker."""
    services = composed("workers", TASKSYS_ADMINS="anna")["services"]
    assert [services[name]["environment"]["TASKSYS_ADMINS"] for name in sorted(SERVERS)] == ["anna"] * 3


def test_compose_publishes_on_loopback_only(services: dict[str, dict[str, Any]]) -> None:
    """No port of the compose file is open to the network, and none is published twice."""
    ports = [port for service in services.values() for port in service.get("ports", ())]
    assert len(ports) > 10
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}
    assert len({port["published"] for port in ports}) == len(ports)
    assert not any(service.get("network_mode") for service in services.values())


def test_compose_services_are_bounded(services: dict[str, dict[str, Any]]) -> None:
    """In memory, in processes but for Kafka's, in what they log; none gains a privilege, each has its health check."""
    for name, service in services.items():
        assert int(service["mem_limit"]) <= 2 << 30, name
        assert service["logging"]["options"] == {"max-size": "10m", "max-file": "3"}, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["restart"] == "unless-stopped", name
        assert not service.get("privileged"), name
        if name != "kafka":  # its image writes its configuration beside itself
            assert service["read_only"] is True, name
            assert service["pids_limit"], name
        assert service["healthcheck"]["retries"] == 24, name


def test_workers_have_the_memory_that_capacity_is_computed_with(services: dict[str, dict[str, Any]]) -> None:
    """Of each of the three."""
    for name in ("tasksys", "worker-2", "worker-3"):
        assert int(services[name]["mem_limit"]) >= WORKER_GB * 1e9, name


def test_compose_images_are_pinned(services: dict[str, dict[str, Any]]) -> None:
    """Each has a registry and a whole version, and those of monitoring are in versions.env, the manifests' list."""
    pinned = images((ROOT / "monitoring/versions.env").read_text()).values()
    for name, service in services.items():
        if name in STACK - {"lag-exporter"}:
            assert service["image"] in pinned, name
        elif name in SERVERS | {"lag-exporter"}:
            assert service["image"] == "tasksys:0.1.0", name
        else:
            assert re.fullmatch(r"docker\.io/[a-z/-]+:\d+\.\d+\.\d+(-alpine)?", service["image"]), name
    assert len(pinned) == len(STACK) - 1


def test_compose_mounts_what_is_there(services: dict[str, dict[str, Any]]) -> None:
    """Files of the repository are there, mounted read-only; what is made by deploy/secrets.sh is made."""
    for name, service in services.items():
        for mount in service.get("volumes", ()):
            if mount["type"] == "volume" or mount["source"] == "/":
                continue
            source = Path(mount["source"]).relative_to(ROOT)
            assert mount["read_only"] is True, name
            assert (ROOT / source).exists() or source.parts[0] == ".deploy", f"{name} mounts {source}"


def test_workers_share_nothing_but_logs(services: dict[str, dict[str, Any]]) -> None:
    """Each has tables, a name, an address and a log file of its own; all else is alike."""
    workers = [services[name] for name in sorted(SERVERS)]
    tables = [mount["source"] for one in workers for mount in one["volumes"] if mount["target"] == "/var/lib/tasksys"]
    assert len(set(tables)) == 3
    own = ("TASKSYS_INSTANCE", "TASKSYS_LOG_FILE", "TASKSYS_ADVERTISE_URL")
    assert len({tuple(one["environment"][name] for name in own) for one in workers}) == 3
    rest = [{key: value for key, value in one["environment"].items() if key not in own} for one in workers]
    assert rest[0] == rest[1] == rest[2]
    entry = (ROOT / "deploy/entry/nginx.conf").read_text()
    assert re.findall(r"server ([\w-]+):3001 ", entry) == ["tasksys", "worker-2", "worker-3"]


def test_no_secret_is_in_the_repository() -> None:
    """What deploy/secrets.sh makes is left out of commits, and nothing in the files of a deployment looks like one."""
    for made in (".env", ".deploy/grafana_admin_password", ".deploy/alertmanager/secrets/slack_url"):
        ignored = subprocess.run(["git", "check-ignore", "-q", made], cwd=ROOT, check=False)
        assert ignored.returncode == 0, made
    kept = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    files = [name for name in kept.split("\0") if name.startswith(("deploy/", "monitoring/", "docker-compose", ".ci/"))]
    assert len(files) > 20
    looks_like_one = re.compile(
        r"hooks\.slack\.com/services/T\w+/B\w+/\w{10,}|-----BEGIN|\beyJ\w{10,}\.|\b[0-9a-f]{40,}\b|"
        r"(?i:password|secret|token|routing_key)\s*[:=]\s*['\"]?[A-Za-z0-9+/]{16,}"
    )
    for name in files:
        text = (ROOT / name).read_text(errors="replace") if (ROOT / name).is_file() else ""
        assert not looks_like_one.search(text), f"{name}: {looks_like_one.search(text)}"


def test_secrets_are_made_once(tmp_path: Path) -> None:
    """With nobody else's rights, and what is there is kept; files that were made are named."""
    shutil.copytree(ROOT / "monitoring", tmp_path / "monitoring", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "deploy").mkdir()
    shutil.copy(ROOT / "deploy/secrets.sh", tmp_path / "deploy/secrets.sh")
    before = set(tmp_path.rglob("*"))
    environment = {**os.environ, "TASKSYS_RUNBOOKS_URL": "https://ops.example.org/runbooks"}

    def made() -> list[str]:
        command = [str(tmp_path / "deploy/secrets.sh"), "--monitoring"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=30)
        return done.stdout.split()

    def files() -> dict[Path, str]:
        there = set(tmp_path.rglob("*")) - before
        return {path: path.read_text() for path in there if path.is_file() and "__pycache__" not in path.parts}

    assert made() == [".env", ".deploy"]
    first = files()
    assert made() == []
    assert files() == first
    assert len(list((tmp_path / ".deploy/dashboards").glob("*.json"))) == 4
    assert '"https://ops.example.org/runbooks"' in (tmp_path / ".deploy/dashboards/agents.json").read_text()
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / ".deploy").stat().st_mode & 0o777 == 0o700
    password = (tmp_path / ".deploy/grafana_admin_password").read_text()
    assert re.fullmatch(r"[0-9a-f]{64}", password)
    assert password not in (tmp_path / ".deploy/grafana_secret_key").read_text()
    assert (
        len(re.findall(r"^TASKSYS_(?:JWT_SECRET|SECRET_KEY)=[0-9a-f]{64}$", (tmp_path / ".env").read_text(), re.M)) == 2
    )


def test_configuration_reads_well() -> None:
    """Yamllint finds nothing in what is YAML."""
    names = [
        "docker-compose.yml",
        ".github/workflows/ci.yml",
        "monitoring/kubernetes",
        "monitoring/loki",
        "monitoring/jaeger",
    ]
    off = "document-start: disable, truthy: disable, braces: disable, comments: {min-spaces-from-content: 1}"
    rules = f"{{extends: default, rules: {{line-length: {{max: 200}}, {off}}}}}"
    found = tool("yamllint", "--strict", "-d", rules, *names)
    assert found.returncode == 0, found.stdout


def test_workflows_are_valid() -> None:
    """The workflow files keep to their schema."""
    found = tool("check-jsonschema", "--builtin-schema", "vendor.github-workflows", ".github/workflows/ci.yml")
    assert found.returncode == 0, found.stdout
