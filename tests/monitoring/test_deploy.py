"""`monitoring/deploy.sh` with a stand-in for Compose and kubectl, and stand-ins for what they would have started."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.monitoring.containers.running import copied
from tests.support.monitoring.standins import PASSWORD, Standins

COMPOSE = """#!/bin/bash
# Compose as far as deploy.sh uses it: what runs is a list in a file.
echo "compose $*" >>"$STATE/asked"
words=()
for one; do case $one in --profile) skip=yes ;; *) [ "$skip" ] && skip='' || words+=("$one") ;; esac; done
case ${words[0]} in
ps) [ -f "$STATE/mute" ] && exit 1
    [ "${words[1]}" = --services ] && { cat "$STATE/running"; echo; } ;; # with an empty line, as the real one
up)
    env | grep '^TASKSYS_' >"$STATE/environment"
    printf 'tasksys_%s\\n' kafka tables | sort -u -o "$STATE/volumes" "$STATE/volumes" -
    for one in "${words[@]:1}"; do
        [[ $one == -* || $one == [0-9]* ]] || echo "$one" >>"$STATE/running"
    done
    sort -u -o "$STATE/running" "$STATE/running"
    if [ -f "$STATE/unhealthy" ]; then echo "container tasksys-$(cat "$STATE/unhealthy")-1 is unhealthy"; exit 1; fi ;;
rm) printf '%s\\n' "${words[@]:1}" | grep -vxFf - "$STATE/running" >"$STATE/left"; mv "$STATE/left" "$STATE/running" ;;
down) : >"$STATE/running" ;;
logs) echo "a line of ${words[-1]}" ;;
esac
exit 0
"""

DOCKER = """#!/bin/bash
# docker as far as deploy.sh uses it: what volumes there are is a list in a file.
echo "docker $*" >>"$STATE/asked"
case "$1 $2" in
"volume ls") [ -f "$STATE/mute-docker" ] && exit 1; cat "$STATE/volumes" ;;
"volume rm")  grep -vx -- "${!#}" "$STATE/volumes" >"$STATE/left"; mv "$STATE/left" "$STATE/volumes" ;;
esac
exit 0
"""

KUBECTL = """#!/bin/bash
# kubectl as far as deploy.sh uses it: what was applied is a list in a file.
echo "kubectl $*" >>"$STATE/asked"
[ "$1" = -n ] && shift 2
case $1 in
get) case $2 in
    pods) [ "$3" = -l ] && echo pod/prometheus-0 ;;
    *) grep -qx "$2/$3" "$STATE/applied" ;;
    esac ;;
