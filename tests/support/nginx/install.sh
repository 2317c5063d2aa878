#!/usr/bin/env bash
# Makes an nginx ready that tests start themselves: the one on PATH, else the distribution's, unpacked into .cache so that
# no service is started (Debian and Ubuntu), or brew's. Run it as often as you like: what is there is not made again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
cache=$PWD/.cache/nginx

say() { printf '%s\n' "nginx: $*" >&2; }
if PATH=$PATH:/usr/sbin:$cache command -v nginx >/dev/null; then exit 0; fi

if command -v apt-get >/dev/null; then
  say "unpacking the distribution's package"
  mkdir -p "$cache"
  fresh=$(mktemp -d "$cache/fresh.XXXXXX")
  trap 'rm -rf "$fresh"' EXIT
  if ! (cd "$fresh" && apt-get download -qq nginx 2>/dev/null); then
    root=()
    if [[ $(id -u) -ne 0 ]]; then root=(sudo); fi
    ${root[@]+"${root[@]}"} apt-get update -qq
    (cd "$fresh" && apt-get download -qq nginx)
  fi
  dpkg-deb -x "$fresh"/nginx_*.deb "$fresh/root"
  mv "$fresh/root/usr/sbin/nginx" "$cache/nginx"
elif [[ $(uname) == Darwin ]] && command -v brew >/dev/null; then
  say "installing by brew"
  brew install --quiet nginx
else
  say "there is none: put nginx on the PATH, then run $0 again."
  exit 1
fi
