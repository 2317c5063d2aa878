#!/usr/bin/env bash
# Makes the real tools of monitoring ready for tests: Prometheus, promtool, Alertmanager, amtool and the node exporter.
#   install.sh        those on PATH, else the distribution's (Debian and Ubuntu: unpacked into .cache, nothing is started;
#                     macOS: brew). A few seconds the first time.
#   install.sh newer  also today's releases, built by Go into .cache (10 minutes): what the images of the stack run.
# Run it as often as you like: what is there is not made again. `python -m tests.support.monitoring.tools` finds them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

readonly prometheus=v0.316.0 amtool=v0.34.2 alertmanager=v0.28.1 # the last whose module carries what its binary embeds
cache=$PWD/.cache/monitoring

say() { printf '%s\n' "monitoring: $*" >&2; }
die() { say "$@"; exit 1; }
found() { PYTHONPATH=$PWD "${PYTHON:-.venv/bin/python}" -m tests.support.monitoring.tools "$@" >/dev/null 2>&1; }

unpacked() { # Debian's packages, without their services, users and dependencies: the programs need none of them
  local share=usr/share/prometheus/alertmanager root=() packages=(prometheus prometheus-alertmanager prometheus-node-exporter) fresh
  if [[ $(id -u) -ne 0 ]]; then root=(sudo); fi
  mkdir -p "$cache"
  fresh=$(mktemp -d "$cache/debian.XXXXXX")
  trap 'rm -rf "$fresh"' RETURN
  if ! (cd "$fresh" && apt-get download -qq "${packages[@]}" 2>/dev/null); then
    ${root[@]+"${root[@]}"} apt-get update -qq
    (cd "$fresh" && apt-get download -qq "${packages[@]}")
  fi
  for package in "$fresh"/*.deb; do dpkg-deb -x "$package" "$fresh/root"; done
  mkdir -p "$cache/bin"
  for tool in prometheus promtool prometheus-alertmanager alertmanager amtool prometheus-node-exporter node_exporter; do
    if [[ -f $fresh/root/usr/bin/$tool && ! -L $fresh/root/usr/bin/$tool ]]; then
      mv -f "$fresh/root/usr/bin/$tool" "$cache/bin/$tool"
    fi
  done
  # Debian's Alertmanager reads its own templates from here only.
  if [[ -d $fresh/root/$share && ! -d /$share ]]; then
    ${root[@]+"${root[@]}"} mkdir -p "/$share"
    ${root[@]+"${root[@]}"} cp -r "$fresh/root/$share/." "/$share/"
  fi
}

if ! found; then
  if command -v apt-get >/dev/null; then
    say "unpacking the distribution's packages"
    unpacked
  elif [[ $(uname) == Darwin ]] && command -v brew >/dev/null; then
    say "installing by brew"
    brew install --quiet prometheus alertmanager node_exporter
  else
    die "Prometheus, Alertmanager and the node exporter are missing. Put prometheus, promtool, alertmanager, amtool and" \
      "node_exporter on the PATH, then run $0 again."
  fi
  found || die "still not all there: $("${PYTHON:-.venv/bin/python}" -m tests.support.monitoring.tools 2>&1 || true)"
fi

if [[ ${1:-} == newer ]] && ! found newer; then
  command -v go >/dev/null || die "today's releases are built by Go: install Go 1.25 or later, then run $0 newer again."
  say "building Prometheus $prometheus, amtool $amtool and Alertmanager $alertmanager; the first time takes 10 minutes"
  export GOBIN=$cache/newer GOFLAGS=-trimpath
  for module in prometheus/cmd/promtool@$prometheus prometheus/cmd/prometheus@$prometheus \
    alertmanager/cmd/amtool@$amtool alertmanager/cmd/alertmanager@$alertmanager; do
    nice -n 15 go install "github.com/prometheus/$module" 2>&1 | { grep -v '^go: downloading' >&2 || true; }
  done
  found newer || die "Go built something, but not all that is needed."
fi
