#!/usr/bin/env bash
# Starts docker-compose.yml: deploy/compose.sh [arguments of `docker compose`, default: up -d --build --wait].
set -euo pipefail
cd "$(dirname "$0")/.."
if [ ! -f .env ] || ! grep -q '^TASKSYS_JWT_SECRET=' .env; then
    umask 077
    printf 'TASKSYS_JWT_SECRET=%s\n' "$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')" >>.env
    echo "Made .env with a new secret for tokens." >&2
fi
if ! grep -q '^TASKSYS_SECRET_KEY=' .env; then
    printf 'TASKSYS_SECRET_KEY=%s\n' "$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')" >>.env
    echo "Added a key to .env that users' channels are sealed with; keep it." >&2
fi
[ $# -eq 0 ] || exec docker compose "$@"
docker compose up -d --build --wait
cat >&2 <<'END'
tasksys is up at http://127.0.0.1:3001. It asks for a token; make one for a user of that name:
    docker compose exec tasksys tasksys token anna
Who is named in TASKSYS_ADMINS in .env (such as TASKSYS_ADMINS=anna) may use /admin after the next deploy/compose.sh.
END
