#!/usr/bin/env bash
# Makes podman ready for the tests that run the stack in containers, on Debian and Ubuntu as root; elsewhere they are left
# out. Run it as often as you like: what is there is not installed again.
set -euo pipefail

say() { printf '%s\n' "containers: $*" >&2; }

if [[ $(id -u) -ne 0 ]] || ! command -v apt-get >/dev/null; then
  say "these tests need root on Debian or Ubuntu; they are left out here"
  exit 0
fi
missing=()
for pair in podman:podman runc:runc buildah:buildah catatonit:catatonit dnsmasq:dnsmasq-base debootstrap:debootstrap; do
  command -v "${pair%:*}" >/dev/null || missing+=("${pair#*:}")
done
[[ -x /usr/lib/cni/dnsname ]] || missing+=(golang-github-containernetworking-plugin-dnsname)
if [[ ${#missing[@]} -gt 0 ]]; then
  say "installing ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
fi
