#!/usr/bin/env bash
# Installs what the tests need and runs them all: tests/run.sh [options of pytest].
set -euo pipefail
cd "$(dirname "$0")/.."
deploy/install.sh dev
tests/support/kafka/install.sh
.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy
.venv/bin/pytest "$@"
