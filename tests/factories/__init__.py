"""Rows for tests: one function each, which invents whatever the test does not name."""
