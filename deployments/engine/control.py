"""How a run is told from outside to stop: cancelled, handed over, or lost."""

import asyncio
from enum import StrEnum


class LeaseLost(Exception):
    """Another worker has this task now, or may have it: nothing more may be done or written."""


class Signal(StrEnum):
    """CANCEL: somebody cancelled the task. HAND_OVER: this worker stops, another goes on; scripts keep
    running. LOST: another worker may have the task already."""

    CANCEL = "cancel"
    HAND_OVER = "hand over"
    LOST = "lost"


class Control:
    """One run's ear. The first signal counts, but LOST beats any.

    It also knows until when this worker surely holds the task, by the clock of the loop: a process that
    was frozen must ask again before it does anything (security-and-reliability.md R2).
    """

    def __init__(self, sure_until: float = float("inf")) -> None:
        self.signal: Signal | None = None
        self._raised = asyncio.Event()
        self._news = asyncio.Event()
        self._sure_until = sure_until

    def stop(self, signal: Signal) -> None:
        if self.signal is None or signal == Signal.LOST:
            self.signal = signal
        self._raised.set()
        self._news.set()

    def confirm(self, sure_until: float) -> None:
        """The lease was renewed."""
        self._sure_until = sure_until
        self._news.set()

    async def hold(self) -> None:
        """Returns when this worker surely holds the task; right before anything is done with it."""
        clock = asyncio.get_running_loop().time
        while self.signal != Signal.LOST and clock() >= self._sure_until:
            self._news.clear()
            await self._news.wait()
        if self.signal == Signal.LOST:
            raise LeaseLost

    async def stopped(self) -> Signal:
        """Waits for a signal."""
        await self._raised.wait()
        return self.signal or Signal.LOST
