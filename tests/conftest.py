"""What every test may ask for: the database, and the cast everybody knows."""

pytest_plugins = [
    "tests.plugins.postgres",
    "tests.plugins.promises",
    "tests.plugins.complete",
    "tests.plugins.cast",
    "tests.plugins.clients",
    "tests.plugins.stack",
]
