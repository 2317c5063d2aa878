#!/usr/bin/env bash
# Installs tasksys and runs it: deploy/run.sh [options of `tasksys serve`].
set -euo pipefail
cd "$(dirname "$0")/.."
deploy/install.sh
exec .venv/bin/tasksys serve "$@"
