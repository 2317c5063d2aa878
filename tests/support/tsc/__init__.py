"""The type checker of the page's scripts: `python -m tests.support.tsc`."""
