#!/usr/bin/env bash
# kafka-broker-api-versions.sh --bootstrap-server HOST:PORT, as far as a health check needs it: somebody listens.
set -euo pipefail
exec 3<>"/dev/tcp/${2%:*}/${2#*:}"
