"""The file beside a log whose time says when the log was last backed up."""

from contextlib import suppress
from pathlib import Path


def note_backup(history: Path) -> None:
    """Note that a log was backed up now; if its folder cannot be written, nobody is told."""
    with suppress(OSError):
        _mark(history).touch(0o600)


def last_backup(history: Path) -> float:
    """Return when that was noted last, in seconds since 1970; 0 if never. Any thread."""
    try:
        return _mark(history).stat().st_mtime
    except OSError:
        return 0.0


def _mark(history: Path) -> Path:
    file = history.resolve()  # beside the file, not beside a link to it
    return file.with_name(f"{file.name}.backup")
