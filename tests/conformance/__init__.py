"""The public test suites, turned into data, run against this implementation."""
