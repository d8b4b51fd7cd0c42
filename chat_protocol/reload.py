"""Reads the settings of a running program again, on SIGHUP."""

import os
import time
from collections.abc import Callable, Collection
from typing import TypeVar

from chat_protocol.log_event import WARNING, log_event, log_on_request
from chat_protocol.service_manager import notify
from chat_protocol.settings import BadConfig, Settings

S = TypeVar("S", bound=Settings)


def has_terminal() -> bool:
    """Return whether a terminal controls this process: it then gets SIGHUP when that is closed."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def read_again(load: Callable[[], S], current: S, changeable: Collection[str]) -> S:
    """Return `current` with the new values of the settings that can be changed, and log what has changed.

    Where the new settings cannot be used, that is logged, and nothing changes. Tells systemd meanwhile.
    """
    notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
    try:
        new = load()
    except BadConfig as error:
        log_event(WARNING, "settings kept", error=error)
        return current
    finally:
        notify("READY=1")
    names = [name for name in current.__struct_fields__ if getattr(new, name) != getattr(current, name)]
    taken = [name for name in names if name in changeable]
    left = [name for name in names if name not in changeable]
    log_on_request("settings read", changed=new.shown(taken), after_restart=left or None)
    return current.replace(**{name: getattr(new, name) for name in taken})
