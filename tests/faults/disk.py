"""What is on a disk when the power fails: the files that a program's record (`recorder.c`) leaves.

Certain is only what was synced: the data of a file, and the names in a folder. Of everything later any
part may be there: each write, or its first sectors, and each name.
"""

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

_HEAD = re.compile(rb"(\w+) (\d+) (\d+) (\d+)\n")
_SECTOR = 512


class Record(NamedTuple):
    """One thing that the program did: to a file, or (`send`) to the socket `offset`."""

    what: str
    path: str
    offset: int
    data: bytes


def read_record(path: Path) -> list[Record]:
    """Return all that the program did, in order."""
    return list(_parse(path.read_bytes()))


def _parse(data: bytes) -> Iterator[Record]:
    position = 0
    while head := _HEAD.match(data, position):
        middle = head.end() + int(head[2])
        position = middle + int(head[4])
        path = data[head.end() : middle].decode()
        yield Record(head[1].decode(), path, int(head[3]), data[middle:position])
    assert position == len(data), "the record is damaged"


class _File:
    """What is certain of a file, and what was done to it later."""

    def __init__(self) -> None:
        self.synced = b""
        self.later: list[Record] = []


class Disk:
    """The files below a folder, and what of them is certain, after some records."""

    def __init__(self, folder: Path) -> None:
        """`folder` is there, empty, before the first record."""
        self._root = str(folder)
        self._now: dict[str, _File] = {}
        self._folders = {self._root}
        self._names: dict[str, _File | None] = {}  # that are certain; None for a folder
        self._later: defaultdict[str, list[tuple[str, _File | None, bool]]] = defaultdict(list)  # by folder

    def do(self, record: Record) -> None:
        """Do what the program did."""
        path = record.path
        match record.what:
            case "send":
                pass
            case "create":
                self._now[path] = _File()
                self._name(path, self._now[path], exists=True)
            case "mkdir":
                self._folders.add(path)
                self._name(path, None, exists=True)
            case "unlink":
                if (file := self._now.pop(path, None)) is not None:
                    self._name(path, file, exists=False)
            case "write" | "truncate":
                self._now[path].later.append(record)
            case "sync" if path in self._folders:
                for name, file, exists in self._later.pop(path, []):
                    _rename(self._names, name, file, exists=exists)
            case "sync":
                file = self._now[path]
                file.synced, file.later = _written(file.synced, file.later), []
            case _:
                raise AssertionError(f"cannot replay {record}")

    def _name(self, path: str, file: _File | None, *, exists: bool) -> None:
        self._later[str(PurePosixPath(path).parent)].append((path, file, exists))

    def after_power_loss(self, into: Path, rng: random.Random | None = None) -> None:
        """Write what is left into a new folder: only what is certain, or with `rng` also some of the rest."""
        names = dict(self._names)
        for changes in self._later.values():
            for name, file, exists in changes:
                if rng is not None and rng.random() < 0.5:
                    _rename(names, name, file, exists=exists)
        into.mkdir()
        for name in sorted(names):
            target, file = into / PurePosixPath(name).relative_to(self._root), names[name]
            if target.name.endswith("-shm") or not target.parent.exists():
                continue
            if file is None:
                target.mkdir()
            else:
                later = [] if rng is None else list(_some(file.later, rng))
                target.write_bytes(_written(file.synced, later))


def _rename(names: dict[str, _File | None], name: str, file: _File | None, *, exists: bool) -> None:
    if exists:
        names[name] = file
    else:
        names.pop(name, None)


def _some(records: Sequence[Record], rng: random.Random) -> Iterator[Record]:
    """Yield some of the writes, some of these only in part."""
    for record in records:
        chance = rng.random()
        if chance < 0.4:
            yield record
        elif chance < 0.6:
            sectors = len(record.data) // _SECTOR
            yield record._replace(data=record.data[: _SECTOR * rng.randint(0, sectors)])


def _written(data: bytes, records: Sequence[Record]) -> bytes:
    content = bytearray(data)
    for record in records:
        size = record.offset if record.what == "truncate" else max(len(content), record.offset)
        content = content[:size].ljust(size, b"\0")
        if record.what == "write":
            content[record.offset : record.offset + len(record.data)] = record.data
    return bytes(content)
