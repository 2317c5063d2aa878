#!/usr/bin/env bash
# Makes libfaketime ready, which lets chaos set the clocks of single processes (Debian and Ubuntu; elsewhere clocks are
# left alone). Run it as often as you like: what is there is not installed again.
set -euo pipefail

say() { printf '%s\n' "chaos: $*" >&2; }
if compgen -G '/usr/lib/*/faketime/libfaketime.so.1' >/dev/null; then exit 0; fi
if ! command -v apt-get >/dev/null; then
  say "there is no apt-get here: clocks are left alone"
  exit 0
fi
root=()
if [[ $(id -u) -ne 0 ]]; then root=(sudo); fi
say "installing libfaketime"
${root[@]+"${root[@]}"} apt-get install -y -qq --no-install-recommends libfaketime >/dev/null ||
  { ${root[@]+"${root[@]}"} apt-get update -qq && ${root[@]+"${root[@]}"} apt-get install -y -qq --no-install-recommends libfaketime >/dev/null; }
