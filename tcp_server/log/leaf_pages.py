"""Finds the messages in a damaged file by itself, where SQLite does not find its way to them.

SQLite keeps the rows of a table in the leaf pages of a B-tree. Where a page above them is destroyed the
leaves are still there: https://sqlite.org/fileformat2.html, sections 1.6 and 2.1.
"""

import mmap
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tcp_server.log.message_rows import Row
from tcp_server.log.said_rows import split

_LEAF = 0x0D
"""The first byte of a leaf page of a table."""

_AT = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z")

_NOT_UTF8 = re.compile("[\udc80-\udcff]")
"""What `surrogateescape` puts in the place of a byte."""

_INTEGER_SIZES = (0, 1, 2, 3, 4, 6, 8)
"""Bytes of an integer, by its serial type."""

_BROKEN = (IndexError, ValueError)
"""What reading raises where a page is damaged."""


class LeafPages:
    """The file of a log, as bytes: nobody may write to it, and its write-ahead log must be empty."""

    def __init__(self, path: Path) -> None:
        """Raises `OSError`, and `ValueError` if it is no file of SQLite."""
        with path.open("rb") as file:
            self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        size = int.from_bytes(self._data[16:18])
        self._size = 65_536 if size == 1 else size
        if self._size < 512:
            raise ValueError("the size of its pages cannot be read")
        self._usable = self._size - self._data[20]

    def close(self) -> None:
        self._data.close()

    def messages(self) -> Iterator[Row]:
        """Yield each message, in no order, with the columns that `message_rows.pages` reads."""
        for number in range(2, -(-len(self._data) // self._size) + 1):  # the first is SQLite's own
            page = self._page(number)
            if page[0] == _LEAF:
                for place in range(8, 8 + 2 * int.from_bytes(page[3:5]), 2):
                    try:
                        row = self._row(page, int.from_bytes(page[place : place + 2]))
                    except _BROKEN:
                        continue
                    if row is not None:
                        yield from filter(_is_whole, split((row,)))

    def _page(self, number: int) -> bytes:
        """Return a page; what the file has lost of it is zeros. Raises `IndexError`."""
        if number < 1:
            raise IndexError
        return self._data[(number - 1) * self._size : number * self._size].ljust(self._size, b"\0")

    def _row(self, page: bytes, start: int) -> Row | None:
        """Return the row in a cell if it is one of messages. Raises one of `_BROKEN`."""
        size, start = _varint(page, start)
        id_, start = _varint(page, start)
        values = _values(self._payload(page, start, size))
        if len(values) not in (6, 8, 9, 12, 14):  # versions 1, 2 to 5, 6, 7 to 12, and 13
            return None
        absent = [None, 0, None, None, None, None, None, None][len(values) - 6 :]
        values = [*values, *absent]
        stored_id, at, name, text, session, ref = values[:6]
        notice, deleted, _, details, changed, rewritten, refs, count = values[6:]
        is_message = (
            stored_id is None  # it is not stored twice
            and all(isinstance(one, str) for one in (at, name, text))
            and _AT.fullmatch(at)
            and isinstance(session, bytes | None)
            and isinstance(ref, str | None)
            and isinstance(notice, str | None)
            and deleted in (0, 1)
            and isinstance(details, str | None)
            and isinstance(changed, int | None)
            and isinstance(rewritten, int | None)
            and isinstance(refs, str | None)
            and isinstance(count, int | None)
        )
        row = count, refs, id_, at, name, text, notice, deleted, details, session, ref, changed, rewritten
        return row if is_message else None

    def _payload(self, page: bytes, start: int, size: int) -> bytes:
        """Return the bytes of a row, also those in overflow pages (section 1.5). Raises `IndexError`."""
        local = size
        if size > self._usable - 35:
            least = (self._usable - 12) * 32 // 255 - 23
            local = least + (size - least) % (self._usable - 4)
            if local > self._usable - 35:
                local = least
        payload = page[start : start + local]
        following = int.from_bytes(page[start + local : start + local + 4])
        while len(payload) < size:
            page = self._page(following)
            following = int.from_bytes(page[:4])
            payload += page[4 : min(self._usable, 4 + size - len(payload))]
        return payload


def _is_whole(row: Row) -> bool:
    """Return whether no text of a message has been damaged: one of many in a row may be."""
    texts = [one for one in row if isinstance(one, str)]
    return not any("\0" in one for one in row[1:4]) and not _NOT_UTF8.search("".join(texts))


def _values(record: bytes) -> Sequence[Any]:
    """Return the values of a record, which has no numbers with a point. Raises one of `_BROKEN`."""
    end, start = _varint(record, 0)
    values: list[Any] = []
    position = end
    while start < end:
        kind, start = _varint(record, start)
        if kind >= 12:
            size = (kind - 12) // 2
            data = record[position : position + size]
            values.append(data.decode(errors="surrogateescape") if kind % 2 else data)
        elif kind in (8, 9):
            size = 0
            values.append(kind - 8)
        else:
            size = _INTEGER_SIZES[kind]
            data = record[position : position + size]
            values.append(int.from_bytes(data, signed=True) if kind else None)
        position += size
    if position != len(record):
        raise ValueError("the record has another size than its values")
    return values


def _varint(data: bytes, start: int) -> tuple[int, int]:
    """Read a number of one to nine bytes; return it and where it ends. Raises `IndexError`."""
    value = 0
    for position in range(start, start + 8):
        byte = data[position]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, position + 1
    return value << 8 | data[start + 8], start + 9
