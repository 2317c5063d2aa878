"""The monitoring stack for Kubernetes: manifests, and what makes them whole."""
