"""Tells systemd how a service is: sd_notify(3). Does nothing where no service manager listens."""

import os
import socket
from contextlib import suppress


def notify(state: str) -> None:
    """Send a state such as `READY=1`. Any thread; never waits, and raises nothing."""
    if path := os.environ.get("NOTIFY_SOCKET"):
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.sendto(state.encode(), "\0" + path[1:] if path.startswith("@") else path)


def has_watchdog() -> bool:
    """Return whether this process is ended if it does not say `WATCHDOG=1` again and again."""
    pid = os.environ.get("WATCHDOG_PID", str(os.getpid()))
    return "WATCHDOG_USEC" in os.environ and pid == str(os.getpid())
