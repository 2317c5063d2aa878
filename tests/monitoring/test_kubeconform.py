"""The manifests under kubeconform, offline: the schemas are those of the package kubernetes-validate."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import kubernetes_validate
import pytest

ROOT: Final = Path(__file__).parents[2]
PROGRAM: Final = ROOT / ".cache/monitoring/kubeconform"
VERSION: Final = "1.37"

pytestmark = pytest.mark.monitoring


def relative(node: Any) -> Any:
    """A schema without the address it was published at: references lead to files beside it."""
    if isinstance(node, list):
        return [relative(one) for one in node]
    if not isinstance(node, dict):
        return node
    kept = {key: value for key, value in node.items() if not (key == "$id" and isinstance(value, str))}
    return {
        key: value.replace("/api/_definitions.json", "_definitions.json")
        if key == "$ref" and isinstance(value, str)
        else relative(value)
        for key, value in kept.items()
    }


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The strict schemas of one version, as kubeconform looks for them."""
    made = tmp_path_factory.mktemp("schemas") / "all"
    made.mkdir()
    source = Path(kubernetes_validate.__file__).parent / f"kubernetes-json-schema/v{VERSION}.0-local-strict"
    for file in source.glob("*.json"):
        (made / file.name).write_text(json.dumps(relative(json.loads(file.read_text()))))
    return made


def conform(manifests: str, schemas: Path) -> subprocess.CompletedProcess[str]:
    """What kubeconform says of them."""
    location = f"{schemas}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
    command = [str(PROGRAM), "-strict", "-summary", "-output", "json", "-schema-location", location, "-"]
    return subprocess.run(command, input=manifests, capture_output=True, text=True, timeout=120, check=False)


def rendered() -> str:
    """As the program prints them."""
    command = [sys.executable, "-m", "monitoring.kubernetes.render"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def test_manifests_conform(schemas: Path) -> None:
    """Every document, and none is skipped."""
    text = rendered()
    found = conform(text, schemas)
    assert found.returncode == 0, found.stdout + found.stderr
    summary = json.loads(found.stdout)["summary"]
    assert summary["invalid"] == summary["errors"] == summary["skipped"] == 0
    assert summary["valid"] == text.count("\n---\n") + 1


def test_what_does_not_conform_is_found(schemas: Path) -> None:
    """A key that there is not, and a number where a text must be."""
    text = rendered()
    for good, bad in (("serviceName: prometheus", "serviceNam: prometheus"), ("replicas: 1", "replicas: one")):
        found = conform(text.replace(good, bad, 1), schemas)
        assert found.returncode != 0, bad
