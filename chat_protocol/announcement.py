"""The line with which a server says where it serves."""

import logging
import sys

_log = logging.getLogger(__name__)


def announce(line: str) -> None:
    """Print a line on standard output; where nobody can read it, log it instead."""
    why = "it is closed" if sys.stdout is None else ""
    try:
        print(f"{line}\n", end="", flush=True)  # in one piece: other lines may go to the same file
    except OSError as error:
        why = str(error.strerror)
        sys.stdout = None  # or the flush at the end of the program would fail again
    if why:
        _log.warning("standard output cannot be written (%s): %s", why, line)
