"""How much memory the idle demo takes: the proportional set size (PSS) of all its processes."""

import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil

from bench.rows import Row
from tests.plugins.stack import running

BUDGET = 700.0  # MB, of issue 2
SETTLE_SECONDS = 10
MB = 1024 * 1024


def memory() -> Iterator[Row]:
    """Starts the demo, lets it come to rest, and adds up its processes by what they are."""
    with tempfile.TemporaryDirectory(prefix="octoplat-bench-") as folder:
        Path(folder).chmod(0o711)
        with running(Path(folder)) as stack:
            time.sleep(SETTLE_SECONDS)
            parts = _parts(psutil.Process(stack.process.pid))
    for name, size in parts.most_common():
        yield Row(name, size / MB, "MB")
    yield Row("all", sum(parts.values()) / MB, "MB", BUDGET, aim="≤ 1")


def _parts(supervisor: psutil.Process) -> Counter[str]:
    """Bytes by the supervisor's child that a process belongs to."""
    parts = Counter({"supervisor": _size(supervisor)})
    for child in supervisor.children():
        for process in (child, *child.children(recursive=True)):
            parts[_name(child)] += _size(process)
    return parts


def _name(child: psutil.Process) -> str:
    command = " ".join(child.cmdline())
    known = {"bin/postgres": "database", "gunicorn": "web", "worker": "workers"}
    return next((name for word, name in known.items() if word in command), "demo target")


def _size(process: psutil.Process) -> int:
    """PSS; where the system does not tell it (macOS), what the process alone uses."""
    try:
        info = process.memory_full_info()
    except psutil.NoSuchProcess:
        return 0
    return int(getattr(info, "pss", info.uss))
