"""The stack's manifests for Kubernetes: valid, whole, and made of the very files that compose mounts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from monitoring.kubernetes import render
from monitoring.stack_checks import JOBS

ROOT = Path(__file__).parents[2]
VERSIONS = ("1.31", "1.34", "1.37")
WORKLOADS = ("StatefulSet", "Deployment", "DaemonSet")
NODE_FILES = {"telegraf", "node-exporter"}
"""What reads files of the node."""

DOCUMENTS: list[dict[str, Any]] = list(yaml.safe_load_all("\n---\n".join(render.rendered())))


def named(kind: str) -> dict[str, dict[str, Any]]:
    """The documents of a kind, by name."""
    return {one["metadata"]["name"]: one for one in DOCUMENTS if one["kind"] == kind}


def workloads() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Name, document and pod of each."""
    for one in DOCUMENTS:
        if one["kind"] in WORKLOADS:
            yield one["metadata"]["name"], one, one["spec"]["template"]


PODS = [pytest.param(one, template, id=name) for name, one, template in workloads()]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_document_is_valid(version: str) -> None:
    """By the schemas of Kubernetes, strictly: no unknown keys."""
    for one in DOCUMENTS:
        kubernetes_validate.validate(one, version, strict=True)


def test_every_component_is_there_once() -> None:
    """Each has its workload and its service, and no name comes twice."""
    found = [(one["kind"], one["metadata"]["name"]) for one in DOCUMENTS]
    assert len(found) == len(set(found))
    assert {name for name, _, _ in workloads()} == set(render.COMPONENTS)
    assert set(named("Service")) == set(render.COMPONENTS)
    assert DOCUMENTS[0]["kind"] == "Namespace"
    assert {one["metadata"].get("namespace", "tasksys") for one in DOCUMENTS} == {"tasksys"}


