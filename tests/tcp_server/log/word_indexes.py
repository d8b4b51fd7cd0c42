"""What tests see of a search index."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tcp_server.log.word_index import WordIndex


@contextmanager
def open_current_index(path: Path) -> Iterator[WordIndex]:
    """Open the index of a log, up to date."""
    with closing(WordIndex(path)) as index:
        while index.update_some():
            pass
        yield index


def indexed_blocks(path: Path) -> list[int]:
    """Return the numbers of the indexed blocks."""
    with closing(sqlite3.connect(f"{path}.words")) as db:
        return [number for (number,) in db.execute("SELECT number FROM blocks ORDER BY number")]


def rows_of(path: Path) -> list[tuple[object, ...]]:
    """Return number, kept ids and words of each indexed block."""
    with closing(sqlite3.connect(f"{path}.words")) as db:
        return db.execute("SELECT number, kept, words FROM blocks ORDER BY number").fetchall()
