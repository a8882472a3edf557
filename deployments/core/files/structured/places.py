"""Which variable stands for a place in a file."""

from collections.abc import Iterator

from deployments.core import templates


class Places:
    """The variables by the place they name, ignoring case; remembers which were used."""

    def __init__(self, variables: templates.Variables) -> None:
        self._variables = variables
        self._given = {name.lower(): (name, value) for name, value in variables.items()}
        self.used: dict[str, None] = {}
        """Names as the variables spell them, in the order of their use."""
        self.warnings: list[str] = []

    def __contains__(self, place: str) -> bool:
        """Whether a variable names this place. Names of the system never do, but `Octopus:` may."""
        key = place.lower()
        reserved = key.startswith("octopus") and not key.startswith("octopus:")
        return key in self._given and not reserved

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._given.values())

    def value(self, place: str) -> str | None:
        """The evaluated value for a place that is in here; None for a null variable."""
        name, raw = self._given[place.lower()]
        self.used[name] = None
        return None if raw is None else templates.get(self._variables, name).value or ""

    def refuse(self, place: str, why: str) -> None:
        """The value for `place` could not be used."""
        name, _ = self._given[place.lower()]
        self.used.pop(name, None)
        self.warnings.append(f"The value of {name!r} was not used: {why}.")

    def warn_of_prefix(self, prefix: str) -> None:
        self.warnings.append(
            f"The prefix {prefix!r} stands for several namespaces; variables can only use the first."
        )
