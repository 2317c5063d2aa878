#!/usr/bin/env bash
# Starts docker-compose.yml: deploy/compose.sh [arguments of `docker compose`, default: up -d --build --wait].
set -euo pipefail
cd "$(dirname "$0")/.."
if [ ! -f .env ] || ! grep -q '^TASKSYS_JWT_SECRET=' .env; then
    umask 077
    printf 'TASKSYS_JWT_SECRET=%s\n' "$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')" >>.env
    echo "Made .env with a new secret for tokens." >&2
fi
[ $# -gt 0 ] || set -- up -d --build --wait
docker compose "$@"
