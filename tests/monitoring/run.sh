#!/usr/bin/env bash
# Installs the tools that the slow tests of monitoring need and runs those: tests/monitoring/run.sh [options of pytest].
# Each tool has a script of its own in tests/support/monitoring/; what one of them cannot install stops the run.
set -euo pipefail
cd "$(dirname "$0")/../.."
tests/support/kafka/install.sh
tests/support/monitoring/install.sh newer
for script in tests/support/monitoring/*/install.sh; do
    if [ -x "$script" ]; then "$script"; fi
done
exec .venv/bin/pytest -m monitoring --timeout 1800 tests/monitoring "$@"
