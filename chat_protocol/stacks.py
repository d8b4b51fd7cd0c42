"""What the threads of a process are doing, for the log."""

import sys
import threading
from collections import defaultdict
from types import FrameType
from typing import Final

from chat_protocol.log_event import log_on_request

_MAX_FRAMES: Final = 40
_MAX_NAMES: Final = 5
"""Most names of threads with the same stack that are shown."""


def log_stacks() -> None:
    """Log the stack of each thread, latest call last; those that are alike are one event. Any thread.

    Contains no values, so neither names of people nor texts.
    """
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    threads: defaultdict[str, list[str]] = defaultdict(list)
    for ident, frame in sys._current_frames().items():  # noqa: SLF001 - documented in `sys`
        threads[_stack(frame)].append(names.get(ident, str(ident)))
    for stack, alike in sorted(threads.items(), key=lambda item: len(item[1])):
        shown = ", ".join(alike[:_MAX_NAMES]) + ", ..." * (len(alike) > _MAX_NAMES)
        log_on_request("stack", threads=len(alike), names=shown, stack=stack)


def _stack(frame: FrameType | None) -> str:
    lines: list[str] = []
    while frame is not None and len(lines) < _MAX_FRAMES:
        lines.append(f"  {frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_qualname}")
        frame = frame.f_back
    return "\n".join(reversed(lines))
