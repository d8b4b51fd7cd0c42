"""Events for the log: what happened, and its fields, which programs can search for.

No field may hold what people say, nor a name. An address may be one where somebody is refused.
"""

import logging
from logging import INFO, WARNING
from typing import Final

from chat_protocol.tally import tally

__all__ = ["INFO", "WARNING", "log_event", "log_often", "log_on_request"]

LOGGER: Final = "oneroom"
"""The logger that all events go to."""

_log = logging.getLogger(LOGGER)


def log_event(level: int, event: str, **fields: object) -> None:
    """Log an event; a field that is None is left out. Any thread; never waits."""
    if _log.isEnabledFor(level):
        _log.log(level, event, extra={"fields": _given(fields)})


def log_often(level: int, event: str, *, reason: str, **fields: object) -> None:
    """Log and tally an event that strangers can cause as often as they like. Any thread; never waits.

    The first of its reason is a line at once. Those of the next ten seconds are one line: the fields of the
    last one, and `times`. Without a `LogOutput` each is a line.
    """
    tally(event, reason)
    if _log.isEnabledFor(level):
        fields = {"reason": reason} | _given(fields)
        _log.log(level, event, extra={"fields": fields, "kind": (event, reason)})


def log_on_request(event: str, **fields: object) -> None:
    """Log an event that somebody has asked for, whatever level is logged. Any thread; never waits."""
    _log.handle(_log.makeRecord(LOGGER, INFO, "", 0, event, (), None, extra={"fields": _given(fields)}))


def _given(fields: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}
