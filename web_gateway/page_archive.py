"""The page's files of several versions, in a folder, for pages that were opened before a new version came."""

import functools
import io
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Final
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

from chat_protocol.log_event import WARNING, log_event
from web_gateway.assets import Asset, Assets, compress

_MOST_VERSIONS: Final = 5
_MOST_FILES: Final = 64  # of other versions, held in memory

_VERSION = re.compile(r"[0-9a-f]{16}")


class PageArchive:
    """A folder with one archive for each version, which gateways may share. Any thread may call any method.

    What is in it is served as it is: whoever may write there can change the page.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read = functools.lru_cache(maxsize=_MOST_FILES)(self._read_file)

    def add(self, assets: Assets) -> None:
        """Add a version as the newest, and remove the oldest ones over five. If that fails, it is logged."""
        try:
            self._write(assets)
            for path in sorted(self._folder.glob("*.zip"), key=_age)[_MOST_VERSIONS:]:
                path.unlink(missing_ok=True)
        except OSError as error:
            log_event(WARNING, "page not kept for later", error=error.strerror, folder=str(self._folder))

    def find(self, version: str, name: str) -> Asset | None:
        """Return a file of a version, or None if it is not there."""
        if not _VERSION.fullmatch(version):
            return None
        try:
            return self._read(version, name)
        except (OSError, KeyError, BadZipFile):
            return None

    def _write(self, assets: Assets) -> None:
        path = self._path(assets.version)
        with suppress(FileNotFoundError):
            os.utime(path)
            return
        archive = io.BytesIO()
        with ZipFile(archive, "w", ZIP_DEFLATED) as files:
            for name, asset in assets.files.items():
                files.writestr(name, asset.bodies["identity"])
        self._folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{os.getpid()}")
        try:
            unfinished.write_bytes(archive.getvalue())
            unfinished.replace(path)  # at once: others read and write here
        finally:
            unfinished.unlink(missing_ok=True)

    def _read_file(self, version: str, name: str) -> Asset:
        with ZipFile(self._path(version)) as archive:
            return compress(name, archive.read(name))

    def _path(self, version: str) -> Path:
        return self._folder / f"{version}.zip"


def _age(path: Path) -> float:
    """Sorts the newest first; what another gateway has removed meanwhile comes last."""
    try:
        return -path.stat().st_mtime
    except FileNotFoundError:
        return 0