def test_where_alerts_lead(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment says it, as with compose."""
    monkeypatch.setenv("TASKSYS_RUNBOOKS_URL", "https://ops.example.org/runbooks?a=#b: c")
    made = [one for one in yaml.safe_load_all("\n---\n".join(render.rendered())) if one["kind"] == "StatefulSet"]
    (prometheus,) = (one for one in made if one["metadata"]["name"] == "prometheus")
    (container,) = prometheus["spec"]["template"]["spec"]["containers"]
    assert {one["name"]: one["value"] for one in container["env"]} == {
        "TASKSYS_RUNBOOKS_URL": "https://ops.example.org/runbooks?a=#b: c",
        "TASKSYS_DASHBOARDS_URL": "http://127.0.0.1:3000",
    }


def test_where_panels_lead(monkeypatch: pytest.MonkeyPatch) -> None:
    """To the same runbooks; and Grafana starts anew when they are elsewhere."""
    before = render.digest(["grafana-dashboard-agents"])
    monkeypatch.setenv("TASKSYS_RUNBOOKS_URL", "https://ops.example.org/runbooks/")
    maps = {name: held for name, held in render.files().items() if name.startswith("grafana-dashboard-")}
    assert len(maps) == 4
    for name, held in maps.items():
        (text,) = render.config_map(name, held, "tasksys")["data"].values()
        assert '"https://ops.example.org/runbooks"' in text
        assert "monitoring/docs/runbooks" not in text
    assert render.digest(["grafana-dashboard-agents"]) != before


def test_config_maps_are_the_files() -> None:
    """Byte for byte, and none of the configuration is left out."""
    held: set[Path] = set()
    for name, content in render.files().items():
        data = named("ConfigMap")[name]["data"]
        assert data == {key: path.read_text() for key, path in content.items()}
        held |= set(content.values())
    assert set(named("ConfigMap")) == set(render.files())
    configured = {
        *ROOT.glob("monitoring/prometheus/rules/*.yml"), *ROOT.glob("monitoring/alertmanager/templates/*"),
        *ROOT.glob("monitoring/grafana/dashboards/*.json"), *ROOT.glob("monitoring/grafana/provisioning/*/*"),
        *ROOT.glob("monitoring/loki/*"), *ROOT.glob("monitoring/jaeger/*"), *ROOT.glob("monitoring/telegraf/*"),
    }  # fmt: skip
    assert configured <= held


def test_images_are_pinned() -> None:
    """Each is that of versions.env, with a version and a registry; the lag exporter is tasksys' own."""
    pinned = render.images((ROOT / "monitoring/versions.env").read_text())
    used = {name: template["spec"]["containers"][0]["image"] for name, _, template in workloads()}
    assert used.pop("lag-exporter") == render.TASKSYS_IMAGE
    assert sorted(used.values()) == sorted(pinned.values())
    for image in used.values():
        assert re.fullmatch(r"docker\.io/[a-z/-]+:v?\d+\.\d+\.\d+(-alpine)?", image)


@pytest.mark.parametrize(("one", "template"), PODS)
def test_pods_are_selected(one: dict[str, Any], template: dict[str, Any]) -> None:
    """By their workload and by their service, whose ports they have."""
    labels, name = template["metadata"]["labels"], one["metadata"]["name"]
    assert one["spec"]["selector"]["matchLabels"].items() <= labels.items()
    service = named("Service")[name]["spec"]
    assert service["selector"].items() <= labels.items()
    others = [two["metadata"]["labels"] for other, _, two in workloads() if other != name]
    assert not any(service["selector"].items() <= two.items() for two in others), "it selects another's pods too"
    ports = {port["name"]: port["containerPort"] for port in template["spec"]["containers"][0]["ports"]}
    for port in service["ports"]:
        assert ports[port["targetPort"]] == port["port"]


@pytest.mark.parametrize(("one", "template"), PODS)
def test_pods_are_scraped(one: dict[str, Any], template: dict[str, Any]) -> None:
    """By the annotations that Prometheus looks for, as the job that rules and dashboards name."""
    metadata, name = template["metadata"], one["metadata"]["name"]
    labels, annotations = metadata["labels"], metadata["annotations"]
    job = labels["app.kubernetes.io/name"]
    exporter = labels.get("app.kubernetes.io/component") == "lag-exporter"
    assert ("tasksys-lag" if exporter else job) == JOBS[name]
    assert annotations["prometheus.io/scrape"] == "true"
    ports = [str(port["containerPort"]) for port in template["spec"]["containers"][0]["ports"]]
    assert annotations["prometheus.io/port"] in ports


@pytest.mark.parametrize(("one", "template"), PODS)
def test_pods_find_what_they_mount(one: dict[str, Any], template: dict[str, Any]) -> None:
    """Each mount has its volume, each volume its ConfigMap, claim or secret; nothing is mounted for nobody."""
    spec = template["spec"]
    claims = {claim["metadata"]["name"] for claim in one["spec"].get("volumeClaimTemplates", ())}
    volumes = {volume["name"] for volume in spec["volumes"]} | claims
    assert volumes == {mount["name"] for mount in spec["containers"][0]["volumeMounts"]}
    text = str(spec["volumes"])
    for config_map in re.findall(r"'configMap': \{'name': '([^']+)'", text):
        assert config_map in named("ConfigMap")
    assert set(re.findall(r"'secretName': '([^']+)'", text)) <= {"grafana", "alertmanager", "alertmanager-secrets"}
    assert set(re.findall(r"'claimName': '([^']+)'", text)) <= set(named("PersistentVolumeClaim"))
    assert spec["serviceAccountName"] in named("ServiceAccount")
    if one["metadata"]["name"] not in NODE_FILES:
        assert "hostPath" not in text


@pytest.mark.parametrize(("one", "template"), PODS)
def test_pods_may_do_no_more_than_they_need(one: dict[str, Any], template: dict[str, Any]) -> None:
    """No capability, no writable root, no privilege, no token but Prometheus'; bounded, and asked for their health."""
    spec, name = template["spec"], one["metadata"]["name"]
    for container in spec["containers"]:
        secured = container["securityContext"]
        assert secured["allowPrivilegeEscalation"] is False
        assert secured["readOnlyRootFilesystem"] is True
        assert secured["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"]
        assert {"cpu", "memory"} <= set(container["resources"]["requests"])
        assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container)
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert (spec["securityContext"].get("runAsNonRoot") is True) == (name != "telegraf")
    token = spec.get("automountServiceAccountToken", True)
    assert token == (name == "prometheus")


