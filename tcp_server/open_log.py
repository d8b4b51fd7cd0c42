"""Opens the log of a server as it is configured, and the recording of its journal."""

from pathlib import Path
from typing import Final

from tcp_server.config import Config
from tcp_server.log.history import History
from tcp_server.log.memory_history import MemoryHistory
from tcp_server.log.recording import Begin, Recording
from tcp_server.log.retention import Limits
from tcp_server.log.sqlite_history import SqliteHistory
from tcp_server.room.head import newest_run, position_of
from tcp_server.room.redaction import without_text

MAX_IN_MEMORY: Final = 10_000
"""Maximum number of messages in memory."""


def open_history(config: Config) -> History:
    """Open the message log as configured. Raises `BadHistory`."""
    match config.history:
        case "off":
            return MemoryHistory(0)
        case "memory":
            return MemoryHistory(min(config.keep or MAX_IN_MEMORY, MAX_IN_MEMORY))
    limits = Limits(config.keep, config.keep_days, config.keep_bytes)
    is_full = config.durability == "full"
    return SqliteHistory(Path(config.history), limits=limits, full=is_full, redact=without_text)


def open_recording(config: Config, history: History) -> Recording | None:
    """Open the recording, if one is wanted. Raises `BadHistory`."""
    if not config.record or not isinstance(history, SqliteHistory):
        return None
    begin = Begin(history.epoch, position_of(history), newest_run(history))
    return Recording(Path(config.record), history.path, begin)
