"""A log in a file: out of one, and into another."""