apply) python3 -c '
import re, sys
applied = open(sys.argv[1], "a+")
applied.seek(0)
there = applied.read().split()
text = sys.stdin.read()
plain = r"kind: (\\w+)\\nmetadata:\\n  name: (\\S+)$"
json = r".*\\"kind\\": \\"(\\w+)\\", \\"metadata\\": .\\"name\\": \\"([^\\"]+)\\""
kind = f"^(?:{plain}|{json})"
for found in re.findall(kind, text, re.M):
    name = "/".join(filter(None, found)).lower()
    print(name, "unchanged" if name in there else "created")
    if name not in there: applied.write(name + "\\n")
' "$STATE/applied" ;;
create) printf '{"kind": "Secret", "metadata": {"name": "%s"}}\\n' "$4" ;;
rollout) if [ -f "$STATE/unhealthy" ]; then exit 1; fi ;;
delete) grep -vxF -e "${*: -1}" "$STATE/applied" >"$STATE/left"; mv "$STATE/left" "$STATE/applied" ;;
port-forward) exec sleep 60 ;;
logs) echo "a line of ${*: -1}" ;;
esac
"""


class Place(NamedTuple):
    """A copy of the repository, and the state of what is stood in for."""

    repository: Path
    state: Path
    standins: Standins

    def deploy(self, *arguments: str, seconds: int = 1) -> subprocess.CompletedProcess[str]:
        """Runs the script."""
        at = [part for name, url in self.standins.addresses.items() for part in ("--at", f"{name}={url}")]
        ours = {name: value for name, value in os.environ.items() if not name.startswith("TASKSYS_")}
        stubs = {name: str(self.state / name) for name in ("compose", "kubectl", "docker")}
        environment = {f"TASKSYS_{name.upper()}": path for name, path in stubs.items()}
        return subprocess.run(
            [str(self.repository / "monitoring/deploy.sh"), *arguments, "--seconds", str(seconds), *at],
            cwd="/", env={**ours, **environment, "STATE": str(self.state)}, capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    @property
    def running(self) -> set[str]:
        """The services that run."""
        return set((self.state / "running").read_text().split())

    @property
    def volumes(self) -> set[str]:
        """The volumes that there are."""
        return set((self.state / "volumes").read_text().split())

    @property
    def applied(self) -> set[str]:
        """What is in the cluster."""
        return set((self.state / "applied").read_text().split())

    @property
    def asked(self) -> str:
        """How Compose and kubectl were called."""
        return (self.state / "asked").read_text()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Nothing runs yet. The stand-ins' Grafana has the password that is made."""
    state, repository = tmp_path / "state", copied(tmp_path / "repository")
    state.mkdir()
    for name, text in (("compose", COMPOSE), ("kubectl", KUBECTL), ("docker", DOCKER)):
        (state / name).write_text(text)
        (state / name).chmod(stat.S_IRWXU)
    for name in ("running", "volumes", "applied", "asked"):
        (state / name).touch()
    with Standins() as standins:
        yield Place(repository, state, standins)


def test_everything_is_started_and_asked(place: Place) -> None:
    """Secrets are made, traces lead to Jaeger, and it is said where things are."""
    found = place.deploy()
    assert found.returncode == 0, found.stderr
    assert place.running == {
        "kafka", "tasksys", "lag-exporter", "prometheus", "alertmanager", "grafana", "loki", "jaeger", "telegraf",
        "node-exporter",
    }  # fmt: skip
    assert "TASKSYS_OTLP_ENDPOINT=grpc://jaeger:4317" in (place.state / "environment").read_text()
    assert "TASKSYS_OTLP_ENDPOINT=grpc://jaeger:4317" in (place.repository / ".env").read_text()
    for said in (
        "ok       a trace arrives",
        "ok       a log line arrives",
        "http://127.0.0.1:3000",
        "cat .deploy/grafana",
    ):
        assert said in found.stdout
    password = (place.repository / ".deploy/grafana_admin_password").read_text()
    assert password not in found.stdout + found.stderr
    assert place.deploy().returncode == 0, "a second time, nothing is made anew"
    assert (place.repository / ".deploy/grafana_admin_password").read_text() == password
    assert (place.repository / ".env").read_text().count("TASKSYS_OTLP_ENDPOINT") == 1


def test_workers(place: Place) -> None:
    """With the entry; Prometheus is told where the others are."""
    found = place.deploy("--workers")
    assert found.returncode == 0, found.stderr
    assert {"worker-2", "worker-3", "entry"} <= place.running
    targets = (place.repository / ".deploy/targets/tasksys.yml").read_text()
    assert targets == "- targets:\n    - tasksys:3101\n    - worker-2:3101\n    - worker-3:3101\n"
    assert "http://127.0.0.1:3080" in found.stdout


def test_what_is_left_out(place: Place) -> None:
    """It is neither started nor asked, and nobody sends traces to nobody."""
    place.standins.silent |= {"jaeger", "grafana"}
    found = place.deploy("--without", "jaeger,grafana")
    assert found.returncode == 0, found.stderr
    assert not {"jaeger", "grafana"} & place.running
    assert "TASKSYS_OTLP_ENDPOINT=\n" in (place.state / "environment").read_text()


