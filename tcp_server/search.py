"""Finding what was said, off the path of what is being said.

Words are matched by their beginnings, without regard to case or to ё and е. For a log
on disk an index lies beside it, in a file of its own that can be deleted at any time;
it lags behind the log and catches up when nobody waits, and before each answer.
"""

import logging
import queue
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from itertools import islice
from pathlib import Path

from chat_protocol.messages import Found, Message, Search
from tcp_server.sqlite_history import COLUMNS, as_message

_log = logging.getLogger(__name__)

_MOST = 100
"""Messages found at once, at most."""

_WAITING = 64
"""Searches that may wait for their turn."""

_ROWS = 1000
"""Messages indexed in one transaction."""

_PAUSE = 1.0
"""Seconds between two looks for messages to index."""

_REST = 9
"""How many times as long as it works at the index the thread rests, while nobody searches."""


# Without their contents: the words are enough to find an id, and the log has the rest.
_SCHEMA = """
    CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (text, content='', tokenize='unicode61');
    CREATE TABLE IF NOT EXISTS state (epoch TEXT NOT NULL, last INTEGER NOT NULL);
"""


def words(text: str) -> list[str]:
    """Return the words of a text in the form in which they are compared."""
    return re.findall(r"[^\W_]+", text.casefold().replace("ё", "е"))


def scan(messages: Sequence[Message], wish: Search) -> Found:
    """Search messages in memory, oldest first."""
    wanted = words(wish.query)
    limit = min(wish.limit, _MOST)
    found: list[Message] = []
    if wanted and limit:
        for message in reversed(messages):
            if wish.before is not None and message.id >= wish.before:
                continue
            spoken = words(message.text)
            if all(any(word.startswith(start) for word in spoken) for start in wanted):
                found.append(message)
                if len(found) > limit:
                    break
    return Found(found[:limit][::-1], len(found) > limit)


Answer = Callable[[Found | None], None]
"""Takes what was found, or None if the search failed."""


class Searcher:
    """One thread that indexes a log on disk and answers searches in it, one after the other."""

    def __init__(self, path: Path) -> None:
        """`path` is the log's file, which must exist."""
        self._path = path
        self._index: _Index | None = None  # the thread's; None at first and after a failure
        self._questions: queue.Queue[tuple[Search, Answer] | None] = queue.Queue(_WAITING)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="searcher", daemon=True)
        self._thread.start()

    def ask(self, wish: Search, answer: Answer) -> bool:
        """Have `answer` called in the searcher's thread; False if too many are waiting already.

        Any thread; never blocks.
        """
        try:
            self._questions.put_nowait((wish, answer))
        except queue.Full:
            return False
        return True

    def close(self) -> None:
        """Stop; questions left stay unanswered. Once, from any thread but its own."""
        self._closing.set()
        with suppress(queue.Full):
            self._questions.put_nowait(None)  # wakes the thread; a full queue has it awake
        self._thread.join()

    def _run(self) -> None:
        pause = _PAUSE
        while not self._closing.is_set():
            try:
                question = self._questions.get(timeout=pause)
            except queue.Empty:
                pause = self._index_some()
                continue
            if question is not None:
                wish, answer = question
                answer(self._find(wish))
        self._close_index()

    def _index_some(self) -> float:
        """Bring the index on by one step and return for how many seconds to leave the room in peace."""
        began = time.monotonic()
        with suppress(sqlite3.Error, OSError):  # noticed, and told, by the next who searches
            if self._opened().step():
                return _REST * (time.monotonic() - began)
        return _PAUSE

    def _find(self, wish: Search) -> Found | None:
        try:
            try:
                return self._search(wish)
            except sqlite3.DatabaseError as error:
                if type(error) is not sqlite3.DatabaseError:  # the plain one means damage
                    raise
                _log.warning("the search index is damaged and made anew: %s", error)
                self._close_index()
                _beside(self._path).unlink()  # all that is in it can be read from the log again
                return self._search(wish)
        except (sqlite3.Error, OSError) as error:
            _log.error("cannot search: %s", error)
            return None

    def _search(self, wish: Search) -> Found:
        index = self._opened()
        index.catch_up(self._closing.is_set)
        return index.find(wish)

    def _opened(self) -> "_Index":
        if self._index is None:
            self._index = _Index(self._path)
        return self._index

    def _close_index(self) -> None:
        if self._index is not None:
            self._index.close()
        self._index = None


class _Index:
    """The words of a log, in a file beside it. For one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Open or create it. Raises `sqlite3.Error`, `OSError`."""
        with ExitStack() as held:
            self._log = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False
            )
            held.callback(self._log.close)
            beside = _beside(path)
            beside.touch(0o600)
            self._words = sqlite3.connect(beside, isolation_level=None, check_same_thread=False)
            held.callback(self._words.close)
            self._words.execute("PRAGMA journal_mode = WAL")
            self._words.execute("PRAGMA synchronous = NORMAL")
            self._words.executescript(_SCHEMA)
            self._forget_another_log()
            self._held = held.pop_all()  # both files

    def catch_up(self, interrupted: Callable[[], bool]) -> None:
        """Index what the log has more, until done or interrupted."""
        while not interrupted() and self.step():
            pass

    def step(self) -> bool:
        """Index some of what the log has more, in one transaction; False if there was nothing."""
        (last,) = self._words.execute("SELECT last FROM state").fetchone()
        rows = self._log.execute(
            "SELECT id, text FROM messages WHERE id > ? ORDER BY id LIMIT ?", (last, _ROWS)
        ).fetchall()
        if not rows:
            return False
        with self._words:  # commits, or takes all of it back
            self._words.execute("BEGIN")
            self._words.executemany(
                "INSERT INTO words (rowid, text) VALUES (?, ?)",
                [(id_, " ".join(words(text))) for id_, text in rows],
            )
            self._words.execute("UPDATE state SET last = ?", (rows[-1][0],))
        return True

    def find(self, wish: Search) -> Found:
        """Return the newest that match; what was forgotten or deleted since is passed over."""
        terms = " ".join([f'"{word}"*' for word in words(wish.query)])
        limit = min(wish.limit, _MOST)
        if not terms or not limit:
            return Found([], False)
        (first,) = self._log.execute("SELECT ifnull(min(id), 0) FROM messages").fetchone()
        matches = self._words.execute(
            "SELECT rowid FROM words WHERE words MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid DESC",
            (terms, first, 2**62 if wish.before is None else wish.before - 1),
        )
        query = f"SELECT {COLUMNS} FROM messages WHERE id = ? AND NOT deleted"  # noqa: S608
        rows = (self._log.execute(query, match).fetchone() for match in matches)
        found = [as_message(row) for row in islice(filter(None, rows), limit + 1)]
        matches.close()
        return Found(found[:limit][::-1], len(found) > limit)

    def close(self) -> None:
        self._held.close()

    def _forget_another_log(self) -> None:
        """Empty the index if it was made for a log that once stood in this place, or for more of this one."""
        (epoch,) = self._log.execute("SELECT epoch FROM log").fetchone()
        (newest,) = self._log.execute("SELECT ifnull(max(id), 0) FROM messages").fetchone()
        known = self._words.execute("SELECT epoch, last FROM state").fetchone()
        if known is None or known[0] != epoch or known[1] > newest:
            with self._words:
                self._words.execute("BEGIN")
                self._words.execute("INSERT INTO words (words) VALUES ('delete-all')")
                self._words.execute("DELETE FROM state")
                self._words.execute("INSERT INTO state VALUES (?, 0)", (epoch,))


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".words")