def test_prometheus_may_see_pods_of_its_namespace_only() -> None:
    """A role, and no cluster role."""
    assert [rule["verbs"] for rule in named("Role")["prometheus"]["rules"]] == [["get", "list", "watch"]]
    assert not named("ClusterRole")
    assert not named("ClusterRoleBinding")


def test_who_may_talk_to_whom() -> None:
    """Everything that asks nobody who they are has a policy, and those that are let in are pods that there are."""
    policies = named("NetworkPolicy")
    assert set(policies) == set(render.COMPONENTS) - {"node-exporter"}, "the node exporter is on the host's network"
    jobs = {template["metadata"]["labels"]["app.kubernetes.io/name"] for _, _, template in workloads()}
    for name, policy in policies.items():
        selector = policy["spec"]["podSelector"]["matchLabels"]
        (template,) = [
            template for _, _, template in workloads() if selector.items() <= template["metadata"]["labels"].items()
        ]
        ports = {port["containerPort"] for port in template["spec"]["containers"][0]["ports"]}
        for rule in policy["spec"]["ingress"]:
            assert {port["port"] for port in rule["ports"]} <= ports, name
            for source in rule["from"]:
                assert source["podSelector"]["matchLabels"]["app.kubernetes.io/name"] in jobs | {"tasksys"}
        scraped = int(template["metadata"]["annotations"]["prometheus.io/port"])
        assert any(
            scraped in [port["port"] for port in rule["ports"]] and "'prometheus'" in str(rule["from"])
            for rule in policy["spec"]["ingress"]
        ), f"Prometheus cannot scrape {name}"


def test_a_change_starts_a_component_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The pod has a digest of its configuration."""
    before = {
        name: template["metadata"]["annotations"].get("tasksys/configuration") for name, _, template in workloads()
    }
    changed = tmp_path / "loki.yml"
    changed.write_text("changed: true\n")
    files = render.files()
    files["loki"] = {"loki.yml": changed}
    monkeypatch.setattr(render, "files", lambda: files)
    for one in yaml.safe_load_all("\n---\n".join(render.rendered())):
        if one["kind"] in WORKLOADS:
            name = one["metadata"]["name"]
            after = one["spec"]["template"]["metadata"]["annotations"].get("tasksys/configuration")
            assert (after != before[name]) == (name == "loki")


def test_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    """Namespace, image, what is left out, and a list."""
    assert (
        render.main(["--namespace", "other", "--image", "registry.test/tasksys:1", "--without", "loki,telegraf"]) == 0
    )
    found = list(yaml.safe_load_all(capsys.readouterr().out))
    assert {one["metadata"].get("namespace", "other") for one in found} == {"other"}
    assert not [
        one for one in found if one["metadata"]["name"] in ("loki", "telegraf") and one["kind"] != "NetworkPolicy"
    ]
    assert "registry.test/tasksys:1" in str(found)
    assert render.main(["--list"]) == 0
    listed = capsys.readouterr().out.split("\n")[:-1]
    assert sorted(listed) == sorted(f"{one['kind']} {one['metadata']['name']}" for one in DOCUMENTS)


@pytest.mark.parametrize("wrong", [["--without", "what"], ["--namespace", "No Name"]])
def test_arguments_that_cannot_be(wrong: list[str]) -> None:
    """They are refused before anything is printed."""
    with pytest.raises(SystemExit, match="2"):
        render.main(wrong)
