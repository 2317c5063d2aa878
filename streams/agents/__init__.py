"""The agents: one file per table."""
