#!/usr/bin/env bash
# Makes dashcheck ready: it reads dashboards as strictly as Grafana's own generated types can.
exec "$(dirname "${BASH_SOURCE[0]}")/../go.sh" dashcheck .