def test_what_does_not_become_healthy(place: Place) -> None:
    """It is named, with its last lines; nothing that was made is left."""
    (place.state / "unhealthy").write_text("loki")
    found = place.deploy()
    assert found.returncode == 1
    assert "the last lines of loki" in found.stderr
    assert "a line of loki" in found.stderr
    assert "Failed: not everything became healthy" in found.stderr
    assert place.volumes == set(), "they were not there before"
    assert place.running == set()
    assert not (place.repository / ".env").exists()
    assert not (place.repository / ".deploy").exists()


def test_what_does_not_arrive(place: Place) -> None:
    """Healthy is not enough. What ran before goes on, as it was; its secrets stay."""
    assert place.deploy("--without", "grafana").returncode == 0
    place.deploy("--remove")
    (place.state / "running").write_text("kafka\ntasksys\n")
    kept = (place.repository / ".env").read_text()
    place.standins.given["loki", "/loki/api/v1/query_range"] = lambda query, headers: (200, {"data": {"result": []}})
    found = place.deploy()
    assert found.returncode == 1
    assert "MISSING  a log line arrives: Loki has no line" in found.stdout
    assert place.running == {"kafka", "tasksys"}
    assert "TASKSYS_OTLP_ENDPOINT" not in (place.state / "environment").read_text(), "tasksys is as it was"
    assert (place.repository / ".env").read_text() == kept
    assert (place.repository / ".deploy/grafana_admin_password").exists()


@pytest.mark.parametrize("mute", [False, True])
def test_data_that_were_there_stay(place: Place, mute: bool) -> None:
    """Nothing runs, and data of earlier are there: they stay, also where Docker does not say so just now."""
    (place.state / "volumes").write_text("tasksys_kafka\n")
    (place.state / "unhealthy").write_text("loki")
    if mute:
        (place.state / "mute-docker").touch()
    assert place.deploy().returncode == 1
    assert place.running == set()
    assert place.volumes == ({"tasksys_kafka", "tasksys_tables"} if mute else {"tasksys_kafka"})
    assert "--volumes" not in place.asked


def test_who_cannot_say_what_runs_is_asked_nothing(place: Place) -> None:
    """What a failure must leave alone would not be known: a whole system could be taken down."""
    (place.state / "running").write_text("kafka\ntasksys\n")
    (place.state / "mute").touch()
    found = place.deploy()
    assert found.returncode == 2
    assert "nothing was started" in found.stderr
    assert place.running == {"kafka", "tasksys"}
    assert " up " not in place.asked
    assert not (place.repository / ".env").exists()


def test_secrets_are_nobody_elses(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the folder was there, and while `.env` is written anew."""
    (place.repository / ".deploy").mkdir(mode=0o755)
    assert place.deploy().returncode == 0
    assert stat.S_IMODE((place.repository / ".deploy").stat().st_mode) == stat.S_IRWXU
    (place.repository / "rm").write_text('#!/bin/sh\n[ "$1" = .env.new ] && stat -c %a .env.new\nexec /bin/rm "$@"\n')
    (place.repository / "rm").chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{place.repository}:{os.environ['PATH']}")
    assert place.deploy("--remove").stdout.split() == ["600"]


def test_status_changes_nothing(place: Place) -> None:
    """It asks each component, for some seconds where one does not answer."""
    assert place.deploy("--status").returncode == 0
    place.standins.silent.add("grafana")
    found = place.deploy("--status")
    assert found.returncode == 1
    assert "MISSING  grafana" in found.stdout
    assert place.asked == ""
    assert not (place.repository / ".env").exists()


def test_remove(place: Place) -> None:
    """What watches goes; the application stays, and sends no traces. Data and secrets go with --purge only."""
    assert place.deploy().returncode == 0
    found = place.deploy("--remove")
    assert found.returncode == 0, found.stderr
    assert place.running == {"kafka", "tasksys"}
    assert "OTLP" not in (place.repository / ".env").read_text()
    assert (place.repository / ".deploy/grafana_admin_password").exists()
    assert place.deploy("--remove", "--purge").returncode == 0
    assert not (place.repository / ".deploy").exists()
    assert "TASKSYS_JWT_SECRET" in (place.repository / ".env").read_text(), "it is tasksys' own"


@pytest.mark.parametrize("mode", ["compose", "kubernetes"])
@pytest.mark.parametrize("act", [(), ("--remove",), ("--remove", "--purge")], ids=["deploy", "remove", "purge"])
def test_dry_run(place: Place, mode: str, act: tuple[str, ...]) -> None:
    """It says what would be done, and does nothing."""
    found = place.deploy(mode, "--dry-run", *act)
    assert found.returncode == 0, found.stderr
    assert "would" in found.stdout
    assert "Removed" not in found.stderr
    changing = (" up", " rm ", " down", " apply", " create", " delete")
    assert not [line for line in place.asked.splitlines() if any(word in line for word in changing)]
    assert not (place.repository / ".env").exists()
    assert not (place.repository / ".deploy").exists()


def test_kubernetes(place: Place) -> None:
    """Secrets, manifests, roll-outs, and the same checks; what is not deployed yet is said."""
    found = place.deploy("kubernetes", "--namespace", "tasks")
    assert found.returncode == 0, found.stderr
    assert {
        "namespace/tasks",
        "secret/grafana",
        "secret/alertmanager-secrets",
        "statefulset/prometheus",
    } <= place.applied
    assert "deployment/lag-exporter" not in place.applied, "nothing says where its broker is"
    assert "There is no service tasksys here yet" in found.stderr
    assert "ok       targets are scraped" in found.stdout
    assert "ok       a trace arrives" not in found.stdout
    (place.state / "applied").write_text("configmap/tasksys\nservice/tasksys\n")
    found = place.deploy("kubernetes")
    assert "ok       a trace arrives" in found.stdout
    assert "deployment/lag-exporter" in place.applied


def test_kubernetes_undoes_itself(place: Place) -> None:
    """Only what was made goes again, and the last lines of pods are shown."""
    (place.state / "applied").write_text("namespace/tasksys\nconfigmap/loki\n")
    (place.state / "unhealthy").touch()
    found = place.deploy("kubernetes")
    assert found.returncode == 1
    assert "is not ready after" in found.stderr
    assert "a line of pod/prometheus-0" in found.stderr
    assert place.applied == {"namespace/tasksys", "configmap/loki"}
    assert not (place.repository / ".deploy").exists()


@pytest.mark.parametrize(
    ("mode", "name", "told"),
    [
        ("compose", "compose", "install Docker's Compose plugin"),
        ("kubernetes", "kubectl", "reaches no cluster: refused"),
    ],
)
def test_nobody_to_deploy_with(place: Place, mode: str, name: str, told: str) -> None:
    """A docker without its plugin, a kubectl without a cluster: that is said, before anything is made."""
    (place.state / name).write_text("#!/bin/sh\necho refused >&2\nexit 1\n")
    found = place.deploy(mode)
    assert found.returncode == 2
    assert told in found.stderr
    assert not (place.repository / ".env").exists()


@pytest.mark.parametrize(
    "wrong",
    [("--what",), ("--without", "what"), ("--purge",), ("kubernetes", "--workers"), ("--without",)],
    ids=" ".join,
)
def test_arguments_that_cannot_be(place: Place, wrong: tuple[str, ...]) -> None:
    """They are refused before anything is done."""
    found = place.deploy(*wrong)
    assert found.returncode != 0
    assert place.asked == ""


def test_help(place: Place) -> None:
    """Every option is in it."""
    found = place.deploy("--help")
    options = {
        "--workers",
        "--namespace",
        "--without",
        "--at",
        "--seconds",
        "--status",
        "--remove",
        "--purge",
        "--dry-run",
    }
    assert {option for option in options if option in found.stdout} == options
    assert PASSWORD not in found.stdout
