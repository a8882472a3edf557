"""How much of a task's output is kept: the head up to a limit, then only the tail. domain.md 20."""

from collections import deque
from collections.abc import Iterable, Iterator

from deployments.core.states import Category
from deployments.engine.recording import LogLine

LIMIT = 200 * 1000**2  # bytes of text in one task
TAIL = 1000  # lines kept of what comes after it


class LogBudget:
    """Lets lines through until the limit, then keeps the last ones for the end and counts the rest."""

    def __init__(self, used: int = 0, limit: int = LIMIT, tail: int = TAIL) -> None:
        self.used = used
        self._limit = limit
        self._tail: deque[LogLine] = deque(maxlen=tail)
        self._over = 0
        self._told = used > limit

    def pass_on(self, lines: Iterable[LogLine]) -> Iterator[LogLine]:
        """The lines that are kept now, with a mark where the gap begins."""
        for line in lines:
            self.used += size(line)
            if self.used <= self._limit:
                yield line
                continue
            if not self._told:
                self._told = True
                yield _mark(
                    line.node, f"The log has reached {self._limit:,} bytes; lines are missing here."
                )
            self._over += 1
            self._tail.append(line)

    def rest(self) -> list[LogLine]:
        """What is kept of the end, after a mark that says how much is missing."""
        if not self._tail:
            return []
        missing = self._over - len(self._tail)
        lines = [_mark(self._tail[0].node, f"{missing:,} lines were dropped."), *self._tail]
        self._tail.clear()
        self._over = 0
        return lines


def size(line: LogLine) -> int:
    """Bytes as they count towards the limit; a line end included."""
    return len(line.text.encode()) + 1 if not line.text.isascii() else len(line.text) + 1


def _mark(node: str, text: str) -> LogLine:
    return LogLine(node, Category.WARNING, f"… {text}")
