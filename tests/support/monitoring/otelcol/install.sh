#!/usr/bin/env bash
# Makes otelcol ready: an OpenTelemetry Collector that writes the spans that come to a file.
exec "$(dirname "${BASH_SOURCE[0]}")/../go.sh" otelcol .
