"""The browser that the tests of the UI drive."""
