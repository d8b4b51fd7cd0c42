"""Folders and names of files that outlast a power failure: they are synced like what is in a file."""

import os
from contextlib import suppress
from pathlib import Path


def create_folder(folder: Path) -> None:
    """Create a folder, and those above it, unless they exist. Raises `OSError`."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for one in missing:
        sync_names(one.parent)


def sync_names(folder: Path) -> None:
    """Wait until the names in a folder are on the disk; some file systems cannot."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def is_at(file: int, path: Path) -> bool:
    """Return whether an open file is still at its path. Raises `OSError`."""
    return path.exists() and os.path.samestat(os.fstat(file), path.stat())
