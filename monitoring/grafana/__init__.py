"""Grafana: dashboards, which are written in Python and kept as JSON beside it, data sources, settings."""
