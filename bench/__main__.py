"""`python -m bench [name ...]`: runs the named benchmarks, or all of them."""

import sys
from collections.abc import Callable, Iterable

from rich.console import Console

from bench.access import access
from bench.fan_out import fan_out
from bench.memory import memory
from bench.rows import Row, show
from bench.variables import variables

BENCHMARKS: dict[str, Callable[[], Iterable[Row]]] = {
    "memory": memory,
    "fan_out": fan_out,
    "variables": variables,
    "access": access,
}


def main(names: list[str]) -> int:
    if unknown := set(names) - set(BENCHMARKS):
        print(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}.")
        return 1
    console = Console(width=110)
    for name in names or BENCHMARKS:
        show(name, BENCHMARKS[name](), console)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
