"""How a run is told from outside to stop: cancelled, handed over, or lost."""

import asyncio
from enum import StrEnum


class Signal(StrEnum):
    """CANCEL: somebody cancelled the task. HAND_OVER: this worker stops, another goes on; scripts keep
    running. LOST: another worker may have the task already."""

    CANCEL = "cancel"
    HAND_OVER = "hand over"
    LOST = "lost"


class Control:
    """One run's ear. The first signal counts, but LOST beats any."""

    def __init__(self) -> None:
        self.signal: Signal | None = None
        self._raised = asyncio.Event()

    def stop(self, signal: Signal) -> None:
        if self.signal is None or signal == Signal.LOST:
            self.signal = signal
        self._raised.set()

    async def stopped(self) -> Signal:
        """Waits for a signal."""
        await self._raised.wait()
        return self.signal or Signal.LOST
