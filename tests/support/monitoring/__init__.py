"""The real tools of monitoring, and a system that they watch."""
