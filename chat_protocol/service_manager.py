"""Tells systemd how a service is: sd_notify(3). Does nothing where no service manager listens."""

import os
import socket
from contextlib import suppress
from math import inf


def notify(state: str) -> None:
    """Send a state such as `READY=1`. Any thread; never waits, and raises nothing."""
    if path := os.environ.get("NOTIFY_SOCKET"):
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.sendto(state.encode(), "\0" + path[1:] if path.startswith("@") else path)


def watchdog_interval() -> float:
    """Return every how many seconds to send `WATCHDOG=1`, so as not to be ended; infinite if never."""
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return inf
    with suppress(KeyError, ValueError):
        # Half of the time, as sd_watchdog_enabled(3) says.
        return int(os.environ["WATCHDOG_USEC"]) / 2_000_000
    return inf
