"""What moderators did and still holds: restored from the audit_log, and kept by it."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

from chat_protocol.ip import Network, read_network
from chat_protocol.messages import Notice, timestamp
from tcp_server.log.history import History, Unavailable
from tcp_server.room.moderation import notices
from tcp_server.room.moderation.audit_log import AuditLog, Entry
from tcp_server.room.moderation.bans import Bans, Sanction, SanctionList
from tcp_server.room.names import BadName, parse_name


class Sanctions:
    """What holds against whom.

    Owned by whoever holds the sequencer; only `bans.is_banned` may be called from any thread.
    """

    def __init__(
        self, audit_log: AuditLog, trusted: Sequence[Network] = (), now: Callable[[], float] = time.time
    ) -> None:
        """Restore what the audit_log has. Raises `BadHistory`.

        `trusted` are the proxies that others come through; `now` gives seconds since 1970.
        """
        self.now = now
        self.bans = Bans(trusted, now)
        self.mutes = SanctionList(now)
        self.record = audit_log.record  # raises `Unavailable`
        self.close = audit_log.close
        self._deletions: list[Entry] = []
        for entry in audit_log.entries():
            with suppress(ValueError, OverflowError):  # of a moment that is none
                self._restore(entry)

    def seconds_left(self, sanction: Sanction) -> float | None:
        """Return for how long something still holds; None is for good."""
        return None if sanction.until is None else round(max(sanction.until - self.now(), 0.1), 1)

    def redo_deletions(self, history: History) -> None:
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
        if not ban.is_over(self.now()) and not self.bans.is_too_wide(network):
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


def _restore_person(sanctions: SanctionList, entry: Entry, now: float) -> None:
    sanction = _restored(entry)
    if entry.act.startswith("un") or sanction.is_over(now):
        sanctions.lift(sanction.keys)
    else:
        sanctions.put(sanction)


def _restored(entry: Entry) -> Sanction:
    """Return what was passed in an earlier run. Raises `ValueError`, `OverflowError`."""
    began = datetime.fromisoformat(entry.at).timestamp()
    until = None if entry.seconds is None else began + entry.seconds
    session = bytes.fromhex(entry.session) or None
    return Sanction(entry.target, entry.at, until, entry.by, entry.text, keys_of(entry.target), session)


def keys_of(target: str) -> tuple[str, ...]:
    """Return the keys of a name that somebody may have had when others were allowed."""
    try:
        return parse_name(target, len(target)).keys
    except BadName:
        return (target,)
