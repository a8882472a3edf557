"""What a benchmark tells: measured values, what they are compared with, and the table of them."""

from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Row:
    """One measurement. `against`: the same done without octoplat, or a budget, in the same unit."""

    what: str
    measured: float
    unit: str
    against: float | None = None
    aim: str = ""

    @property
    def ratio(self) -> float | None:
        return self.measured / self.against if self.against else None


def show(title: str, rows: Iterable[Row], console: Console) -> None:
    """Print one benchmark's table."""
    table = Table("", "measured", "against", "ratio", "aim", title=title, title_justify="left")
    for row in rows:
        table.add_row(
            row.what,
            f"{row.measured:,.4g} {row.unit}",
            "" if row.against is None else f"{row.against:,.4g} {row.unit}",
            "" if row.ratio is None else f"{row.ratio:.2f}",
            row.aim,
        )
    console.print(table)
