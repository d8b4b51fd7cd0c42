"""What a test may leave behind: threads, child processes and open descriptors of this process."""

import threading
from collections.abc import Iterator
from pathlib import Path

import psutil

_DESCRIPTORS = Path("/proc/self/fd")
_TASKS = Path("/proc/self/task")


def left_over() -> set[str]:
    """Name all that a test might leave behind and that would then disturb the next.

    Called twice a test, so it must not look at all processes of the machine, as psutil does.
    """
    found = {f"thread {thread.name} ({thread.ident})" for thread in threading.enumerate()}
    found |= {f"process {child}" for child in _children()}
    found |= {f"descriptor {number} -> {target}" for number, target in _descriptors()}
    return found


def describe(left: str) -> str:
    """Add the command to the name of a process."""
    kind, _, number = left.partition(" ")
    if kind != "process":
        return left
    try:
        return f"{left} {' '.join(psutil.Process(int(number)).cmdline())}"
    except psutil.Error:
        return f"{left} (ended)"


def _children() -> Iterator[int]:
    """Yield the ids of this process's children: the kernel lists them for the thread that started each."""
    try:
        for task in _TASKS.iterdir():
            yield from map(int, (task / "children").read_text().split())
    except FileNotFoundError:  # no Linux; or a thread that has just ended, whose children moved to another
        yield from (child.pid for child in psutil.Process().children())


def _descriptors() -> Iterator[tuple[str, Path]]:
    """Yield the open descriptors and what each stands for, where the system tells."""
    for link in _DESCRIPTORS.iterdir() if _DESCRIPTORS.is_dir() else ():
        try:
            yield link.name, link.readlink()
        except OSError:  # that of the listing itself, closed by now
            continue
