#!/usr/bin/env bash
# Makes what must not be in the repository, where it is missing: deploy/secrets.sh [--monitoring].
#   .env      the secret that tokens are signed with, and the key that users' channels are sealed with
#   .deploy/  with --monitoring: Grafana's password and dashboards, Alertmanager's configuration and its secrets,
#             Prometheus' targets
# What is there is kept. Names of files that were made are printed, a line each.
set -euo pipefail
cd "$(dirname "$0")/.."
umask 077

random() { head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n'; }

if [ ! -f .env ] || ! grep -q '^TASKSYS_JWT_SECRET=' .env; then
    [ -f .env ] || echo .env
    printf 'TASKSYS_JWT_SECRET=%s\n' "$(random)" >>.env
    echo "Made .env with a new secret for tokens." >&2
fi
if ! grep -q '^TASKSYS_SECRET_KEY=' .env; then
    printf 'TASKSYS_SECRET_KEY=%s\n' "$(random)" >>.env
    echo "Added a key to .env that users' channels are sealed with; keep it." >&2
fi
[ "${1:-}" = --monitoring ] || exit 0

# The directory is nobody else's. What is in it is readable, for containers have users of their own.
[ -d .deploy ] || echo .deploy
mkdir -p .deploy
chmod 700 .deploy # also where Docker made it, for a folder of it that was to be mounted
umask 022
mkdir -p .deploy/alertmanager/secrets .deploy/alertmanager/templates .deploy/targets
for name in grafana_admin_password grafana_secret_key; do
    [ -s ".deploy/$name" ] || random >".deploy/$name"
done
python3 monitoring/alerting.py --secrets .deploy/alertmanager/secrets --output .deploy/alertmanager/alertmanager.yml >&2
runbooks=${TASKSYS_RUNBOOKS_URL:-$(sed -n 's/^TASKSYS_RUNBOOKS_URL=//p' .env | tail -n 1)}
python3 -m monitoring.grafana.build --runbooks "${runbooks:-monitoring/docs/runbooks}" --into .deploy/dashboards >&2
workers=(tasksys:3101)
if [ "${TASKSYS_WORKERS:-}" ]; then workers+=(worker-2:3101 worker-3:3101); fi
{
    echo "- targets:"
    printf '    - %s\n' "${workers[@]}"
} >.deploy/targets/tasksys.yml
