"""What moderators did and still holds: restored from the ledger, and kept by it."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

from chat_protocol.ip import Network, read_network
from chat_protocol.messages import Notice, timestamp
from tcp_server.log.history import History, Unavailable
from tcp_server.room.moderation import notices
from tcp_server.room.moderation.audit_log import Entry, Ledger
from tcp_server.room.moderation.bans import Bans, Sentence, Sentences
from tcp_server.room.names import BadName, prepare


class Verdicts:
    """What holds against whom.

    Owned by whoever holds the sequencer; only `bans.keeps_out` may be called from any thread.
    """

    def __init__(
        self, ledger: Ledger, trusted: Sequence[Network] = (), now: Callable[[], float] = time.time
    ) -> None:
        """Restore what the ledger has. Raises `BadHistory`.

        `trusted` are the proxies that others come through; `now` gives seconds since 1970.
        """
        self.now = now
        self.bans = Bans(trusted, now)
        self.mutes = Sentences(now)
        self.record = ledger.record  # raises `Unavailable`
        self.close = ledger.close
        self._deletions: list[Entry] = []
        for entry in ledger.entries():
            with suppress(ValueError, OverflowError):  # of a moment that is none
                self._restore(entry)

    def seconds_left(self, sentence: Sentence) -> float | None:
        """Return for how long something still holds; None is for good."""
        return None if sentence.until is None else round(max(sentence.until - self.now(), 0.1), 1)

    def delete_again(self, history: History) -> None:
        """Delete what the log still has: the server ended between the record and the deed.

        The room is told, as it was not then. Numbers may have been given again since, so it
        has to be what the record says. Once, at the start.
        """
        with suppress(Unavailable):  # which the log says itself
            for entry in self._deletions:
                if _is_kept(entry, history):
                    notice = Notice("delete", entry.by, id=entry.id, text=entry.text)
                    history.delete(entry.id or 0)
                    notices.append(notice, timestamp(), history)
            history.commit()
        self._deletions.clear()

    def _restore(self, entry: Entry) -> None:
        """Have an act of an earlier run hold. Raises `ValueError`, `OverflowError`."""
        network = read_network(entry.target)
        match entry.act:
            case "ban" if network is not None:
                self._restore_network(entry, network)
            case "unban" if network is not None:
                self.bans.lift(network)
            case "ban" | "unban":
                _restore_person(self.bans.people, entry, self.now())
            case "delete":
                self._deletions.append(entry)
            case "mute" | "unmute":
                _restore_person(self.mutes, entry, self.now())

    def _restore_network(self, entry: Entry, network: Network) -> None:
        ban = _restored(entry)
        self.bans.lift(network)
        if not ban.is_over(self.now()) and not self.bans.shuts_out_too_many(network):
            self.bans.put(network, ban)


def _is_kept(entry: Entry, history: History) -> bool:
    """Say whether a message that was deleted is in the log as if it were not. Raises `Unavailable`."""
    if entry.id is None or not history.first <= entry.id <= history.last:
        return False
    return any(
        message.id == entry.id
        and not message.deleted
        and message.name == entry.target
        and message.at <= entry.at
        for message in history.before(entry.id + 1, 1)
    )


def _restore_person(sentences: Sentences, entry: Entry, now: float) -> None:
    sentence = _restored(entry)
    if entry.act.startswith("un") or sentence.is_over(now):
        sentences.lift(sentence.keys)
    else:
        sentences.put(sentence)


def _restored(entry: Entry) -> Sentence:
    """Return what was passed in an earlier run. Raises `ValueError`, `OverflowError`."""
    began = datetime.fromisoformat(entry.at).timestamp()
    until = None if entry.seconds is None else began + entry.seconds
    session = bytes.fromhex(entry.session) or None
    return Sentence(entry.target, entry.at, until, entry.by, entry.text, keys_of(entry.target), session)


def keys_of(target: str) -> tuple[str, ...]:
    """Return the keys of a name that somebody may have had when others were allowed."""
    try:
        return prepare(target, len(target)).keys
    except BadName:
        return (target,)
