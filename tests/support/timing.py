"""How long things may take: strictly on a quiet machine, generously beside other work."""

import os
from collections.abc import Callable
from time import monotonic, sleep
from typing import Final

TIMEOUT: Final = 30.0
"""Seconds to wait for what comes anyway: only a failure waits so long."""

IS_LONG: Final = bool(os.environ.get("ONEROOM_QUIET"))
"""Whether this is `make long`, `make hostile` or `make faults`: these take their time."""

_SLOWDOWN: Final = 1 if IS_LONG else 10


def at_most(seconds: float) -> float:
    """Return how long something may take that takes less than `seconds` on a quiet machine.

    That is ten times as long, as `make test` has to pass on a busy machine, unless ONEROOM_QUIET
    says that this one is quiet (`make hostile`, `make faults`, `make long`).
    """
    return seconds * _SLOWDOWN


def eventually(condition: Callable[..., bool], *arguments: object, within: float = TIMEOUT) -> None:
    """Wait until a condition is true of the arguments. Fails after `within` seconds."""
    deadline = monotonic() + within
    while not condition(*arguments):
        assert monotonic() < deadline, "the condition never became true"
        sleep(0.02)
