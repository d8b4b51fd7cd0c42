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
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from chat_protocol.messages import Found, Message, Search

_log = logging.getLogger(__name__)

_MOST = 100
"""Messages found at once, at most."""

_WAITING = 64
"""Searches that may wait for their turn."""

_ROWS = 1000
"""Messages indexed in one transaction."""

_PAUSE = 1.0
"""Seconds between two looks for messages to index."""


def words(text: str) -> list[str]:
    """Return the words of a text in the form in which they are compared."""
    return re.findall(r"\w+", text.casefold().replace("ё", "е"))


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
        """`path` is the log's file, which must exist. Raises `sqlite3.Error`."""
        self._index = _Index(path)  # used by the thread alone
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
        self._index.close()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                question = self._questions.get(timeout=_PAUSE)
            except queue.Empty:
                with suppress(sqlite3.Error):  # it will be noticed, and told, by the next who searches
                    self._index.catch_up(self._wanted_elsewhere)
                continue
            if question is None:
                return
            wish, answer = question
            try:
                self._index.catch_up(self._closing.is_set)
                found = self._index.find(wish)
            except sqlite3.Error as error:
                _log.error("cannot search: %s", error)
                found = None
            answer(found)

    def _wanted_elsewhere(self) -> bool:
        return self._closing.is_set() or not self._questions.empty()


class _Index:
    """The words of a log, in a file beside it. For one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._log = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)
        beside = path.with_name(path.name + ".words")
        try:
            self._words = _open_words(beside)
        except sqlite3.DatabaseError:
            beside.unlink()  # damaged; all that is in it can be read from the log again
            self._words = _open_words(beside)
        self._forget_another_log()

    def catch_up(self, interrupted: Callable[[], bool]) -> None:
        """Index what the log has more, a transaction at a time, until done or interrupted."""
        while not interrupted():
            (last,) = self._words.execute("SELECT last FROM state").fetchone()
            rows = self._log.execute(
                "SELECT id, text FROM messages WHERE id > ? ORDER BY id LIMIT ?", (last, _ROWS)
            ).fetchall()
            if not rows:
                return
            self._words.execute("BEGIN")
            self._words.executemany(
                "INSERT INTO words (rowid, text) VALUES (?, ?)",
                [(id_, " ".join(words(text))) for id_, text in rows],
            )
            self._words.execute("UPDATE state SET last = ?", (rows[-1][0],))
            self._words.execute("COMMIT")

    def find(self, wish: Search) -> Found:
        """Return the newest that match; what the log has forgotten since is passed over."""
        terms = " ".join([f'"{word}"*' for word in words(wish.query)])
        limit = min(wish.limit, _MOST)
        if not terms or not limit:
            return Found([], False)
        (first,) = self._log.execute("SELECT ifnull(min(id), 0) FROM messages").fetchone()
        ids = self._words.execute(
            "SELECT rowid FROM words WHERE words MATCH ? AND rowid BETWEEN ? AND ?"
            " ORDER BY rowid DESC LIMIT ?",
            (terms, first, 2**62 if wish.before is None else wish.before - 1, limit + 1),
        ).fetchall()
        query = "SELECT id, at, name, text FROM messages WHERE id = ?"
        rows = [self._log.execute(query, id_).fetchone() for id_ in reversed(ids[:limit])]
        return Found([Message(*row) for row in rows if row], len(ids) > limit)

    def close(self) -> None:
        self._words.close()
        self._log.close()

    def _forget_another_log(self) -> None:
        """Empty the index if it was made for a log that once stood in this place."""
        (epoch,) = self._log.execute("SELECT epoch FROM log").fetchone()
        if self._words.execute("SELECT epoch FROM state").fetchone() != (epoch,):
            self._words.executescript(
                "BEGIN; INSERT INTO words (words) VALUES ('delete-all'); DELETE FROM state; COMMIT;"
            )
            self._words.execute("INSERT INTO state VALUES (?, 0)", (epoch,))


def _open_words(path: Path) -> sqlite3.Connection:
    path.touch(0o600)
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.executescript(
            # Without their contents: the words are enough to find an id, and the log has the rest.
            "CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (text, content='', tokenize='unicode61');"
            "CREATE TABLE IF NOT EXISTS state (epoch TEXT NOT NULL, last INTEGER NOT NULL);"
        )
    except sqlite3.Error:
        db.close()
        raise
    return db
