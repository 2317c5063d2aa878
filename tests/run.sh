#!/usr/bin/env bash
# Installs what the tests need and runs them all: tests/run.sh [options of pytest].
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "${1:-}" = --help ] || [ "${1:-}" = -h ]; then
    sed -n 's/^# //p' "$0"
    echo "Such as: tests/run.sh -m 'not kafka'; tests/run.sh tests/views -k undo -x"
    exit
fi
deploy/install.sh dev
tests/support/kafka/install.sh
tests/support/chromium/install.sh
tests/support/nginx/install.sh
if [ -x tests/support/monitoring/install.sh ]; then tests/support/monitoring/install.sh; fi
.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy
.venv/bin/python -m tests.support.tsc
# Two at a time, a file each, with a broker and a browser each: most tests wait for something. 0 is one after the other.
.venv/bin/pytest -n "${TASKSYS_TEST_WORKERS:-2}" --dist loadfile "$@"
