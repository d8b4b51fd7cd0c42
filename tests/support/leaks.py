"""What a test may leave behind: threads, child processes and open descriptors of this process."""

import threading
from collections.abc import Collection, Iterator
from pathlib import Path

import psutil

from tests.support import forks

_DESCRIPTORS = Path("/proc/self/fd")
_TASKS = Path("/proc/self/task")


def left_over() -> set[str]:
    """Name all that a test might leave behind and that would then disturb the next.

    Called twice a test, so it must not look at all processes of the machine, as psutil does.
    """
    kept = forks.kept()
    found = {f"thread {thread.name} ({thread.ident})" for thread in threading.enumerate()}
    parents = (_TASKS, *(Path(f"/proc/{pid}/task") for pid in kept))
    found |= {f"process {child}" for tasks in parents for child in _children(tasks) if child not in kept}
    found |= {f"descriptor {number} -> {target}" for number, target in _descriptors(kept.values())}
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


def _children(tasks: Path) -> Iterator[int]:
    """Yield the ids of a process's children: the kernel lists them for the thread that started each."""
    try:
        for task in tasks.iterdir():
            yield from map(int, (task / "children").read_text().split())
    except FileNotFoundError:  # no Linux; or a thread that has just ended, whose children moved to another
        yield from (child.pid for child in psutil.Process().children())


def _descriptors(kept: Collection[int]) -> Iterator[tuple[str, Path]]:
    """Yield the open descriptors and what each stands for, where the system tells."""
    for link in _DESCRIPTORS.iterdir() if _DESCRIPTORS.is_dir() else ():
        try:
            if int(link.name) not in kept:
                yield link.name, link.readlink()
        except OSError:  # that of the listing itself, closed by now
            continue
