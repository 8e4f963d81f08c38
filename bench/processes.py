"""What the operating system reports about a server's processes: CPU time and memory."""

from __future__ import annotations

import re
import time
from pathlib import Path

import psutil


class Processes:
    """A process and all that descend from it: one server."""

    def __init__(self, root: int):
        self._root = psutil.Process(root)

    def cpu_seconds(self) -> float:
        """The CPU time, user and system, of all of them, including those that have ended."""
        while True:
            try:
                return sum(_cpu_seconds(each) for each in self._all())
            except psutil.NoSuchProcess:  # it has just ended, and its parent accounts for it now
                continue

    def children(self) -> list[psutil.Process]:
        """Those that the first process has started."""
        return self._root.children()

    def program(self) -> Path:
        """The program that the first process runs. May raise psutil.AccessDenied."""
        return Path(self._root.exe())

    def wait_until_idle(self) -> None:
        """Return when they have used no CPU for a moment, or at the latest after ten seconds."""
        deadline = time.monotonic() + 10
        before, after = -1.0, self.cpu_seconds()
        while after > before and time.monotonic() < deadline:
            time.sleep(0.1)
            before, after = after, self.cpu_seconds()

    def _all(self) -> list[psutil.Process]:
        return [self._root, *self._root.children(recursive=True)]


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    own = times.user + times.system
    return float(own + times.children_user + times.children_system)  # of ended children


def forget_peak_memory(process: psutil.Process) -> None:
    """Reset `peak_memory` to what the process has now."""
    Path(f"/proc/{process.pid}/clear_refs").write_text("5")


def peak_memory(process: psutil.Process) -> int:
    """The most memory, in bytes, that the process has had (VmHWM)."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    found = re.search(r"^VmHWM:\s*(\d+) kB$", status, re.MULTILINE)
    assert found, status  # noqa: S101 - Linux always reports it
    return int(found[1]) * 1024


def machine_cpu_seconds() -> float:
    """CPU seconds that the whole machine has been busy so far, whatever the reason."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq + times.steal)
