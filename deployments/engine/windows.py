"""Many jobs, a few at once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

Result = TypeVar("Result")
Job = Callable[[], Awaitable[Result]]


async def in_window(
    jobs: Sequence[Job[Result]],
    window: int,
    may_start: Callable[[int], bool] = lambda index: True,
    frees_slot: Callable[[Result], bool] = lambda result: True,
) -> list[Result | None]:
    """Runs jobs in order, `window` at once: one that is done frees its slot for the next.

    may_start is asked right before a job with its index; one that may not gives None. A result that
    does not free its slot keeps it for good. The first exception cancels the others and is raised.
    """
    results: list[Result | None] = [None] * len(jobs)
    waiting = iter(range(len(jobs)))

    async def slot() -> None:
        for index in waiting:
            if not may_start(index):
                continue
            results[index] = result = await jobs[index]()
            if not frees_slot(result):
                return

    try:
        async with asyncio.TaskGroup() as slots:
            for _ in range(min(max(window, 1), len(jobs))):
                slots.create_task(slot())
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from several
    return results
