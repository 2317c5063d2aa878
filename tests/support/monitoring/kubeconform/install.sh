#!/usr/bin/env bash
# Makes kubeconform ready: it validates manifests; the schemas come from the package kubernetes-validate.
exec "$(dirname "${BASH_SOURCE[0]}")/../go.sh" kubeconform github.com/yannh/kubeconform/cmd/kubeconform
