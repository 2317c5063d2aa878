#!/usr/bin/env bash
# Makes .venv with everything that pyproject.toml pins: deploy/install.sh [dev]. Instant when there is nothing to do.
set -euo pipefail
cd "$(dirname "$0")/.."
extra=${1:-}

find_python() {
    local name
    for name in python3.13 python3.12 python3.11 python3; do
        if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    echo "tasksys needs Python 3.11 or later on PATH." >&2
    exit 1
}

make_venv() {
    local python=$1
    if "$python" -m venv .venv 2>/dev/null; then return; fi
    rm -rf .venv
    # Debian ships venv as a package of its own.
    if command -v apt-get >/dev/null; then
        local sudo=()
        [ "$(id -u)" = 0 ] || sudo=(sudo)
        "${sudo[@]}" apt-get update -qq
        "${sudo[@]}" apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
    fi
    "$python" -m venv .venv
}

stamp=.venv/.installed-${extra:-run}
if [ ! -f "$stamp" ] || ! cmp -s pyproject.toml "$stamp"; then
    [ -x .venv/bin/python ] || make_venv "$(find_python)"
    echo "Installing tasksys into .venv …" >&2
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".${extra:+[$extra]}"
    cp pyproject.toml "$stamp"
fi
