#!/usr/bin/env bash
# Makes VictoriaLogs ready: a real database of logs that is pushed to as Loki is, which cannot be built from its modules.
exec "$(dirname "${BASH_SOURCE[0]}")/../go.sh" victorialogs github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs
