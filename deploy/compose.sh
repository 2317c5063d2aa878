#!/usr/bin/env bash
# Starts docker-compose.yml: deploy/compose.sh [arguments of `docker compose`, default: up -d --build --wait].
# Three workers behind one entry at http://127.0.0.1:3080: deploy/compose.sh --profile workers up -d --build --wait
# Everything that watches them: monitoring/deploy.sh
set -euo pipefail
cd "$(dirname "$0")/.."
deploy/secrets.sh >/dev/null
[ $# -eq 0 ] || exec docker compose "$@"
docker compose up -d --build --wait
cat >&2 <<'END'
tasksys is up at http://127.0.0.1:3001. It asks for a token; make one for a user of that name:
    docker compose exec tasksys tasksys token anna
Who is named in TASKSYS_ADMINS in .env (such as TASKSYS_ADMINS=anna) may use /admin after the next deploy/compose.sh.
END
