"""Prints the stack's manifests: `python3 -m monitoring.kubernetes.render | kubectl apply -f -`.

In the files beside this one `${…}` stands for images (monitoring/versions.env), the namespace, where alerts lead
(TASKSYS_RUNBOOKS_URL and TASKSYS_DASHBOARDS_URL in the environment), and digests of configuration: a component starts
anew when its configuration changes. ConfigMaps are made of the very files that compose mounts. JSON is YAML, so nothing
but the standard library is needed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from monitoring.grafana import build

HERE: Final = Path(__file__).parent
MONITORING: Final = HERE.parent
VERSIONS: Final = MONITORING / "versions.env"

TASKSYS_IMAGE: Final = "tasksys:0.1.0"
"""As deploy/Dockerfile is built; a cluster needs it in a registry of its own, given by --image."""

COMPONENTS: Final = (
    "prometheus", "alertmanager", "grafana", "loki", "jaeger", "telegraf", "node-exporter", "lag-exporter",
)  # fmt: skip
"""Each has a file of its name."""

LINKS: Final = {
    "RUNBOOKS": ("TASKSYS_RUNBOOKS_URL", "monitoring/docs/runbooks"),
    "DASHBOARDS": ("TASKSYS_DASHBOARDS_URL", "http://127.0.0.1:3000"),
}
"""Where alerts lead: the variable that says it, and what it is unless it does."""

SHARED: Final = ("namespace", "network")
"""Files that are applied in any case: the first of all, and what is about several components."""

LABELS: Final = {"app.kubernetes.io/part-of": "tasksys-monitoring"}


def files() -> dict[str, dict[str, Path]]:
    """The content of each ConfigMap: what a file is called in it, and where it is here."""
    one, rules = MONITORING / "prometheus", sorted((MONITORING / "prometheus/rules").glob("*.yml"))
    dashboards = sorted((MONITORING / "grafana/dashboards").glob("*.json"))
    provisioning = MONITORING / "grafana/provisioning"
    return {
        "prometheus": {"prometheus.yml": one / "prometheus-kubernetes.yml"},
        "prometheus-rules": {file.name: file for file in rules},
        "alertmanager-templates": {
            file.name: file for file in sorted((MONITORING / "alertmanager/templates").glob("*.tmpl"))
        },
        "grafana": {"grafana.ini": MONITORING / "grafana/grafana.ini"},
        "grafana-datasources": {file.name: file for file in sorted((provisioning / "datasources").glob("*.yml"))},
        "grafana-providers": {file.name: file for file in sorted((provisioning / "dashboards").glob("*.yml"))},
        # One each: `kubectl apply` keeps a copy in an annotation, which takes 256 KiB.
        **{f"grafana-dashboard-{file.stem}": {file.name: file} for file in dashboards},
        "loki": {"loki.yml": MONITORING / "loki/loki.yml"},
        "jaeger": {"jaeger.yml": MONITORING / "jaeger/jaeger.yml"},
        "telegraf": {name: MONITORING / "telegraf" / name for name in ("telegraf.conf", "lines.star")},
    }


def images(text: str) -> dict[str, str]:
    """The pinned images, by the names of versions.env."""
    return dict(re.findall(r"^(\w+_IMAGE)=(\S+)$", text, re.MULTILINE))


def content(path: Path) -> str:
    """What a file says in a ConfigMap: a dashboard leads to the runbooks where this deployment has them."""
    if path.parent == build.DIRECTORY:
        variable, usual = LINKS["RUNBOOKS"]
        return build.text(build.DASHBOARDS[path.stem], (os.environ.get(variable) or usual).rstrip("/"))
    return path.read_text(encoding="utf-8")


def config_map(name: str, held: Mapping[str, Path], namespace: str) -> dict[str, Any]:
    """A ConfigMap of those files."""
    metadata = {"name": name, "namespace": namespace, "labels": LABELS}
    data = {key: content(path) for key, path in held.items()}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def digest(names: Sequence[str]) -> str:
    """Changes when a file of one of these ConfigMaps does."""
    said = hashlib.sha256()
    for name in names:
        for key, path in files()[name].items():
            said.update(f"{name}/{key}\0".encode() + content(path).encode() + b"\0")
    return said.hexdigest()[:16]


def rendered(namespace: str = "tasksys", image: str = TASKSYS_IMAGE, without: Sequence[str] = ()) -> Iterator[str]:
    """The documents, in the order in which they are applied."""
    settings = {**images(VERSIONS.read_text(encoding="utf-8")), "TASKSYS_IMAGE": image, "NAMESPACE": namespace}
    settings |= {name: json.dumps(os.environ.get(variable) or usual) for name, (variable, usual) in LINKS.items()}
    parts = [name for name in COMPONENTS if name not in without]
    yield filled("namespace", settings)
    for name, held in files().items():
        if any(name == part or name.startswith(f"{part}-") for part in parts):
            yield json.dumps(config_map(name, held, namespace), ensure_ascii=False)
    for name in (*parts, *SHARED[1:]):
        yield filled(name, settings)


def filled(name: str, settings: Mapping[str, str]) -> str:
    """A file with its settings. KeyError for a name that is none."""
    config_maps = [one for one in files() if one == name or one.startswith(f"{name}-")]
    known = {**settings, "DIGEST": digest(config_maps)}
    text = (HERE / f"{name}.yml").read_text(encoding="utf-8")
    return re.sub(r"\$\{(\w+)\}", lambda found: known[found[1]], text).strip()


def named(documents: str) -> list[str]:
    """Kind and name of each."""
    kind = r'^(?:kind: (\w+)\nmetadata:\n  name: (\S+)$|.*"kind": "(\w+)", "metadata": \{"name": "([^"]+)")'
    return [" ".join(filter(None, found)) for found in re.findall(kind, documents, re.MULTILINE)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints all of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("--namespace", default="tasksys", help="where tasksys is, and the stack with it (%(default)s)")
    parser.add_argument("--image", default=TASKSYS_IMAGE, help="tasksys' image, for the lag exporter (%(default)s)")
    parser.add_argument("--without", default="", metavar="COMPONENT,…", help="what is left out")
    parser.add_argument("--list", action="store_true", help="print kinds and names only")
    given = parser.parse_args(arguments)
    without = [name for name in given.without.split(",") if name]
    if unknown := set(without) - set(COMPONENTS):
        parser.error(f"--without {', '.join(sorted(unknown))}: there are {', '.join(COMPONENTS)}")
    if not re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", given.namespace):
        parser.error("--namespace: a name of small letters, digits and hyphens")
    documents = "\n---\n".join(rendered(given.namespace, given.image, without))
    sys.stdout.write(("\n".join(named(documents)) if given.list else documents) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
