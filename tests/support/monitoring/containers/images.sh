#!/usr/bin/env bash
# Makes the images that docker-compose.yml names, where none can be pulled: images.sh FOLDER. tasksys' is the real one, built
# by deploy/Dockerfile; its base, nginx', Kafka's, Prometheus', Alertmanager's, the node exporter's and Telegraf's have the
# real programs of Debian, Maven and Go; Loki's and Jaeger's are stand-ins that speak their protocols (loki.py, jaeger.py).
# None has what the real image has beside its program. FOLDER is scratch space.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../../.." && pwd)
cache=$root/.cache
export CONTAINERS_CONF=$here/containers.conf
scratch=${1:?a folder}
base=docker.io/library/python:3.11-slim

say() { printf '%s\n' "images: $*" >&2; }
there() { podman image exists "$1"; }
pinned() { sed -n "s/^$1=//p" "$root/monitoring/versions.env"; }
named() { sed -n "s/^ *image: \(.*$1.*\)$/\1/p" "$root/docker-compose.yml" | head -n 1; }

if ! there $base; then
  say "a base by debootstrap"
  nice debootstrap --variant=minbase --include=python3,python3-pip,python3-venv,ca-certificates bookworm "$scratch/base" \
    >"$scratch/debootstrap.log"
  ln -sf python3 "$scratch/base/usr/bin/python"
  made=$(buildah from scratch)
  buildah add --quiet "$made" "$scratch/base" / >/dev/null
  buildah commit --quiet "$made" $base >/dev/null
  buildah rm "$made" >/dev/null
  rm -rf "$scratch/base"
fi

# image, user, entrypoint, then pairs of files: what is copied to where
image() {
  local name=$1 user=$2 entry=$3 made
  shift 3
  made=$(buildah from --pull-never "${from:-$base}")
  while [[ $# -gt 0 ]]; do
    buildah copy --quiet --chmod 755 "$made" "$1" "$2" >/dev/null
    shift 2
  done
  buildah config --user "$user" --entrypoint "[\"$entry\"]" --cmd '' "$made"
  for folder in "${folders[@]}"; do
    mkdir -p "$scratch/empty"
    buildah copy --quiet --chown "$user" "$made" "$scratch/empty" "$folder" >/dev/null
    buildah config --volume "$folder" "$made"
  done
  buildah commit --quiet --rm "$made" "$name" >/dev/null
  say "$name"
}

(cd "$scratch" && apt-get download -qq busybox-static nginx 2>/dev/null && for one in *.deb; do dpkg-deb -x "$one" packages; done)
busybox=$scratch/packages/bin/busybox
[[ -x $busybox ]] || busybox=$scratch/packages/usr/bin/busybox
tool() { (cd "$root" && "${PYTHON:-.venv/bin/python}" -m tests.support.monitoring.tools | sed -n "s/^$1\t//p"); }
newer() { if [[ -x $cache/monitoring/newer/$1 ]]; then echo "$cache/monitoring/newer/$1"; else tool "$1"; fi; }

folders=(/prometheus)
image "$(pinned PROMETHEUS_IMAGE)" 65534:65534 /bin/prometheus "$(newer prometheus)" /bin/prometheus "$busybox" /bin/wget
folders=(/alertmanager)
image "$(pinned ALERTMANAGER_IMAGE)" 65534:65534 /bin/alertmanager "$(newer alertmanager)" /bin/alertmanager "$busybox" /bin/wget
folders=()
image "$(pinned NODE_EXPORTER_IMAGE)" 65534:65534 /bin/node_exporter "$(tool node_exporter)" /bin/node_exporter "$busybox" /bin/wget
image "$(named nginx)" 101:101 /usr/sbin/nginx "$scratch/packages/usr/sbin/nginx" /usr/sbin/nginx "$busybox" /bin/wget
if [[ -x $cache/monitoring/telegraf ]]; then
  image "$(pinned TELEGRAF_IMAGE)" 0:0 /usr/bin/telegraf "$cache/monitoring/telegraf" /usr/bin/telegraf "$busybox" /bin/wget
fi
folders=(/loki)
image "$(pinned LOKI_IMAGE)" 10001:10001 /usr/bin/loki "$here/loki.py" /usr/bin/loki
java=$(dirname "$(dirname "$(readlink -f "$(cat "$cache/kafka/java")")")")
folders=(/var/lib/kafka/data)
mkdir -p "$scratch/jvm"
cp -rL "$java/." "$scratch/jvm/" 2>/dev/null || [[ -x $scratch/jvm/bin/java ]] # Debian's has links to what is not there
image "$(named kafka)" 1000:1000 /opt/kafka/start.sh "$scratch/jvm" /opt/java "$cache/kafka/lib" /opt/kafka/libs \
  "$here/kafka.sh" /opt/kafka/start.sh "$here/kafka-answers.sh" /opt/kafka/bin/kafka-broker-api-versions.sh

say "tasksys, by deploy/Dockerfile"
certificates=/etc/ssl/certs/ca-certificates.crt
nice podman build --quiet --format docker --pull=never --volume "$certificates:$certificates:ro" \
  --tag localhost/tasksys:0.1.0 --file "$root/deploy/Dockerfile" "$root" >/dev/null

folders=()
from=localhost/tasksys:0.1.0
image "$(pinned JAEGER_IMAGE)" 10001:10001 /usr/bin/jaeger "$here/jaeger.py" /usr/bin/jaeger "$busybox" /bin/wget
