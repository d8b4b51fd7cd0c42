"""`producer | oneroom --live TITLE`: stdin goes on to stdout, and is a live message too."""

import os
import select
import signal
from collections.abc import Callable

from cli_client.live_output import LiveOutput
from cli_client.stdin_lines import read

_STDOUT = 1


def run_live_pipe(live: LiveOutput, complain: Callable[[str], object]) -> int:
    """Run until stdin ends, or Ctrl-C; return the exit code.

    It is 1 if the room has not got all of it, or if stdout could not be written, as on a full disk:
    then `complain` is called with the reason, once, and the room gets the rest all the same.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    can_write = was_written = True
    try:
        while data := read():
            live.write(data)
            if can_write:
                try:
                    _write(data)
                except BrokenPipeError:  # the reader has what it wanted (`| head`)
                    can_write = False
                except OSError as error:
                    can_write = was_written = False
                    complain(str(error.strerror))
    except KeyboardInterrupt:
        pass
    return 0 if live.end(None) and was_written else 1


def _write(data: bytes) -> None:
    """Write all of it to stdout. Raises `OSError`."""
    while data:
        try:
            data = data[os.write(_STDOUT, data) :]
        except BlockingIOError:
            select.select([], [_STDOUT], [])
