"""The demonstration: `make observe` breaks a running system in four ways, and keeps what its monitoring showed."""
