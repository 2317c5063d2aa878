"""The `tasksys` command line. `serve` is the one place where streams and views meet; the rest is an HTTP client."""
