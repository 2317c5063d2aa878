#!/usr/bin/env bash
# Makes a Chromium ready that the tests of the UI drive: the one on PATH, else Debian's, else one of Playwright's own.
# Run it as often as you like: once there is one, it does nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

say() { printf '%s\n' "chromium: $*" >&2; }
found() { .venv/bin/python -m tests.support.chromium.find >/dev/null 2>&1; }

if found; then exit 0; fi

root=()
if [[ $(id -u) -ne 0 ]]; then root=(sudo); fi

# Only Debian's package is a browser; Ubuntu's of that name leads to a snap, which Playwright cannot drive.
if grep -qsx 'ID=debian' /etc/os-release; then
  say "installing Debian's Chromium by apt-get"
  ${root[@]+"${root[@]}"} apt-get update -qq
  ${root[@]+"${root[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium >/dev/null
else
  say "installing Playwright's Chromium"
  # The libraries that it needs are installed along with it where that is known how; macOS has them.
  if command -v apt-get >/dev/null; then .venv/bin/playwright install --with-deps chromium >&2
  else .venv/bin/playwright install chromium >&2; fi
fi

.venv/bin/python -m tests.support.chromium.find >/dev/null # says what to do if there is none yet
