"""`producer | oneroom --live TITLE`: stdin goes on to stdout, and is a live message too."""

import os
import select
import signal

from cli_client.live_output import LiveOutput
from cli_client.stdin_lines import read

_STDOUT = 1


def run_live_pipe(live: LiveOutput) -> int:
    """Run until stdin ends, or Ctrl-C; return the exit code: 1 if the room has not got all of it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        can_write = True
        while data := read():
            live.write(data)
            can_write = can_write and _write(data)
    except KeyboardInterrupt:
        pass
    return 0 if live.end(None) else 1


def _write(data: bytes) -> bool:
    """Write all of it to stdout; return False if that cannot be written."""
    while data:
        try:
            data = data[os.write(_STDOUT, data) :]
        except BlockingIOError:
            select.select([], [_STDOUT], [])
        except OSError:  # the reader has what it wanted (`| head`)
            return False
    return True
